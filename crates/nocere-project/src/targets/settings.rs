//! Interprets an entry of `nocere.yaml`: checks which fields go together, reads the key, and sets
//! limits and account.

use std::time::Duration;

use nocere_core::{
    ChatModel,
    secrets::{looks_like_a_key, names_a_secret, redact},
};
use nocere_engine::Limits;
use nocere_models::{HttpProvider, HttpSettings, Key, ProviderOption, WireOptions};

use crate::{
    Project, ProjectError,
    config::{LimitsConfig, Provider, TargetConfig},
};

/// Distinguishes accounts: the name that the user gave, or else address and key.
pub(super) fn account_key(name: &str, config: &TargetConfig) -> String {
    if let Some(account) = &config.account {
        return format!("account {account}");
    }
    let Some(provider) = config.provider.http() else {
        return name.to_owned();
    };
    let key = key_source(config, provider).map_or("", |key| key.source);
    let url = config.base_url.as_deref();
    let url = url.or(provider.base_url).unwrap_or("");
    format!("{} {key}", url.trim_end_matches('/'))
}

/// Where the key of an entry is.
struct KeySource<'a> {
    /// The field that says so.
    field: &'static str,
    source: &'a str,
}

/// The key of an entry; `None` if it needs none. The key in a provider's default variable is sent
/// to that provider only.
fn key_source<'a>(
    config: &'a TargetConfig,
    provider: &'static HttpProvider,
) -> Option<KeySource<'a>> {
    let named = |field, source: &'a Option<String>| {
        let source = source.as_deref()?;
        Some(KeySource { field, source })
    };
    let own_address = config.base_url.is_none() || provider.base_url.is_none();
    named("api_key", &config.api_key)
        .or(named("entra_token", &config.entra_token))
        .or_else(|| {
            let source = provider.key.filter(|_| own_address)?;
            Some(KeySource {
                field: "api_key",
                source,
            })
        })
}

/// Checks that the fields of an entry apply to its provider and that limits are in range.
pub(super) fn check(name: &str, config: &TargetConfig) -> Result<(), ProjectError> {
    let provider = config.provider;
    let fault = |field: &str, what: &str| {
        Err(ProjectError::usage(format!(
            "target `{name}`: `{field}` {what} for provider `{}`",
            provider.as_str()
        )))
    };
    let http = provider.http();
    let has = |option| http.is_some_and(|http| http.has(option));
    let meaningless = [
        ("base_url", config.base_url.is_some() && http.is_none()),
        ("api_key", config.api_key.is_some() && http.is_none()),
        ("headers", !config.headers.is_empty() && http.is_none()),
        ("body", !config.body.is_empty() && http.is_none()),
        (
            "api_version",
            config.api_version.is_some() && http.is_none_or(|http| http.api_version.is_none()),
        ),
        (
            "entra_token",
            config.entra_token.is_some() && !has(ProviderOption::EntraToken),
        ),
        (
            "command",
            config.command.is_some() && provider != Provider::Command,
        ),
        ("local", config.local && provider != Provider::Command),
        ("stream", config.stream && !has(ProviderOption::Stream)),
        (
            "images",
            config.images && http.is_none() && provider != Provider::Command,
        ),
        (
            "stop",
            !config.stop.is_empty() && http.is_some() && !has(ProviderOption::Stop),
        ),
    ];
    if let Some((field, _)) = meaningless.iter().find(|(_, given)| *given) {
        return fault(field, "has no effect");
    }
    if config.api_key.is_some() && config.entra_token.is_some() {
        return fault(
            "entra_token",
            "is given as well as `api_key`, but only one of them can be used",
        );
    }
    if provider == Provider::Command {
        if config.command.as_ref().is_none_or(Vec::is_empty) {
            return fault("command", "is missing");
        }
    } else if config.model.as_ref().is_none_or(String::is_empty) {
        return fault("model", "is missing");
    }
    if config.base_url.is_none() && http.is_some_and(|http| http.base_url.is_none()) {
        let hint = http.and_then(|http| http.address_hint).unwrap_or_default();
        return Err(ProjectError::usage(format!("target `{name}` has no `base_url`")).hint(hint));
    }
    if let Some(price) = &config.price {
        let amounts = [Some(price.input), price.cached_input, Some(price.output)];
        let sound = |amount: f64| (0.0..=1e6).contains(&amount);
        if !amounts.into_iter().flatten().all(sound) {
            return Err(ProjectError::usage(format!(
                "target `{name}`: `price` is not a number of dollars per million tokens from 0 to 1000000"
            )));
        }
    }
    check_limits(name, &config.limits)
}

