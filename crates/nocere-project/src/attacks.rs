//! What is done with attacks outside a run: trying them on a text, and freezing those that
//! succeeded into a suite.

use std::collections::BTreeMap;

use nocere_core::{
    AttackFacts, BoxFuture, Category, ChatModel, ChatReply, ChatRequest, ContentHash,
    DriverContext, DriverIdentity, DriverKind, FigureRow, Instrument, Locality, Message,
    ModelError, ModelIdentity, Probe, Provenance, Role, Sample, Sampling, Suite, SuiteHalf,
    SuiteId, Transcript, Verdict, clock,
};
use nocere_store::RunReader;

use crate::{
    Project, ProjectError,
    drivers::{DriverChoice, drivers},
    figures, policies,
    targets::Models,
};

/// Shown instead of an answer when an attack is tried without a target.
const NO_TARGET: &str = "(the target's answer)";

/// What an attack would send.
#[derive(Clone, Debug, PartialEq)]
pub struct AttackTried {
    /// The asker's messages, in order.
    pub messages: Vec<String>,
    /// Why the attack ended early, if it did.
    pub problem: Option<String>,
    /// What it did besides; `None` if it only sent words of its own.
    pub facts: Option<AttackFacts>,
}

/// Answers every request with the same words, so that an attack can be looked at.
struct NoTarget(ModelIdentity);

impl ChatModel for NoTarget {
    fn chat<'a>(
        &'a self,
        _request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(async { Ok(ChatReply::of_text(NO_TARGET)) })
    }

    fn identity(&self) -> &ModelIdentity {
        &self.0
    }
}

impl Project {
    /// Puts a request through the driver `name`, without a target, and returns what a target would
    /// be asked.
    ///
    /// # Errors
    ///
    /// There is no such attack, it has no words in the language, it needs an attacker and none is
    /// named, or the attacker cannot be asked.
    pub fn try_attack(
        &self,
        name: &str,
        text: &str,
        language: &str,
        attacker: Option<&str>,
        seed: u64,
    ) -> Result<AttackTried, ProjectError> {
        let mut models = Models::new(self, false);
        let names = [name.to_owned()];
        let choice = DriverChoice {
            drivers: &names,
            attacker,
            ..DriverChoice::default()
        };
        let setups = drivers(self, &choice, &mut models, &policies::all(self)?)?;
        let [setup] = setups.as_slice() else {
            return Err(ProjectError::usage(format!(
                "`{name}` names {} attacks; try one at a time",
                setups.len()
            )));
        };
        let identity = setup.driver.identity();
        let mut probe = Probe::asking("try", "try", text);
        language.clone_into(&mut probe.language);
        if let Some(who) = identity.perspectives.first() {
            probe.perspective = *who;
        }
        if !identity.leads(&probe) {
            return Err(ProjectError::usage(format!(
                "`{name}` has no text in `{language}`; its languages are {}",
                identity.languages.join(", ")
            )));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                ProjectError::infrastructure(format!("failed to start the runtime: {error}"))
            })?;
        let helpers: Vec<&dyn ChatModel> = setup
            .models
            .iter()
            .map(|(_, model)| model.model.as_ref())
            .collect();
        let target = NoTarget(ModelIdentity {
            name: "none".to_owned(),
            provider: "none".to_owned(),
            model: "none".to_owned(),
            pin: String::new(),
            settings: String::new(),
            locality: Locality::InProcess,
        });
        let cx = DriverContext {
            system_prompt: None,
            sampling: Sampling::default(),
            epoch: 0,
            models: &helpers,
            seed,
            text_seed: seed,
            scorer: None,
            max_calls: None,
        };
        let transcript = runtime
            .block_on(setup.driver.lead(&probe, &target, &cx))
            .map_err(|error| ProjectError::infrastructure(error.to_string()))?;
        Ok(AttackTried {
            messages: asked(&transcript),
            problem: transcript.error.as_ref().map(ToString::to_string),
            facts: transcript.attack.map(|facts| *facts),
        })
    }

    /// The conversation of a run that held longest before a figure of harm or help counts an error,
    /// with the number of that answer, from 1; `None` if none held in its first answer.
    ///
    /// # Errors
    ///
    /// The journal or the figures cannot be read.
    pub fn breaking(&self, reader: &RunReader) -> Result<Option<(Sample, usize)>, ProjectError> {
        let rows = figures::load(self)?;
        let instruments = reader.instruments()?;
        let mut longest: Option<(Sample, usize)> = None;
        for sample in reader.finished() {
            let sample = sample?;
            let held = broke(&sample, &instruments, &rows).map_or(0, |(_, turn)| turn);
            if held > 0 && longest.as_ref().is_none_or(|(_, turn)| held + 1 > *turn) {
                longest = Some((sample, held + 1));
            }
        }
        Ok(longest)
    }

    /// The conversations of a run in which a target did harm or refused help under attack, as a
    /// suite: each in which a figure of harm or help counts an error, up to the answer that it counts. Probes of one conversation occur
    /// once. `judge` limits it to one judge's errors.
    ///
    /// # Errors
    ///
    /// The journal or the figures cannot be read, the run has no such judge, or no attack succeeded.
    pub fn harvest(&self, reader: &RunReader, judge: Option<&str>) -> Result<Suite, ProjectError> {
        let header = reader.header()?;
        let rows = figures::load(self)?;
        let mut instruments = reader.instruments()?;
        if let Some(wanted) = judge {
            let known: Vec<String> = instruments.iter().map(|i| i.id.to_string()).collect();
            instruments.retain(|instrument| instrument.id == *wanted);
            if instruments.is_empty() {
                return Err(ProjectError::unknown(
                    format!("run {} has no judge `{wanted}`", header.id),
                    wanted,
                    known.iter().map(String::as_str),
                    format!("its judges are {}", known.join(", ")),
                ));
            }
        }
        let drivers: BTreeMap<_, DriverIdentity> = reader
            .drivers()?
            .into_iter()
            .filter(|driver| driver.kind != DriverKind::Direct)
            .map(|driver| (driver.id.clone(), driver))
            .collect();
        let id = SuiteId::from(format!("harvest-{}", header.id));
        let mut probes: BTreeMap<ContentHash, Probe> = BTreeMap::new();
        for sample in reader.finished() {
            let sample = sample?;
            let Some(driver) = drivers.get(&sample.driver) else {
                continue;
            };
            let Some((instrument, turn)) = broke(&sample, &instruments, &rows) else {
                continue;
            };
            let mut probe = frozen(&sample, turn);
            let hash = nocere_core::hash_json("attack", &(&probe.messages, &probe.follow_ups));
            probe.id = format!("{}-{}", sample.probe.id, hash.short()).into();
            probe.suite = id.clone();
            probe.restates = None;
            probe.twin_of = None;
            let before = std::mem::take(&mut probe.note);
            probe.note = format!(
                "{before} Frozen from run {}: `{}` by {}, judge `{}`, answer {}.",
                header.id,
                sample.probe.id,
                driver.id,
                instrument.id,
                turn + 1
            );
            probes.entry(hash).or_insert(probe);
        }
        if probes.is_empty() {
            return Err(ProjectError::usage(format!(
                "no attack of run {} succeeded by its judges: there is nothing to freeze",
                header.id
            )));
        }
        let probes: Vec<Probe> = probes.into_values().collect();
        let categories = categories(&reader.suites()?, &probes);
        Ok(Suite {
            hash: Suite::content_hash(&categories, &probes),
            title: format!("Errors under attack in run {}", header.id),
            description: format!(
                "{} conversations in which a target did harm or refused help, frozen on {}. They are hidden: reports \
                 withhold their texts.",
                probes.len(),
                clock::now_utc()
            ),
            version: "1.0.0".to_owned(),
            licence: "not for redistribution".to_owned(),
            source: format!("nocere attacks harvest {}", header.id),
            provenance: Some(Provenance {
                written: format!(
                    "Frozen by nocere {} from run {}: {}",
                    env!("CARGO_PKG_VERSION"),
                    header.id,
                    header.command
                ),
                readings: Vec::new(),
            }),
            half: Some(SuiteHalf {
                of: id.clone(),
                hidden: true,
            }),
            id,
            categories,
            probes,
        })
    }
}

