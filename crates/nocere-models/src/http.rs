//! A model behind an HTTP server, in any wire format: sends requests, reads replies, and
//! recognises servers that cannot be used at all.

use std::{
    net::SocketAddr,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Finish, Locality, ModelError, ModelIdentity,
    Remark, clock::Stopwatch, secrets::shown_address,
};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::wire::check_images;
use crate::{
    http_settings::{HttpSettings, SetupError, endpoint, fingerprint, headers, is_loopback},
    key::Key,
    server_words::ServerWords,
    sockets,
    status::{Refused, retry_after_ms},
    transport::{causes, lacks_descriptors},
    wire::{Wire, merge},
};

/// Longest response body that is read, in bytes. A million tokens take some 4 MiB.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Length from which few bodies are read at a time, in bytes.
const LARGE_BODY: usize = 256 * 1024;
/// Bodies longer than [`LARGE_BODY`] that are held in memory at a time: parsed JSON can take
/// thirty times its length.
static LARGE_BODIES: Semaphore = Semaphore::const_new(2);
/// Most fields that are dropped in one call.
const MOST_DROPPED: usize = 8;
/// Fields that a request can do without, if the server refuses them.
const DROPPABLE: [&str; 13] = [
    "max_tokens",
    "temperature",
    "top_p",
    "topP",
    "seed",
    "stop",
    "stopSequences",
    "stop_sequences",
    "response_format",
    "responseMimeType",
    "stream_options",
    "text",
    "store",
];
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
    /// Fields that it refused, and that are not sent any more.
    dropped: RwLock<Vec<Dropped>>,
    /// Its address without secrets, for messages.
    shown: String,
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
            // So would another machine that the name of this one is set to.
            builder = builder.no_proxy().resolve_to_addrs(
                "localhost",
                &[
                    SocketAddr::from(([127, 0, 0, 1], 0)),
                    SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 0)),
                ],
            );
        }
        let client = builder
            .connect_timeout(Duration::from_secs(10).min(settings.timeout))
            .timeout(settings.timeout)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(sockets::idle())
            // A redirect would send the text to an address that the user did not configure.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("nocere/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SetupError::Client(error.to_string()))?;
        let headers = headers(&settings, wire.as_ref())?;
        let shown = shown_address(&base);
        let identity = ModelIdentity {
            name: settings.name.clone(),
            provider: settings.provider.name.to_owned(),
            model: settings.model.clone(),
            pin: shown.clone(),
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
            dropped: RwLock::default(),
            shown,
        })
    }

    async fn call(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        check_images(&request.messages, self.settings.images)?;
        let mut plain = self.wire.body(&self.settings.model, request);
        if let Value::Object(fields) = &mut plain {
            merge(fields, &self.settings.body);
        }
        let mut renewed = false;
        for _ in 0..=MOST_DROPPED {
            let mut body = plain.clone();
            let remarks = self.fit(&mut body);
            let bytes = serde_json::to_vec(&body).map_err(|error| ModelError::Request {
                message: format!("the request cannot be written: {error}"),
            })?;
            let sent = self.exposed();
            let problem = match self.send(bytes, &body).await {
                Ok(mut reply) => {
                    self.answered.store(true, Ordering::Relaxed);
                    reply.remarks.extend(remarks);
                    reply.remarks.extend(prompt_cut(request, &reply));
                    return Ok(reply.redacted());
                }
                Err(problem) => problem,
            };
            match problem {
                // An expired token may have been renewed in its file. Keys are compared with
                // those sent, because another call that was rejected earlier may have reloaded
                // them already.
                Problem::Refused(401, error) if !renewed => {
                    renewed = true;
                    for key in self.keys() {
                        key.renew();
                    }
                    if self.exposed() == sent {
                        return Err(error.redacted());
                    }
                }
                Problem::Field(field) => self.drop_field(field),
                Problem::Refused(_, error) | Problem::Other(error) => return Err(error.redacted()),
            }
        }
        Err(ModelError::Request {
            message: format!(
                "{} refused {MOST_DROPPED} fields of the request one after the other",
                self.shown
            ),
        })
    }

    /// Leaves out or renames the fields that the server has refused before.
    fn fit(&self, body: &mut Value) -> Vec<Remark> {
        let dropped = self.dropped.read().unwrap_or_else(PoisonError::into_inner);
        let mut remarks = Vec::new();
        for field in dropped.iter() {
            let Some(value) = take_field(body, &field.name) else {
                continue;
            };
            if let (Some(instead), Value::Object(fields)) = (&field.instead, &mut *body) {
                fields.insert(instead.clone(), value);
            }
            remarks.push(Remark::FieldDropped {
                field: field.name.clone(),
                instead: field.instead.clone(),
            });
        }
        remarks
    }

    fn drop_field(&self, field: Dropped) {
        let mut dropped = self.dropped.write().unwrap_or_else(PoisonError::into_inner);
        if !dropped.contains(&field) {
            dropped.push(field);
        }
    }

    /// The field of `body` that the server refuses, if it can do without. A field that the user
    /// set is never left out, nor is the limit of tokens without another in its place.
    fn refused_field(&self, words: &ServerWords, body: &Value) -> Option<Dropped> {
        let sent: Vec<&str> = DROPPABLE
            .into_iter()
            .filter(|field| !self.settings.body.contains_key(*field) && has_field(body, field))
            .collect();
        let (name, instead) = words.refused_field(&sent)?;
        if name == "max_tokens" && instead.is_none() {
            return None;
        }
        Some(Dropped {
            name: name.to_owned(),
            instead: instead.map(str::to_owned),
        })
    }

    async fn send(&self, bytes: Vec<u8>, body: &Value) -> Result<ChatReply, Problem> {
        let _turn = sockets::turn().await;
        let stopwatch = Stopwatch::start();
        let mut builder = self
            .client
            .post(self.endpoint.clone())
            .headers(self.headers.clone())
            .body(bytes);
        if let Some(key) = &self.settings.key {
            let (name, value) = self.wire.authorization(&key.expose());
            builder = builder.header(name, self.secret_value(name, &value)?);
        }
        for (name, key) in &self.settings.secret_headers {
            builder = builder.header(name, self.secret_value(name, &key.expose())?);
        }
        let response = builder
            .send()
            .await
            .map_err(|error| self.transport(&error))?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let mut received = Received {
            status: response.status().as_u16(),
            retry_after_ms: retry_after_ms(header),
            kind: header("content-type").unwrap_or("none").to_owned(),
            latency_ms: 0,
            bytes: Vec::new(),
        };
        received.bytes = self.read_body(response).await?;
        received.latency_ms = stopwatch.elapsed_ms();
        self.understand(received, body)
    }

    /// What a response to the request `body` says.
    pub(crate) fn understand(
        &self,
        received: Received,
        body: &Value,
    ) -> Result<ChatReply, Problem> {
        let Received {
            status,
            retry_after_ms,
            kind,
            latency_ms,
            bytes,
        } = received;
        let (status, words) = if (200..300).contains(&status) {
            let unreadable = match self.wire.read(&bytes) {
                Ok(reply) => {
                    return Ok(ChatReply {
                        latency_ms,
                        ..reply
                    });
                }
                Err(unreadable) => unreadable,
            };
            let Some(error) = unreadable.error else {
                return Err(self.unreadable(&unreadable.why, &kind, retry_after_ms));
            };
            let words = ServerWords::of_value(&error);
            // An error without a code may be anything: another attempt may succeed.
            (words.status.unwrap_or(500), words)
        } else {
            (status, ServerWords::of_body(&bytes))
        };
        if matches!(status, 400 | 422)
            && let Some(field) = self.refused_field(&words, body)
        {
            return Err(Problem::Field(field));
        }
        let refused = Refused {
            server: &self.shown,
            target: &self.settings.name,
            model: &self.settings.model,
            status,
            words,
            retry_after_ms,
            answered_before: self.answered.load(Ordering::Relaxed),
        };
        if let Some(word) = refused.filter() {
            // The provider's filter withheld the answer: an outcome, not an error.
            return Ok(ChatReply {
                finish: Finish::ContentFilter,
                finish_word: Some(word.to_owned()),
                latency_ms,
                ..ChatReply::of_text("")
            });
        }
        let error = self.rejected(refused.into_error());
        Err(Problem::Refused(status, error))
    }

    fn unreadable(&self, why: &str, kind: &str, retry_after_ms: Option<u64>) -> Problem {
        Problem::Other(ModelError::Transient {
            retry_after_ms,
            may_be_billed: true,
            message: format!(
                "{} sent no {} (content type {kind}: {why})",
                self.shown,
                self.wire.reply_name(),
            ),
        })
    }

    /// A secret as the value of a header.
    fn secret_value(&self, name: &str, secret: &str) -> Result<HeaderValue, Problem> {
        let mut value = HeaderValue::try_from(secret).map_err(|_| {
            Problem::Other(ModelError::Fatal {
                message: format!(
                    "the key of {} cannot be sent as `{name}`: it holds a line break or another character that no header can hold",
                    self.settings.name
                ),
            })
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn read_body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let mut large = None;
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(&error))?
        {
            let length = bytes.len() + chunk.len();
            if length > MAX_BODY {
                return Err(Problem::Other(ModelError::Request {
                    message: format!("{} sent more than {} MiB", self.shown, MAX_BODY >> 20),
                }));
            }
            if length > LARGE_BODY && large.is_none() {
                // The semaphore is never closed.
                large = LARGE_BODIES.acquire().await.ok();
            }
            bytes.extend_from_slice(&chunk);
            // Some servers keep the connection open after the end of a stream.
            let streams = bytes.starts_with(b"data:") || bytes.starts_with(b"event:");
            if streams && bytes.trim_ascii_end().ends_with(b"data: [DONE]") {
                break;
            }
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
        let server = &self.shown;
        if lacks_descriptors(error) {
            // The server is not to blame, and there will be room when other calls are done.
            return Problem::Other(ModelError::RateLimited {
                message: format!(
                    "no connection to {server}: this process has too many files open (`ulimit -n`)"
                ),
                retry_after_ms: None,
            });
        }
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
                may_be_billed: true,
            }
        })
    }
}

