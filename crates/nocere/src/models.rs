//! Turns the names of targets into models: named entries of nocere.yaml, or
//! `provider:model` as typed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use nocere_core::{ChatModel, ChatReply, Locality, Message};
use nocere_engine::{Account, ModelSetup};
use nocere_local::{Catalog, LocalModel, LocalOptions, ModelKind, pull};
use nocere_models::{CommandModel, CommandSettings, HttpModel, Recorded, ReplayModel};
use nocere_store::RunReader;

use crate::{
    config::{LimitsConfig, Provider, TargetConfig, nearest},
    context::Context,
    entry::{account_key, check, http_settings, limits, timeout},
    failure::Failure,
    judges::JudgeConfig,
    protocol::ProtocolSampling,
};

/// A model with what its entry in nocere.yaml says beside it.
pub(crate) struct Resolved {
    pub(crate) setup: ModelSetup,
    pub(crate) system_prompt: Option<String>,
    pub(crate) sampling: ProtocolSampling,
    pub(crate) stop: Vec<String>,
}

/// Builds models by name, each once, and the accounts that they share.
pub(crate) struct Models<'a> {
    context: &'a Context,
    built: Vec<(String, ModelSetup)>,
    /// By what tells accounts apart: the account, its limits, and who set them.
    accounts: BTreeMap<String, (Arc<Account>, LimitsConfig, String)>,
    local_only: bool,
}

impl<'a> Models<'a> {
    pub(crate) fn new(context: &'a Context, local_only: bool) -> Self {
        Self {
            context,
            built: Vec::new(),
            accounts: BTreeMap::new(),
            local_only,
        }
    }

    /// The model that `name` stands for.
    pub(crate) fn resolve(&mut self, name: &str) -> Result<Resolved, Failure> {
        let config = self.entry(name)?;
        check(name, &config)?;
        let known = self
            .built
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, setup)| setup.clone());
        let setup = if let Some(setup) = known {
            setup
        } else {
            let model = self.build(name, &config)?;
            let setup = ModelSetup {
                account: self.account(name, &config, model.as_ref())?,
                price: config.price,
                model,
            };
            self.built.push((name.to_owned(), setup.clone()));
            setup
        };
        let locality = setup.model.identity().locality;
        if self.local_only && locality == Locality::Remote {
            let hint = match config.provider {
                Provider::Command => {
                    "nothing was sent; if the program sends nothing off this machine, say `local: true` in its entry of nocere.yaml"
                }
                _ => "nothing was sent",
            };
            return Err(Failure::usage(format!(
                "`{name}` is not on this machine, and --local-only was given"
            ))
            .hint(hint));
        }
        Ok(Resolved {
            setup,
            system_prompt: config.system_prompt,
            sampling: ProtocolSampling {
                temperature: config.temperature,
                top_p: config.top_p,
                max_tokens: config.max_tokens,
            },
            stop: config.stop,
        })
    }

    /// The judge that nocere.yaml calls `name`.
    pub(crate) fn judge_entry(&self, name: &str) -> Option<&'a JudgeConfig> {
        self.context.config.judges.get(name)
    }

    /// Names of models that cost money as far as anybody knows, without a price.
    pub(crate) fn unpriced(&self) -> Vec<&str> {
        self.built
            .iter()
            .filter(|(_, setup)| {
                setup.price.is_none() && setup.model.identity().locality == Locality::Remote
            })
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The entry of nocere.yaml, or one made from `provider:model`.
    fn entry(&self, name: &str) -> Result<TargetConfig, Failure> {
        if let Some(config) = self.context.config.targets.get(name) {
            return Ok(config.clone());
        }
        let Some((word, rest)) = name.split_once(':') else {
            let known = self.context.config.targets.keys().map(String::as_str);
            let failure = Failure::usage(format!("there is no target `{name}` in nocere.yaml"));
            return Err(match nearest(name, known) {
                Some(word) => failure.hint(format!("did you mean `{word}`?")),
                None => failure.hint(format!("for a model in the process write `local:{name}`")),
            });
        };
        let Some((provider, _)) = Provider::ALL.iter().find(|(_, known)| *known == word) else {
            let failure = Failure::usage(format!("unknown provider `{word}` in target `{name}`"));
            let known = Provider::ALL.map(|(_, known)| known);
            return Err(match nearest(word, known) {
                Some(word) => failure.hint(format!("did you mean `{word}`?")),
                None => failure.hint(format!("the providers are {}", known.join(", "))),
            });
        };
        let mut config = TargetConfig::new(*provider);
        match provider {
            Provider::Local | Provider::Replay => config.model = Some(rest.to_owned()),
            Provider::Command => {
                let words = shlex::split(rest).ok_or_else(|| {
                    Failure::usage(format!("target `{name}` has a quote that never ends"))
                })?;
                config.command = Some(words);
            }
            _ => match rest.rsplit_once("@http") {
                Some((model, url)) => {
                    config.model = Some(model.to_owned());
                    config.base_url = Some(format!("http{url}"));
                }
                None if rest.contains('@') => {
                    return Err(Failure::usage(format!("target `{name}` says no address")).hint(
                        format!(
                            "write `{word}:MODEL@http://127.0.0.1:8080/v1`, or name it in nocere.yaml"
                        ),
                    ));
                }
                None => config.model = Some(rest.to_owned()),
            },
        }
        Ok(config)
    }

    fn build(&self, name: &str, config: &TargetConfig) -> Result<Arc<dyn ChatModel>, Failure> {
        let model = config.model.clone().unwrap_or_default();
        match config.provider {
            Provider::Local => {
                let path = model_path(self.context, &model)?;
                Ok(Arc::new(LocalModel::load(
                    &model,
                    &path,
                    LocalOptions::for_suites(),
                )?))
            }
            Provider::Command => Ok(Arc::new(CommandModel::new(CommandSettings {
                name: name.to_owned(),
                command: config.command.clone().unwrap_or_default(),
                stays_here: config.local,
                timeout: timeout(&config.limits),
            })?)),
            Provider::Replay => Ok(Arc::new(replay(self.context, name, &model)?)),
            _ => Ok(Arc::new(HttpModel::new(http_settings(
                name, model, config,
            )?)?)),
        }
    }

    fn account(
        &mut self,
        name: &str,
        config: &TargetConfig,
        model: &dyn ChatModel,
    ) -> Result<Arc<Account>, Failure> {
        let identity = model.identity();
        let key = account_key(name, config);
        let silent = LimitsConfig::default();
        let mut config = config.clone();
        // Another entry of the same account may have said what its limits are.
        if config.limits == silent
            && let Some((_, other)) = self
                .context
                .config
                .targets
                .iter()
                .find(|(name, other)| other.limits != silent && account_key(name, other) == key)
        {
            config.limits = other.limits.clone();
        }
        if let Some((account, limits, first)) = self.accounts.get(&key) {
            if config.limits == *limits {
                return Ok(Arc::clone(account));
            }
            return Err(Failure::usage(format!(
                "`{first}` and `{name}` use one account with different `limits`"
            ))
            .hint("give both the same, or tell them apart with `account: NAME`"));
        }
        let shown = config.account.clone().unwrap_or_else(|| {
            if config.provider.is_http() {
                identity.pin.clone()
            } else {
                name.to_owned()
            }
        });
        let account = Account::new(shown, limits(name, &config, model)?);
        self.accounts.insert(
            key,
            (Arc::clone(&account), config.limits.clone(), name.to_owned()),
        );
        Ok(account)
    }
}

