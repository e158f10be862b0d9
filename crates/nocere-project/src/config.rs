//! The configuration of a project, `nocere.yaml`: named targets and judges.

use std::{collections::BTreeMap, io::ErrorKind, path::Path, sync::LazyLock};

use nocere_analysis::Gate;
use nocere_assets::read_yaml;
use nocere_core::{Price, text::plain};
use nocere_judges::{Combine, LevelOrder, PolicyPart, Reading, Tie};
use nocere_models::{HTTP_PROVIDERS, HttpProvider};
use nocere_suites::{SuiteError, read_text};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::ProjectError;

/// The content of `nocere.yaml`. Values are not checked before they are used.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Format version, always 1.
    #[serde(default)]
    nocere: Option<u32>,
    /// Targets by name. Each can also be the model of a judge.
    #[serde(default)]
    pub targets: BTreeMap<String, TargetConfig>,
    /// Judges and panels by name.
    #[serde(default)]
    pub judges: BTreeMap<String, JudgeConfig>,
    /// Limits that `nocere gate` holds runs against.
    #[serde(default)]
    pub gates: Vec<Gate>,
}

/// What answers: an engine, or a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A GGUF model in this process.
    Local,
    /// A program that exchanges JSON lines.
    Command,
    /// Answers recorded in a file or a run.
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
    /// The word used in `nocere.yaml` and on the command line.
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

/// A target, as written in `nocere.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// How the model is reached.
    pub provider: Provider,
    /// Name of the model. For `local` it can be a path; for `azure` it is the deployment, for
    /// `replay` a run or a file.
    #[serde(default)]
    pub model: Option<String>,
    /// For servers: the base URL, up to and including the version.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Source of the API key: `env:NAME` or `file:PATH`, never the key itself.
    #[serde(default)]
    pub api_key: Option<String>,
    /// For `azure`, instead of a key: source of an Entra token, `env:NAME` or `file:PATH`.
    #[serde(default)]
    pub entra_token: Option<String>,
    /// For `azure`: version of the API.
    #[serde(default)]
    pub api_version: Option<String>,
    /// For `command`: program and arguments.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// For `command`: declares that the program sends nothing off this machine.
    #[serde(default)]
    pub local: bool,
    /// For `openai`: whether to request the answer as server-sent events.
    #[serde(default)]
    pub stream: bool,
    /// Declares that the model takes images; without it, probes with images are not applicable to it.
    #[serde(default)]
    pub images: bool,
    /// The system prompt: the operator's instructions to the model.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// Sampling temperature, from 0 (greedy) to 5.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// Nucleus sampling mass, in (0, 1].
    #[serde(default)]
    pub top_p: Option<f32>,
    /// Maximum length of an answer in tokens.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// Strings that end an answer; they are not part of it.
    #[serde(default)]
    pub stop: Vec<String>,
    /// Extra HTTP headers; secret values as `env:NAME` or `file:PATH`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Extra fields of the request body; `null` removes a field.
    #[serde(default)]
    pub body: serde_json::Map<String, serde_json::Value>,
    /// Price of its tokens; without one, costs are unknown.
    #[serde(default)]
    pub price: Option<Price>,
    /// Limits on the calls to it.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Name of the account: entries with the same account share its limits [default: the address
    /// and the key].
    #[serde(default)]
    pub account: Option<String>,
}

impl TargetConfig {
    /// An entry with nothing but a provider.
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
            images: false,
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

/// Limits on the calls to a target, as written. For the defaults see
/// [`Limits`](nocere_engine::Limits).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Maximum number of calls in flight, from 1 to 10,000.
    #[serde(default)]
    pub concurrency: Option<usize>,
    /// Maximum number of requests per minute, at least 1.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// Maximum number of tokens per minute, of requests and answers together, at least 1.
    #[serde(default)]
    pub tokens_per_minute: Option<u32>,
    /// Maximum number of attempts at a call when the network or the server fails, at least 1.
    #[serde(default)]
    pub attempts: Option<u32>,
    /// Milliseconds to wait after the first failure; doubles with each further one.
    #[serde(default)]
    pub backoff_ms: Option<u64>,
    /// Maximum time for one answer, in seconds.
    #[serde(default)]
    pub timeout_s: Option<f64>,
    /// Maximum time for one call with all its attempts and waits, in seconds.
    #[serde(default)]
    pub total_timeout_s: Option<f64>,
    /// How long an endpoint may be down before the work that depends on it stops, in seconds.
    #[serde(default)]
    pub patience_s: Option<f64>,
}

