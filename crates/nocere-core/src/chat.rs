//! A chat model answers a list of messages. It can be a hosted service, a local server or a model
//! in this process.

use std::{borrow::Cow, future::Future, pin::Pin};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ContentHash, Finish, secrets, split_thoughts};

/// A boxed future, so that models, drivers and judges can be used as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who speaks a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The operator's instructions to the model.
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

/// Part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "type")]
pub enum Part {
    /// Plain text.
    Text {
        /// The text. Hostile if a model wrote it: escape it wherever it is shown.
        text: String,
    },
    /// An image, whose bytes are among the journal's blobs.
    Image {
        /// Hash of the bytes.
        hash: ContentHash,
        /// MIME type, such as `image/png`.
        media_type: String,
    },
}

/// One message of a conversation.
///
/// The serialised form is stored in the journal and hashed into the keys of calls, so it must not
/// change. Each wire format builds its own body instead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// Texts and images, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message with a single text.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            parts: vec![Part::Text { text: text.into() }],
        }
    }

    /// The message's texts, joined by line breaks. Images are left out.
    pub fn text(&self) -> Cow<'_, str> {
        let mut texts = self.texts();
        let first = texts.next().unwrap_or_default();
        let more: Vec<&str> = texts.collect();
        if more.is_empty() {
            return Cow::Borrowed(first);
        }
        Cow::Owned(format!("{first}\n{}", more.join("\n")))
    }

    /// The texts of the message one by one, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            Part::Image { .. } => None,
        })
    }

    /// Puts `text` in place of the message's texts; images stay.
    pub fn set_text(&mut self, text: impl Into<String>) {
        self.parts.retain(|part| matches!(part, Part::Image { .. }));
        self.parts.insert(0, Part::Text { text: text.into() });
    }

    /// True if the message contains an image.
    pub fn has_images(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Image { .. }))
    }
}

/// The role and text of each message, for models that take text only.
///
/// # Errors
///
/// [`ModelError::NoImages`] if a message contains an image: without it, the model would be asked
/// a different question.
pub fn text_only(messages: &[Message]) -> Result<Vec<(Role, Cow<'_, str>)>, ModelError> {
    if messages.iter().any(Message::has_images) {
        return Err(ModelError::NoImages);
    }
    Ok(messages
        .iter()
        .map(|message| (message.role, message.text()))
        .collect())
}

/// How tokens are chosen, and how many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sampling {
    /// At least 0. 0 is greedy decoding: the most likely token is always chosen.
    pub temperature: f32,
    /// Nucleus sampling mass, in (0, 1]; 1 keeps every token.
    pub top_p: f32,
    /// Maximum number of tokens in the answer, at least 1.
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
    /// Text that this GBNF grammar (root rule `root`) accepts. It constrains the decoding of
    /// models in this process; hosted models are asked for a JSON object instead.
    Grammar(String),
}

/// Everything that determines an answer, apart from the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far; the last message is the one to answer.
    pub messages: Vec<Message>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The form that the reply must have.
    pub format: ReplyFormat,
    /// Number of the sample, from 0, if the same request is made several times (epochs, votes).
    /// Samples with different numbers have different keys.
    pub sample: u32,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cached_tokens += other.cached_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
    }
}

/// Tokens used by one call, as the model counts them; 0 if it does not report them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Tokens of the request that were read from a cache; part of `input_tokens`.
    pub cached_tokens: u64,
    /// Tokens of the answer that were spent on reasoning; part of `output_tokens`.
    #[serde(default)]
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Tokens of the request and the answer together.
    pub fn total(&self) -> u64 {
        self.input_tokens + self.output_tokens
    }
}

