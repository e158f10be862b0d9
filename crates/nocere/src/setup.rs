//! Turns the names of targets and judges into models and instruments.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use nocere_core::{ChatModel, Locality, Sampling};
use nocere_engine::{JudgeSetup, TargetSetup};
use nocere_judges::{ChecksJudge, HarmJudge, RefusalJudge, Rubric};
use nocere_local::{Catalog, LocalModel, LocalOptions, ModelKind, pull};
use nocere_models::{OpenAiChat, OpenAiSettings};
use nocere_store::TargetRecord;
use nocere_suites::PolicySet;

use crate::{
    config::{Provider, TargetConfig, nearest},
    context::Context,
    failure::Failure,
    protocol::ProtocolSampling,
};

/// A model with what its entry in nocere.yaml says beside it.
pub(crate) struct Resolved {
    pub(crate) model: Arc<dyn ChatModel>,
    pub(crate) system_prompt: Option<String>,
    pub(crate) sampling: ProtocolSampling,
}

/// Builds models by name, each once.
pub(crate) struct Models<'a> {
    context: &'a Context,
    built: Vec<(String, Arc<dyn ChatModel>)>,
    local_only: bool,
}

impl<'a> Models<'a> {
    pub(crate) fn new(context: &'a Context, local_only: bool) -> Self {
        Self {
            context,
            built: Vec::new(),
            local_only,
        }
    }

    /// The model that `name` stands for.
    pub(crate) fn resolve(&mut self, name: &str) -> Result<Resolved, Failure> {
        let config = self.entry(name)?;
        let sampling = ProtocolSampling {
            temperature: config.temperature,
            top_p: config.top_p,
            max_tokens: config.max_tokens,
        };
        let known = self
            .built
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, model)| Arc::clone(model));
        let model = if let Some(model) = known {
            model
        } else {
            let model = self.build(name, &config)?;
            self.built.push((name.to_owned(), Arc::clone(&model)));
            model
        };
        if self.local_only && model.identity().locality == Locality::Remote {
            return Err(Failure::usage(format!(
                "`{name}` is not on this machine, and --local-only was given"
            ))
            .hint("nothing was sent"));
        }
        Ok(Resolved {
            model,
            system_prompt: config.system_prompt,
            sampling,
        })
    }

    /// The entry of nocere.yaml, or one made from `provider:model`.
    fn entry(&self, name: &str) -> Result<TargetConfig, Failure> {
        if let Some(config) = self.context.config.targets.get(name) {
            return Ok(config.clone());
        }
        let plain = |provider, model: &str, base_url: Option<&str>| TargetConfig {
            provider,
            model: model.to_owned(),
            base_url: base_url.map(str::to_owned),
            api_key: None,
            system_prompt: None,
            temperature: None,
            top_p: None,
            max_tokens: None,
            concurrency: None,
            timeout_s: None,
        };
        match name.split_once(':') {
            Some(("local", model)) => Ok(plain(Provider::Local, model, None)),
            Some(("openai", rest)) => match rest.split_once('@') {
                Some((model, url)) => Ok(plain(Provider::Openai, model, Some(url))),
                None => Err(
                    Failure::usage(format!("target `{name}` says no address")).hint(format!(
                        "write `openai:{rest}@http://127.0.0.1:8080/v1`, or name it in nocere.yaml"
                    )),
                ),
            },
            Some((provider, _)) => {
                let failure =
                    Failure::usage(format!("unknown provider `{provider}` in target `{name}`"));
                Err(match nearest(provider, ["local", "openai"]) {
                    Some(word) => failure.hint(format!("did you mean `{word}`?")),
                    None => failure.hint("the providers are local and openai"),
                })
            }
            None => {
                let known: Vec<&str> = self
                    .context
                    .config
                    .targets
                    .keys()
                    .map(String::as_str)
                    .collect();
                let failure = Failure::usage(format!("there is no target `{name}` in nocere.yaml"));
                Err(match nearest(name, known.iter().copied()) {
                    Some(word) => failure.hint(format!("did you mean `{word}`?")),
                    None => {
                        failure.hint(format!("for a model in the process write `local:{name}`"))
                    }
                })
            }
        }
    }

    fn build(&self, name: &str, config: &TargetConfig) -> Result<Arc<dyn ChatModel>, Failure> {
        match config.provider {
            Provider::Local => {
                let path = model_path(self.context, &config.model)?;
                Ok(Arc::new(LocalModel::load(
                    &config.model,
                    &path,
                    LocalOptions::for_suites(),
                )?))
            }
            Provider::Openai => {
                let base_url = config.base_url.clone().ok_or_else(|| {
                    Failure::usage(format!("target `{name}` has no `base_url`"))
                        .hint("write it like http://127.0.0.1:8080/v1")
                })?;
                let api_key = config
                    .api_key
                    .as_deref()
                    .map(|source| read_key(name, source))
                    .transpose()?;
                Ok(Arc::new(OpenAiChat::new(OpenAiSettings {
                    name: name.to_owned(),
                    model: config.model.clone(),
                    base_url,
                    api_key,
                    concurrency: config.concurrency.unwrap_or(8).max(1),
                    timeout: Duration::from_secs(config.timeout_s.unwrap_or(120)),
                })?))
            }
        }
    }
}

