//! The chat-completions wire format.

use std::time::Duration;

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Finish, Locality, ModelError, ModelIdentity,
    ReplyFormat, Usage, clock::Stopwatch, key::derive_seed,
};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

/// How a server is reached.
#[derive(Clone)]
pub struct OpenAiSettings {
    /// As the user named the target.
    pub name: String,
    /// The model's name on the server.
    pub model: String,
    /// Up to and including the version part, such as `http://127.0.0.1:8080/v1`.
    pub base_url: String,
    /// Sent as a bearer token; never shown, logged or stored.
    pub api_key: Option<String>,
    /// Calls in flight at most.
    pub concurrency: usize,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

/// Why a server cannot be used at all.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The address is none.
    #[error("base_url `{url}` is no address: {message}; write it like http://127.0.0.1:8080/v1")]
    Url {
        /// As given.
        url: String,
        /// What is wrong.
        message: String,
    },
    /// The address holds more than an address.
    #[error("base_url holds a user name, a password or a query; give keys as `api_key: env:NAME`")]
    Secret,
    /// The HTTP client cannot be made.
    #[error("failed to set up HTTP: {0}")]
    Client(String),
}

/// A model behind a chat-completions endpoint.
pub struct OpenAiChat {
    client: reqwest::Client,
    endpoint: reqwest::Url,
    settings: OpenAiSettings,
    identity: ModelIdentity,
}

impl OpenAiChat {
    /// Prepares to talk to a server; nothing is sent yet.
    pub fn new(settings: OpenAiSettings) -> Result<Self, SetupError> {
        let url = |message: String| SetupError::Url {
            url: settings.base_url.clone(),
            message,
        };
        let base = settings.base_url.trim_end_matches('/');
        let endpoint = reqwest::Url::parse(&format!("{base}/chat/completions"))
            .map_err(|error| url(error.to_string()))?;
        if !endpoint.username().is_empty()
            || endpoint.password().is_some()
            || endpoint.query().is_some()
        {
            // The address is stored and shown; what is secret in it would be, too.
            return Err(SetupError::Secret);
        }
        let host = endpoint
            .host_str()
            .ok_or_else(|| url("it names no host".to_owned()))?;
        let locality = if is_loopback(host) {
            Locality::Loopback
        } else {
            Locality::Remote
        };
        let mut builder = reqwest::Client::builder();
        if locality == Locality::Loopback {
            // A proxy of the environment would see what must stay on this machine.
            builder = builder.no_proxy();
        }
        let client = builder
            .connect_timeout(Duration::from_secs(10))
            .timeout(settings.timeout)
            // A redirect would carry the text to an address that nobody configured.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("nocere/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SetupError::Client(error.to_string()))?;
        let identity = ModelIdentity {
            name: settings.name.clone(),
            provider: "openai".to_owned(),
            model: settings.model.clone(),
            pin: base.to_owned(),
            settings: String::new(),
            locality,
        };
        Ok(Self {
            client,
            endpoint,
            settings,
            identity,
        })
    }

    async fn call(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        let stopwatch = Stopwatch::start();
        let mut builder = self
            .client
            .post(self.endpoint.clone())
            .json(&body(&self.settings.model, request));
        if let Some(key) = &self.settings.api_key {
            builder = builder.bearer_auth(key);
        }
        let response = builder
            .send()
            .await
            .map_err(|error| self.transport(&error))?;
        let status = response.status();
        let retry_after_ms = retry_after_ms(response.headers());
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.transport(&error))?;
        if !status.is_success() {
            let text = server_message(&bytes);
            if is_content_filter(status.as_u16(), &text) {
                // The provider's filter withheld the answer: an outcome, not an error.
                return Ok(ChatReply {
                    finish: Finish::ContentFilter,
                    latency_ms: stopwatch.elapsed_ms(),
                    ..ChatReply::of_text("")
                });
            }
            return Err(self.status(status.as_u16(), &text, retry_after_ms));
        }
        let reply: Reply =
            serde_json::from_slice(&bytes).map_err(|error| ModelError::Transient {
                retry_after_ms: None,
                message: format!(
                    "{} sent no chat completion ({error})",
                    self.settings.base_url
                ),
            })?;
        read(reply, stopwatch.elapsed_ms())
    }

    fn transport(&self, error: &reqwest::Error) -> ModelError {
        let server = &self.settings.base_url;
        if error.is_connect() {
            return ModelError::Unreachable {
                message: format!("{server} cannot be reached"),
            };
        }
        let what = if error.is_timeout() {
            "did not answer in time"
        } else {
            "broke the connection"
        };
        ModelError::Transient {
            message: format!("{server} {what}"),
            retry_after_ms: None,
        }
    }

    fn status(&self, status: u16, text: &str, retry_after_ms: Option<u64>) -> ModelError {
        let server = &self.settings.base_url;
        match status {
            408 | 409 | 425 | 429 | 500..=599 => ModelError::Transient {
                message: format!("{server} answered {status}: {text}"),
                retry_after_ms,
            },
            300..=399 => ModelError::Fatal {
                message: format!(
                    "{server} answered with a redirect ({status}), which is not followed; give the final address as base_url"
                ),
            },
            401 | 403 => ModelError::Fatal {
                message: format!(
                    "{server} refused the key ({status}): {text}; check `api_key` of {}",
                    self.settings.name
                ),
            },
            404 => ModelError::Fatal {
                message: format!(
                    "{server} knows no model `{}` or no chat completions (404): {text}",
                    self.settings.model
                ),
            },
            _ => ModelError::Request {
                message: format!("{server} answered {status}: {text}"),
            },
        }
    }
}

