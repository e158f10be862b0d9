//! A transcript holds all messages of one conversation, with facts about each answer.

use serde::{Deserialize, Serialize};

use crate::text::shows_nothing;
use crate::{AttackFacts, ChatReply, Finish, Message, ModelError, Remark, Role, Usage};

/// One message of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Who says what.
    pub message: Message,
    /// Facts about the answer; `None` for messages that the target did not write.
    #[serde(default)]
    pub answer: Option<AnswerFacts>,
}

impl Turn {
    /// The first text of the message. An answer has only one.
    pub fn text(&self) -> &str {
        self.message.texts().next().unwrap_or_default()
    }

    /// The answer as the model gave it; `None` for messages that the target did not write.
    pub fn reply(&self) -> Option<ChatReply> {
        let facts = self.answer.clone()?;
        Some(ChatReply {
            text: self.text().to_owned(),
            reasoning: facts.reasoning,
            finish: facts.finish,
            usage: facts.usage,
            latency_ms: facts.latency_ms,
            response_id: facts.response_id,
            served_model: facts.served_model,
            system_fingerprint: facts.system_fingerprint,
            finish_word: facts.finish_word,
            remarks: facts.remarks,
        })
    }
}

/// Facts about an answer, apart from its text. See [`ChatReply`] for their meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerFacts {
    /// Why the model stopped generating.
    pub finish: Finish,
    /// Tokens used.
    pub usage: Usage,
    /// Milliseconds from request to complete answer.
    pub latency_ms: u64,
    /// The model's reasoning before the answer, if the server returned it. Hostile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// The server's id of the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// The model's name as the server reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_model: Option<String>,
    /// The server's fingerprint of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// The provider's own word for a finish that withholds the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_word: Option<String>,
    /// What else is remarkable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
}

/// How a conversation ended, judging by its last answer. None of these is a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AnswerOutcome {
    /// A complete answer.
    Answered,
    /// The token limit cut the answer.
    Truncated,
    /// The model said the same over and over and was stopped.
    Looped,
    /// The provider marks the answer as the model's refusal.
    ProviderRefusal,
    /// The provider's filter withheld the answer.
    Filtered,
    /// The answer has no text.
    Empty,
    /// The answer ended for a reason that does not say that it is whole.
    Unfinished,
    /// The conversation does not fit the model's context.
    Overflow,
    /// The attack failed, because its own model refused or failed.
    AttackFailed,
    /// The conversation shows an image, and the target takes text only: it was not asked.
    NotApplicable,
    /// The call failed, also after retries, or there is no answer at all.
    Failed,
}

impl AnswerOutcome {
    /// All outcomes, complete answers first.
    pub const ALL: [Self; 11] = [
        Self::Answered,
        Self::Truncated,
        Self::Looped,
        Self::ProviderRefusal,
        Self::Filtered,
        Self::Empty,
        Self::Unfinished,
        Self::Overflow,
        Self::AttackFailed,
        Self::NotApplicable,
        Self::Failed,
    ];

    /// The words used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Truncated => "truncated",
            Self::Looped => "stopped in a loop",
            Self::ProviderRefusal => "refused by the provider's field",
            Self::Filtered => "filtered by the provider",
            Self::Empty => "empty",
            Self::Unfinished => "ended for an unknown reason",
            Self::Overflow => "too long for the context",
            Self::AttackFailed => "not attacked: the attacker failed",
            Self::NotApplicable => "not asked: the target takes no images",
            Self::Failed => "failed",
        }
    }
}

/// Every message exchanged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// In order, the target's system prompt first if there is one.
    pub turns: Vec<Turn>,
    /// Why the conversation ended early, if it did: an outcome, not a crash.
    #[serde(default)]
    pub error: Option<ModelError>,
    /// What the attack did to lead this conversation; `None` if it only sent words of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack: Option<Box<AttackFacts>>,
}

impl Transcript {
    /// The conversation up to and including each answer but the last, oldest first: what a judge
    /// reads to say in which turn the target gave way.
    pub fn earlier(&self) -> impl Iterator<Item = Self> + '_ {
        let ends: Vec<usize> = (1..)
            .zip(&self.turns)
            .filter(|(_, turn)| turn.answer.is_some())
            .map(|(end, _)| end)
            .collect();
        // A conversation that failed has no last answer: the one before the failure is earlier.
        let earlier = ends.len().saturating_sub(usize::from(self.error.is_none()));
        ends.into_iter().take(earlier).map(|end| Self {
            turns: self.turns[..end].to_vec(),
            error: None,
            attack: None,
        })
    }

    /// What was asked before the first answer: the asker's last message then; `None` if nothing
    /// was asked. Under an attack this is not the probe's own message.
    pub fn asked(&self) -> Option<&Message> {
        let opening = self.turns.iter().take_while(|turn| turn.answer.is_none());
        let said = opening.map(|turn| &turn.message);
        said.filter(|message| message.role == Role::User).last()
    }

    /// Adds a message that the target did not write.
    pub fn push(&mut self, message: Message) {
        self.turns.push(Turn {
            message,
            answer: None,
        });
    }

    /// Adds an answer of the target.
    pub fn push_reply(&mut self, reply: ChatReply) {
        self.turns.push(Turn {
            message: Message::new(Role::Assistant, reply.text),
            answer: Some(AnswerFacts {
                finish: reply.finish,
                usage: reply.usage,
                latency_ms: reply.latency_ms,
                reasoning: reply.reasoning,
                response_id: reply.response_id,
                served_model: reply.served_model,
                system_fingerprint: reply.system_fingerprint,
                finish_word: reply.finish_word,
                remarks: reply.remarks,
            }),
        });
    }

    /// All messages so far, to send with the next request.
    pub fn messages(&self) -> Vec<Message> {
        self.turns.iter().map(|turn| turn.message.clone()).collect()
    }

    /// The target's last answer with its facts; `None` if it never answered.
    pub fn last_answer(&self) -> Option<(&str, &AnswerFacts)> {
        self.turns
            .iter()
            .rev()
            .find_map(|turn| turn.answer.as_ref().map(|facts| (turn.text(), facts)))
    }

    /// How the conversation ended.
    pub fn outcome(&self) -> AnswerOutcome {
        match (&self.error, self.last_answer()) {
            (Some(ModelError::ContextOverflow { .. }), _) => AnswerOutcome::Overflow,
            (Some(ModelError::Attacker { .. }), _) => AnswerOutcome::AttackFailed,
            (Some(ModelError::NoImages), _) => AnswerOutcome::NotApplicable,
            (Some(_), _) | (None, None) => AnswerOutcome::Failed,
            (None, Some((text, facts))) => match facts.finish {
                Finish::ContentFilter => AnswerOutcome::Filtered,
                Finish::Refusal => AnswerOutcome::ProviderRefusal,
                Finish::Length => AnswerOutcome::Truncated,
                Finish::Other(_) => AnswerOutcome::Unfinished,
                Finish::Stop | Finish::Loop if shows_nothing(text) => AnswerOutcome::Empty,
                Finish::Loop => AnswerOutcome::Looped,
                Finish::Stop => AnswerOutcome::Answered,
            },
        }
    }

    /// All answers of the target, oldest first.
    pub fn answers(&self) -> impl Iterator<Item = &str> {
        self.turns
            .iter()
            .filter(|turn| turn.answer.is_some())
            .map(Turn::text)
    }
}
