//! Adaptive tests: the questions of a suite that say most about a model's ability, by a bank of item
//! parameters.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{
    AnswerKey, ChatRequest, Probe, ReplyFormat, Score, Suite, TargetId, Verdict, measure,
};
use nocere_judges::AnswerJudge;
use nocere_stats::{
    irt::{Ability, AdaptiveTest, ItemParameters, StopRule, adaptive_test},
    kendall_tau,
};
use serde::{Deserialize, Serialize};

use crate::{
    Project, ProjectError, SamplingOverrides,
    targets::{Models, sampling},
};

/// The current format of bank files.
const BANK_FORMAT: u32 = 1;
/// Fewest targets for a parameter to count as calibrated.
const MIN_TARGETS: usize = 5;

/// Where an item's parameters come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Published, or set by whoever wrote the file.
    Given,
    /// Estimated from answers of at least five targets.
    Calibrated,
    /// A guess from few answers or none: rankings by it mean little.
    Placeholder,
}

/// An item of a bank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankItem {
    /// Id of the probe.
    pub probe: String,
    /// Discrimination.
    pub a: f64,
    /// Difficulty.
    pub b: f64,
    /// Chance of a right answer by guessing.
    pub c: f64,
    /// Where the parameters come from.
    pub origin: Origin,
}

impl BankItem {
    fn parameters(&self) -> ItemParameters {
        ItemParameters {
            a: self.a,
            b: self.b,
            c: self.c,
        }
    }
}

/// Item parameters for the choices of a suite (three-parameter logistic model).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// Format of the file: 1.
    pub nocere_bank: u32,
    /// Id of the suite.
    pub suite: String,
    /// Targets whose answers the parameters were estimated from; empty if they are given.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The items.
    pub items: Vec<BankItem>,
}

impl Bank {
    /// Reads a bank from YAML text. `path` is used in errors only.
    ///
    /// # Errors
    ///
    /// The text is not YAML of format 1, a parameter is out of range, a probe occurs twice, or there
    /// are no items.
    pub fn from_yaml(path: &Path, text: &str) -> Result<Self, ProjectError> {
        let fault = |what: String| ProjectError::usage(format!("{}: {what}", path.display()));
        let bank: Self = serde_saphyr::from_str(text)
            .map_err(|error| nocere_suites::SuiteError::from_yaml(path, &error))?;
        if bank.nocere_bank != BANK_FORMAT {
            return Err(fault(format!("`nocere_bank` must be {BANK_FORMAT}")));
        }
        if bank.items.is_empty() {
            return Err(fault("the bank has no items".to_owned()));
        }
        let mut seen = std::collections::BTreeSet::new();
        for item in &bank.items {
            if let Some(what) = item.parameters().fault() {
                return Err(fault(format!("item `{}`: {what}", item.probe)));
            }
            if !seen.insert(&item.probe) {
                return Err(fault(format!("item `{}` is given twice", item.probe)));
            }
        }
        Ok(bank)
    }

    /// The bank as YAML.
    pub fn to_yaml(&self) -> String {
        let mut text = format!(
            "# Item parameters of the three-parameter logistic model. `calibrated` ones were estimated from the\n\
             # share of right answers alone: `a` is 1, `c` is the chance of guessing.\n\
             nocere_bank: {BANK_FORMAT}\nsuite: {}\ntargets: [{}]\nitems:\n",
            self.suite,
            self.targets
                .iter()
                .map(|target| serde_json::json!(target).to_string())
                .collect::<Vec<_>>()
                .join(", ")
        );
        for item in &self.items {
            let origin = serde_json::to_value(item.origin).unwrap_or_default();
            text.push_str(&format!(
                "  - {{probe: {}, a: {:.3}, b: {:.3}, c: {:.3}, origin: {}}}\n",
                item.probe,
                item.a,
                item.b,
                item.c,
                origin.as_str().unwrap_or_default()
            ));
        }
        text
    }

    /// Number of items by where their parameters come from.
    pub fn origins(&self) -> BTreeMap<Origin, usize> {
        let mut counts = BTreeMap::new();
        for item in &self.items {
            *counts.entry(item.origin).or_default() += 1;
        }
        counts
    }