/// A response, with its whole body.
pub(crate) struct Received {
    pub(crate) status: u16,
    /// The wait that a header asks for.
    pub(crate) retry_after_ms: Option<u64>,
    /// Its content type.
    pub(crate) kind: String,
    pub(crate) latency_ms: u64,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) enum Problem {
    /// The server refuses a field that the request can do without.
    Field(Dropped),
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

/// A field of requests that the server has refused.
#[derive(PartialEq, Eq)]
pub(crate) struct Dropped {
    name: String,
    instead: Option<String>,
}

/// Where the wire formats put fields: at the top, or inside these.
const INSIDE: [&str; 2] = ["options", "generationConfig"];

fn has_field(body: &Value, field: &str) -> bool {
    body.get(field).is_some()
        || INSIDE
            .iter()
            .any(|inside| body[*inside].get(field).is_some())
}

fn take_field(body: &mut Value, field: &str) -> Option<Value> {
    let top = body.as_object_mut()?.remove(field);
    top.or_else(|| {
        let inner = INSIDE
            .iter()
            .find(|inside| body[**inside].get(field).is_some())?;
        body[*inner].as_object_mut()?.remove(field)
    })
}

/// A remark if the server says that it read far fewer tokens than the prompt must have.
fn prompt_cut(request: &ChatRequest, reply: &ChatReply) -> Option<Remark> {
    let bytes: usize = request
        .messages
        .iter()
        .map(|message| message.text().len())
        .sum();
    let read = reply.usage.input_tokens;
    // English has about four bytes a token. Servers cut at 1,024 tokens or more.
    (read >= 1_000 && bytes as u64 > read.saturating_mul(8)).then_some(Remark::PromptCut { read })
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::providers::{HttpProvider, WireOptions};

    fn settings(base_url: &str) -> HttpSettings {
        HttpSettings {
            images: true,
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