/// Recorded answers: of a JSONL file, or of a run (`RUN` or `RUN@TARGET`).
fn replay(context: &Context, name: &str, source: &str) -> Result<ReplayModel, Failure> {
    let path = Path::new(source);
    if path.is_file() {
        return ReplayModel::from_jsonl(name, path)
            .map_err(|error| Failure::usage(error.to_string()));
    }
    let (run, lane) = match source.split_once('@') {
        Some((run, lane)) => (run, Some(lane.to_owned())),
        None => (source, None),
    };
    let reader = RunReader::find(&context.runs(), run).map_err(|error| {
        Failure::from(error).hint(format!("`{source}` is neither a file nor a run"))
    })?;
    let id = reader.header()?.id;
    let targets: Vec<String> = reader.targets()?.into_iter().map(|(id, _)| id).collect();
    let lane = match (lane, targets.as_slice()) {
        (Some(lane), known) if known.contains(&lane) => lane,
        (None, [only]) => only.clone(),
        (_, known) => {
            return Err(
                Failure::usage(format!("run {id} has the targets {}", known.join(", ")))
                    .hint(format!("say which with `replay:{id}@TARGET`")),
            );
        }
    };
    let mut recorded = Vec::new();
    reader.for_each_sample(|row| {
        if row.lane != lane {
            return;
        }
        let mut said: Vec<Message> = Vec::new();
        for turn in &row.transcript.turns {
            if let Some(facts) = &turn.answer {
                recorded.push(Recorded {
                    messages: said.clone(),
                    reply: Ok(ChatReply {
                        text: turn.message.content.clone(),
                        reasoning: facts.reasoning.clone(),
                        finish: facts.finish.clone(),
                        usage: facts.usage,
                        latency_ms: 0,
                        response_id: facts.response_id.clone(),
                        served_by: facts.served_by.clone(),
                    }),
                });
            }
            said.push(turn.message.clone());
        }
        if let Some(error) = &row.transcript.error {
            recorded.push(Recorded {
                messages: said,
                reply: Err(error.clone()),
            });
        }
    })?;
    Ok(ReplayModel::new(
        name,
        format!("run {id}, {lane}"),
        recorded,
    ))
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
