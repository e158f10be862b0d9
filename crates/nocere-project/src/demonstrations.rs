//! Demonstrations: requests with safe answers, to train a model on or to show it before it is asked.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};

use nocere_assets::Kind;
use nocere_core::{ContentHash, Message, Role, Suite, hash_json};
use nocere_suites::{NEAR_DUPLICATE, bounded, near_duplicates};
use serde::{Deserialize, Serialize};

use crate::{Project, ProjectError, assets::parsed};

/// What a demonstration shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shows {
    /// A request that is declined, with what can be done instead.
    Refusal,
    /// A legitimate request that is helped.
    Help,
}

/// A request with a safe answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demonstration {
    /// What it is about, such as a principle.
    pub category: String,
    /// What it shows.
    pub shows: Shows,
    /// The request.
    pub instruction: String,
    /// The answer.
    pub output: String,
}

/// A set of demonstrations, as written in its file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demonstrations {
    nocere_demonstrations: u32,
    /// Kebab-case id.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// Title in reports.
    pub title: String,
    /// What they show, in a sentence.
    #[serde(rename = "about")]
    _about: String,
    /// SPDX id, or the source's own words.
    pub licence: String,
    /// Where they come from.
    pub source: String,
    /// Who wrote them and who has read them.
    #[serde(default, rename = "written")]
    _written: String,
    /// The demonstrations.
    pub demonstrations: Vec<Demonstration>,
}

/// A form in which demonstrations are written for training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingForm {
    /// `instruction`, `input` (empty) and `output`, as MedSafetyBench publishes its own.
    Instruction,
    /// `messages` of a user and an assistant.
    Chat,
}

/// A demonstration that is nearly the same as a probe.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contamination {
    /// Number of the demonstration in its set, from 1.
    pub demonstration: usize,
    /// The suite's id.
    pub suite: String,
    /// The probe's id.
    pub probe: String,
    /// Jaccard index of their runs of words, from 0.5 to 1.
    pub likeness: f64,
}

impl Project {
    /// The demonstrations `name`: an asset, a YAML file of the same form, or a folder of
    /// MedSafetyBench's, whose safe responses are the answers.
    ///
    /// # Errors
    ///
    /// There is no such set, it is malformed, or it is empty.
    pub fn demonstrations(&self, name: &str) -> Result<Demonstrations, ProjectError> {
        let path = Path::new(name);
        let asset = self.assets().find(Kind::Demonstration, name);
        let (text, place) = match asset {
            Some(asset) => (asset.text().to_owned(), asset.path.clone()),
            None if path.is_dir() => return published(path),
            None if path.exists() => (nocere_suites::read_text(path)?, name.to_owned()),
            None => {
                let known = self.assets().of(Kind::Demonstration);
                let known: Vec<&str> = known.map(|asset| asset.name.as_str()).collect();
                return Err(ProjectError::unknown(
                    format!("there are no demonstrations `{}`", bounded(name.to_owned())),
                    name,
                    known.iter().copied(),
                    format!(
                        "there are {}; a YAML file or a folder of MedSafetyBench will do as well",
                        known.join(", ")
                    ),
                ));
            }
        };
        let set: Demonstrations = parsed(&place, &text)?;
        let fault = |what: String| ProjectError::usage(format!("{place}: {what}"));
        if let Some(asset) = asset {
            asset.check_id(&set.id).map_err(fault)?;
        }
        if set.nocere_demonstrations != 1 {
            return Err(fault("`nocere_demonstrations` must be 1".to_owned()));
        }
        if set.demonstrations.is_empty() {
            return Err(fault("`demonstrations` is empty".to_owned()));
        }
        for (number, one) in (1..).zip(&set.demonstrations) {
            let fields = [
                ("category", &one.category),
                ("instruction", &one.instruction),
                ("output", &one.output),
            ];
            if let Some((field, _)) = fields.iter().find(|(_, text)| text.trim().is_empty()) {
                return Err(fault(format!("demonstration {number}: `{field}` is empty")));
            }
        }
        Ok(set)
    }
}

/// MedSafetyBench's own demonstrations, all of which decline.
fn published(folder: &Path) -> Result<Demonstrations, ProjectError> {
    let rows = nocere_benchmarks::med_safety_bench_demonstrations(folder)?;
    Ok(Demonstrations {
        nocere_demonstrations: 1,
        id: "med-safety-bench".to_owned(),
        version: "imported".to_owned(),
        title: "MedSafetyBench".to_owned(),
        _about: String::new(),
        licence: "MIT".to_owned(),
        source: "MedSafetyBench, arXiv 2403.03744".to_owned(),
        _written: String::new(),
        demonstrations: rows
            .into_iter()
            .map(|(category, instruction, output)| Demonstration {
                category: category.to_owned(),
                shows: Shows::Refusal,
                instruction,
                output,
            })
            .collect(),
    })
}

impl Demonstrations {
    /// Hash of all demonstrations.
    pub(crate) fn hash(&self) -> ContentHash {
        hash_json("demonstrations", &self.demonstrations)
    }

