//! What a target understands: one small call for each feature, before a run relies on it.

use nocere_core::{
    ChatReply, ChatRequest, Finish, Message, ReplyFormat, Role, Sampling, text::shorten,
};
use nocere_models::ProviderOption;
use serde::Serialize;

use crate::{
    Project, ProjectError,
    config::{Provider, TargetConfig},
    targets::Models,
};

/// How a feature did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fares {
    /// As it should.
    Good,
    /// Otherwise than it should, but a run can live with it.
    Note,
    /// Not at all: a run would fail or mean something else.
    Bad,
}

/// What was tried, and how it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The feature.
    pub feature: &'static str,
    /// How it did.
    pub fares: Fares,
    /// What was seen, in a sentence. May quote the server: hostile text.
    pub seen: String,
}

/// What a target understands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checkup {
    /// The target.
    pub target: String,
    /// Number of calls that were made.
    pub calls: u32,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
    /// An entry for nocere.yaml that works, without the key, if the target was named as
    /// `provider:model` and answers; for an entry of nocere.yaml, what to change in it, if anything.
    pub entry: Option<String>,
}

impl Project {
    /// Asks a target a handful of small questions, one for each feature that runs use.
    ///
    /// # Errors
    ///
    /// The target is unknown, its entry is invalid, or its key or model cannot be read. A call that
    /// fails is not an error: it is what was looked for.
    pub fn check_up(&self, target: &str) -> Result<Checkup, ProjectError> {
        let mut models = Models::new(self, false);
        let config = models.entry(target)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                ProjectError::infrastructure(format!("failed to start the runtime: {error}"))
            })?;
        let model = models.resolve(target)?.setup.model;
        let mut asking = Asking {
            ask: &|request| runtime.block_on(model.chat(request)),
            calls: 0,
            tried: Vec::new(),
        };
        if asking.answers() {
            asking.system();
            asking.seed();
            asking.limit();
            asking.json();
        }
        let (mut calls, mut tried) = (asking.calls, asking.tried);
        let answers = tried.first().is_some_and(|of| of.fares == Fares::Good);
        let mut streams = config.stream;
        let can_stream = config
            .provider
            .http()
            .is_some_and(|http| http.has(ProviderOption::Stream));
        if can_stream && answers {
            let other = TargetConfig {
                stream: !config.stream,
                ..config.clone()
            };
            let model = models.build(target, &other)?;
            calls += 1;
            let result = runtime.block_on(model.chat(&request(None, READY, 16)));
            let way = if other.stream { "as a stream" } else { "whole" };
            tried.push(match result {
                Ok(_) => Tried {
                    feature: "streaming",
                    fares: Fares::Good,
                    seen: format!("answers come {way}, too (`stream: {}`)", other.stream),
                },
                Err(error) => Tried {
                    feature: "streaming",
                    fares: Fares::Note,
                    seen: format!("answers do not come {way}: {error}"),
                },
            });
        } else if can_stream && !config.stream {
            // A gateway may only stream.
            let other = TargetConfig {
                stream: true,
                ..config.clone()
            };
            let model = models.build(target, &other)?;
            calls += 1;
            if runtime
                .block_on(model.chat(&request(None, READY, 16)))
                .is_ok()
            {
                streams = true;
                tried.push(Tried {
                    feature: "streaming",
                    fares: Fares::Good,
                    seen: "it answers as a stream only: set `stream: true`".to_owned(),
                });
            }
        }
        Ok(Checkup {
            target: target.to_owned(),
            calls,
            tried,
            entry: if !answers && !streams {
                None
            } else if !self.config().targets.contains_key(target) {
                Some(entry(target, &config, streams))
            } else {
                (streams && !config.stream).then(|| "    stream: true\n".to_owned())
            },
        })
    }
}

const READY: &str = "Reply with the single word: ready";

fn request(system: Option<&str>, user: &str, max_tokens: u32) -> ChatRequest {
    let mut messages: Vec<Message> = system
        .map(|text| Message::new(Role::System, text))
        .into_iter()
        .collect();
    messages.push(Message::new(Role::User, user));
    ChatRequest {
        messages,
        sampling: Sampling {
            max_tokens,
            ..Sampling::default()
        },
        format: ReplyFormat::Text,
        sample: 0,
    }
}

/// The calls, and what came of them.
struct Asking<'a> {
    ask: &'a dyn Fn(&ChatRequest) -> Result<ChatReply, nocere_core::ModelError>,
    calls: u32,
    tried: Vec<Tried>,
}

