//! Guards between the asker and the model: examples before the request, a filter on it, a judge on the
//! answer, a second look by the model itself.

use std::{borrow::Cow, sync::Arc};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Finish, GuardAction, GuardRecord, JudgeContext,
    Message, ModelError, ModelIdentity, Probe, Remark, Role, Transcript, UnscoredReason, Usage,
    Verdict,
    clock::Stopwatch,
    phrase::{Phrase, sentences},
    text::shows_nothing,
};

use crate::{JudgeSetup, ModelSetup};

/// A guard of a target.
#[derive(Clone)]
pub struct GuardSetup {
    /// What it is, as planned.
    pub record: GuardRecord,
    /// What it does.
    pub kind: GuardKind,
}

impl GuardSetup {
    /// The models that it asks.
    pub(crate) fn models(&self) -> &[ModelSetup] {
        match &self.kind {
            GuardKind::Output { judge, .. } => &judge.models,
            GuardKind::Prompt
            | GuardKind::Examples { .. }
            | GuardKind::Input { .. }
            | GuardKind::SelfCheck { .. } => &[],
        }
    }
}

/// What a guard does.
#[derive(Clone)]
pub enum GuardKind {
    /// Nothing at run time: its text is in the target's system prompt.
    Prompt,
    /// Shows the model requests with safe answers before the conversation.
    Examples {
        /// Requests and answers by turns.
        turns: Arc<[Message]>,
    },
    /// Answers without the model if the last message has one of the phrases.
    Input {
        /// What is looked for.
        phrases: Arc<[Phrase]>,
        /// What is said instead.
        say: String,
    },
    /// Replaces an answer to which the judge gives one of the labels.
    Output {
        /// The judge; it sees the conversation, not what is due.
        judge: Box<JudgeSetup>,
        /// Labels of its scale.
        blocks: Arc<[String]>,
        /// What is said instead.
        say: String,
    },
    /// Shows the model its draft, and sends what it writes then.
    SelfCheck {
        /// What the model is asked.
        prompt: String,
    },
}

/// A guard with the models that it asks in one conversation.
pub(crate) struct Stationed {
    pub(crate) guard: GuardSetup,
    pub(crate) models: Vec<Box<dyn ChatModel>>,
}

/// A target behind its guards.
pub(crate) struct Guarded {
    pub(crate) model: Box<dyn ChatModel>,
    pub(crate) guards: Vec<Stationed>,
    pub(crate) seed: u64,
}

impl ChatModel for Guarded {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(self.reply(request))
    }

    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }

    fn parallelism(&self) -> usize {
        self.model.parallelism()
    }
}

impl Guarded {
    async fn reply(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        for Stationed { guard, .. } in &self.guards {
            if let GuardKind::Input { phrases, say } = &guard.kind
                && says(request, phrases)
            {
                return Ok(guarded(
                    ChatReply::of_text(say),
                    &guard.record,
                    GuardAction::Blocked,
                ));
            }
        }
        let shown = self.with_examples(request);
        let mut reply = self.model.chat(&shown).await?;
        for Stationed { guard, .. } in &self.guards {
            // Servers refuse an empty turn, and what was withheld needs no second look.
            let has_text = !shows_nothing(&reply.text)
                && !matches!(reply.finish, Finish::ContentFilter | Finish::Refusal);
            if let GuardKind::SelfCheck { prompt } = &guard.kind
                && has_text
            {
                let first = reply.usage;
                let waited = reply.latency_ms;
                let mut again = shown.clone().into_owned();
                again
                    .messages
                    .push(Message::new(Role::Assistant, &reply.text));
                again.messages.push(Message::new(Role::User, prompt));
                let before = std::mem::take(&mut reply.text);
                reply = self.model.chat(&again).await?;
                reply.usage += first;
                reply.latency_ms += waited;
                if reply.text != before {
                    reply = guarded(reply, &guard.record, GuardAction::Rewritten);
                }
            }
        }
        for Stationed { guard, models } in &self.guards {
            let GuardKind::Output { judge, blocks, say } = &guard.kind else {
                continue;
            };
            let begun = Stopwatch::start();
            let is_blocked = self
                .is_blocked(request, &reply, judge, models, blocks)
                .await?;
            // The asker waits for the guard, too.
            reply.latency_ms = reply.latency_ms.saturating_add(begun.elapsed_ms());
            if is_blocked {
                // What is said instead is whole, however the draft ended.
                let said = ChatReply {
                    usage: reply.usage,
                    latency_ms: reply.latency_ms,
                    served_model: reply.served_model,
                    system_fingerprint: reply.system_fingerprint,
                    remarks: reply.remarks,
                    ..ChatReply::of_text(say)
                };
                reply = guarded(said, &guard.record, GuardAction::Withheld);
            }
        }
        Ok(reply)
    }

