//! A transcript is every message exchanged in one conversation, with how each answer came
//! about.

use serde::{Deserialize, Serialize};

use crate::{ChatReply, Finish, Message, ModelError, Role, Usage};

/// One message of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The message.
    pub message: Message,
    /// For answers of the target: how it ended, tokens and time.
    #[serde(default)]
    pub answer: Option<AnswerFacts>,
}

/// How an answer came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerFacts {
    /// Why the model stopped.
    pub finish: Finish,
    /// Tokens used.
    pub usage: Usage,
    /// Milliseconds from request to answer.
    pub latency_ms: u64,
}

/// Every message exchanged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// In order, the target's system prompt first if there is one.
    pub turns: Vec<Turn>,
    /// Why the conversation ended early, if it did: an outcome, not a crash.
    #[serde(default)]
    pub error: Option<ModelError>,
}

impl Transcript {
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
            }),
        });
    }

    /// The messages so far, for the next request.
    pub fn messages(&self) -> Vec<Message> {
        self.turns.iter().map(|turn| turn.message.clone()).collect()
    }

    /// The target's last answer with its facts; `None` if it never answered.
    pub fn last_answer(&self) -> Option<(&str, &AnswerFacts)> {
        self.turns.iter().rev().find_map(|turn| {
            turn.answer
                .as_ref()
                .map(|facts| (turn.message.content.as_str(), facts))
        })
    }

    /// All answers of the target, oldest first.
    pub fn answers(&self) -> impl Iterator<Item = &str> {
        self.turns
            .iter()
            .filter(|turn| turn.answer.is_some())
            .map(|turn| turn.message.content.as_str())
    }
}
