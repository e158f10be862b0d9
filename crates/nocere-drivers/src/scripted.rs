//! Conversations whose user turns are known beforehand.

use nocere_core::{
    BoxFuture, ChatModel, ChatRequest, Driver, DriverContext, DriverError, Message, ModelError,
    Probe, ReplyFormat, Role, Transcript,
};

/// Asks once.
pub struct SingleTurn;

/// Asks, and then says each of the probe's follow-ups whatever the answers are.
pub struct Scripted;

impl Driver for SingleTurn {
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(lead(probe, &[], target, cx))
    }

    fn id(&self) -> &'static str {
        "single-turn@1"
    }
}

impl Driver for Scripted {
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(lead(probe, &probe.follow_ups, target, cx))
    }

    fn id(&self) -> &'static str {
        "scripted@1"
    }
}

async fn lead(
    probe: &Probe,
    follow_ups: &[String],
    target: &dyn ChatModel,
    cx: &DriverContext,
) -> Result<Transcript, DriverError> {
    let mut transcript = Transcript::default();
    if let Some(system) = &cx.system_prompt {
        transcript.push(Message::new(Role::System, system));
    }
    for message in &probe.messages {
        transcript.push(message.clone());
    }
    let mut follow_ups = follow_ups.iter();
    loop {
        let request = ChatRequest {
            messages: transcript.messages(),
            sampling: cx.sampling.clone(),
            format: ReplyFormat::Text,
            sample: cx.epoch,
        };
        match target.chat(&request).await {
            Ok(reply) => transcript.push_reply(reply),
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