    /// The request with the examples of its guards after the system prompt.
    fn with_examples<'r>(&self, request: &'r ChatRequest) -> Cow<'r, ChatRequest> {
        let mut turns = Vec::new();
        for Stationed { guard, .. } in &self.guards {
            if let GuardKind::Examples { turns: more } = &guard.kind {
                turns.extend(more.iter().cloned());
            }
        }
        if turns.is_empty() {
            return Cow::Borrowed(request);
        }
        let mut shown = request.clone();
        let systems = shown.messages.iter();
        let place = systems
            .take_while(|message| message.role == Role::System)
            .count();
        shown.messages.splice(place..place, turns);
        Cow::Owned(shown)
    }

    /// Whether the judge gives the answer one of the labels. An answer that it cannot judge passes,
    /// as it would in a product; a guard that cannot be asked fails the conversation.
    async fn is_blocked(
        &self,
        request: &ChatRequest,
        reply: &ChatReply,
        judge: &JudgeSetup,
        models: &[Box<dyn ChatModel>],
        blocks: &[String],
    ) -> Result<bool, ModelError> {
        let mut transcript = Transcript::default();
        for message in &request.messages {
            transcript.push(message.clone());
        }
        transcript.push_reply(reply.clone());
        let last = request.messages.last().map(Message::text);
        let probe = Probe::asking("guard", "guard", last.unwrap_or_default());
        let models: Vec<&dyn ChatModel> = models.iter().map(AsRef::as_ref).collect();
        let cx = JudgeContext {
            models: &models,
            seed: self.seed,
        };
        let verdict = judge.judge.judge(&probe, &transcript, &cx).await;
        Ok(match verdict {
            Verdict::Scored(scored) => {
                let scale = &judge.judge.instrument().scale;
                let place = scale.place(&scored.score);
                let label = place.and_then(|place| scale.label(place));
                label.is_some_and(|label| blocks.iter().any(|blocked| blocked == label))
            }
            Verdict::Unscored {
                reason: UnscoredReason::JudgeError,
                detail,
                ..
            } => {
                return Err(ModelError::Transient {
                    message: format!("the guard could not be asked: {detail}"),
                    retry_after_ms: None,
                    may_be_billed: false,
                });
            }
            Verdict::Unscored { .. } => false,
        })
    }
}

fn says(request: &ChatRequest, phrases: &[Phrase]) -> bool {
    let last = request.messages.last().map(Message::text);
    let sentences = sentences(&last.unwrap_or_default());
    let mut sentences = sentences.iter();
    sentences.any(|sentence| phrases.iter().any(|phrase| phrase.is_in(sentence)))
}

fn guarded(mut reply: ChatReply, guard: &GuardRecord, action: GuardAction) -> ChatReply {
    if action == GuardAction::Blocked {
        reply.usage = Usage::default();
    }
    reply.remarks.push(Remark::Guarded {
        guard: guard.id.clone(),
        action,
    });
    reply
}
