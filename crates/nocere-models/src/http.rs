//! A model behind an HTTP server, in any wire format: sends requests, reads replies, and
//! recognises servers that cannot be used at all.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Finish, Locality, ModelError, ModelIdentity,
    clock::Stopwatch, text_only,
};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::{
    http_settings::{HttpSettings, SetupError, endpoint, fingerprint, headers, is_loopback},
    key::Key,
    status::{Refused, is_content_filter, retry_after_ms, server_message},
    wire::{Wire, merge},
};

/// Longest response body that is read, in bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// Number of rejected requests after which a server that has never answered is given up.
const REJECTIONS: u32 = 5;

/// A model behind an HTTP server.
pub struct HttpModel {
    client: reqwest::Client,
    endpoint: reqwest::Url,
    headers: HeaderMap,
    wire: Box<dyn Wire>,
    settings: HttpSettings,
    identity: ModelIdentity,
    /// True once the server has answered a request.
    answered: AtomicBool,
    /// Number of requests that it rejected before it answered any.
    rejections: AtomicU32,
}

impl HttpModel {
    /// Prepares to call a server. Sends nothing yet.
    ///
    /// # Errors
    ///
    /// If the address is invalid or holds credentials or a query, a header cannot be sent, or
    /// the HTTP client cannot be built.
    pub fn new(settings: HttpSettings) -> Result<Self, SetupError> {
        let wire = settings.provider.wire(&settings.options);
        let base = settings.base_url.trim_end_matches('/').to_owned();
        let endpoint = endpoint(&settings, wire.as_ref(), &base)?;
        let host = endpoint.host_str().unwrap_or("");
        let locality = if is_loopback(host) {
            Locality::Loopback
        } else {
            Locality::Remote
        };
        let mut builder = reqwest::Client::builder();
        if locality == Locality::Loopback {
            // A proxy set in the environment would see text that must stay on this machine.
            builder = builder.no_proxy();
        }
        let client = builder
            .connect_timeout(Duration::from_secs(10).min(settings.timeout))
            .timeout(settings.timeout)
            .tcp_nodelay(true)
            // A redirect would send the text to an address that the user did not configure.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("nocere/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SetupError::Client(error.to_string()))?;
        let headers = headers(&settings, wire.as_ref())?;
        let identity = ModelIdentity {
            name: settings.name.clone(),
            provider: settings.provider.name.to_owned(),
            model: settings.model.clone(),
            pin: base,
            settings: fingerprint(&settings),
            locality,
        };
        Ok(Self {
            client,
            endpoint,
            headers,
            wire,
            settings,
            identity,
            answered: AtomicBool::new(false),
            rejections: AtomicU32::new(0),
        })
    }

    async fn call(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        text_only(&request.messages)?;
        let mut body = self.wire.body(&self.settings.model, request);
        if let Value::Object(fields) = &mut body {
            merge(fields, &self.settings.body);
        }
        let body = serde_json::to_vec(&body).map_err(|error| ModelError::Request {
            message: format!("the request cannot be written: {error}"),
        })?;
        let sent = self.exposed();
        let reply = self.send(body.clone()).await;
        // An expired token may have been renewed in its file. Keys are compared with those
        // sent, because another call that was rejected earlier may have reloaded them already.
        let renewed = matches!(reply, Err(Problem::Refused(401, _))) && {
            for key in self.keys() {
                key.renew();
            }
            self.exposed() != sent
        };
        let reply = if renewed {
            self.send(body).await
        } else {
            reply
        };
        if reply.is_ok() {
            self.answered.store(true, Ordering::Relaxed);
        }
        reply.map_err(|problem| match problem {
            Problem::Refused(_, error) | Problem::Other(error) => error,
        })
    }

    async fn send(&self, body: Vec<u8>) -> Result<ChatReply, Problem> {
        let stopwatch = Stopwatch::start();
        let mut builder = self
            .client
            .post(self.endpoint.clone())
            .headers(self.headers.clone())
            .body(body);
        if let Some(key) = &self.settings.key {
            let (name, value) = self.wire.authorization(&key.expose());
            builder = builder.header(name, sensitive(&value));
        }
        for (name, key) in &self.settings.secret_headers {
            builder = builder.header(name, sensitive(&key.expose()));
        }
        let response = builder
            .send()
            .await
            .map_err(|error| self.transport(&error))?;
        let status = response.status();
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let retry_after_ms = retry_after_ms(header);
        let kind = header("content-type").unwrap_or("none").to_owned();
        let bytes = self.redact(self.read_body(response).await?);
        if status.is_success() {
            let mut reply = self.wire.read(&bytes).map_err(|unreadable| {
                Problem::Other(ModelError::Transient {
                    retry_after_ms: None,
                    message: format!(
                        "{} sent no {} (content type {kind}: {})",
                        self.settings.base_url,
                        self.wire.reply_name(),
                        unreadable.0
                    ),
                })
            })?;
            reply.latency_ms = stopwatch.elapsed_ms();
            return Ok(reply);
        }
        let text = server_message(&bytes);
        // `text` is shortened and may lack the mark, so the whole body is searched too.
        if is_content_filter(status.as_u16(), &text)
            || is_content_filter(status.as_u16(), &String::from_utf8_lossy(&bytes))
        {
            // The provider's filter withheld the answer: an outcome, not an error.
            return Ok(ChatReply {
                finish: Finish::ContentFilter,
                latency_ms: stopwatch.elapsed_ms(),
                ..ChatReply::of_text("")
            });
        }
        let refused = Refused {
            server: &self.settings.base_url,
            target: &self.settings.name,
            model: &self.settings.model,
            status: status.as_u16(),
            text,
            retry_after_ms,
            answered_before: self.answered.load(Ordering::Relaxed),
        };
        let error = self.rejected(refused.into_error());
        Err(Problem::Refused(status.as_u16(), error))
    }

