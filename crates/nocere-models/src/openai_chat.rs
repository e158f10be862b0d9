//! The chat-completions wire format.

use std::time::Duration;

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Finish, Locality, ModelError, ModelIdentity,
    ReplyFormat, Usage, clock::Stopwatch,
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
        let host = endpoint
            .host_str()
            .ok_or_else(|| url("it names no host".to_owned()))?;
        let locality = if is_loopback(host) {
            Locality::Loopback
        } else {
            Locality::Remote
        };
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(settings.timeout)
            .user_agent(concat!("nocere/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SetupError::Client(error.to_string()))?;
        let identity = ModelIdentity {
            name: settings.name.clone(),
            provider: "openai".to_owned(),
            model: settings.model.clone(),
            pin: base.to_owned(),
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
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.transport(&error))?;
        if !status.is_success() {
            return Err(self.status(status.as_u16(), &bytes));
        }
        let reply: Reply =
            serde_json::from_slice(&bytes).map_err(|error| ModelError::Transient {
                message: format!(
                    "{} sent no chat completion ({error})",
                    self.settings.base_url
                ),
            })?;
        read(reply, stopwatch.elapsed_ms())
    }

    fn transport(&self, error: &reqwest::Error) -> ModelError {
        let server = &self.settings.base_url;
        let what = if error.is_timeout() {
            "did not answer in time"
        } else if error.is_connect() {
            "cannot be reached"
        } else {
            "broke the connection"
        };
        ModelError::Transient {
            message: format!("{server} {what}"),
        }
    }

    fn status(&self, status: u16, body: &[u8]) -> ModelError {
        let text = server_message(body);
        let server = &self.settings.base_url;
        match status {
            408 | 409 | 425 | 429 | 500..=599 => ModelError::Transient {
                message: format!("{server} answered {status}: {text}"),
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
            _ if text.contains("content_filter") || text.contains("content management policy") => {
                ModelError::Request {
                    message: format!("the provider's filter rejected the prompt: {text}"),
                }
            }
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
        "seed": request.sampling.seed.wrapping_add(u64::from(request.sample)) >> 1,
    });
    if matches!(request.format, ReplyFormat::Grammar(_)) {
        // A GBNF grammar means nothing to a hosted model; a JSON object is what it asks for.
        body["response_format"] = json!({"type": "json_object"});
    }
    body
}

/// The server's own words, on one line and not longer than a line should be.
fn server_message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let message = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|value| {
            let error = value.get("error").unwrap_or(&value);
            error
                .get("message")
                .or(Some(error))
                .and_then(Value::as_str)
                .map(str::to_owned)
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
        text,
        finish,
        usage: Usage {
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
            cached_tokens: 0,
        },
        latency_ms,
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
