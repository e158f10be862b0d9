//! nocere.yaml: named targets of a project.

use std::{collections::BTreeMap, path::Path};

use nocere_report::plain;
use nocere_suites::suggestion;
use serde::Deserialize;

use crate::failure::Failure;

/// The project's configuration, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Format version; 1.
    #[serde(default)]
    nocere: Option<u32>,
    /// Named targets; each can also be a judge's model.
    #[serde(default)]
    pub(crate) targets: BTreeMap<String, TargetConfig>,
}

/// Which wire format or engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    /// A GGUF file in this process.
    Local,
    /// A server that speaks chat completions.
    Openai,
}

/// A named target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetConfig {
    /// `local` or `openai`.
    pub(crate) provider: Provider,
    /// A model's name, or for `local` also a path.
    pub(crate) model: String,
    /// For `openai`: up to and including the version part.
    #[serde(default)]
    pub(crate) base_url: Option<String>,
    /// `env:NAME` or `file:PATH`, never the key itself.
    #[serde(default)]
    pub(crate) api_key: Option<String>,
    /// The deployment's own instructions.
    #[serde(default)]
    pub(crate) system_prompt: Option<String>,
    /// Sampling temperature.
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    /// Nucleus sampling mass.
    #[serde(default)]
    pub(crate) top_p: Option<f32>,
    /// Longest answer in tokens.
    #[serde(default)]
    pub(crate) max_tokens: Option<u32>,
    /// Calls in flight at most.
    #[serde(default)]
    pub(crate) concurrency: Option<usize>,
    /// Longest wait for one answer, in seconds.
    #[serde(default)]
    pub(crate) timeout_s: Option<u64>,
}

impl Config {
    /// Reads nocere.yaml of `project`; a project without one has no named targets.
    pub(crate) fn load(project: &Path) -> Result<Self, Failure> {
        let path = project.join("nocere.yaml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::usage(format!(
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
            let message = full.split(" at line ").next().unwrap_or(&full);
            let place = error
                .location()
                .map_or_else(String::new, |location| format!(":{}", location.line()));
            let failure = Failure::usage(format!("{}{place}: {}", path.display(), plain(message)));
            match suggestion(message) {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        match config.nocere {
            None | Some(1) => Ok(config),
            Some(other) => Err(Failure::usage(format!(
                "{}: `nocere` is {other}, and this version reads format 1",
                path.display()
            ))),
        }
    }
}

/// The candidate most like `wrong`, if any is alike enough.
pub(crate) fn nearest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nocere_suites::nearest(wrong, candidates.into_iter()).map(str::to_owned)
}
