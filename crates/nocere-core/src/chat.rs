//! A chat model is anything that answers a list of messages: a hosted service, a local
//! server or a model inside the process.

use std::{borrow::Cow, future::Future, pin::Pin};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ContentHash;

/// A boxed future, so that models, drivers and judges can be used as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The deployment's own instructions.
    System,
    /// The person who asks.
    User,
    /// The model under test.
    Assistant,
}

impl Role {
    /// The word that chat APIs and chat templates use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "type")]
pub enum Part {
    /// Plain text.
    Text {
        /// The text. Hostile if a model wrote it: escape it wherever it is shown.
        text: String,
    },
    /// An image. The bytes are in the journal's blobs.
    Image {
        /// Hash of the bytes.
        hash: ContentHash,
        /// Such as `image/png`.
        media_type: String,
    },
}

/// One message of a conversation.
///
/// The serialised form belongs to the journal and to the hash of a call. Every wire format
/// builds a body of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said and shown, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of one text.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            parts: vec![Part::Text { text: text.into() }],
        }
    }

    /// The message's text; several texts are joined by a line break, images are left out.
    pub fn text(&self) -> Cow<'_, str> {
        let mut texts = self.texts();
        let first = texts.next().unwrap_or_default();
        let more: Vec<&str> = texts.collect();
        if more.is_empty() {
            return Cow::Borrowed(first);
        }
        Cow::Owned(format!("{first}\n{}", more.join("\n")))
    }

    /// The texts of the message, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            Part::Image { .. } => None,
        })
    }

    /// True if the message shows an image.
    pub fn has_images(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Image { .. }))
    }
}

/// The role and text of each message, for models that take text only.
///
/// # Errors
/// [`ModelError::Request`] if a message shows an image: asked without it, the model would
/// answer another question.
pub fn text_only(messages: &[Message]) -> Result<Vec<(Role, Cow<'_, str>)>, ModelError> {
    if messages.iter().any(Message::has_images) {
        return Err(ModelError::Request {
            message: "the message shows an image, and this model is sent text only".to_owned(),
        });
    }
    Ok(messages
        .iter()
        .map(|message| (message.role, message.text()))
        .collect())
}

/// How the next token is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sampling {
    /// 0 is greedy decoding: always the most likely token.
    pub temperature: f32,
    /// Nucleus sampling mass, in (0, 1]; 1 keeps every token.
    pub top_p: f32,
    /// At most this many tokens in the answer.
    pub max_tokens: u32,
    /// Seed of the sampler; ignored when `temperature` is 0.
    pub seed: u64,
    /// Strings that end the answer; they are not part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            max_tokens: 256,
            seed: 0,
            stop: Vec::new(),
        }
    }
}

/// The form that a reply must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ReplyFormat {
    /// Free text.
    Text,
    /// Text that this GBNF grammar (root rule `root`) accepts. Models in process are
    /// constrained by it; hosted ones are asked for a JSON object.
    Grammar(String),
}

/// Everything that determines an answer apart from the model itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far; the last message is the one to answer.
    pub messages: Vec<Message>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The form that the reply must have.
    pub format: ReplyFormat,
    /// Which of several samples of the same request this is, from 0: epochs and votes.
    pub sample: u32,
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model ended its turn.
    Stop,
    /// The token limit cut the answer.
    Length,
    /// The provider's filter withheld the answer.
    ContentFilter,
    /// The provider itself marks the answer as the model's refusal (a refusal field or stop
    /// reason); the text, if any, is the refusal.
    Refusal,
    /// Another reason, in the provider's own word.
    Other(String),
}

/// Tokens used by one call, as the model counts them; 0 where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Request tokens that were found in a cache and not computed again.
    pub cached_tokens: u64,
    /// Answer tokens that were spent on reasoning; they are among `output_tokens`.
    #[serde(default)]
    pub reasoning_tokens: u64,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The answer's text. Hostile: escape it wherever it is shown.
    pub text: String,
    /// What the model thought aloud before it answered, if the server hands it out. Kept
    /// as evidence; judges read the answer. Hostile like the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Why the model stopped.
    pub finish: Finish,
    /// Tokens used.
    pub usage: Usage,
    /// Milliseconds from request to complete answer.
    pub latency_ms: u64,
    /// The server's own id of the reply, for its operator's logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// The model's name as the server gives it, often with a date that the request lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_model: Option<String>,
    /// What the server says of the configuration that computed the reply, such as `OpenAI`'s
    /// `system_fingerprint`: a change means that the same request may be answered otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
}

impl ChatReply {
    /// A complete answer about which nothing else is known.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            reasoning: None,
            finish: Finish::Stop,
            usage: Usage::default(),
            latency_ms: 0,
            response_id: None,
            served_model: None,
            system_fingerprint: None,
        }
    }
}