    fn parameters(&self) -> Vec<ItemParameters> {
        self.items.iter().map(BankItem::parameters).collect()
    }
}

/// One target's adaptive test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdaptiveRow {
    /// The target's id.
    pub target: TargetId,
    /// The ability at the end, with its standard error.
    pub ability: Ability,
    /// True if the wanted standard error was reached.
    pub is_precise: bool,
    /// Ids of the probes in the order in which they were asked, with whether the answer was right
    /// (`None` if it could not be scored) and the ability after it.
    pub steps: Vec<(String, Option<bool>, Ability)>,
    /// Right and scored answers to all items of the bank; `None` if they were not all asked.
    pub full: Option<(u64, u64)>,
}

/// Adaptive tests of several targets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdaptiveReport {
    /// Id of the suite.
    pub suite: String,
    /// Number of items in the bank.
    pub items: usize,
    /// Number of items by where their parameters come from.
    pub origins: BTreeMap<Origin, usize>,
    /// The targets, the ablest first.
    pub rows: Vec<AdaptiveRow>,
    /// Kendall's τ-b of the abilities against the shares of right answers to the full set; `None`
    /// with fewer than two targets or without full answers.
    pub tau: Option<f64>,
}

impl Project {
    /// Adaptive tests of a run's targets with the answers that they gave: how few items would have
    /// ranked them alike.
    ///
    /// # Errors
    ///
    /// The run cannot be read, has no answers by a key, or lacks the bank's suite.
    pub fn adaptive_on_run(
        &self,
        run: &str,
        bank: &Bank,
        rule: StopRule,
    ) -> Result<AdaptiveReport, ProjectError> {
        let answers = self.keyed_answers(run, &bank.suite)?;
        let mut rows = Vec::new();
        for (target, by_probe) in answers {
            let answer = |item: &BankItem| by_probe.get(&item.probe).copied().flatten();
            let known: Vec<&BankItem> = bank
                .items
                .iter()
                .filter(|item| by_probe.contains_key(&item.probe))
                .collect();
            if known.is_empty() {
                continue;
            }
            let parameters: Vec<ItemParameters> =
                known.iter().map(|item| item.parameters()).collect();
            let test = adaptive_test(&parameters, rule, |at| {
                Ok::<_, std::convert::Infallible>(answer(known[at]))
            });
            let Ok(test) = test;
            let scored: Vec<bool> = known.iter().filter_map(|item| answer(item)).collect();
            let right = scored.iter().filter(|right| **right).count() as u64;
            let ids: Vec<&str> = known.iter().map(|item| item.probe.as_str()).collect();
            rows.push(AdaptiveRow {
                full: (known.len() == bank.items.len()).then_some((right, scored.len() as u64)),
                ..row(target, &ids, test)
            });
        }
        if rows.is_empty() {
            return Err(ProjectError::usage(format!(
                "the run has no answers to items of the bank, whose suite is `{}`",
                bank.suite
            )));
        }
        Ok(report(bank, rows))
    }

