//! A model that replays recorded answers: the same conversation gets the same answer again.

use std::{collections::HashMap, path::Path};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, ContentHash, Finish, Locality, Message,
    ModelError, ModelIdentity, Role, hash_json,
};
use serde::Deserialize;
use thiserror::Error;

/// One recorded answer.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Conversation before the answer. System prompts are ignored when it is looked up.
    pub messages: Vec<Message>,
    /// The answer, or the error that came instead.
    pub reply: Result<ChatReply, ModelError>,
}

/// Why a file of recorded answers cannot be used.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The file cannot be read, or is empty.
    #[error("failed to read {path}: {message}")]
    Read {
        /// Path of the file.
        path: String,
        /// Cause, in one line.
        message: String,
    },
    /// A line is not a recorded answer.
    #[error(
        "{path}:{line}: {message}; a line has `prompt` or `messages`, and `response` (docs/reference/targets.md)"
    )]
    Line {
        /// Path of the file.
        path: String,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

/// A model that repeats recorded answers.
pub struct ReplayModel {
    identity: ModelIdentity,
    answers: HashMap<ContentHash, Vec<Result<ChatReply, ModelError>>>,
}

/// A message of a recording, in the form that `docs/reference/targets.md` promises.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    role: Role,
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    messages: Option<Vec<Said>>,
    response: String,
    #[serde(default)]
    finish: Option<Finish>,
}

impl ReplayModel {
    /// A model that gives the recorded answers. Several answers to one conversation become
    /// its samples, in order. `pin` identifies their source.
    pub fn new(
        name: impl Into<String>,
        pin: impl Into<String>,
        recorded: impl IntoIterator<Item = Recorded>,
    ) -> Self {
        let mut answers: HashMap<_, Vec<_>> = HashMap::new();
        for recorded in recorded {
            answers
                .entry(key(&recorded.messages))
                .or_default()
                .push(recorded.reply);
        }
        let name = name.into();
        Self {
            identity: ModelIdentity {
                model: name.clone(),
                name,
                provider: "replay".to_owned(),
                pin: pin.into(),
                settings: String::new(),
                locality: Locality::InProcess,
            },
            answers,
        }
    }

    /// Reads a JSONL file of recorded answers: `prompt` or `messages`, and `response`, on each
    /// line. The model's pin is the hash of the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or holds no answers, or if a line is not a recorded answer.
    pub fn from_jsonl(name: &str, path: &Path) -> Result<Self, ReplayError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ReplayError::Read {
            path: shown.clone(),
            message: error.to_string(),
        })?;
        let mut recorded = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let fault = |message: String| ReplayError::Line {
                path: shown.clone(),
                line: index + 1,
                message,
            };
            let line: Line =
                serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            let messages = match (line.prompt, line.messages) {
                (Some(prompt), None) => vec![Message::new(Role::User, prompt)],
                (None, Some(messages)) => messages
                    .into_iter()
                    .map(|said| Message::new(said.role, said.content))
                    .collect(),
                _ => {
                    return Err(fault(
                        "it has both or none of `prompt` and `messages`".to_owned(),
                    ));
                }
            };
            recorded.push(Recorded {
                messages,
                reply: Ok(ChatReply {
                    finish: line.finish.unwrap_or(Finish::Stop),
                    ..ChatReply::of_text(line.response)
                }),
            });
        }
        if recorded.is_empty() {
            return Err(ReplayError::Read {
                path: shown,
                message: "it holds no recorded answers".to_owned(),
            });
        }
        let pin = format!("blake3:{}", ContentHash::of_bytes(text.as_bytes()));
        Ok(Self::new(name, pin, recorded))
    }

    fn answer(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        self.answers
            .get(&key(&request.messages))
            .and_then(|answers| answers.get(request.sample as usize))
            .cloned()
            .unwrap_or_else(|| {
                Err(ModelError::Request {
                    message: format!(
                        "no answer number {} to this conversation is recorded",
                        request.sample + 1
                    ),
                })
            })
    }
}

fn key(messages: &[Message]) -> ContentHash {
    let said: Vec<&Message> = messages
        .iter()
        .filter(|message| message.role != Role::System)
        .collect();
    hash_json("replay", &said)
}

impl ChatModel for ReplayModel {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(std::future::ready(self.answer(request)))
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }
}