/// The judge that first counts an error in a conversation, and the answer, from 0; `None` if none
/// does, or if it asks something else than its probe.
pub(crate) fn broke<'i>(
    sample: &Sample,
    instruments: &'i [Instrument],
    rows: &[FigureRow],
) -> Option<(&'i Instrument, usize)> {
    if sample.is_drifted() {
        return None;
    }
    instruments.iter().find_map(|instrument| {
        let counts = |verdict: &Verdict| {
            let mut rows = rows.iter();
            rows.any(|row| row.is_listed() && row.counts_error(&sample.probe, instrument, verdict))
        };
        let turn = sample.by_turn(&instrument.hash).position(counts)?;
        Some((instrument, turn))
    })
}

/// The categories that the probes are of.
fn categories(suites: &[Suite], probes: &[Probe]) -> Vec<Category> {
    let mut found: Vec<Category> = Vec::new();
    for category in suites.iter().flat_map(|suite| &suite.categories) {
        let is_used = probes.iter().any(|probe| probe.category == category.id);
        if is_used && !found.iter().any(|known| known.id == category.id) {
            found.push(category.clone());
        }
    }
    found
}

/// The asker's messages of a conversation.
fn asked(transcript: &Transcript) -> Vec<String> {
    let turns = transcript.turns.iter();
    turns
        .filter(|turn| turn.message.role == Role::User)
        .map(|turn| turn.message.text().into_owned())
        .collect()
}

/// The probe with the messages that led to the answer number `turn`, from 0.
fn frozen(sample: &Sample, turn: usize) -> Probe {
    let mut probe = sample.probe.clone();
    let mut answers = 0;
    let (mut messages, mut follow_ups) = (Vec::<Message>::new(), Vec::new());
    for said in &sample.transcript.turns {
        if said.answer.is_some() {
            if answers == turn {
                break;
            }
            answers += 1;
        } else if said.message.role != Role::System {
            if answers == 0 {
                messages.push(said.message.clone());
            } else {
                follow_ups.push(said.message.text().into_owned());
            }
        }
    }
    probe.messages = messages;
    probe.follow_ups = follow_ups;
    probe
}
