//! Model organisms: simulated targets with a planted fault. A suite that cannot find a fault that
//! is there does not show that a target has none.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use nocere_assets::Kind;
use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Expect, Locality, ModelError, ModelIdentity,
    Perspective, Probe, Role, Sampling, TargetId, TargetRecord, hash_json,
    key::derive_seed,
    phrase::{Phrase, sentences},
};
use nocere_engine::{Account, Limits, ModelSetup, TargetSetup};
use serde::{Deserialize, Serialize};

use crate::{Project, ProjectError, assets::parsed};

/// Begins the name of every organism as a target: `organism:NAME` or `organism:NAME@SEED`.
pub(crate) const PREFIX: &str = "organism:";
/// Raise when the code changes what organisms answer.
const CODE_VERSION: u32 = 1;

/// The file of organisms.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct OrganismFile {
    nocere_organisms: u32,
    version: String,
    slips: f64,
    words: Words,
    organisms: Vec<OrganismEntry>,
}

/// What is said, by kind of answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Words {
    declined: Vec<String>,
    withheld: Vec<String>,
    helped_with_care: Vec<String>,
    helped: Vec<String>,
}

/// What an organism does where its fault shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Says {
    /// It has no fault.
    None,
    /// It does what was asked.
    Helped,
    /// It declines.
    Declined,
    /// It obeys an order in pasted material.
    Planted,
}

/// An organism as written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganismEntry {
    /// Kebab-case id.
    pub(crate) id: String,
    /// The fault, in a few words.
    pub(crate) title: String,
    says: Says,
    #[serde(default)]
    who: Vec<Perspective>,
    #[serde(default)]
    due: Vec<Expect>,
    #[serde(default)]
    cues: Vec<String>,
    #[serde(default)]
    from_turn: usize,
}

/// The organisms of a project.
///
/// # Errors
///
/// Their file is wrong.
pub(crate) fn all(project: &Project) -> Result<Vec<OrganismEntry>, ProjectError> {
    Ok(file(project)?.0.organisms)
}

fn file(project: &Project) -> Result<(OrganismFile, Vec<Vec<Phrase>>), ProjectError> {
    let Some(asset) = project.assets().find(Kind::Organism, "organisms") else {
        return Err(ProjectError::usage("there is no file of organisms"));
    };
    let file: OrganismFile = parsed(&asset.path, asset.text())?;
    let fault = |what: String| ProjectError::usage(format!("{}: {what}", asset.path));
    if file.nocere_organisms != 1 {
        return Err(fault("`nocere_organisms` must be 1".to_owned()));
    }
    let words = &file.words;
    let pools = [
        &words.declined,
        &words.withheld,
        &words.helped_with_care,
        &words.helped,
    ];
    if pools.iter().any(|pool| pool.is_empty()) {
        return Err(fault(
            "`words` has a kind of answer without words".to_owned(),
        ));
    }
    if !(0.0..1.0).contains(&file.slips) {
        return Err(fault(format!(
            "`slips` is {}; it must be from 0 to below 1",
            file.slips
        )));
    }
    let cues: Result<Vec<Vec<Phrase>>, String> = file
        .organisms
        .iter()
        .map(|organism| organism.cues.iter().map(|cue| Phrase::parse(cue)).collect())
        .collect();
    let cues = cues.map_err(|error| fault(format!("`cues`: {error}")))?;
    Ok((file, cues))
}

/// A simulated target with a planted fault.
struct Organism {
    identity: ModelIdentity,
    entry: OrganismEntry,
    cues: Vec<Phrase>,
    words: Words,
    slips: f64,
    seed: u64,
    /// What is due to whom, by the probe's request.
    due: BTreeMap<String, (Perspective, Expect)>,
    /// Marks that planted orders ask for, with the text that plants them.
    marks: Arc<[String]>,
}

/// The kind of an answer.
#[derive(Clone, Copy)]
enum AnswerKind {
    Declined,
    Withheld,
    Care,
    Helped,
}

impl ChatModel for Organism {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(async move { Ok(ChatReply::of_text(self.answer(request))) })
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }
}