    /// The first `number`, category by category in turn, refusals and help by turns as far as there are
    /// both: the same at every call.
    pub fn balanced(&self, number: usize) -> Vec<&Demonstration> {
        let mut queues: BTreeMap<&str, [VecDeque<&Demonstration>; 2]> = BTreeMap::new();
        for one in &self.demonstrations {
            let [refusals, helped] = queues.entry(&one.category).or_default();
            match one.shows {
                Shows::Refusal => refusals.push_back(one),
                Shows::Help => helped.push_back(one),
            }
        }
        let mut chosen = Vec::new();
        let mut turn = 0;
        while chosen.len() < number {
            let before = chosen.len();
            for (place, queue) in queues.values_mut().enumerate() {
                let [refusals, helped] = queue;
                // Neighbouring categories begin differently, so a few have both kinds.
                let (first, second) = if (place + turn) % 2 == 0 {
                    (refusals, helped)
                } else {
                    (helped, refusals)
                };
                chosen.extend(first.pop_front().or_else(|| second.pop_front()));
            }
            turn += 1;
            if chosen.len() == before {
                break;
            }
        }
        chosen.truncate(number);
        chosen
    }

    /// Those that are nearly the same as a probe of `suites`, most alike first.
    pub fn contaminated(&self, suites: &[Suite]) -> Vec<Contamination> {
        let instructions: Vec<&str> = self
            .demonstrations
            .iter()
            .map(|one| one.instruction.as_str())
            .collect();
        contaminated(&instructions, suites)
    }

    /// The demonstrations as JSONL for training; those that `left_out` names by number are not in it.
    pub fn training(
        &self,
        form: TrainingForm,
        left_out: &BTreeSet<usize>,
        number: Option<usize>,
    ) -> String {
        let kept = Self {
            demonstrations: (1..)
                .zip(&self.demonstrations)
                .filter(|(at, _)| !left_out.contains(at))
                .map(|(_, one)| one.clone())
                .collect(),
            ..self.clone()
        };
        let number = number.unwrap_or(kept.demonstrations.len());
        let lines = kept.balanced(number).into_iter().map(|one| {
            let row = match form {
                TrainingForm::Instruction => serde_json::json!({
                    "instruction": one.instruction, "input": "", "output": one.output,
                }),
                TrainingForm::Chat => serde_json::json!({
                    "messages": [
                        {"role": "user", "content": one.instruction},
                        {"role": "assistant", "content": one.output},
                    ],
                }),
            };
            format!("{row}\n")
        });
        lines.collect()
    }
}

/// Texts that are nearly the same as a probe's question, numbered from 1.
pub(crate) fn contaminated(texts: &[&str], suites: &[Suite]) -> Vec<Contamination> {
    let probes: Vec<_> = suites.iter().flat_map(|suite| &suite.probes).collect();
    let asked = probes.iter().map(|probe| probe.question());
    let all: Vec<&str> = texts.iter().copied().chain(asked).collect();
    near_duplicates(&all, NEAR_DUPLICATE)
        .into_iter()
        .filter_map(|pair| {
            let (first, second) = (pair.first.min(pair.second), pair.first.max(pair.second));
            let probe = probes.get(second.checked_sub(texts.len())?)?;
            (first < texts.len()).then(|| Contamination {
                demonstration: first + 1,
                suite: probe.suite.to_string(),
                probe: probe.id.to_string(),
                likeness: pair.likeness,
            })
        })
        .collect()
}

/// Demonstrations as the turns of a conversation.
pub(crate) fn turns(demonstrations: &[&Demonstration]) -> Vec<Message> {
    demonstrations
        .iter()
        .flat_map(|one| {
            [
                Message::new(Role::User, &one.instruction),
                Message::new(Role::Assistant, &one.output),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Demonstrations {
        Project::open(Path::new("."), "models")
            .unwrap()
            .demonstrations("med-ethics")
            .unwrap()
    }

    #[test]
    fn a_few_show_both_and_none_is_a_probe() {
        let set = set();
        let chosen = set.balanced(9);
        let categories: BTreeSet<&str> = chosen.iter().map(|one| one.category.as_str()).collect();
        assert_eq!(categories.len(), 9);
        let helped = chosen.iter().filter(|one| one.shows == Shows::Help).count();
        assert_eq!(helped, 4);
        let number = set.demonstrations.len();
        assert_eq!(set.balanced(number + 1).len(), number);
        let suite = nocere_suites::builtin("nocere-med-ethics")
            .unwrap()
            .unwrap();
        assert_eq!(set.contaminated(std::slice::from_ref(&suite)), []);
        // A set that holds a probe is found out.
        let mut copied = set.clone();
        copied.demonstrations[3].instruction = suite.probes[7].question().to_owned();
        let found = copied.contaminated(std::slice::from_ref(&suite));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].demonstration, found[0].probe.as_str()),
            (4, suite.probes[7].id.as_str())
        );
        let lines = copied.training(TrainingForm::Chat, &[4].into(), None);
        assert_eq!(lines.lines().count(), number - 1);
        assert!(!lines.contains(&suite.probes[7].question()[..40]));
    }
}