impl Config {
    /// Fails if an entry has the name of something that is built in: a folder must not change what
    /// `local:MODEL` or `refusal` mean.
    fn check_names(&self, path: &Path) -> Result<(), ProjectError> {
        let fault = |kind: &str, name: &str, why: &str| {
            Err(ProjectError::usage(format!(
                "{}: {kind} `{}` {why}",
                path.display(),
                plain(name)
            ))
            .hint("give it another name"))
        };
        for name in self.targets.keys() {
            if name.contains([':', '=', ',']) || name.chars().any(char::is_control) {
                return fault(
                    "target",
                    name,
                    "has a colon, `=`, a comma or a control character in its name; `PROVIDER:MODEL` is built in",
                );
            }
        }
        for name in self.judges.keys() {
            if crate::judges::is_built_in(name) {
                return fault("judge", name, "has the name of a built-in judge");
            }
            if name.contains(['=', ',']) || name.chars().any(char::is_control) {
                return fault(
                    "judge",
                    name,
                    "has `=`, a comma or a control character in its name",
                );
            }
        }
        Ok(())
    }

    /// Reads `nocere.yaml` in the folder `project`. Without one, the configuration is empty.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not valid YAML, has unknown fields or a duplicate name, or is of
    /// another format.
    pub fn load(project: &Path) -> Result<Self, ProjectError> {
        let path = project.join("nocere.yaml");
        // Any other fault is told by the reader.
        if std::fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
        {
            return Ok(Self::default());
        }
        let text = read_text(&path)?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config: Self = read_yaml(&text).map_err(|fault| {
            let mut fault = SuiteError::from_fault(&path, fault);
            fault.message = plain(&fault.message);
            fault
        })?;
        config.check_names(&path)?;
        match config.nocere {
            None | Some(1) => Ok(config),
            Some(other) => Err(ProjectError::usage(format!(
                "{}: `nocere` is {other}, but this version reads format 1",
                path.display()
            ))),
        }
    }
}

/// A judge or panel, as written in `nocere.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeConfig {
    /// What it measures, such as `harm` or `refusal`.
    #[serde(default, rename = "use")]
    pub(crate) kind: Option<String>,
    /// The target that applies the rubric.
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// A rubric to use instead of the default one: a built-in name or a file.
    #[serde(default)]
    pub(crate) rubric: Option<String>,
    /// The form in which a guard model is asked: the name of a guard asset.
    #[serde(default)]
    pub(crate) format: Option<String>,
    /// How often the model is asked about an answer, from 1 to 100.
    #[serde(default)]
    pub(crate) votes: Option<u32>,
    /// Sampling temperature of the model, from 0 to 5.
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    /// How votes are combined into one label.
    #[serde(default)]
    pub(crate) combine: Option<Combine>,
    /// What happens if votes or members are evenly split.
    #[serde(default)]
    pub(crate) tie: Option<Tie>,
    /// Longest reply of the model in tokens, thoughts included [default: the rubric's own, which
    /// leaves no room for thoughts].
    #[serde(default)]
    pub(crate) max_tokens: Option<u32>,
    /// Part of the policy that the judge is shown: `category` or `whole`.
    #[serde(default)]
    pub(crate) policy: Option<PolicyPart>,
    /// Part of the conversation that the judge reads: `conversation` or `last`.
    #[serde(default)]
    pub(crate) reads: Option<Reading>,
    /// The highest level of harm that counts as safe, from 1 to 4.
    #[serde(default)]
    pub(crate) safe_max: Option<u8>,
    /// The order in which the judge is shown the levels: `rising` or `falling`.
    #[serde(default)]
    pub(crate) levels: Option<LevelOrder>,
    /// Whether the judge says what a good answer does before it sees the answer.
    #[serde(default)]
    pub(crate) commit: Option<bool>,
    /// What gives the level of disagreement: the `model` that writes the critique, or the `learned`
    /// classifier.
    #[serde(default)]
    pub(crate) classifier: Option<Classifier>,
    /// Members of the panel; empty for a single judge.
    #[serde(default)]
    pub(crate) panel: Vec<MemberConfig>,
    /// Minimum number of a panel's members that must give a score [default: more than half].
    #[serde(default)]
    pub(crate) quorum: Option<usize>,
}

/// What gives the level of disagreement for a critique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Classifier {
    /// The model that writes the critique.
    Model,
    /// The classifier that ships with nocere.
    Learned,
}

/// A member of a panel, as written in `nocere.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberConfig {
    /// A judge in the notation of the command line, or the name of another entry.
    pub(crate) judge: String,
    /// Weight of its vote [default: 1].
    #[serde(default)]
    pub(crate) weight: Option<f64>,
}

impl JudgeConfig {
    /// True if it sets an option that only judges with a model have.
    pub(crate) fn has_model_options(&self) -> bool {
        self.votes.is_some()
            || self.temperature.is_some()
            || self.max_tokens.is_some()
            || self.combine.is_some()
            || self.tie.is_some()
            || self.policy.is_some()
            || self.reads.is_some()
            || self.safe_max.is_some()
            || self.rubric.is_some()
            || self.classifier.is_some()
            || self.format.is_some()
            || self.levels.is_some()
            || self.commit.is_some()
    }
}