fn check_limits(name: &str, limits: &LimitsConfig) -> Result<(), ProjectError> {
    let zero = [
        ("concurrency", limits.concurrency == Some(0)),
        ("requests_per_minute", limits.requests_per_minute == Some(0)),
        ("tokens_per_minute", limits.tokens_per_minute == Some(0)),
        ("attempts", limits.attempts == Some(0)),
    ];
    if let Some((field, _)) = zero.iter().find(|(_, zero)| *zero) {
        return Err(ProjectError::usage(format!(
            "target `{name}`: `limits.{field}` is 0: nothing could be asked"
        )));
    }
    let times = [
        ("timeout_s", limits.timeout_s),
        ("total_timeout_s", limits.total_timeout_s),
        ("patience_s", limits.patience_s),
    ];
    for (field, seconds) in times {
        if seconds.is_some_and(|seconds| !(0.001..=1e7).contains(&seconds)) {
            return Err(ProjectError::usage(format!(
                "target `{name}`: `limits.{field}` must be a number of seconds from 0.001 to 10000000"
            )));
        }
    }
    Ok(())
}

pub(super) fn timeout(limits: &LimitsConfig) -> Duration {
    Duration::from_secs_f64(limits.timeout_s.unwrap_or(120.0))
}

pub(super) fn limits(
    name: &str,
    config: &TargetConfig,
    model: &dyn ChatModel,
) -> Result<Limits, ProjectError> {
    let default = Limits::default();
    let written = &config.limits;
    let concurrency = match config.provider {
        Provider::Local => model.parallelism(),
        // It is unknown how many requests a program can take at a time.
        Provider::Command => 1,
        Provider::Http(_) | Provider::Replay => default.concurrency,
    };
    let seconds = |seconds: Option<f64>, other| seconds.map_or(other, Duration::from_secs_f64);
    let limits = Limits {
        concurrency: written.concurrency.unwrap_or(concurrency),
        requests_per_minute: written.requests_per_minute,
        tokens_per_minute: written.tokens_per_minute,
        attempts: written.attempts.unwrap_or(default.attempts),
        backoff: written
            .backoff_ms
            .map_or(default.backoff, Duration::from_millis),
        total_timeout: seconds(written.total_timeout_s, default.total_timeout),
        patience: seconds(written.patience_s, default.patience),
    };
    if limits.concurrency > 10_000 {
        return Err(ProjectError::usage(format!(
            "target `{name}`: `limits.concurrency` is {}; at most 10000",
            limits.concurrency
        )));
    }
    Ok(limits)
}

pub(super) fn http_settings(
    project: &Project,
    name: &str,
    model: String,
    config: &TargetConfig,
    provider: &'static HttpProvider,
) -> Result<HttpSettings, ProjectError> {
    let key = key_source(config, provider)
        .map(|key| read_key(project, name, key.field, key.source))
        .transpose()?;
    let mut headers = Vec::new();
    let mut secret_headers = Vec::new();
    for (header, value) in &config.headers {
        if value.starts_with("env:") || value.starts_with("file:") {
            let field = format!("headers.{header}");
            secret_headers.push((header.clone(), read_key(project, name, &field, value)?));
        } else if names_a_secret(header) || looks_like_a_key(value) {
            // Do not repeat the value: it may be a key.
            return Err(ProjectError::usage(format!(
                "header `{header}` of target `{name}` carries a key, but is neither env:NAME nor file:PATH"
            ))
            .hint("keys do not belong in nocere.yaml"));
        } else {
            headers.push((header.clone(), value.clone()));
        }
    }
    Ok(HttpSettings {
        name: name.to_owned(),
        model,
        base_url: config
            .base_url
            .clone()
            .or(provider.base_url.map(str::to_owned))
            .unwrap_or_default(),
        provider,
        options: WireOptions {
            stream: config.stream,
            entra: config.entra_token.is_some(),
            api_version: config.api_version.clone(),
        },
        key,
        headers,
        secret_headers,
        body: config.body.clone(),
        images: config.images,
        timeout: timeout(&config.limits),
    })
}

/// Whether this can be the name of an environment variable. A key in its place is not repeated.
fn is_a_variable(name: &str) -> bool {
    let mut all = name.chars();
    all.next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && all.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !looks_like_a_key(name)
}

/// Reads a key from its source, `env:NAME` or `file:PATH`.
fn read_key(
    project: &Project,
    target: &str,
    field: &str,
    source: &str,
) -> Result<Key, ProjectError> {
    match source.split_once(':') {
        Some(("env", name)) if !is_a_variable(name) => Err(ProjectError::usage(format!(
            "`{field}` of target `{target}` does not name an environment variable after `env:`"
        ))
        .hint("write the variable's name, not the key: `env:MY_KEY`")),
        Some(("env", name)) => project
            .variable(name)
            .filter(|value| !value.trim().is_empty())
            .map(|value| Key::fixed(value.trim()))
            .ok_or_else(|| {
                ProjectError::usage(format!(
                    "environment variable `{name}` (API key of target `{target}`) is not set"
                ))
                .hint(format!(
                    "set it with `export {name}=…`, write it into the project's .env, or name a file: `{field}: file:PATH`"
                ))
            }),
        Some(("file", path)) => Key::from_file(path).map_err(|error| {
            ProjectError::usage(format!(
                "failed to read the API key of target `{target}` from {}: {error}",
                redact(path)
            ))
        }),
        // Do not repeat the value: it may be a key.
        _ => Err(ProjectError::usage(format!(
            "`{field}` of target `{target}` is neither env:NAME nor file:PATH"
        ))
        .hint("keys do not belong in nocere.yaml")),
    }
}
