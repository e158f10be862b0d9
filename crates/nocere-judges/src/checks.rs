//! Safe-behaviour checks: deterministic patterns, each with the spans that it found.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, LazyLock},
};

use nocere_assets::{Asset, Assets, Kind, Origin};
use nocere_core::{
    BoxFuture, Evidence, Finish, Instrument, Item, Judge, JudgeContext, Probe, Scale, Score,
    Scored, Transcript, UnscoredReason, Verdict, hash_json, measure,
};
use regex::Regex;
use serde::Deserialize;

use crate::{
    error::AssetError,
    judged_answer::{NoVerdict, last_answer},
    patterns::Patterns,
    refusal::{JudgeTalk, settings},
    visible::Visible,
};

/// Name of the checks that ship.
const SHIPPED: &str = "safe-behaviour";

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 6;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChecksFile {
    #[serde(rename = "nocere_judge")]
    format: u32,
    id: String,
    version: String,
    kind: String,
    title: String,
    checks: Vec<CheckEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckEntry {
    id: String,
    /// What a report says of an answer, by the label.
    #[serde(default)]
    says: BTreeMap<String, String>,
    title: String,
    meaning: String,
    any: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    /// What looks like the behaviour and is not: it excuses the matches that it touches.
    #[serde(default)]
    except: Vec<String>,
    /// Words that negate a match: what they cover, up to the end of their clause, is not the
    /// behaviour.
    #[serde(default)]
    negated_by: Vec<String>,
    /// Wordings in which `except` and `negated_by` excuse nothing: "do not avoid seeing".
    #[serde(default)]
    not_negated_by: Vec<String>,
    #[serde(default)]
    satisfied_by: Vec<String>,
    tests: Examples,
}

/// Sentences that a check must find and sentences that it must not find. Tests enforce both.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Sentences that show the behaviour.
    pub positive: Vec<String>,
    /// Sentences that do not.
    pub negative: Vec<String>,
}

/// One check.
pub struct Check {
    /// Kebab-case id.
    pub id: String,
    /// Title, as a report shows it.
    pub title: String,
    /// Definition: what counts and what does not.
    pub meaning: String,
    /// The asset's own tests.
    pub examples: Examples,
    /// Ids of stronger checks: an answer that shows one of them need not show this one.
    satisfied_by: Vec<String>,
    any: Patterns,
    unless: Patterns,
    except: Patterns,
    negated_by: Patterns,
    not_negated_by: Patterns,
    talk: Arc<JudgeTalk>,
}

/// An answer as it is shown, cut into sentences.
struct Shown {
    visible: Visible,
    pieces: Vec<Range<usize>>,
}

impl Shown {
    fn of(text: &str, talk: &JudgeTalk) -> Self {
        let visible = Visible::of(text);
        // A list mark is not part of its sentence: many patterns begin with one.
        let pieces = talk
            .pieces(&visible.text)
            .into_iter()
            .map(|piece| {
                let marked = &visible.text[piece.clone()];
                let text = marked.trim_start_matches(['-', '*', '•', '>', '#', ' ']);
                piece.end - text.len()..piece.end
            })
            .collect();
        Self { visible, pieces }
    }
}

impl Check {
    /// Byte ranges of `text` that show the behaviour to a reader: in text that is shown, and
    /// not negated.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        self.find_in(&Shown::of(text, &self.talk))
    }

    /// Like [`find`](Self::find), for an answer that is already cut into sentences. An exception
    /// (`unless`) applies to its own sentence only, so text injected after a sentence cannot
    /// excuse that sentence.
    fn find_in(&self, shown: &Shown) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for piece in &shown.pieces {
            let text = &shown.visible.text[piece.clone()];
            if self.unless.matches(text) {
                continue;
            }
            let spans = self.any.spans(text);
            if spans.is_empty() {
                continue;
            }
            let excused = self.excused(text);
            found.extend(
                spans
                    .into_iter()
                    .filter(|span| !excused.iter().any(|part| overlap(part, span)))
                    .map(|span| {
                        let place = span.start + piece.start..span.end + piece.start;
                        shown.visible.source(&place)
                    }),
            );
        }
        found
    }

    /// The parts of a sentence that show nothing: its exceptions, and from each negation to
    /// the end of its clause.
    fn excused(&self, text: &str) -> Vec<Range<usize>> {
        let negated = self.negated_by.spans(text).into_iter().map(|span| {
            let end = CLAUSE_END
                .find(&text[span.end..])
                .map_or(text.len(), |stop| span.end + stop.start());
            span.start..end
        });
        let mut excused = self.except.spans(text);
        excused.extend(negated);
        if !excused.is_empty() {
            let void = self.not_negated_by.spans(text);
            excused.retain(|span| !void.iter().any(|part| overlap(part, span)));
        }
        excused
    }
}

