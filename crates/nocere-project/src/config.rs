//! nocere.yaml: named targets and judges of a project.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use nocere_core::{Price, text::plain};
use nocere_judges::{Combine, PolicyPart, Reading, Tie};
use nocere_models::{HTTP_PROVIDERS, HttpProvider};
use nocere_suites::suggestion;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::ProjectError;

/// The project's configuration, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Format version; 1.
    #[serde(default)]
    nocere: Option<u32>,
    /// Named targets; each can also be a judge's model.
    #[serde(default)]
    pub targets: BTreeMap<String, TargetConfig>,
    /// Named judges and panels.
    #[serde(default)]
    pub judges: BTreeMap<String, JudgeConfig>,
}

/// What answers: an engine, or a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A GGUF file in this process.
    Local,
    /// A program that speaks JSON lines.
    Command,
    /// Recorded answers.
    Replay,
    /// A server.
    Http(&'static HttpProvider),
}

impl Provider {
    /// All providers.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Local]
            .into_iter()
            .chain(HTTP_PROVIDERS.iter().map(Self::Http))
            .chain([Self::Command, Self::Replay])
    }

    /// Its name, as in `PROVIDER:MODEL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Command => "command",
            Self::Replay => "replay",
            Self::Http(provider) => provider.name,
        }
    }

    /// The provider with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|provider| provider.as_str() == name)
    }

    /// The server's row, if it is a server.
    pub fn http(self) -> Option<&'static HttpProvider> {
        match self {
            Self::Http(provider) => Some(provider),
            Self::Local | Self::Command | Self::Replay => None,
        }
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Made once: serde wants names that live for ever.
        static NAMES: LazyLock<Vec<&'static str>> =
            LazyLock::new(|| Provider::all().map(Provider::as_str).collect());
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::unknown_variant(&name, &NAMES))
    }
}

/// A named target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// One of the providers.
    pub provider: Provider,
    /// A model's name; for `local` also a path, for `azure` the deployment, for `replay` a
    /// run or a file.
    #[serde(default)]
    pub model: Option<String>,
    /// For servers: up to and including the version part.
    #[serde(default)]
    pub base_url: Option<String>,
    /// `env:NAME` or `file:PATH`, never the key itself.
    #[serde(default)]
    pub api_key: Option<String>,
    /// For `azure`, instead of a key: `env:NAME` or `file:PATH` of an Entra token.
    #[serde(default)]
    pub entra_token: Option<String>,
    /// For `azure`.
    #[serde(default)]
    pub api_version: Option<String>,
    /// For `command`: program and arguments.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// For `command`: that the program sends nothing off this machine.
    #[serde(default)]
    pub local: bool,
    /// For `openai`: ask for server-sent events.
    #[serde(default)]
    pub stream: bool,
    /// The deployment's own instructions.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// Sampling temperature.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// Nucleus sampling mass.
    #[serde(default)]
    pub top_p: Option<f32>,
    /// Longest answer in tokens.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// Strings that end an answer.
    #[serde(default)]
    pub stop: Vec<String>,
    /// Extra headers; secret ones as `env:NAME` or `file:PATH`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Extra fields of the body; `null` takes one away.
    #[serde(default)]
    pub body: serde_json::Map<String, serde_json::Value>,
    /// What its tokens cost.
    #[serde(default)]
    pub price: Option<Price>,
    /// How it may be used.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Entries with the same account share its limits [default: the address and the key].
    #[serde(default)]
    pub account: Option<String>,
}

impl TargetConfig {
    /// An entry that says nothing but its provider.
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            model: None,
            base_url: None,
            api_key: None,
            entra_token: None,
            api_version: None,
            command: None,
            local: false,
            stream: false,
            system_prompt: None,
            temperature: None,
            top_p: None,
            max_tokens: None,
            stop: Vec::new(),
            headers: BTreeMap::new(),
            body: serde_json::Map::new(),
            price: None,
            limits: LimitsConfig::default(),
            account: None,
        }
    }
}