/// Takes leading `<think>…</think>` blocks, as reasoning models of open weights write them,
/// out of a text: what was thought, and the answer proper. A block that never ends is all
/// thought and no answer.
pub fn split_reasoning(text: &str) -> (Option<String>, &str) {
    let Some(rest) = text.trim_start().strip_prefix("<think>") else {
        return (None, text);
    };
    match rest.split_once("</think>") {
        Some((thought, answer)) => (Some(thought.trim().to_owned()), answer.trim_start()),
        None => (Some(rest.trim().to_owned()), ""),
    }
}

/// Where a model runs: decides whether `--local-only` lets text reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Locality {
    /// Inside this process.
    InProcess,
    /// Behind a loopback address of this machine.
    Loopback,
    /// Anywhere else.
    Remote,
}

/// What a model is: everything that changes its answers belongs in here, because it is
/// hashed into every call's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelIdentity {
    /// As the user named it, `provider:model`.
    pub name: String,
    /// The wire format or engine.
    pub provider: String,
    /// The model's own name or file.
    pub model: String,
    /// What pins it: a weight file's SHA-256, a server's base URL.
    pub pin: String,
    /// Hash over whatever else is sent with each request and can change an answer, such as
    /// extra body fields and headers; empty if there is nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settings: String,
    /// Where it runs.
    pub locality: Locality,
}

/// Why a call gave no reply.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ModelError {
    /// This conversation does not fit; other conversations may. Recorded as an outcome.
    #[error("{}", overflow(*needed, *limit))]
    ContextOverflow {
        /// Tokens of prompt and answer together; 0 where the server does not say.
        needed: u64,
        /// Tokens that fit; 0 where the server does not say.
        limit: u64,
    },
    /// This request cannot be answered; other requests may. Recorded as an outcome.
    #[error("{message}")]
    Request {
        /// What was wrong, in one line.
        message: String,
    },
    /// The conversation has used all calls that its driver's budget allows. Recorded as an
    /// outcome.
    #[error("the conversation's budget of {calls} calls is spent")]
    CallBudget {
        /// The budget.
        calls: u32,
    },
    /// The server has no room for the request now (429, 529): worth trying again, later.
    #[error("{message}")]
    RateLimited {
        /// What the server said, in one line.
        message: String,
        /// How long it asked to wait, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// Worth trying again: the line was busy or broken. If it stays so, an outcome of this
    /// conversation.
    #[error("{message}")]
    Transient {
        /// What happened, in one line.
        message: String,
        /// How long the server asked to wait, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// Nobody is there: worth trying again for a moment, then the run stops.
    #[error("{message}")]
    Unreachable {
        /// What happened, in one line.
        message: String,
    },
    /// No request can be answered (wrong key, no such model, broken file): stops the run.
    #[error("{message}")]
    Fatal {
        /// What happened and what to do, in one line.
        message: String,
    },
    /// The call was not made, because the run is stopping. Never recorded.
    #[error("{message}")]
    Stopped {
        /// Why the run stops, in one line.
        message: String,
    },
}

fn overflow(needed: u64, limit: u64) -> String {
    if limit == 0 {
        return "the conversation does not fit the model's context".to_owned();
    }
    format!("the conversation needs {needed} tokens and the model's context holds {limit}")
}

impl ModelError {
    /// Whether the same request may succeed at another time.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Transient { .. } | Self::Unreachable { .. }
        )
    }

    /// Whether no other request can succeed either, so that nothing is recorded.
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::Fatal { .. } | Self::Stopped { .. })
    }
}

/// How a model wants its requests grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Requests that are computed together.
    pub size: usize,
    /// Groups that can be computed at the same time.
    pub parallel: usize,
}

/// Something that answers.
pub trait ChatModel: Send + Sync {
    /// Answers `request`.
    fn chat<'a>(&'a self, request: &'a ChatRequest)
    -> BoxFuture<'a, Result<ChatReply, ModelError>>;

    /// What this model is.
    fn identity(&self) -> &ModelIdentity;

    /// How many calls it can usefully have in flight.
    fn parallelism(&self) -> usize {
        8
    }

    /// Set by models that compute several answers together and whose floating-point
    /// results can depend on what is computed together. The engine then forms the groups
    /// from the plan, so that a resumed run computes exactly what an uninterrupted one does.
    fn grouping(&self) -> Option<Grouping> {
        None
    }

    /// Answers several requests together, in order. `answered` is called once for each
    /// answer as it becomes ready.
    fn chat_group<'a>(
        &'a self,
        requests: &'a [ChatRequest],
        answered: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Vec<Result<ChatReply, ModelError>>> {
        Box::pin(async move {
            let mut replies = Vec::with_capacity(requests.len());
            for request in requests {
                replies.push(self.chat(request).await);
                answered();
            }
            replies
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_told_from_answers() {
        for (text, thought, answer) in [
            ("plain", None, "plain"),
            ("<think>\nhm\n</think>\n\nYes.", Some("hm"), "Yes."),
            ("<think>cut off", Some("cut off"), ""),
            ("I <think> so</think>", None, "I <think> so</think>"),
        ] {
            assert_eq!(split_reasoning(text), (thought.map(str::to_owned), answer));
        }
    }
}
