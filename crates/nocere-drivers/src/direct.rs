//! The conversation that the probe itself spells out: its messages, then its follow-ups, whatever
//! the target answers.

use std::sync::OnceLock;

use nocere_core::{
    BoxFuture, ChatModel, ChatRequest, Driver, DriverContext, DriverError, DriverIdentity, Finish,
    Message, ModelError, Probe, ReplyFormat, Role, Transcript, text::shows_nothing,
};

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
    let mut transcript = Transcript::default();
    if let Some(system) = &cx.system_prompt {
        transcript.push(Message::new(Role::System, system));
    }
    for message in &probe.messages {
        transcript.push(message.clone());
    }
    let mut follow_ups = probe.follow_ups.iter();
    loop {
        let request = ChatRequest {
            messages: transcript.messages(),
            sampling: cx.sampling.clone(),
            format: ReplyFormat::Text,
            sample: cx.epoch,
        };
        match target.chat(&request).await {
            Ok(reply) => {
                // The asker has nothing to answer to, and servers refuse an empty turn.
                let is_over = reply.finish == Finish::ContentFilter || shows_nothing(&reply.text);
                transcript.push_reply(reply);
                if is_over {
                    return Ok(transcript);
                }
            }
            Err(ModelError::Fatal { message }) => return Err(DriverError::Target(message)),
            Err(ModelError::Stopped { message }) => return Err(DriverError::Run(message)),
            Err(error) => {
                transcript.error = Some(error);
                return Ok(transcript);
            }
        }
        match follow_ups.next() {
            Some(text) => transcript.push(Message::new(Role::User, text)),
            None => return Ok(transcript),
        }
    }
}