/// How a target may be used, as written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Calls in flight at most.
    #[serde(default)]
    pub concurrency: Option<usize>,
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    #[serde(default)]
    pub tokens_per_minute: Option<u32>,
    /// How often a call is tried when the line breaks.
    #[serde(default)]
    pub attempts: Option<u32>,
    /// Wait after the first failure.
    #[serde(default)]
    pub backoff_ms: Option<u64>,
    /// Longest wait for one answer.
    #[serde(default)]
    pub timeout_s: Option<f64>,
    /// Longest time for one call with all its attempts.
    #[serde(default)]
    pub total_timeout_s: Option<f64>,
    /// How long an endpoint may be down before its part of the run stops.
    #[serde(default)]
    pub patience_s: Option<f64>,
}

impl Config {
    /// Reads nocere.yaml of `project`; a project without one has no named targets.
    pub fn load(project: &Path) -> Result<Self, ProjectError> {
        let path = project.join("nocere.yaml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(ProjectError::usage(format!(
                    "failed to read {}: {error}",
                    path.display()
                )));
            }
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config: Self = serde_saphyr::from_str(text).map_err(|error| {
            let full = error.without_snippet().to_string();
            let message = full.split(" at line ").next().unwrap_or(&full).replace(
                ", set DuplicateKeyPolicy in Options if acceptable",
                " (a name may stand once)",
            );
            let message = message.as_str();
            let place = error
                .location()
                .map_or_else(String::new, |location| format!(":{}", location.line()));
            let failure =
                ProjectError::usage(format!("{}{place}: {}", path.display(), plain(message)));
            match suggestion(message) {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        match config.nocere {
            None | Some(1) => Ok(config),
            Some(other) => Err(ProjectError::usage(format!(
                "{}: `nocere` is {other}, and this version reads format 1",
                path.display()
            ))),
        }
    }
}

/// A judge of nocere.yaml, as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeConfig {
    /// What it measures: `harm`, `helpfulness`, `refusal`, `grounding`, …
    #[serde(default, rename = "use")]
    pub(crate) kind: Option<String>,
    /// The target that reads the rubric.
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// Another rubric than the kind's own: a built-in name or a file.
    #[serde(default)]
    pub(crate) rubric: Option<String>,
    /// How often the model is asked.
    #[serde(default)]
    pub(crate) votes: Option<u32>,
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    /// How votes become one level.
    #[serde(default)]
    pub(crate) combine: Option<Combine>,
    /// What an even split of votes or members leads to.
    #[serde(default)]
    pub(crate) tie: Option<Tie>,
    /// `category` or `whole`.
    #[serde(default)]
    pub(crate) policy: Option<PolicyPart>,
    /// `conversation` or `last`.
    #[serde(default)]
    pub(crate) reads: Option<Reading>,
    /// The highest harm level that counts as safe.
    #[serde(default)]
    pub(crate) safe_max: Option<u8>,
    /// Members of a panel.
    #[serde(default)]
    pub(crate) panel: Vec<MemberConfig>,
    /// Fewest members of a panel that must give a score [default: more than half].
    #[serde(default)]
    pub(crate) quorum: Option<usize>,
}

/// One member of a panel, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberConfig {
    /// A judge as on the command line, or another entry.
    pub(crate) judge: String,
    /// How much its vote counts; 1 by default.
    #[serde(default)]
    pub(crate) weight: Option<f64>,
}

impl JudgeConfig {
    /// True if it says something that only a judge with a model can use.
    pub(crate) fn has_model_options(&self) -> bool {
        self.votes.is_some()
            || self.temperature.is_some()
            || self.combine.is_some()
            || self.tie.is_some()
            || self.policy.is_some()
            || self.reads.is_some()
            || self.safe_max.is_some()
            || self.rubric.is_some()
    }
}
