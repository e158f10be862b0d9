//! Settings of an HTTP server: address, wire format, key and headers, and which of them are
//! part of the model's identity.

use std::time::Duration;

use nocere_core::{
    hash_json,
    secrets::{looks_like_a_key, names_a_secret, register, shown_address},
};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    key::Key,
    providers::{HttpProvider, WireOptions},
    wire::Wire,
};

/// Everything needed to call a model on a server.
pub struct HttpSettings {
    /// Name that the user gave the target.
    pub name: String,
    /// Name of the model on the server; for Azure, of the deployment.
    pub model: String,
    /// Address up to and including the version part, such as `http://127.0.0.1:8080/v1`.
    pub base_url: String,
    /// Whose API the server offers.
    pub provider: &'static HttpProvider,
    /// What was chosen of the provider's options.
    pub options: WireOptions,
    /// API key, if the server needs one.
    pub key: Option<Key>,
    /// Extra headers that are not secret.
    pub headers: Vec<(String, String)>,
    /// Extra headers whose values are secret.
    pub secret_headers: Vec<(String, Key)>,
    /// True if the model takes images.
    pub images: bool,
    /// Extra fields of the body. Objects are merged; `null` removes a field.
    pub body: Map<String, Value>,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

impl HttpSettings {
    /// The version of the API that requests name, if they name one.
    fn api_version(&self) -> Option<&str> {
        let usual = self.provider.api_version?;
        Some(self.options.api_version.as_deref().unwrap_or(usual))
    }
}

/// Why a model cannot be set up.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The address is not a valid HTTP address.
    #[error(
        "base_url `{url}` is not an address: {message}; write it like http://127.0.0.1:8080/v1"
    )]
    Url {
        /// Address as given.
        url: String,
        /// What is wrong.
        message: String,
    },
    /// The address holds credentials, a query or a fragment.
    #[error(
        "base_url holds a user name, a password, a query or a fragment; give keys as `api_key: env:NAME`"
    )]
    Secret,
    /// A header would change where or how the request is sent.
    #[error(
        "header `{name}` of target `{target}` cannot be set: it decides where or how the request is sent"
    )]
    Reserved {
        /// Name of the target.
        target: String,
        /// Name of the header.
        name: String,
    },
    /// A header cannot be sent.
    #[error("header `{name}` of target `{target}` cannot be sent: {message}")]
    Header {
        /// Name of the target.
        target: String,
        /// Name of the header.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The HTTP client cannot be built, or the command of a [`CommandModel`](crate::CommandModel)
    /// is empty.
    #[error("failed to set up the model: {0}")]
    Client(String),
}

pub(crate) fn endpoint(
    settings: &HttpSettings,
    wire: &dyn Wire,
    base: &str,
) -> Result<reqwest::Url, SetupError> {
    let url = |message: String| SetupError::Url {
        url: shown_address(&settings.base_url),
        message,
    };
    let parsed = reqwest::Url::parse(base).map_err(|error| url(error.to_string()))?;
    let has_more = parsed.query().is_some() || parsed.fragment().is_some();
    if !parsed.username().is_empty() || parsed.password().is_some() || has_more {
        // The address is stored and shown, and so would be any secret in it.
        return Err(SetupError::Secret);
    }
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(url(format!(
            "`{}` is neither http nor https",
            parsed.scheme()
        )));
    }
    if parsed.host_str().is_none() {
        return Err(url("it names no host".to_owned()));
    }
    let mut endpoint = reqwest::Url::parse(&wire.endpoint(base, &settings.model))
        .map_err(|error| url(error.to_string()))?;
    if let Some(api_version) = settings.api_version() {
        endpoint
            .query_pairs_mut()
            .append_pair("api-version", api_version);
    }
    Ok(endpoint)
}

pub(crate) fn headers(settings: &HttpSettings, wire: &dyn Wire) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in wire.headers() {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    let fault = |name: &str, message: String| SetupError::Header {
        target: settings.name.clone(),
        name: name.to_owned(),
        message,
    };
    let secret = settings.secret_headers.iter().map(|(name, _)| name);
    let plain = settings.headers.iter().map(|(name, _)| name);
    if let Some(name) = secret.chain(plain).find(|name| is_reserved(name)) {
        return Err(SetupError::Reserved {
            target: settings.name.clone(),
            name: name.clone(),
        });
    }
    for (name, value) in &settings.headers {
        let long_word = value.len() >= 16 && !value.contains(' ');
        if names_a_secret(name) || looks_like_a_key(value) || long_word {
            register(value);
        }
        let header = HeaderName::try_from(name).map_err(|error| fault(name, error.to_string()))?;
        let value = HeaderValue::try_from(value).map_err(|error| fault(name, error.to_string()))?;
        headers.insert(header, value);
    }
    for (name, _) in &settings.secret_headers {
        HeaderName::try_from(name).map_err(|error| fault(name, error.to_string()))?;
    }
    Ok(headers)
}

/// Hash of everything besides model and address that can change an answer; empty if nothing
/// is set.
pub(crate) fn fingerprint(settings: &HttpSettings) -> String {
    let version = settings.api_version().unwrap_or("");
    if version.is_empty() && settings.headers.is_empty() && settings.body.is_empty() {
        return String::new();
    }
    hash_json("settings", &(version, &settings.headers, &settings.body)).to_string()
}

/// True for headers that say where a request goes or how its body is read.
fn is_reserved(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    name.starts_with("proxy-")
        || matches!(
            name.as_str(),
            "host"
                | "connection"
                | "content-length"
                | "content-type"
                | "expect"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
        )
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