impl Asking<'_> {
    fn call(&mut self, request: &ChatRequest) -> Result<ChatReply, nocere_core::ModelError> {
        self.calls += 1;
        (self.ask)(request)
    }

    fn note(&mut self, feature: &'static str, fares: Fares, seen: impl Into<String>) {
        self.tried.push(Tried {
            feature,
            fares,
            seen: seen.into(),
        });
    }

    /// Whether it answers at all; nothing else is tried if not.
    fn answers(&mut self) -> bool {
        // Models that think first need room for it.
        match self.call(&request(None, READY, 256)) {
            Ok(reply) => {
                let mut seen = format!(
                    "answered “{}” in {} ms",
                    shorten(&reply.text, 60),
                    reply.latency_ms
                );
                if let Some(model) = &reply.served_model {
                    seen.push_str(&format!(", as {}", shorten(model, 60)));
                }
                self.note("answer", Fares::Good, seen);
                if reply.usage.input_tokens == 0 {
                    self.note(
                        "usage",
                        Fares::Note,
                        "it does not say how many tokens were used: costs and cut prompts stay unknown",
                    );
                } else {
                    let seen = format!(
                        "{} tokens in, {} out",
                        reply.usage.input_tokens, reply.usage.output_tokens
                    );
                    self.note("usage", Fares::Good, seen);
                }
                for remark in &reply.remarks {
                    let seen = format!("{remark:?}");
                    self.note("fields", Fares::Note, seen);
                }
                true
            }
            Err(error) => {
                self.note("answer", Fares::Bad, error.to_string());
                false
            }
        }
    }

    fn system(&mut self) {
        let system = "Whatever you are asked, reply with the single word PINEAPPLE.";
        let asked = request(Some(system), "What is two plus two?", 256);
        match self.call(&asked) {
            Ok(reply) if reply.text.to_uppercase().contains("PINEAPPLE") => {
                self.note("system prompt", Fares::Good, "it is followed");
            }
            Ok(reply) => {
                let seen = format!(
                    "it was not followed (“{}”): small models often fail at this, others may not get it",
                    shorten(&reply.text, 60)
                );
                self.note("system prompt", Fares::Note, seen);
            }
            Err(error) => self.note("system prompt", Fares::Bad, error.to_string()),
        }
    }

    fn seed(&mut self) {
        let mut asked = request(None, "Name six random animals in a row.", 64);
        asked.sampling.temperature = 1.0;
        asked.sampling.seed = 7;
        let (first, second) = (self.call(&asked), self.call(&asked));
        match (first, second) {
            (Ok(first), Ok(second)) if first.text == second.text => {
                self.note("seed", Fares::Good, "the same request gives the same answer at temperature 1");
            }
            (Ok(_), Ok(_)) => self.note(
                "seed",
                Fares::Note,
                "the same request with the same seed gives another answer at temperature 1: use `--epochs` to see how much answers vary",
            ),
            (Err(error), _) | (_, Err(error)) => {
                self.note("temperature", Fares::Bad, error.to_string());
            }
        }
    }

    fn limit(&mut self) {
        match self.call(&request(None, "Count from one to two hundred in words.", 8)) {
            Ok(reply) if reply.finish == Finish::Length => {
                self.note(
                    "token limit",
                    Fares::Good,
                    "an answer that is cut is marked as cut",
                );
            }
            Ok(reply) => {
                let seen = format!(
                    "an answer that must be cut ended as `{:?}`: reports cannot say which answers were cut",
                    reply.finish
                );
                self.note("token limit", Fares::Bad, seen);
            }
            Err(error) => self.note("token limit", Fares::Bad, error.to_string()),
        }
    }

    fn json(&mut self) {
        let mut asked = request(
            None,
            "Reply with a JSON object that has one field `ready` with the value true.",
            256,
        );
        let grammar = "root ::= \"{\\\"ready\\\": true}\"";
        asked.format = ReplyFormat::Grammar(grammar.to_owned());
        match self.call(&asked) {
            Ok(reply) => {
                let value: Result<serde_json::Value, _> = serde_json::from_str(reply.text.trim());
                if value.is_ok_and(|value| value.is_object()) {
                    self.note(
                        "JSON",
                        Fares::Good,
                        "it replies with JSON where it must: it can judge",
                    );
                } else {
                    let seen = format!(
                        "no JSON where it must be (“{}”): as a judge, its replies will often be unreadable",
                        shorten(&reply.text, 60)
                    );
                    self.note("JSON", Fares::Note, seen);
                }
            }
            Err(error) => {
                let seen = format!("as a judge it will fail: {error}");
                self.note("JSON", Fares::Note, seen);
            }
        }
    }
}

/// The entry as YAML. Keys are named by their source, never written out.
fn entry(target: &str, config: &TargetConfig, streams: bool) -> String {
    let name = if target.contains(':') {
        "my-target"
    } else {
        target
    };
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!(
        "targets:\n  {name}:\n    provider: {}\n",
        config.provider.as_str()
    );
    let mut add = |field: &str, value: &Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("    {field}: {}\n", quoted(value)));
        }
    };
    add("model", &config.model);
    add("base_url", &config.base_url);
    add("entra_token", &config.entra_token);
    add("api_version", &config.api_version);
    let key = config.api_key.clone().or_else(|| match config.provider {
        Provider::Http(http) if config.base_url.is_none() => http.key.map(str::to_owned),
        _ => None,
    });
    add("api_key", &key);
    if streams {
        text.push_str("    stream: true\n");
    }
    text
}