impl Organism {
    fn answer(&self, request: &ChatRequest) -> String {
        let asked: Vec<String> = request
            .messages
            .iter()
            .filter(|message| message.role == Role::User)
            .map(|message| message.text().into_owned())
            .collect();
        let whole = asked.join("\n");
        let mut dice = derive_seed(
            self.seed ^ u64::from(request.sample),
            &format!("{}\n{whole}", request.messages.len()),
        );
        let mut roll = |below: u64| {
            let value = dice % below;
            dice = derive_seed(dice, "next");
            value
        };
        let slipped = (roll(10_000) as f64) < self.slips * 10_000.0;
        let found = self
            .due
            .iter()
            .filter(|(question, _)| whole.contains(question.as_str()))
            .max_by_key(|(question, _)| question.len());
        // What it cannot read, it asks about; that is careful help.
        let (who, due) = found.map_or((None, None), |(_, (who, due))| (Some(*who), Some(*due)));
        let kind = match due {
            Some(Expect::Refuse) if slipped => AnswerKind::Withheld,
            Some(Expect::Refuse) => AnswerKind::Declined,
            Some(Expect::Redirect) if slipped => AnswerKind::Care,
            Some(Expect::Redirect) => AnswerKind::Withheld,
            Some(Expect::Comply) if slipped => AnswerKind::Declined,
            Some(Expect::Comply) | None => AnswerKind::Care,
        };
        let shows = who
            .is_some_and(|who| self.entry.who.is_empty() || self.entry.who.contains(&who))
            && due.is_some_and(|due| self.entry.due.is_empty() || self.entry.due.contains(&due))
            && asked.len() >= self.entry.from_turn
            && (self.cues.is_empty() || self.has_cue(&whole));
        let kind = match self.entry.says {
            Says::Helped if shows => AnswerKind::Helped,
            Says::Declined if shows => AnswerKind::Declined,
            _ => kind,
        };
        let pool = match kind {
            AnswerKind::Declined => &self.words.declined,
            AnswerKind::Withheld => &self.words.withheld,
            AnswerKind::Care => &self.words.helped_with_care,
            AnswerKind::Helped => &self.words.helped,
        };
        let mut text = pool[roll(pool.len() as u64) as usize].clone();
        if self.entry.says == Says::Planted {
            // It obeys whatever is pasted: it says every mark that an order could ask for.
            if is_pasted(&whole) {
                for mark in self.marks.iter() {
                    text.push(' ');
                    text.push_str(mark);
                }
            }
        }
        text
    }

    fn has_cue(&self, text: &str) -> bool {
        let sentences = sentences(text);
        let mut sentences = sentences.iter();
        sentences.any(|sentence| self.cues.iter().any(|cue| cue.is_in(sentence)))
    }
}

/// True if the text holds pasted material: more lines than a person types.
fn is_pasted(text: &str) -> bool {
    text.lines().filter(|line| !line.trim().is_empty()).count() >= 5
}

/// Sets up an organism as a target of a run over `probes`.
///
/// # Errors
///
/// There is no such organism, or their file is wrong.
pub(crate) fn target(
    project: &Project,
    name: &str,
    probes: &mut dyn Iterator<Item = &Probe>,
) -> Result<TargetSetup, ProjectError> {
    let (file, cues) = file(project)?;
    let short = name.strip_prefix(PREFIX).unwrap_or(name);
    let (id, seed) = match short.split_once('@') {
        Some((id, seed)) => {
            let seed = seed.parse().map_err(|_| {
                ProjectError::usage(format!("`{name}`: `{seed}` is not a seed"))
                    .hint("write organism:NAME or organism:NAME@NUMBER")
            })?;
            (id, seed)
        }
        None => (short, 0),
    };
    let found = file.organisms.iter().position(|entry| entry.id == id);
    let Some(place) = found else {
        let known: Vec<&str> = file
            .organisms
            .iter()
            .map(|entry| entry.id.as_str())
            .collect();
        return Err(ProjectError::unknown(
            format!("there is no organism `{id}`"),
            id,
            known.iter().copied(),
            format!("the organisms are {}", known.join(", ")),
        ));
    };
    let marks: Vec<String> = crate::drivers::all_attacks(project)?
        .iter()
        .flat_map(|attack| attack.planted().to_vec())
        .collect();
    let entry = file.organisms[place].clone();
    let due: BTreeMap<String, (Perspective, Expect)> = probes
        .map(|probe| {
            (
                probe.question().to_owned(),
                (probe.perspective, probe.expect),
            )
        })
        .collect();
    let pin = hash_json(
        "organism",
        &(
            &entry,
            &file.words,
            file.slips,
            seed,
            &marks,
            &due,
            CODE_VERSION,
        ),
    );
    let organism = Organism {
        identity: ModelIdentity {
            name: name.to_owned(),
            provider: "organism".to_owned(),
            model: format!("{id} {}", file.version),
            pin: pin.as_str().to_owned(),
            settings: String::new(),
            locality: Locality::InProcess,
        },
        entry,
        cues: cues[place].clone(),
        words: file.words.clone(),
        slips: file.slips,
        seed: derive_seed(seed, id),
        due,
        marks: marks.into(),
    };
    let identity = organism.identity.clone();
    Ok(TargetSetup {
        id: TargetId::from(name),
        record: TargetRecord {
            identity,
            system_prompt: None,
            sampling: Sampling::default(),
            guards: Vec::new(),
        },
        guards: Vec::new(),
        model: Some(ModelSetup {
            account: Account::new(
                name,
                Limits {
                    concurrency: 32,
                    patience: Duration::from_secs(1),
                    ..Limits::default()
                },
            ),
            price: None,
            model: Arc::new(organism),
        }),
    })
}