/// Where a negation ends: at a stop, or where another clause begins.
#[expect(clippy::expect_used, reason = "compiled by a test")]
static CLAUSE_END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[;,:—–，；]|\b(?:but|however|unless|until|if|when|instead|before|although|because|and (?:see|call|ask|talk|speak|contact|tell|go|consult|then|instead|please|do|you)|sondern|aber|sino|pero|mais)\b|而是|但",
    )
    .expect("the pattern is fixed")
});

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CheckFinding {
    check: String,
    present: bool,
    /// What the probe asks: `Some(true)` must show it, `Some(false)` must not, `None` merely
    /// observed.
    wanted: Option<bool>,
}

impl CheckFinding {
    fn violated(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted != self.present)
    }
}

impl From<CheckFinding> for Item {
    fn from(finding: CheckFinding) -> Self {
        let word = |present: bool| if present { "present" } else { "absent" };
        Self {
            wanted: finding.wanted.map(|wanted| word(wanted).to_owned()),
            ..Self::new(finding.check, word(finding.present))
        }
    }
}

/// The judge that runs every check.
pub struct ChecksJudge {
    instrument: Instrument,
    checks: Vec<Check>,
    talk: Arc<JudgeTalk>,
}

impl ChecksJudge {
    /// The checks that ship with nocere.
    ///
    /// # Errors
    ///
    /// If an embedded asset is broken.
    pub fn embedded() -> Result<Self, AssetError> {
        let assets = Assets::shipped();
        let asset = assets.find(Kind::Check, SHIPPED).ok_or_else(|| {
            AssetError::new("assets/checks", format!("there is no `{SHIPPED}.yaml`"))
        })?;
        Self::of_asset(asset)
    }

    /// The checks of an asset. The patterns of shipped ones are compiled when they are first
    /// used.
    ///
    /// # Errors
    ///
    /// As [`from_yaml`](Self::from_yaml), or its id is not the asset's name.
    pub fn of_asset(asset: &Asset) -> Result<Self, AssetError> {
        let judge = match asset.origin {
            Origin::Shipped => Self::unchecked(&asset.path, asset.text())?,
            Origin::Replaced | Origin::Added => Self::from_yaml(&asset.path, asset.text())?,
        };
        let fault = |what| AssetError::new(&asset.path, what);
        asset.check_id(&judge.instrument.id).map_err(fault)?;
        Ok(judge)
    }

    /// Ids of the checks of an asset, without making the judge or compiling a pattern.
    ///
    /// # Errors
    ///
    /// If the asset is not YAML of this form.
    pub fn ids_of_asset(asset: &Asset) -> Result<Vec<String>, AssetError> {
        let file: ChecksFile = serde_saphyr::from_str(asset.text())
            .map_err(|error| AssetError::from_yaml(&asset.path, &error))?;
        Ok(file.checks.into_iter().map(|check| check.id).collect())
    }

    /// Reads checks from an asset's text. `name` is only used in errors.
    ///
    /// # Errors
    ///
    /// If the asset is not a judge of checks, a pattern does not compile, or `satisfied_by`
    /// names an unknown check.
    pub fn from_yaml(name: &str, text: &str) -> Result<Self, AssetError> {
        let judge = Self::unchecked(name, text)?;
        for check in &judge.checks {
            check.any.check(name, &check.id)?;
            check.unless.check(name, &check.id)?;
            check.except.check(name, &check.id)?;
            check.negated_by.check(name, &check.id)?;
            check.not_negated_by.check(name, &check.id)?;
            let unknown = |id: &&String| judge.checks.iter().all(|known| known.id != **id);
            if let Some(odd) = check.satisfied_by.iter().find(unknown) {
                return Err(AssetError::new(
                    name,
                    format!("`satisfied_by` of `{}` names no check: `{odd}`", check.id),
                ));
            }
        }
        Ok(judge)
    }

    /// Reads the asset without compiling its patterns.
    fn unchecked(name: &str, text: &str) -> Result<Self, AssetError> {
        let file: ChecksFile =
            serde_saphyr::from_str(text).map_err(|error| AssetError::from_yaml(name, &error))?;
        if file.format != 1 || file.kind != measure::CHECKS {
            return Err(AssetError::new(
                name,
                "expected `nocere_judge: 1` and `kind: checks`",
            ));
        }
        let settings = settings()?;
        let talk = Arc::new(JudgeTalk::new(settings.judge_talk.clone()));
        let mut scale = Scale::checks();
        if let Some(items) = &mut scale.items {
            for entry in &file.checks {
                if let Some(label) = entry
                    .says
                    .keys()
                    .find(|label| !items.labels.contains(label))
                {
                    return Err(AssetError::new(
                        name,
                        format!(
                            "`says` of `{}` names `{label}`; its labels are {}",
                            entry.id,
                            items.labels.join(" and ")
                        ),
                    ));
                }
                items.says.insert(entry.id.clone(), entry.says.clone());
            }
            items.says.retain(|_, says| !says.is_empty());
        }
        let checks = file
            .checks
            .into_iter()
            .map(|entry| Check {
                any: Patterns::embedded(entry.any),
                unless: Patterns::embedded(entry.unless),
                except: Patterns::embedded(entry.except),
                negated_by: Patterns::embedded(entry.negated_by),
                not_negated_by: Patterns::embedded(entry.not_negated_by),
                id: entry.id,
                title: entry.title,
                meaning: entry.meaning,
                examples: entry.tests,
                satisfied_by: entry.satisfied_by,
                talk: Arc::clone(&talk),
            })
            .collect();
        let instrument = Instrument {
            id: file.id.into(),
            measure: file.kind,
            scale,
            title: file.title,
            version: file.version,
            model: None,
            recorded: false,
            hash: hash_json("instrument", &(text, settings.judge_talk, CODE_VERSION)),
        };
        Ok(Self {
            instrument,
            checks,
            talk,
        })
    }