    async fn read_body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(&error))?
        {
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err(Problem::Other(ModelError::Request {
                    message: format!(
                        "{} sent more than {} MiB",
                        self.settings.base_url,
                        MAX_BODY >> 20
                    ),
                }));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        let secret = self.settings.secret_headers.iter().map(|(_, key)| key);
        self.settings.key.iter().chain(secret)
    }

    fn exposed(&self) -> Vec<String> {
        self.keys().map(Key::expose).collect()
    }

    fn redact(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.keys().fold(bytes, |bytes, key| key.redact(bytes))
    }

    /// Makes a rejection fatal once a server has rejected [`REJECTIONS`] requests and answered
    /// none: it will reject the rest as well (a wrong field, a wrong model, a bad key reported
    /// as 400).
    fn rejected(&self, error: ModelError) -> ModelError {
        let ModelError::Request { message } = error else {
            return error;
        };
        if self.answered.load(Ordering::Relaxed) {
            return ModelError::Request { message };
        }
        if self.rejections.fetch_add(1, Ordering::Relaxed) + 1 < REJECTIONS {
            return ModelError::Request { message };
        }
        ModelError::Fatal {
            message: format!(
                "{message}; the server rejected the first {REJECTIONS} requests and answered none. Correct the target's entry, then `nocere resume --retry-failed`"
            ),
        }
    }

    fn transport(&self, error: &reqwest::Error) -> Problem {
        let server = &self.settings.base_url;
        let chain = causes(error);
        // Only these TLS errors are permanent: an interrupted handshake may succeed next time.
        let tls = [
            "invalid peer certificate",
            "InvalidContentType",
            "received fatal alert",
        ]
        .iter()
        .any(|mark| chain.contains(mark));
        Problem::Other(if tls {
            ModelError::Fatal {
                message: format!(
                    "{server} cannot be reached over TLS: {}; check the address (http or https) and the certificate authorities of this machine",
                    chain.rsplit(": ").next().unwrap_or(&chain)
                ),
            }
        } else if error.is_connect() {
            ModelError::Unreachable {
                message: format!(
                    "{server} cannot be reached ({})",
                    chain.rsplit(": ").next().unwrap_or(&chain)
                ),
            }
        } else {
            let what = if error.is_timeout() {
                format!(
                    "did not answer within {} s",
                    self.settings.timeout.as_secs()
                )
            } else {
                "broke the connection".to_owned()
            };
            ModelError::Transient {
                message: format!("{server} {what}"),
                retry_after_ms: None,
            }
        })
    }
}

enum Problem {
    Refused(u16, ModelError),
    Other(ModelError),
}

impl ChatModel for HttpModel {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(self.call(request))
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }
}

fn sensitive(value: &str) -> HeaderValue {
    // A key with a line break cannot be sent. The server will report that it is missing.
    let mut value = HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// The error and its chain of causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::providers::{HttpProvider, WireOptions};

    fn settings(base_url: &str) -> HttpSettings {
        HttpSettings {
            name: "t".to_owned(),
            model: "m".to_owned(),
            base_url: base_url.to_owned(),
            provider: HttpProvider::named("openai").unwrap(),
            options: WireOptions::default(),
            key: None,
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body: Map::new(),
            timeout: Duration::from_secs(5),
        }
    }

    #[test]
    fn only_loopback_addresses_are_local() {
        for (url, local) in [
            ("http://127.0.0.1:8080/v1", true),
            ("http://localhost:8080/v1", true),
            ("http://[::1]:8080/v1", true),
            ("http://192.168.1.2/v1", false),
            ("https://localhost.example.org/v1", false),
        ] {
            let model = HttpModel::new(settings(url)).unwrap();
            assert_eq!(
                model.identity().locality == Locality::Loopback,
                local,
                "{url}"
            );
        }
        for wrong in [
            "not a url",
            "ftp://h/v1",
            "http://u:p@h/v1",
            "http://h/v1?key=k",
        ] {
            assert!(HttpModel::new(settings(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_can_change_an_answer_is_part_of_the_identity() {
        let plain = HttpModel::new(settings("http://h/v1")).unwrap();
        assert_eq!(plain.identity().settings, "");
        let mut other = settings("http://h/v1");
        other.body.insert("top_k".to_owned(), Value::from(5));
        let other = HttpModel::new(other).unwrap();
        assert_ne!(other.identity().settings, "");
    }

    #[test]
    fn azure_puts_deployment_and_version_into_the_address() {
        let mut azure = settings("https://clinic.openai.azure.com");
        azure.provider = HttpProvider::named("azure").unwrap();
        assert_eq!(
            HttpModel::new(azure).unwrap().endpoint.as_str(),
            "https://clinic.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21"
        );
    }
}
