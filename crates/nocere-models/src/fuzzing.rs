//! Ways into the readers of this crate for fuzz targets: bytes go in where a server's response
//! would. Behind the feature `fuzzing`; not part of the crate's interface.

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use nocere_core::{ChatReply, ModelError};
use serde_json::{Map, Value, json};

use crate::{
    HTTP_PROVIDERS, HttpModel, HttpProvider, HttpSettings, Key, WireOptions,
    http::{Problem, Received},
    sse,
    status::retry_after_ms,
};

/// The key that the models below send. No reply and no error may hold it.
pub const PLANTED_KEY: &str = "sk-planted-0123456789abcdef";

/// A response of a server.
pub struct Response<'a> {
    /// Whose format it is in: the name of a row of [`HTTP_PROVIDERS`].
    pub provider: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The value of `retry-after`; empty for none.
    pub retry_after: &'a str,
    /// The value of `content-type`.
    pub content_type: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

/// The whole reading of a response: the wire format, what the server says instead of an answer,
/// and the removal of keys. `None` for an unknown provider, and for a refused field, after which
/// the request would be sent again.
pub fn read_response(response: &Response<'_>) -> Option<Result<ChatReply, ModelError>> {
    let model = models().get(response.provider)?;
    let header = |name: &str| {
        let given = name == "retry-after" && !response.retry_after.is_empty();
        given.then_some(response.retry_after)
    };
    let received = Received {
        status: response.status,
        retry_after_ms: retry_after_ms(header),
        kind: response.content_type.to_owned(),
        latency_ms: 0,
        bytes: response.body.to_vec(),
    };
    match model.understand(received, &request()) {
        Ok(reply) => Some(Ok(reply.redacted())),
        Err(Problem::Field(_)) => None,
        Err(Problem::Refused(_, error) | Problem::Other(error)) => Some(Err(error.redacted())),
    }
}

/// The data of all server-sent events in `body`, and whether the last one may be cut off.
pub fn read_events(body: &str) -> (Vec<String>, bool) {
    let events = sse::events(body);
    (events.data, events.cut)
}

fn request() -> Value {
    json!({"messages": [], "temperature": 0.0, "max_tokens": 256, "seed": 1, "options": {"stop": []}})
}

fn models() -> &'static BTreeMap<&'static str, HttpModel> {
    static MODELS: OnceLock<BTreeMap<&'static str, HttpModel>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let models = HTTP_PROVIDERS.iter().filter_map(|provider| {
            let model = HttpModel::new(settings(provider)).ok()?;
            Some((provider.name, model))
        });
        models.collect()
    })
}

fn settings(provider: &'static HttpProvider) -> HttpSettings {
    HttpSettings {
        images: true,
        name: "target".to_owned(),
        model: "model".to_owned(),
        base_url: "http://127.0.0.1:9/v1".to_owned(),
        provider,
        options: WireOptions::default(),
        key: Some(Key::fixed(PLANTED_KEY)),
        headers: Vec::new(),
        secret_headers: Vec::new(),
        body: Map::new(),
        timeout: Duration::from_secs(5),
    }
}