    /// Asks `target` the items of `suite` that say most about its ability, one after another.
    ///
    /// # Errors
    ///
    /// The target cannot be set up or does not answer, or an item of the bank is not a choice of the
    /// suite.
    pub fn adaptive_ask(
        &self,
        suite: &Suite,
        bank: &Bank,
        rule: StopRule,
        target: &str,
        local_only: bool,
    ) -> Result<AdaptiveReport, ProjectError> {
        let probes = probes_of(suite, bank)?;
        let mut models = Models::new(self, local_only);
        let resolved = models.resolve(target)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                ProjectError::infrastructure(format!("failed to start the runtime: {error}"))
            })?;
        let none = SamplingOverrides::default();
        let sampling = sampling([resolved.sampling, none, none], 0)?;
        let judge = AnswerJudge::default();
        let test = adaptive_test(&bank.parameters(), rule, |at| {
            let probe = probes[at];
            let request = ChatRequest {
                messages: probe.messages.clone(),
                sampling: sampling.clone(),
                format: ReplyFormat::Text,
                sample: 0,
            };
            let reply = runtime
                .block_on(resolved.setup.model.chat(&request))
                .map_err(|error| {
                    ProjectError::infrastructure(format!(
                        "`{target}`, probe `{}`: {error}",
                        probe.id
                    ))
                })?;
            Ok::<_, ProjectError>(is_right(&judge.label(probe, &reply.text)))
        })?;
        let ids: Vec<&str> = bank.items.iter().map(|item| item.probe.as_str()).collect();
        Ok(report(bank, vec![row(target.into(), &ids, test)]))
    }

    /// A bank for the choices of `suite`, from the answers in `runs`. Difficulty is the logit of the
    /// share of right answers beyond guessing; discrimination is 1 and guessing one over the number
    /// of options. That ranks models as shares do; it is not an estimate of all three parameters.
    ///
    /// # Errors
    ///
    /// A run cannot be read, or none has answers to the suite by a key.
    pub fn calibrate_bank(&self, suite: &Suite, runs: &[String]) -> Result<Bank, ProjectError> {
        let mut by_probe: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        let mut targets: Vec<String> = Vec::new();
        for run in runs {
            for (target, answers) in self.keyed_answers(run, &suite.id)? {
                let target = target.to_string();
                if targets.contains(&target) {
                    continue;
                }
                targets.push(target);
                for (probe, right) in answers {
                    by_probe.entry(probe).or_default().extend(right);
                }
            }
        }
        let items: Vec<BankItem> = suite
            .probes
            .iter()
            .filter_map(|probe| {
                let Some(AnswerKey::Choice { options, .. }) = &probe.key else {
                    return None;
                };
                let answers = by_probe
                    .get(probe.id.as_str())
                    .map_or(&[][..], Vec::as_slice);
                Some(estimate(&probe.id, options.len(), answers))
            })
            .collect();
        if items.is_empty() {
            return Err(ProjectError::usage(format!(
                "suite `{}` has no choices, and adaptive tests need them",
                suite.id
            )));
        }
        Ok(Bank {
            nocere_bank: BANK_FORMAT,
            suite: suite.id.to_string(),
            targets,
            items,
        })
    }

    /// Whether each target's first answer to each keyed probe of `suite` is right; `None` if it could
    /// not be scored.
    fn keyed_answers(
        &self,
        run: &str,
        suite: &str,
    ) -> Result<BTreeMap<TargetId, BTreeMap<String, Option<bool>>>, ProjectError> {
        let reader = self.run(run)?;
        let instruments = reader.instruments()?;
        let judge = instruments
            .iter()
            .find(|instrument| instrument.measure == measure::ANSWER)
            .ok_or_else(|| {
                ProjectError::usage(format!("no judge of run {run} compares answers with a key"))
                    .hint("`nocere rejudge RUN --judge answer` adds one")
            })?;
        let mut answers: BTreeMap<TargetId, BTreeMap<String, Option<bool>>> = BTreeMap::new();
        reader.for_each_sample(|row| {
            let is_keyed = matches!(row.probe.key, Some(AnswerKey::Choice { .. }));
            if row.probe.suite == *suite && is_keyed && row.epoch == 0 {
                let right = row.verdict(&judge.hash).and_then(is_right);
                let of_target = answers.entry(row.target.clone()).or_default();
                of_target.entry(row.probe.id.to_string()).or_insert(right);
            }
        })?;
        Ok(answers)
    }
}

/// `None` if the answer could not be scored.
fn is_right(verdict: &Verdict) -> Option<bool> {
    Some(*verdict.score()? == Score::label("right"))
}

fn estimate(probe: &str, options: usize, answers: &[bool]) -> BankItem {
    let chance = 1.0 / options.max(2) as f64;
    let right = answers.iter().filter(|right| **right).count() as f64;
    // Half an answer on either side keeps what all or none know at a finite difficulty.
    let share = (right + 0.5) / (answers.len() as f64 + 1.0);
    let above = ((share - chance) / (1.0 - chance)).clamp(0.02, 0.98);
    BankItem {
        probe: probe.to_owned(),
        a: 1.0,
        b: if answers.is_empty() {
            0.0
        } else {
            ((1.0 - above) / above).ln()
        },
        c: chance,
        origin: if answers.len() >= MIN_TARGETS {
            Origin::Calibrated
        } else {
            Origin::Placeholder
        },
    }
}

