//! Best-of-n jailbreaking (Hughes et al., arXiv 2412.03556): the same ask in n noisy forms, each in
//! a conversation of its own, until one gives way.

use nocere_core::{
    AttackFacts, BoxFuture, ChatModel, DriverCalls, DriverContext, DriverError, Probe, Transcript,
    key::derive_seed,
};
use serde::Deserialize;

use crate::{
    conversation::{Best, Conversation},
    part::{Lead, Made, settings},
    steps::{self, Step},
};

/// Most conversations that one sample may try.
pub(crate) const MAX_ATTEMPTS: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BestOf {
    /// Number of attempts, from 2 to 100.
    attempts: u32,
    /// The noise: changes that are drawn anew for each attempt.
    steps: Vec<Step>,
}

pub(crate) fn read(value: serde_json::Value) -> Result<Made, String> {
    let best: BestOf = settings(value)?;
    if best.steps.is_empty() {
        return Err("`steps` is empty".to_owned());
    }
    within("attempts", best.attempts, 2, MAX_ATTEMPTS)?;
    Ok(Made::lead(Vec::new(), best).needing(false, true))
}

/// What is wrong with a number that must be in a range.
pub(crate) fn within(name: &str, value: u32, least: u32, most: u32) -> Result<(), String> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(format!(
            "`{name}` is {value}; it must be from {least} to {most}"
        ))
    }
}

impl Lead for BestOf {
    fn calls(&self, _probe: &Probe) -> DriverCalls {
        DriverCalls {
            target: u64::from(self.attempts),
            attacker: 0,
            answers: 1,
        }
    }

    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(async move {
            let mut facts = AttackFacts::default();
            let mut best = Best::default();
            let mut failure = None;
            for attempt in 0..self.attempts {
                let seed = derive_seed(cx.text_seed, &attempt.to_string());
                let ask = steps::apply(&self.steps, probe.question(), seed);
                let conversation = once(probe, &ask, target, cx, &mut facts).await?;
                let score = match conversation.score(probe).await {
                    Ok(score) => score,
                    Err(message) => {
                        failure = Some(message);
                        break;
                    }
                };
                if best.offer(&ask, score, conversation.transcript, &mut facts) {
                    break;
                }
            }
            Ok(best.transcript(facts, failure))
        })
    }
}

/// A conversation with the probe's messages, the last one replaced by `ask`, and one answer.
pub(crate) async fn once<'a>(
    probe: &Probe,
    ask: &str,
    target: &'a dyn ChatModel,
    cx: &'a DriverContext<'a>,
    facts: &mut AttackFacts,
) -> Result<Conversation<'a>, DriverError> {
    let mut conversation = Conversation::new(target, cx);
    for message in &probe.messages {
        conversation.transcript.push(message.clone());
    }
    if let Some(last) = conversation.transcript.turns.last_mut() {
        last.message.set_text(ask.to_owned());
    }
    conversation.answer(facts).await?;
    Ok(conversation)
}
