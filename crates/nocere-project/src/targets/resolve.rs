//! Builds models from the names of targets: entries of `nocere.yaml`, or `provider:model`.

use std::{collections::BTreeMap, sync::Arc};

use nocere_core::{
    ChatModel, Locality, Price, Sampling, TargetRecord,
    secrets::{shown_address, shown_command},
};
use nocere_engine::{Account, GuardSetup, ModelSetup, TargetSetup};
use nocere_models::{CommandModel, CommandSettings, HttpModel};

use super::{
    SamplingOverrides,
    replay::replay,
    settings::{account_key, check, http_settings, limits, timeout},
};
use crate::{
    Project, ProjectError,
    config::{LimitsConfig, Provider, TargetConfig},
    defences,
};

/// A target's model, and the other settings of its entry in `nocere.yaml`.
pub struct Resolved {
    /// The model with its account and price.
    pub setup: ModelSetup,
    /// The system prompt to ask it with, if any.
    pub system_prompt: Option<String>,
    /// Sampling that the entry sets.
    pub sampling: SamplingOverrides,
    /// Strings that end an answer.
    pub stop: Vec<String>,
    /// What stands between the asker and the model.
    pub guards: Vec<GuardSetup>,
}

/// Builds models by name, each only once, and the accounts that they share.
pub struct Models<'a> {
    project: &'a Project,
    built: Vec<(String, ModelSetup)>,
    /// By [`account_key`]: the account, its limits, and the target that set them.
    accounts: BTreeMap<String, (Arc<Account>, LimitsConfig, String)>,
    local_only: bool,
    /// Dates of the list prices that are used.
    price_dates: Vec<String>,
}

impl<'a> Models<'a> {
    /// No models yet. With `local_only`, models that are not on this machine are refused.
    pub fn new(project: &'a Project, local_only: bool) -> Self {
        Self {
            project,
            built: Vec::new(),
            accounts: BTreeMap::new(),
            local_only,
            price_dates: Vec::new(),
        }
    }