    /// Drops a required check if one of its `satisfied_by` checks is present. Example: an answer
    /// that refers to emergency care need not also refer to a doctor.
    fn settle_stronger(&self, findings: &mut [CheckFinding]) {
        let shown: Vec<String> = findings
            .iter()
            .filter(|finding| finding.present)
            .map(|finding| finding.check.clone())
            .collect();
        for (finding, check) in findings.iter_mut().zip(&self.checks) {
            let stronger = check.satisfied_by.iter().any(|id| shown.contains(id));
            if finding.wanted == Some(true) && !finding.present && stronger {
                finding.wanted = None;
            }
        }
    }

    /// All checks.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
}

/// Drops required checks that are missing from an answer cut by the token limit: the rest of
/// the answer might have shown them. If no other check is violated, the answer is unscored.
fn settle_truncated(
    transcript: &Transcript,
    findings: &mut [CheckFinding],
) -> Result<(), NoVerdict> {
    let cut = transcript
        .last_answer()
        .is_some_and(|(_, facts)| facts.finish == Finish::Length);
    if !cut {
        return Ok(());
    }
    let mut unseen = Vec::new();
    for finding in findings
        .iter_mut()
        .filter(|f| f.wanted == Some(true) && !f.present)
    {
        finding.wanted = None;
        unseen.push(finding.check.clone());
    }
    if unseen.is_empty() || findings.iter().any(CheckFinding::violated) {
        return Ok(());
    }
    Err((
        UnscoredReason::Truncated,
        format!(
            "the token limit cut the answer before {} could be seen",
            unseen.join(", ")
        ),
    ))
}

impl Judge for ChecksJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        _cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            if let Err((reason, detail)) = last_answer(transcript) {
                return Verdict::unscored(reason, detail);
            }
            let named = probe.must.iter().chain(&probe.must_not);
            let known = |id: &&String| self.checks.iter().any(|check| check.id == **id);
            if let Some(id) = named.into_iter().find(|id| !known(id)) {
                let detail = format!("this judge has no check `{id}`, which the probe names");
                return Verdict::unscored(UnscoredReason::JudgeError, detail);
            }
            let mut findings = Vec::new();
            let mut evidence = Vec::new();
            let answers: Vec<Shown> = transcript
                .answers()
                .map(|text| Shown::of(text, &self.talk))
                .collect();
            for check in &self.checks {
                let mut present = false;
                for (answer, shown) in answers.iter().enumerate() {
                    for span in check.find_in(shown) {
                        present = true;
                        evidence.push(Evidence {
                            answer,
                            start: span.start,
                            end: span.end,
                            label: check.id.clone(),
                        });
                    }
                }
                let wanted = if probe.must.contains(&check.id) {
                    Some(true)
                } else if probe.must_not.contains(&check.id) {
                    Some(false)
                } else {
                    None
                };
                findings.push(CheckFinding {
                    check: check.id.clone(),
                    present,
                    wanted,
                });
            }
            self.settle_stronger(&mut findings);
            if let Err((reason, detail)) = settle_truncated(transcript, &mut findings) {
                return Verdict::unscored(reason, detail);
            }
            let missing: Vec<String> = findings
                .iter()
                .filter(|finding| finding.violated())
                .map(|finding| {
                    let title = self
                        .checks
                        .iter()
                        .find(|check| check.id == finding.check)
                        .map_or(finding.check.as_str(), |check| check.title.as_str());
                    let verb = if finding.present { "shows" } else { "lacks" };
                    format!("{verb}: {}", title.to_lowercase())
                })
                .collect();
            Verdict::Scored(Scored {
                score: Score::Items {
                    items: findings.into_iter().map(Item::from).collect(),
                },
                read: None,
                rationale: missing.join("; "),
                evidence,
                votes: Vec::new(),
            })
        })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    fn prepare(&self) {
        self.talk.ready();
        for check in &self.checks {
            check.any.ready();
            check.unless.ready();
            check.except.ready();
            check.negated_by.ready();
            check.not_negated_by.ready();
        }
    }
}

#[cfg(test)]
mod tests;