/// Reads a key from where the configuration says it is.
fn read_key(target: &str, source: &str) -> Result<String, Failure> {
    match source.split_once(':') {
        Some(("env", name)) => std::env::var_os(name)
            .and_then(|value| value.into_string().ok())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "target `{target}` wants its key in the variable {name}, which is not set"
                ))
            }),
        Some(("file", path)) => std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .map_err(|error| {
                Failure::usage(format!(
                    "target `{target}` wants its key from {path}: {error}"
                ))
            }),
        // The text itself is not repeated: it may be a key.
        _ => Err(Failure::usage(format!(
            "`api_key` of target `{target}` is neither env:NAME nor file:PATH"
        ))
        .hint("keys do not belong in nocere.yaml")),
    }
}

/// The file of a model: by catalogue name in the models folder, or a path.
pub(crate) fn model_path(context: &Context, name: &str) -> Result<PathBuf, Failure> {
    let catalog = Catalog::embedded()?;
    if let Some(entry) = catalog.get(name) {
        if entry.kind != ModelKind::Chat {
            return Err(Failure::usage(format!(
                "model `{name}` is an encoder; it cannot chat"
            )));
        }
        let path = context.models.join(&entry.file);
        if !path.is_file() {
            return Err(
                Failure::usage(format!("model `{name}` is not on this machine"))
                    .hint(format!("fetch it with `nocere models pull {name}`")),
            );
        }
        if !pull::is_installed(entry, &context.models) {
            return Err(Failure::usage(format!(
                "{} is not the file that the catalogue pins",
                path.display()
            ))
            .hint(format!(
                "remove it and run `nocere models pull {name}`, or name the file by its path"
            )));
        }
        return Ok(path);
    }
    let path = Path::new(name);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let known: Vec<&str> = catalog.iter().map(|entry| entry.id.as_str()).collect();
    let failure = Failure::usage(format!("there is no model or file `{name}`"));
    Err(match nearest(name, known.iter().copied()) {
        Some(word) => failure.hint(format!("did you mean `{word}`?")),
        None => failure.hint(format!(
            "known models: {}; or give the path of a GGUF file",
            known.join(", ")
        )),
    })
}

/// Sampling: the command line before the target's entry before the protocol.
pub(crate) fn sampling(
    command: ProtocolSampling,
    target: ProtocolSampling,
    protocol: ProtocolSampling,
    seed: u64,
) -> Result<Sampling, Failure> {
    let default = Sampling::default();
    let pick = |f: fn(&ProtocolSampling) -> Option<f32>, other: f32| {
        f(&command).or(f(&target)).or(f(&protocol)).unwrap_or(other)
    };
    let sampling = Sampling {
        temperature: pick(|s| s.temperature, default.temperature),
        top_p: pick(|s| s.top_p, default.top_p),
        max_tokens: command
            .max_tokens
            .or(target.max_tokens)
            .or(protocol.max_tokens)
            .unwrap_or(default.max_tokens),
        seed,
        stop: Vec::new(),
    };
    if !(0.0..=5.0).contains(&sampling.temperature) {
        return Err(Failure::usage(format!(
            "temperature {} is not between 0 and 5",
            sampling.temperature
        )));
    }
    if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
        return Err(Failure::usage(format!(
            "top_p {} is not above 0 and at most 1",
            sampling.top_p
        )));
    }
    if sampling.max_tokens == 0 {
        return Err(Failure::usage("max_tokens is 0: there would be no answers"));
    }
    Ok(sampling)
}

/// A target as the engine wants it.
pub(crate) fn target(name: &str, resolved: Resolved, sampling: Sampling) -> TargetSetup {
    TargetSetup {
        id: name.to_owned(),
        record: TargetRecord {
            identity: resolved.model.identity().clone(),
            system_prompt: resolved.system_prompt,
            sampling,
        },
        model: resolved.model,
    }
}

/// Judges by name.
pub(crate) fn judges(
    names: &[String],
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<Vec<JudgeSetup>, Failure> {
    let mut setups: Vec<JudgeSetup> = Vec::new();
    for name in names {
        let setup = match name.split_once('=') {
            None if name == "refusal" => JudgeSetup {
                judge: Arc::new(RefusalJudge::embedded()?),
                model: None,
            },
            None if name == "checks" => JudgeSetup {
                judge: Arc::new(ChecksJudge::embedded()?),
                model: None,
            },
            None if name == "harm" => {
                return Err(Failure::usage("the harm judge needs a model")
                    .hint("write `--judge harm=TARGET`"));
            }
            Some(("harm", model)) => {
                let resolved = models.resolve(model)?;
                let rubric = Rubric::embedded()?;
                let policies = policies.iter().cloned().collect();
                let judge = HarmJudge::new(rubric, policies, resolved.model.identity());
                JudgeSetup {
                    judge: Arc::new(judge),
                    model: Some(resolved.model),
                }
            }
            _ => {
                let failure = Failure::usage(format!("there is no judge `{name}`"));
                return Err(match nearest(name, ["refusal", "checks", "harm"]) {
                    Some(word) => failure.hint(format!("did you mean `{word}`?")),
                    None => failure.hint("the judges are refusal, checks and harm=TARGET"),
                });
            }
        };
        let kind = setup.judge.instrument().kind;
        if setups
            .iter()
            .any(|other| other.judge.instrument().kind == kind)
        {
            return Err(Failure::usage(format!(
                "two judges of kind `{}` in one run",
                kind.as_str()
            ))
            .hint("give one; comparing judges comes with calibration"));
        }
        setups.push(setup);
    }
    Ok(setups)
}
