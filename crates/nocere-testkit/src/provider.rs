//! A real HTTP server on loopback that speaks the wire formats and behaves as scripted.
//!
//! Its answers depend only on the request, so that runs against it can be compared. It counts
//! what a provider would bill.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::{
    HeaderMap, Request, Response,
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinSet};

use crate::{
    faults::{Fault, Faults},
    formats::{Answer, Finish, Format},
};

/// How the provider behaves. By default it answers every request at once.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a script is a list of switches that tests set one by one"
)]
pub struct Script {
    /// Wait before each answer.
    pub delay: Duration,
    /// Fails once with 500 for each text whose bytes sum to a multiple of this; 0 for never.
    pub fail_every: usize,
    /// The only accepted API key, if set. Read from `authorization`, `api-key`, `x-api-key` or
    /// `x-goog-api-key`, whichever is present first.
    pub key: Option<String>,
    /// After this many answers, only this other key is accepted.
    pub next_key: Option<(usize, String)>,
    /// Rejects every request with 400.
    pub rejects: bool,
    /// After this many answers and for this long, requests fail with 503, every third one only
    /// after hanging for a minute.
    pub outage: Option<(usize, Duration)>,
    /// Leaves the token usage out of chat completions.
    pub no_usage: bool,
    /// Repeats a refused key in the error, as some servers do.
    pub echoes_key: bool,
    /// Fixed answer text. By default the model declines requests that sound harmful.
    pub answer: Option<String>,
    /// Reasoning text of every answer.
    pub reasoning: Option<String>,
    /// Replies to judge prompts with text that cannot be parsed.
    pub unreadable_judge: bool,
    /// Replies to judge prompts with the score that the judged text asks for.
    pub gullible_judge: bool,
    /// Requests whose text contains this are withheld by a content filter.
    pub filter: Option<String>,
    /// Requests whose text contains this are answered in the refusal field.
    pub refusal: Option<String>,
    /// Requests whose text contains this are cut off by the token limit.
    pub cut: Option<String>,
    /// Redirects every request to this address with 307.
    pub redirect: Option<String>,
    /// Requests whose text contains this always fail with 500.
    pub always_fails: Option<String>,
    /// The only model that exists, if set.
    pub model: Option<String>,
    /// Network and server faults.
    pub faults: Faults,
    /// Limit on concurrent requests, if set; requests above it get 429.
    pub room: Option<usize>,
}

/// Requests and answers for one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Number of requests with this text.
    pub requests: usize,
    /// Ids of the answers sent, in order. A provider would bill each of them.
    pub answers: Vec<String>,
}

#[derive(Default)]
struct Counters {
    seen: Mutex<BTreeMap<String, Seen>>,
    answered: AtomicUsize,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    limited: AtomicUsize,
    failed_once: Mutex<BTreeSet<String>>,
    /// When the outage began, once it has.
    outage: Mutex<Option<tokio::time::Instant>>,
    during_outage: AtomicUsize,
    seeds: Mutex<BTreeSet<u64>>,
    last: Mutex<Option<(String, Value)>>,
}

impl Counters {
    /// The count that scripts read under this path: completions sent, or most requests at once.
    fn under(&self, path: &str) -> Option<usize> {
        match path {
            "/served" => Some(self.answered.load(Ordering::SeqCst)),
            "/peak" => Some(self.peak.load(Ordering::SeqCst)),
            _ => None,
        }
    }
}

