//! The conversation that the probe itself spells out: its messages, then its follow-ups, whatever
//! the target answers.

use std::sync::OnceLock;

use nocere_core::{
    AttackFacts, BoxFuture, ChatModel, Driver, DriverContext, DriverError, DriverIdentity, Probe,
    Transcript,
};

use crate::conversation::{Conversation, Heard};

/// Sends the messages of the probe. The conversation has one turn for probes without follow-ups,
/// and is scripted otherwise. The first answer that failed, was withheld by a filter or is empty ends
/// it.
pub struct Direct;

impl Driver for Direct {
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(lead(probe, target, cx))
    }

    fn identity(&self) -> &DriverIdentity {
        static IDENTITY: OnceLock<DriverIdentity> = OnceLock::new();
        IDENTITY.get_or_init(|| DriverIdentity::direct(VERSION))
    }
}

/// Raise when the code changes what is said; it is part of every attack that talks through it.
pub(crate) const VERSION: &str = "2";

pub(crate) async fn lead(
    probe: &Probe,
    target: &dyn ChatModel,
    cx: &DriverContext<'_>,
) -> Result<Transcript, DriverError> {
    // What a plain conversation spends is in its answers.
    let mut spent = AttackFacts::default();
    let mut conversation = Conversation::new(target, cx);
    for message in &probe.messages {
        conversation.transcript.push(message.clone());
    }
    let mut heard = conversation.answer(&mut spent).await?;
    for text in &probe.follow_ups {
        if heard != Heard::Answer {
            break;
        }
        heard = conversation.say(text, &mut spent).await?;
    }
    Ok(conversation.transcript)
}