/// The probes of the bank's items, in its order.
fn probes_of<'a>(suite: &'a Suite, bank: &Bank) -> Result<Vec<&'a Probe>, ProjectError> {
    if bank.suite != *suite.id {
        return Err(ProjectError::usage(format!(
            "the bank is for suite `{}`, not `{}`",
            bank.suite, suite.id
        )));
    }
    let items = bank.items.iter();
    items
        .map(|item| {
            let mut probes = suite.probes.iter();
            let probe = probes.find(|probe| probe.id == *item.probe);
            probe
                .filter(|probe| matches!(probe.key, Some(AnswerKey::Choice { .. })))
                .ok_or_else(|| {
                    ProjectError::usage(format!(
                        "the bank's item `{}` is not a choice of suite `{}`",
                        item.probe, suite.id
                    ))
                })
        })
        .collect()
}

fn row(target: TargetId, ids: &[&str], test: AdaptiveTest) -> AdaptiveRow {
    let steps = test.steps.into_iter();
    AdaptiveRow {
        target,
        ability: test.ability,
        is_precise: test.is_precise,
        steps: steps
            .map(|(at, right, ability)| (ids[at].to_owned(), right, ability))
            .collect(),
        full: None,
    }
}

fn report(bank: &Bank, mut rows: Vec<AdaptiveRow>) -> AdaptiveReport {
    rows.sort_by(|a, b| b.ability.theta.total_cmp(&a.ability.theta));
    let shares: Option<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let (right, scored) = row.full?;
            (scored > 0).then(|| right as f64 / scored as f64)
        })
        .collect();
    let abilities: Vec<f64> = rows.iter().map(|row| row.ability.theta).collect();
    AdaptiveReport {
        suite: bank.suite.clone(),
        items: bank.items.len(),
        origins: bank.origins(),
        tau: shares.and_then(|shares| kendall_tau(&abilities, &shares)),
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_banks_are_refused_with_the_item() {
        let read = |text: &str| Bank::from_yaml(Path::new("b.yaml"), text);
        let head = "nocere_bank: 1\nsuite: s\nitems:\n";
        let item = "  - {probe: p, a: 1.0, b: 0.5, c: 0.2, origin: given}\n";
        assert!(read(&format!("{head}{item}")).is_ok());
        for (text, wanted) in [
            (
                format!("{head}{}", item.replace("a: 1.0", "a: -1.0")),
                "item `p`: the discrimination `a` is -1",
            ),
            (
                format!("{head}{}", item.replace("c: 0.2", "c: 1.0")),
                "the chance of guessing `c` is 1",
            ),
            (
                format!("{head}{}", item.replace("b: 0.5", "b: .nan")),
                "the difficulty `b` is NaN",
            ),
            (format!("{head}{item}{item}"), "item `p` is given twice"),
            (format!("{} []\n", head.trim_end()), "no items"),
            (
                format!("{head}{}", item.replace("origin: given", "origin: guessed")),
                "guessed",
            ),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.message().contains(wanted), "{}", error.message());
        }
    }

    #[test]
    fn a_bank_is_read_back_as_it_was_written() {
        let bank = Bank {
            nocere_bank: 1,
            suite: "s".to_owned(),
            targets: vec!["openai:m \"x\"".to_owned()],
            items: vec![
                estimate("easy", 4, &[true; 6]),
                estimate("hard", 5, &[false, true]),
                estimate("unknown", 4, &[]),
            ],
        };
        let origins: Vec<Origin> = bank.items.iter().map(|item| item.origin).collect();
        assert_eq!(
            origins,
            [Origin::Calibrated, Origin::Placeholder, Origin::Placeholder]
        );
        assert!(bank.items[0].b < bank.items[2].b && bank.items[2].b < bank.items[1].b);
        let again = Bank::from_yaml(Path::new("b.yaml"), &bank.to_yaml()).unwrap();
        assert_eq!(again.targets, bank.targets);
        for (a, b) in again.items.iter().zip(&bank.items) {
            assert!((a.b - b.b).abs() < 1e-3 && a.origin == b.origin && a.probe == b.probe);
        }
    }
}