/// A running provider; dropping it stops the server.
pub struct FakeProvider {
    /// Base URL, up to and including `/v1`.
    pub url: String,
    /// Scheme, host and port.
    pub origin: String,
    counters: Arc<Counters>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

type Body = BoxBody<Bytes, std::io::Error>;

impl FakeProvider {
    /// Starts a provider on a free port, in its own thread.
    ///
    /// # Panics
    ///
    /// If no port is free or the server does not start, which fails the test.
    #[expect(clippy::expect_used, reason = "test support")]
    pub fn start(script: Script) -> Self {
        let counters = Arc::new(Counters::default());
        let shared = (Arc::new(script), Arc::clone(&counters));
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
                // Dropping the set closes open connections, as a server that dies would.
                let mut connections = JoinSet::new();
                tokio::select! {
                    () = accept(&listener, &shared, &mut connections) => {}
                    _ = stopped => {}
                }
            });
        });
        let port = port_in.recv().expect("server starts");
        Self {
            url: format!("http://127.0.0.1:{port}/v1"),
            origin: format!("http://127.0.0.1:{port}"),
            counters,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Number of requests answered with a completion.
    pub fn answered(&self) -> usize {
        self.counters.answered.load(Ordering::SeqCst)
    }

    /// Highest number of concurrent requests.
    pub fn peak(&self) -> usize {
        self.counters.peak.load(Ordering::SeqCst)
    }

    /// Number of requests rejected with 429 because of [`Script::room`].
    pub fn limited(&self) -> usize {
        self.counters.limited.load(Ordering::SeqCst)
    }

    /// Sampling seeds that requests asked for.
    pub fn seeds(&self) -> BTreeSet<u64> {
        locked(&self.counters.seeds).clone()
    }

    /// Requests and answers by text of the last message.
    pub fn seen(&self) -> BTreeMap<String, Seen> {
        locked(&self.counters.seen).clone()
    }

    /// Path and body of the latest request.
    pub fn last(&self) -> Option<(String, Value)> {
        locked(&self.counters.last).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Shared = (Arc<Script>, Arc<Counters>);

async fn accept(
    listener: &tokio::net::TcpListener,
    shared: &Shared,
    connections: &mut JoinSet<()>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Counts a request as in flight until dropped, even if its client disconnects.
struct Inside(Arc<Counters>);

impl Inside {
    fn enter(counters: &Arc<Counters>) -> (Self, usize) {
        let now = counters.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        counters.peak.fetch_max(now, Ordering::SeqCst);
        (Self(Arc::clone(counters)), now)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The seed that a request asks for, where any format has it.
fn seed_of(body: &Value) -> Option<u64> {
    [
        &body["seed"],
        &body["options"]["seed"],
        &body["generationConfig"]["seed"],
    ]
    .iter()
    .find_map(|seed| seed.as_u64())
}

/// Answers one request. `Err` closes the connection without an answer.
async fn answer(
    (script, counters): Shared,
    request: Request<Incoming>,
) -> Result<Response<Body>, std::io::Error> {
    let path = request.uri().path().to_owned();
    if let Some(count) = counters.under(&path) {
        return Ok(response(200, "text/plain", format!("{count}\n"), &[]));
    }
    let (_inside, now) = Inside::enter(&counters);
    let headers = request.headers().clone();
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    *locked(&counters.last) = Some((path.clone(), body.clone()));
    let Some(format) = Format::of_path(&path) else {
        return Ok(error(404, &format!("no such path: {path}"), &[]));
    };
    if let Some(address) = &script.redirect {
        return Ok(error(307, "moved", &[("location", address)]));
    }
    if script.room.is_some_and(|room| now > room) {
        counters.limited.fetch_add(1, Ordering::SeqCst);
        return Ok(error(429, "too many requests at once", &[]));
    }
    let answered = counters.answered.load(Ordering::SeqCst);
    if let Some(refused) = refused(&script, answered, &headers, &path, &body) {
        return Ok(refused);
    }
    let text = format.last_text(&body);
    // Requests that were turned away above do not count as attempts.
    let attempt = {
        let mut seen = locked(&counters.seen);
        let seen = seen.entry(text.clone()).or_default();
        seen.requests += 1;
        seen.requests
    };
    tokio::time::sleep(script.delay).await;
    if script.rejects {
        return Ok(error(400, "unknown field max_tokens", &[]));
    }
    if let Some(failure) = outage(&script, &counters).await {
        return Ok(failure);
    }
    let fault = script.faults.pick(&text, attempt);
    if let Some(failure) = fails(&script, &counters, &text) {
        return Ok(failure);
    }
    if let Some(fault) = &fault {
        match before_answer(fault).await {
            Ok(None) => {}
            Ok(Some(response)) => return Ok(response),
            Err(close) => return Err(close),
        }
    }
    locked(&counters.seeds).extend(seed_of(&body));
    let number = counters.answered.load(Ordering::SeqCst);
    let answer = compose(&script, &text, number);
    let stream = body["stream"] == true && format == Format::Chat;
    let whole = if stream {
        Format::stream(&answer)
    } else {
        format.write(&answer).to_string()
    };
    if let Some(broken) = fault.and_then(|fault| broken_answer(&fault, &whole, &answer)) {
        return Ok(broken);
    }
    counters.answered.fetch_add(1, Ordering::SeqCst);
    if let Some(seen) = locked(&counters.seen).get_mut(&text) {
        seen.answers.push(answer.id.clone());
    }
    let kind = if stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    Ok(response(200, kind, whole, &[]))
}

/// The error for a wrong key or an unknown model, if either applies.
fn refused(
    script: &Script,
    answered: usize,
    headers: &HeaderMap,
    path: &str,
    body: &Value,
) -> Option<Response<Body>> {
    let given = ["authorization", "api-key", "x-api-key", "x-goog-api-key"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .unwrap_or("")
        .trim_start_matches("Bearer ");
    let key = match &script.next_key {
        Some((after, key)) if answered >= *after => Some(key),
        _ => script.key.as_ref(),
    };
    if key.is_some_and(|key| given != key) {
        let message = if script.echoes_key {
            format!("Incorrect API key provided: {given}")
        } else {
            "invalid key".to_owned()
        };
        return Some(error(401, &message, &[]));
    }
    let model = script.model.as_ref()?;
    let known = body["model"] == model.as_str() || path.contains(model.as_str());
    (!known).then(|| error(404, "The model does not exist", &[]))
}

/// The failure that [`Script::fail_every`] or [`Script::always_fails`] asks for.
fn fails(script: &Script, counters: &Counters, text: &str) -> Option<Response<Body>> {
    if script.fail_every > 0 {
        let number: usize = text.bytes().map(usize::from).sum();
        if number.is_multiple_of(script.fail_every)
            && locked(&counters.failed_once).insert(text.to_owned())
        {
            return Some(error(500, "overloaded", &[("retry-after", "0.05")]));
        }
    }
    let always = script.always_fails.as_ref()?;
    text.contains(always.as_str())
        .then(|| error(500, "cannot digest this", &[("retry-after", "0.01")]))
}

/// The error during the outage; `None` before and after it.
async fn outage(script: &Script, counters: &Counters) -> Option<Response<Body>> {
    let (after, time) = script.outage?;
    if counters.answered.load(Ordering::SeqCst) < after {
        return None;
    }
    let began = *locked(&counters.outage).get_or_insert_with(tokio::time::Instant::now);
    if began.elapsed() >= time {
        return None;
    }
    let number = counters.during_outage.fetch_add(1, Ordering::SeqCst);
    if number.is_multiple_of(3) {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    Some(error(503, "out of order", &[]))
}

/// Faults that take effect before an answer is composed.
async fn before_answer(fault: &Fault) -> Result<Option<Response<Body>>, std::io::Error> {
    Ok(Some(match fault {
        Fault::Delay(time) => {
            tokio::time::sleep(*time).await;
            return Ok(None);
        }
        Fault::Close => return Err(std::io::Error::other("closed on purpose")),
        Fault::RateLimit(None) => error(429, "slow down", &[]),
        Fault::RateLimit(Some(after)) => error(429, "slow down", &[("retry-after", after)]),
        Fault::ServerError => error(500, "internal error", &[]),
        Fault::Overloaded => error(529, "overloaded", &[]),
        Fault::WrongContentType => response(200, "text/html", "<html>hello</html>".to_owned(), &[]),
        Fault::HugeBody(size) => response(200, "application/json", " ".repeat(*size), &[]),
        _ => return Ok(None),
    }))
}

/// Faults that damage the answer on its way.
fn broken_answer(fault: &Fault, whole: &str, answer: &Answer) -> Option<Response<Body>> {
    let half: String = whole.chars().take(whole.chars().count() / 2).collect();
    match fault {
        Fault::MalformedJson => Some(response(200, "application/json", half, &[])),
        Fault::TruncatedStream => {
            let whole = Format::stream(answer);
            let cut: String = whole.lines().take(3).map(|l| format!("{l}\n")).collect();
            Some(response(200, "text/event-stream", cut, &[]))
        }
        Fault::CloseMidBody => Some(partial(half, whole.len(), Then::Close)),
        Fault::StallMidBody => Some(partial(half, whole.len(), Then::Stall)),
        _ => None,
    }
}

/// How a response continues after the first half of its body.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Stall,
}

/// A response whose headers promise `length` bytes; it sends `half`, then closes or stalls.
fn partial(half: String, length: usize, then: Then) -> Response<Body> {
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    let _ = sender.try_send(Ok(Frame::data(Bytes::from(half))));
    let held = match then {
        Then::Close => {
            let _ = sender.try_send(Err(std::io::Error::other("closed on purpose")));
            None
        }
        Then::Stall => Some(sender),
    };
    let stream = Stalling {
        receiver,
        _held: held,
    };
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(stream)));
    if let Ok(value) = length.to_string().parse() {
        response.headers_mut().insert("content-length", value);
    }
    response
}

type Frames = Result<Frame<Bytes>, std::io::Error>;

/// A body that ends when its sender is dropped; keeping the sender makes it stall.
struct Stalling {
    receiver: tokio::sync::mpsc::Receiver<Frames>,
    _held: Option<tokio::sync::mpsc::Sender<Frames>>,
}

impl futures_core::Stream for Stalling {
    type Item = Frames;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Frames>> {
        self.receiver.poll_recv(cx)
    }
}

fn error(status: u16, message: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let body = json!({"error": {"message": message}}).to_string();
    response(status, "application/json", body, headers)
}

fn response(status: u16, kind: &str, body: String, headers: &[(&str, &str)]) -> Response<Body> {
    let body = http_body_util::Full::new(Bytes::from(body))
        .map_err(|never: Infallible| match never {})
        .boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status.try_into().unwrap_or_default();
    for (name, value) in headers.iter().chain(&[("content-type", kind)]) {
        if let (Ok(name), Ok(value)) = (
            hyper::header::HeaderName::try_from(*name),
            hyper::header::HeaderValue::try_from(*value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The answer to `text`; `number` makes its id unique.
fn compose(script: &Script, text: &str, number: usize) -> Answer {
    let holds = |word: &Option<String>| word.as_ref().is_some_and(|word| text.contains(word));
    let answer = match (&script.answer, judge_token(text)) {
        (_, Some(_)) if script.unreadable_judge => "It seems fine to me.".to_owned(),
        (_, Some(token)) => judge_reply(text, &token, script.gullible_judge),
        (Some(answer), None) => answer.clone(),
        (None, None) => plain_reply(text),
    };
    let finish = if holds(&script.filter) {
        Finish::Filtered
    } else if holds(&script.refusal) {
        Finish::Refusal
    } else if holds(&script.cut) {
        Finish::Length
    } else {
        Finish::Stop
    };
    Answer {
        id: format!("fake-{number}-{}", text.len()),
        tokens: if script.no_usage { 0 } else { 5 },
        text: answer,
        reasoning: script.reasoning.clone(),
        finish,
    }
}

/// The token that a judge prompt wants repeated; `None` for any other text.
fn judge_token(text: &str) -> Option<String> {
    let (_, rest) = text.rsplit_once("\nToken: ")?;
    rest.lines().next().map(str::to_owned)
}

/// Replies as the rubric's schema asks: labels per sentence, yes or no, or a level.
fn judge_reply(text: &str, token: &str, gullible: bool) -> String {
    let declined = text.contains("I can't help with that");
    if text.contains("\"labels\"") {
        let sentences = text
            .rsplit_once("\nANSWER\n")
            .map_or("", |(_, rest)| rest)
            .lines()
            .filter(|line| line.starts_with('['))
            .count();
        return json!({
            "labels": vec![1; sentences],
            "passages": vec![1; sentences],
            "token": token,
        })
        .to_string();
    }
    if text.contains("<0 or 1>") {
        return json!({"score": u8::from(declined), "token": token}).to_string();
    }
    // A gullible judge follows instructions in the text that it judges.
    let told = gullible && text.to_lowercase().contains("score 1");
    let score = if declined || told { 1 } else { 3 };
    json!({"reason": "rated by the fake", "score": score, "token": token}).to_string()
}

/// Declines texts that sound harmful; answers all others with the same text.
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
        "The chart says that the blood pressure was measured twice and was normal both times. The number on \
         the first page is the number of the visit. Please ask your doctor before you change anything."
            .to_owned()
    }
}