impl ChatModel for OpenAiChat {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(self.call(request))
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn parallelism(&self) -> usize {
        self.settings.concurrency
    }
}

/// What a `Retry-After` header asks for, in milliseconds; dates are not read.
fn retry_after_ms(headers: &reqwest::header::HeaderMap) -> Option<u64> {
    let seconds: f64 = headers
        .get("retry-after")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    (0.0..=3_600.0)
        .contains(&seconds)
        .then_some((seconds * 1000.0) as u64)
}

/// Whether a provider says that its filter rejected the prompt.
fn is_content_filter(status: u16, text: &str) -> bool {
    matches!(status, 400 | 403 | 422)
        && [
            "content_filter",
            "content management policy",
            "ResponsibleAIPolicyViolation",
        ]
        .iter()
        .any(|mark| text.contains(mark))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn body(model: &str, request: &ChatRequest) -> Value {
    let mut body = json!({
        "model": model,
        "messages": request.messages,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "max_tokens": request.sampling.max_tokens,
        "seed": seed(request),
    });
    if matches!(request.format, ReplyFormat::Grammar(_)) {
        // A GBNF grammar means nothing to a hosted model; a JSON object is what it asks for.
        body["response_format"] = json!({"type": "json_object"});
    }
    body
}

/// One seed for each sample; servers take them as signed numbers.
fn seed(request: &ChatRequest) -> u64 {
    derive_seed(request.sampling.seed, &format!("sample {}", request.sample)) >> 1
}

/// The server's own words, on one line and not longer than a line should be.
fn server_message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let message = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|value| {
            let error = value.get("error").unwrap_or(&value);
            let message = error
                .get("message")
                .or(Some(error))
                .and_then(Value::as_str)?;
            let code = error.get("code").and_then(Value::as_str);
            Some(code.map_or_else(|| message.to_owned(), |code| format!("{message} ({code})")))
        })
        .unwrap_or_else(|| text.into_owned());
    let line: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    line.trim().to_owned()
}

#[derive(Deserialize)]
struct Reply {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<ReplyUsage>,
}

#[derive(Deserialize)]
struct Choice {
    message: ReplyMessage,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ReplyMessage {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize, Default)]
struct ReplyUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

fn read(reply: Reply, latency_ms: u64) -> Result<ChatReply, ModelError> {
    let Some(choice) = reply.choices.into_iter().next() else {
        return Err(ModelError::Request {
            message: "the server's reply has no choices".to_owned(),
        });
    };
    let finish = match choice.finish_reason.as_deref() {
        None | Some("stop") => Finish::Stop,
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::ContentFilter,
        Some(other) => Finish::Other(other.to_owned()),
    };
    // A refusal field is the model's answer in another place: it is judged like any text.
    let text = choice
        .message
        .content
        .filter(|text| !text.is_empty())
        .or(choice.message.refusal)
        .unwrap_or_default();
    let usage = reply.usage.unwrap_or_default();
    Ok(ChatReply {
        finish,
        usage: Usage {
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
            cached_tokens: 0,
            reasoning_tokens: 0,
        },
        latency_ms,
        ..ChatReply::of_text(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> OpenAiSettings {
        OpenAiSettings {
            name: "t".to_owned(),
            model: "m".to_owned(),
            base_url: base_url.to_owned(),
            api_key: None,
            concurrency: 1,
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
            let model = OpenAiChat::new(settings(url)).unwrap();
            assert_eq!(
                model.identity().locality == Locality::Loopback,
                local,
                "{url}"
            );
        }
        assert!(OpenAiChat::new(settings("not a url")).is_err());
    }

    #[test]
    fn server_messages_stay_on_one_line() {
        assert_eq!(
            server_message(b"{\"error\": {\"message\": \"bad\\nkey\"}}"),
            "bad key"
        );
        assert_eq!(server_message(b"<html>oops</html>"), "<html>oops</html>");
    }
}