/// A model's reply to one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The answer's text. Hostile: escape it wherever it is shown.
    pub text: String,
    /// The model's reasoning before the answer, if the server returns it. Kept as evidence, but
    /// not shown to judges. Hostile like the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Why the model stopped generating.
    pub finish: Finish,
    /// Tokens used.
    pub usage: Usage,
    /// Milliseconds from request to complete answer.
    pub latency_ms: u64,
    /// The server's id of the reply, to find it in the operator's logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// The model's name as the server reports it, often with a date that the request lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_model: Option<String>,
    /// The server's fingerprint of its configuration, such as `OpenAI`'s `system_fingerprint`.
    /// If it changes, the same request may be answered differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// The provider's own word for a finish that withholds the answer, such as `SAFETY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_word: Option<String>,
    /// What else is remarkable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
}

impl ChatReply {
    /// A complete reply with this text; everything else is empty or zero.
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
            finish_word: None,
            remarks: Vec::new(),
        }
    }

    /// The reply without any secret that this process knows: a server may repeat a key.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        secrets::clean(&mut self.text);
        let others = [
            &mut self.reasoning,
            &mut self.response_id,
            &mut self.served_model,
            &mut self.system_fingerprint,
            &mut self.finish_word,
        ];
        others.into_iter().flatten().for_each(secrets::clean);
        if let Finish::Other(word) = &mut self.finish {
            secrets::clean(word);
        }
        self
    }

    /// A reply with this text, from which thoughts are taken out. They become the reasoning,
    /// unless the server reports its own (`reasoning`).
    pub fn split(text: &str, reasoning: Option<String>, finish: Finish) -> Self {
        let split = split_thoughts(text);
        let reasoning = reasoning.filter(|text| !text.trim().is_empty());
        Self {
            reasoning: reasoning.or(split.thoughts),
            finish,
            remarks: if split.unsure {
                vec![Remark::ThoughtsUnsure]
            } else {
                Vec::new()
            },
            ..Self::of_text(split.answer)
        }
    }
}

/// What is remarkable about a reply, besides how it ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "remark")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Remark {
    /// The server read fewer tokens than the prompt must have: it cut the prompt.
    PromptCut {
        /// Tokens that the server says it read.
        read: u64,
    },
    /// The model's template knows no system prompt: it stood at the beginning of the first message.
    SystemFolded,
    /// A tag of thoughts stands where it may also be part of the answer.
    ThoughtsUnsure,
    /// The server refused a field of the request, and the request was sent without it.
    FieldDropped {
        /// Name of the field.
        field: String,
        /// The field that was sent in its place, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<String>,
    },
    /// A guard of the target stepped in: the text is not, or not only, the model's.
    Guarded {
        /// Id of the guard.
        guard: String,
        /// What it did.
        action: GuardAction,
    },
}

/// What a guard did to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum GuardAction {
    /// It answered without asking the model.
    Blocked,
    /// It held the answer back and said something else.
    Withheld,
    /// The model wrote its answer anew.
    Rewritten,
}

impl GuardAction {
    /// As a sentence about answers uses it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "stopped the request",
            Self::Withheld => "held back the text",
            Self::Rewritten => "had the model rewrite the text",
        }
    }
}

/// Where a model runs. With `--local-only`, remote models are not asked.
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

/// The identity of a model. It is hashed into the key of every call, so it must cover everything
/// that can change the model's answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelIdentity {
    /// The name that the user gave, `provider:model`.
    pub name: String,
    /// The wire format, or the engine of a model in this process.
    pub provider: String,
    /// The provider's name of the model, or its file.
    pub model: String,
    /// What pins the model: the SHA-256 of its weights, or the server's base URL.
    pub pin: String,
    /// Hash of whatever else is sent with each request and can change an answer, such as extra
    /// body fields and headers; empty if there is nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settings: String,
    /// Where the model runs.
    pub locality: Locality,
}

