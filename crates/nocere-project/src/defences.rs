//! Guards of a target out of `assets/defences`: `TARGET+output` is the target behind the guard
//! `output`.

use std::sync::Arc;

use nocere_assets::{Asset, Kind};
use nocere_core::{GuardRecord, Role, Suite, hash_json, phrase::Phrase};
use nocere_engine::{GuardKind, GuardSetup, TargetSetup};
use serde::{Deserialize, Serialize};

use crate::{
    Project, ProjectError,
    assets::parsed,
    demonstrations::{contaminated, turns},
    judges, policies,
    targets::Models,
};

/// Raise when the code of a kind changes what a target answers.
const CODE_VERSION: u32 = 1;

/// Most examples that a guard shows.
const MAX_EXAMPLES: usize = 100;

/// A defence, as written in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defence {
    nocere_defence: u32,
    id: String,
    version: String,
    title: String,
    #[serde(rename = "about")]
    _about: String,
    #[serde(flatten)]
    kind: DefenceKind,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "settings")]
enum DefenceKind {
    /// Text that is added to the system prompt.
    Prompt { text: String },
    /// Phrases that block a request.
    Input { phrases: Vec<String>, say: String },
    /// A judge whose labels block an answer.
    Output {
        judge: String,
        blocks: Vec<String>,
        say: String,
    },
    /// Safe answers that are shown as earlier turns.
    Examples {
        demonstrations: String,
        number: usize,
    },
    /// A second look by the model.
    SelfCheck { prompt: String },
}

/// A guard, and what it adds to the system prompt.
pub(crate) struct Placed {
    pub(crate) setup: GuardSetup,
    pub(crate) prompt: Option<String>,
}

/// The base and the guards of a target's name, if its end names guards; `None` otherwise.
pub(crate) fn split<'n>(project: &Project, name: &'n str) -> Option<(&'n str, Vec<&'n str>)> {
    let mut parts = name.split('+');
    let base = parts.next()?;
    let guards: Vec<&str> = parts.collect();
    let known = |name: &&str| project.assets().find(Kind::Defence, name).is_some();
    (!guards.is_empty() && guards.iter().all(known)).then_some((base, guards))
}

/// Every target once for each guard or combination in `guards`; `none` is the target alone.
///
/// # Errors
///
/// There is no such guard.
pub(crate) fn crossed(
    project: &Project,
    targets: &[String],
    guards: &[String],
) -> Result<Vec<String>, ProjectError> {
    if guards.is_empty() {
        return Ok(targets.to_vec());
    }
    let mut all = Vec::new();
    for target in targets {
        for guard in guards {
            if guard == "none" {
                all.push(target.clone());
                continue;
            }
            for part in guard.split('+') {
                asset(project, part)?;
            }
            all.push(format!("{target}+{guard}"));
        }
    }
    Ok(all)
}

fn asset<'p>(project: &'p Project, name: &str) -> Result<&'p Asset, ProjectError> {
    project.assets().find(Kind::Defence, name).ok_or_else(|| {
        let known: Vec<&str> = project
            .assets()
            .of(Kind::Defence)
            .map(|asset| asset.name.as_str())
            .chain(["none"])
            .collect();
        ProjectError::unknown(
            format!("there is no guard `{name}`"),
            name,
            known.iter().copied(),
            format!("the guards are {}", known.join(", ")),
        )
    })
}

/// Sets up the guard `name`.
///
/// # Errors
///
/// Its file is wrong, or its judge cannot be set up.
pub(crate) fn guard(name: &str, models: &mut Models<'_>) -> Result<Placed, ProjectError> {
    let project = models.project();
    let asset = asset(project, name)?;
    let fault = |what: String| ProjectError::usage(format!("{}: {what}", asset.path));
    let defence: Defence = parsed(&asset.path, asset.text())?;
    asset.check_id(&defence.id).map_err(fault)?;
    if defence.nocere_defence != 1 {
        return Err(fault("`nocere_defence` must be 1".to_owned()));
    }
    let mut hashed = vec![hash_json("defence", &(&defence.kind, CODE_VERSION))];
    let mut prompt = None;
    let kind = match defence.kind {
        DefenceKind::Prompt { text } => {
            prompt = Some(text);
            GuardKind::Prompt
        }
        DefenceKind::Input { phrases, say } => {
            let phrases: Result<Vec<Phrase>, String> =
                phrases.iter().map(|phrase| Phrase::parse(phrase)).collect();
            GuardKind::Input {
                phrases: phrases
                    .map_err(|error| fault(format!("`phrases`: {error}")))?
                    .into(),
                say,
            }
        }
        DefenceKind::Output { judge, blocks, say } => {
            let setup = judges::judge(&judge, models, &policies::all(project)?)?;
            let instrument = setup.judge.instrument();
            let labels = &instrument.scale.labels;
            if let Some(unknown) = blocks.iter().find(|label| !labels.contains(label)) {
                return Err(fault(format!(
                    "`blocks`: judge `{judge}` has no label `{unknown}`; its labels are {}",
                    labels.join(", ")
                )));
            }
            hashed.push(instrument.hash.clone());
            GuardKind::Output {
                judge: Box::new(setup),
                blocks: Arc::from(blocks),
                say,
            }
        }
        DefenceKind::Examples {
            demonstrations,
            number,
        } => {
            if !(1..=MAX_EXAMPLES).contains(&number) {
                return Err(fault(format!(
                    "`number` is {number}, expected 1 to {MAX_EXAMPLES}"
                )));
            }
            let set = project.demonstrations(&demonstrations)?;
            hashed.push(set.hash());
            GuardKind::Examples {
                turns: turns(&set.balanced(number)).into(),
            }
        }
        DefenceKind::SelfCheck { prompt } => GuardKind::SelfCheck { prompt },
    };
    Ok(Placed {
        setup: GuardSetup {
            record: GuardRecord {
                id: defence.id,
                version: defence.version,
                title: defence.title,
                hash: hash_json("guard", &hashed),
            },
            kind,
        },
        prompt,
    })
}

/// Refuses examples that are nearly the same as a probe that is asked: a model that has just been shown
/// the answer says nothing about what it would do.
///
/// # Errors
///
/// A guard of `targets` shows such an example.
pub(crate) fn check_examples(
    targets: &[TargetSetup],
    suites: &[Suite],
) -> Result<(), ProjectError> {
    for target in targets {
        for guard in &target.guards {
            let GuardKind::Examples { turns } = &guard.kind else {
                continue;
            };
            let asked = turns.iter().filter(|turn| turn.role == Role::User);
            let texts: Vec<String> = asked.map(|turn| turn.text().into_owned()).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let found = contaminated(&texts, suites);
            if let Some(first) = found.first() {
                return Err(ProjectError::usage(format!(
                    "target `{}`: {} of the examples that `{}` shows are nearly the same as a probe, such as probe `{}` of `{}` ({:.0} % alike)",
                    target.id,
                    found.len(),
                    guard.record.id,
                    first.probe,
                    first.suite,
                    first.likeness * 100.0
                ))
                .hint("figures of such probes would say nothing; ask others, or show other examples (`nocere demonstrations check`)"));
            }
        }
    }
    Ok(())
}