    /// The target `name`. Its model is built at the first call and shared afterwards.
    ///
    /// # Errors
    ///
    /// The name is unknown, its entry is invalid, its key or model cannot be read, or it is remote
    /// although only local models are allowed.
    pub fn resolve(&mut self, name: &str) -> Result<Resolved, ProjectError> {
        let is_entry = self.project.config().targets.contains_key(name);
        if !is_entry && let Some((base, guards)) = defences::split(self.project, name) {
            let mut resolved = self.resolve(base)?;
            for guard in guards {
                let placed = defences::guard(guard, self)?;
                if let Some(text) = placed.prompt {
                    let own = resolved.system_prompt.take();
                    resolved.system_prompt =
                        Some(own.map_or(text.clone(), |own| format!("{own}\n\n{text}")));
                }
                resolved.guards.push(placed.setup);
            }
            return Ok(resolved);
        }
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
                price: self.price(&config)?,
                model,
            };
            self.built.push((name.to_owned(), setup.clone()));
            setup
        };
        let locality = setup.model.identity().locality;
        if self.local_only && locality == Locality::Remote {
            let hint = match config.provider {
                Provider::Command => {
                    "nothing was sent; if the program sends nothing off this machine, set `local: true` in its entry of nocere.yaml"
                }
                _ => "nothing was sent",
            };
            return Err(ProjectError::usage(format!(
                "`{name}` is not on this machine, and --local-only was given"
            ))
            .hint(hint));
        }
        Ok(Resolved {
            guards: Vec::new(),
            setup,
            system_prompt: config.system_prompt,
            sampling: SamplingOverrides {
                temperature: config.temperature,
                top_p: config.top_p,
                max_tokens: config.max_tokens,
            },
            stop: config.stop,
        })
    }

    /// The price of an entry, or else its list price.
    fn price(&mut self, config: &TargetConfig) -> Result<Option<Price>, ProjectError> {
        if config.price.is_some() {
            return Ok(config.price);
        }
        let Some(listed) = self.project.list_price(config)? else {
            return Ok(None);
        };
        if !self.price_dates.contains(&listed.date) {
            self.price_dates.push(listed.date);
        }
        Ok(Some(listed.price))
    }

    /// Dates of the list prices that are used.
    pub(crate) fn price_dates(&self) -> &[String] {
        &self.price_dates
    }

    /// Gigabytes of weights of the models in this process, by their names.
    pub(crate) fn weights(&self) -> BTreeMap<String, f64> {
        let local = self.built.iter().filter_map(|(name, setup)| {
            let config = self.entry(name).ok()?;
            if config.provider != Provider::Local {
                return None;
            }
            let path = super::model_path(self.project, &config.model?).ok()?;
            let bytes = std::fs::metadata(path).ok()?.len();
            Some((setup.model.identity().name.clone(), bytes as f64 / 1e9))
        });
        local.collect()
    }

    /// The project whose targets are resolved.
    pub fn project(&self) -> &'a Project {
        self.project
    }

    /// Names of models without a price that may cost money: all but those in this process and
    /// recorded answers. A server on this machine may be a gateway to one that is paid for.
    pub fn unpriced(&self) -> Vec<&str> {
        self.built
            .iter()
            .filter(|(_, setup)| {
                setup.price.is_none() && setup.model.identity().locality != Locality::InProcess
            })
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The entry of nocere.yaml, or one made from `provider:model`.
    pub(crate) fn entry(&self, name: &str) -> Result<TargetConfig, ProjectError> {
        if let Some(config) = self.project.config().targets.get(name) {
            if config.provider == Provider::Command {
                self.project.check_trust()?;
            }
            return Ok(config.clone());
        }
        let Some((word, rest)) = name.split_once(':') else {
            return Err(ProjectError::unknown(
                format!("there is no target `{name}` in nocere.yaml"),
                name,
                self.project.config().targets.keys().map(String::as_str),
                format!("for a model in this process, write `local:{name}`"),
            ));
        };
        let Some(provider) = Provider::named(word) else {
            let known: Vec<&str> = Provider::all().map(Provider::as_str).collect();
            return Err(ProjectError::unknown(
                format!(
                    "unknown provider `{word}` in target `{}`",
                    shown_address(name)
                ),
                word,
                known.iter().copied(),
                format!("the providers are {}", known.join(", ")),
            ));
        };
        let mut config = TargetConfig::new(provider);
        match provider {
            Provider::Local | Provider::Replay => config.model = Some(rest.to_owned()),
            Provider::Command => {
                let words = shlex::split(rest).ok_or_else(|| {
                    ProjectError::usage(format!("target `{name}` has an unclosed quotation mark"))
                })?;
                // The name of a target is stored and shown.
                if shown_command(&words) != words {
                    return Err(ProjectError::usage(
                        "the command of the target holds what looks like a key, and would be stored",
                    )
                    .hint("give the program its key in the environment or in a file"));
                }
                self.project.check_name(name)?;
                config.command = Some(words);
            }
            Provider::Http(_) => match rest.rsplit_once("@http") {
                Some((model, url)) => {
                    config.model = Some(model.to_owned());
                    let url = format!("http{url}");
                    let path = url.trim_end_matches('/');
                    // A user name or a query has an error of its own.
                    if !url.contains(['@', '?', '#']) && shown_address(path) != path {
                        return Err(ProjectError::usage(
                            "the address of the target holds what looks like a key, and would be stored",
                        )
                        .hint("give keys as `api_key: env:NAME` in nocere.yaml"));
                    }
                    config.base_url = Some(url);
                }
                None if rest.contains('@') => {
                    return Err(ProjectError::usage(format!("target `{name}` has no `base_url`")).hint(
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

    pub(crate) fn build(
        &self,
        name: &str,
        config: &TargetConfig,
    ) -> Result<Arc<dyn ChatModel>, ProjectError> {
        let model = config.model.clone().unwrap_or_default();
        match config.provider {
            Provider::Local => local_model(self.project, &model),
            Provider::Command => Ok(Arc::new(CommandModel::new(CommandSettings {
                images: config.images,
                name: name.to_owned(),
                command: config.command.clone().unwrap_or_default(),
                // An entry's files are those of its project, wherever nocere was started.
                folder: self
                    .project
                    .config()
                    .targets
                    .contains_key(name)
                    .then(|| self.project.root().to_owned()),
                stays_here: config.local,
                timeout: timeout(&config.limits),
            })?)),
            Provider::Replay => Ok(Arc::new(replay(self.project, name, &model)?)),
            Provider::Http(provider) => {
                let settings = http_settings(self.project, name, model, config, provider)?;
                Ok(Arc::new(HttpModel::new(settings)?))
            }
        }
    }

    fn account(
        &mut self,
        name: &str,
        config: &TargetConfig,
        model: &dyn ChatModel,
    ) -> Result<Arc<Account>, ProjectError> {
        let identity = model.identity();
        let key = account_key(name, config);
        let silent = LimitsConfig::default();
        let mut config = config.clone();
        // Another entry of the same account may have set its limits.
        if config.limits == silent
            && let Some((_, other)) = self
                .project
                .config()
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
            return Err(ProjectError::usage(format!(
                "`{first}` and `{name}` use one account with different `limits`"
            ))
            .hint("give both the same limits, or separate them with `account: NAME`"));
        }
        let shown = config.account.clone().unwrap_or_else(|| {
            if config.provider.http().is_some() {
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

impl Resolved {
    /// The target as the engine asks it, with the id `name`.
    pub fn into_target(self, name: &str, mut sampling: Sampling) -> TargetSetup {
        sampling.stop = self.stop;
        TargetSetup {
            id: name.into(),
            record: TargetRecord {
                guards: self
                    .guards
                    .iter()
                    .map(|guard| guard.record.clone())
                    .collect(),
                identity: self.setup.model.identity().clone(),
                system_prompt: self.system_prompt,
                sampling,
            },
            guards: self.guards,
            model: Some(self.setup),
        }
    }
}

#[cfg(feature = "local")]
fn local_model(project: &Project, model: &str) -> Result<Arc<dyn ChatModel>, ProjectError> {
    use nocere_local::{LocalOptions, Opened};
    let path = super::model_path(project, model)?;
    Ok(Opened::open(model, &path, LocalOptions::for_suites())?.model)
}

#[cfg(not(feature = "local"))]
fn local_model(_project: &Project, model: &str) -> Result<Arc<dyn ChatModel>, ProjectError> {
    Err(ProjectError::usage(format!(
        "this build has no engine for models in this process, so `local:{model}` cannot be used"
    ))
    .hint("build nocere with its default features"))
}