/// Why a call returned no reply. The variants differ in what can be done about it.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ModelError {
    /// The conversation exceeds the model's context; others may fit. Recorded as an outcome.
    #[error("{}", overflow(*needed, *limit))]
    ContextOverflow {
        /// Tokens of prompt and answer together; 0 if the server does not say.
        needed: u64,
        /// Size of the context in tokens; 0 if the server does not say.
        limit: u64,
    },
    /// The server rejected this request; others may succeed. Recorded as an outcome.
    #[error("{message}")]
    Request {
        /// What was wrong, in one line.
        message: String,
    },
    /// The conversation has used all calls that its driver's budget allows. Recorded as an
    /// outcome.
    #[error("the conversation's budget of {calls} calls is spent")]
    CallBudget {
        /// The budget, in calls for one conversation.
        calls: u32,
    },
    /// The attack failed, because its own model refused, failed or never answered in form.
    /// It says nothing about the target. Recorded as an outcome.
    #[error("{message}")]
    Attacker {
        /// What the attacker did, in one line.
        message: String,
    },
    /// The conversation shows an image, and the target takes text only: without the image it would be
    /// asked another question. It says nothing about the target. Recorded as an outcome.
    #[error("the target takes text only, and the conversation shows an image")]
    NoImages,
    /// The server has no room for the request now (429, 529). Worth retrying later.
    #[error("{message}")]
    RateLimited {
        /// What the server said, in one line.
        message: String,
        /// How long the server asked to wait, in milliseconds; `None` if it did not say.
        retry_after_ms: Option<u64>,
    },
    /// The network or the server failed. Worth retrying; if it keeps failing, an outcome of the
    /// conversation.
    #[error("{message}")]
    Transient {
        /// What happened, in one line.
        message: String,
        /// How long the server asked to wait, in milliseconds; `None` if it did not say.
        retry_after_ms: Option<u64>,
        /// Whether the server may bill the request all the same: it was sent, and the answer was
        /// late, broke off or cannot be read.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        may_be_billed: bool,
    },
    /// The server cannot be reached. Worth retrying for a while; then the run stops.
    #[error("{message}")]
    Unreachable {
        /// What happened, in one line.
        message: String,
    },
    /// No request can succeed (wrong key, unknown model, damaged file). Stops the run.
    #[error("{message}")]
    Fatal {
        /// What happened and what to do, in one line.
        message: String,
    },
    /// The call was not made because the run is stopping. Never recorded.
    #[error("{message}")]
    Stopped {
        /// Why the run stops, in one line.
        message: String,
    },
}

fn overflow(needed: u64, limit: u64) -> String {
    if limit == 0 {
        return "the conversation exceeds the model's context".to_owned();
    }
    format!("the conversation needs {needed} tokens, but the model's context holds {limit}")
}

impl ModelError {
    /// The error without any secret that this process knows.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        match &mut self {
            Self::ContextOverflow { .. } | Self::CallBudget { .. } | Self::NoImages => {}
            Self::Request { message }
            | Self::Attacker { message }
            | Self::RateLimited { message, .. }
            | Self::Transient { message, .. }
            | Self::Unreachable { message }
            | Self::Fatal { message }
            | Self::Stopped { message } => secrets::clean(message),
        }
        self
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Transient { .. } | Self::Unreachable { .. }
        )
    }

    /// Whether other requests cannot succeed either. Such errors are not recorded as outcomes.
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::Fatal { .. } | Self::Stopped { .. })
    }
}

/// How requests to a model must be grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Number of requests that are computed together, at least 1.
    pub size: usize,
    /// Number of groups that can be computed at the same time, at least 1.
    pub parallel: usize,
}

/// Answers chat requests. Implementations do not retry or limit rates; the engine does.
pub trait ChatModel: Send + Sync {
    /// Answers `request`.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]. The variant decides whether the engine retries, records or stops.
    fn chat<'a>(&'a self, request: &'a ChatRequest)
    -> BoxFuture<'a, Result<ChatReply, ModelError>>;

    /// The identity, which must not change while the model is in use.
    fn identity(&self) -> &ModelIdentity;

    /// Number of calls that the model can usefully have in flight.
    fn parallelism(&self) -> usize {
        8
    }

    /// `Some` for models that compute several answers together, if their floating-point results
    /// can depend on what is computed together. The engine then forms groups from the plan, so
    /// that a resumed run gets the same results as an uninterrupted one.
    fn grouping(&self) -> Option<Grouping> {
        None
    }

    /// Answers several requests together. The replies are in the order of the requests;
    /// `answered` is called once for each reply as it becomes ready.
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
