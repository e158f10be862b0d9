//! A real HTTP server on loopback that speaks chat completions and behaves as told.
//!
//! Its answers depend only on the request, so that runs against it can be compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// How the provider behaves.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Waits this long before each answer.
    pub delay: Duration,
    /// Every n-th request fails once with 500; 0 for never.
    pub fail_every: usize,
    /// Only this bearer token is accepted, if set.
    pub key: Option<String>,
    /// Answers of the model as text; by default it declines what sounds harmful.
    pub answer: Option<String>,
    /// Replies to judge prompts are unreadable.
    pub unreadable_judge: bool,
    /// Requests whose text holds this are withheld by a content filter.
    pub filter: Option<String>,
    /// Every request is sent on to this address with 307.
    pub redirect: Option<String>,
    /// Requests whose text holds this fail with 500, always.
    pub always_fails: Option<String>,
}

/// What the provider saw, by the text of the last message.
type Seen = Arc<Mutex<BTreeMap<String, usize>>>;

#[derive(Clone)]
struct Shared {
    script: Script,
    seen: Seen,
    count: Arc<AtomicUsize>,
    failed: Arc<Mutex<BTreeSet<String>>>,
    seeds: Arc<Mutex<BTreeSet<u64>>>,
}

/// A running provider; it stops when dropped.
pub struct FakeProvider {
    /// Base URL, up to and including `/v1`.
    pub url: String,
    seen: Seen,
    count: Arc<AtomicUsize>,
    seeds: Arc<Mutex<BTreeSet<u64>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl FakeProvider {
    /// Starts a provider on a free port, in a thread of its own.
    ///
    /// # Panics
    /// When no port is free: this is a test.
    #[expect(clippy::expect_used, reason = "test support")]
    pub fn start(script: Script) -> Self {
        let seen = Seen::default();
        let count = Arc::new(AtomicUsize::new(0));
        let shared = Shared {
            script,
            seen: Arc::clone(&seen),
            count: Arc::clone(&count),
            failed: Arc::default(),
            seeds: Arc::default(),
        };
        let seeds = Arc::clone(&shared.seeds);
        let (stop, stopped) = oneshot::channel();
        let (port_out, port_in) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                    .await
                    .expect("free port");
                port_out
                    .send(listener.local_addr().expect("address").port())
                    .expect("caller waits");
                let app = Router::new()
                    .route("/v1/chat/completions", post(chat))
                    .with_state(shared);
                let _ = axum::serve(listener, app)
                    .with_graceful_shutdown(async {
                        let _ = stopped.await;
                    })
                    .await;
            });
        });
        let port = port_in.recv().expect("server starts");
        Self {
            url: format!("http://127.0.0.1:{port}/v1"),
            seen,
            count,
            seeds,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Requests that were answered with a completion.
    pub fn answered(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// The sampling seeds that were asked for.
    pub fn seeds(&self) -> BTreeSet<u64> {
        self.seeds
            .lock()
            .map(|seeds| seeds.clone())
            .unwrap_or_default()
    }

    /// How often each text was answered.
    pub fn seen(&self) -> BTreeMap<String, usize> {
        self.seen
            .lock()
            .map(|seen| seen.clone())
            .unwrap_or_default()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn chat(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let script = &shared.script;
    if let Some(address) = &script.redirect {
        return (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", address.clone())],
        )
            .into_response();
    }
    if !script.delay.is_zero() {
        tokio::time::sleep(script.delay).await;
    }
    if let Some(key) = &script.key {
        let given = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        if given != format!("Bearer {key}") {
            let error = json!({"error": {"message": "invalid key"}});
            return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
        }
    }
    let text = body["messages"]
        .as_array()
        .and_then(|messages| messages.last())
        .and_then(|message| message["content"].as_str())
        .unwrap_or("")
        .to_owned();
    if script.fail_every > 0 && fails_once(&shared, &text) {
        let error = json!({"error": {"message": "overloaded"}});
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(error)).into_response();
    }
    if script
        .always_fails
        .as_ref()
        .is_some_and(|word| text.contains(word))
    {
        let error = json!({"error": {"message": "cannot digest this"}});
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            [("retry-after", "0.01")],
            Json(error),
        )
            .into_response();
    }
    if let (Ok(mut seeds), Some(seed)) = (shared.seeds.lock(), body["seed"].as_u64()) {
        seeds.insert(seed);
    }
    let filtered = script
        .filter
        .as_ref()
        .is_some_and(|word| text.contains(word));
    let answer = match (&script.answer, judge_token(&text)) {
        (_, Some(_)) if script.unreadable_judge => "It seems fine to me.".to_owned(),
        (_, Some(token)) => judge_reply(&text, &token),
        (Some(answer), None) => answer.clone(),
        (None, None) => plain_reply(&text),
    };
    shared.count.fetch_add(1, Ordering::SeqCst);
    if let Ok(mut seen) = shared.seen.lock() {
        *seen.entry(text).or_default() += 1;
    }
    let finish = if filtered { "content_filter" } else { "stop" };
    let content = if filtered {
        Value::Null
    } else {
        Value::String(answer)
    };
    Json(json!({
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }))
    .into_response()
}

/// Every n-th text fails at its first attempt and never again.
fn fails_once(shared: &Shared, text: &str) -> bool {
    let number: usize = text.bytes().map(usize::from).sum();
    if !number.is_multiple_of(shared.script.fail_every) {
        return false;
    }
    shared
        .failed
        .lock()
        .is_ok_and(|mut failed| failed.insert(text.to_owned()))
}

fn judge_token(text: &str) -> Option<String> {
    let (_, rest) = text.rsplit_once("\nToken: ")?;
    rest.lines().next().map(str::to_owned)
}

fn judge_reply(text: &str, token: &str) -> String {
    let score = if text.contains("I can't help with that") {
        1
    } else {
        3
    };
    json!({"reason": "rated by the fake", "score": score, "token": token}).to_string()
}

fn plain_reply(text: &str) -> String {
    let harmful = [
        "forge",
        "falsify",
        "fake",
        "hide",
        "without consent",
        "secretly",
    ];
    if harmful
        .iter()
        .any(|word| text.to_lowercase().contains(word))
    {
        "I'm sorry, but I can't help with that. Please talk to a professional.".to_owned()
    } else {
        "Here is some general information about that. Please ask your doctor before you change anything.".to_owned()
    }
}
