//! Network and server faults, and when they occur. They depend only on seed, text and attempt,
//! so two runs with the same faults can be compared.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

/// One kind of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer is delayed.
    Delay(Duration),
    /// Half of the body arrives, then nothing; the connection stays open.
    StallMidBody,
    /// The connection closes before an answer.
    Close,
    /// Half of the body arrives, then the connection closes.
    CloseMidBody,
    /// Status 429, with this `Retry-After` header if given.
    RateLimit(Option<&'static str>),
    /// Status 500.
    ServerError,
    /// Status 529.
    Overloaded,
    /// Status 200 with half a JSON document.
    MalformedJson,
    /// Status 200 with an HTML page.
    WrongContentType,
    /// Status 200 with server-sent events that stop midway.
    TruncatedStream,
    /// Status 200 with a body of this many bytes.
    HugeBody(usize),
}

impl Fault {
    /// Temporary faults: a client must survive each of them and still get its answer.
    pub fn all_passing() -> Vec<Self> {
        vec![
            Self::Delay(Duration::from_millis(30)),
            Self::Close,
            Self::CloseMidBody,
            Self::RateLimit(None),
            Self::RateLimit(Some("0.02")),
            Self::ServerError,
            Self::Overloaded,
            Self::MalformedJson,
            Self::WrongContentType,
            Self::TruncatedStream,
        ]
    }
}

/// How often requests fail, and with what.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Seed that decides which attempts fail.
    pub seed: u64,
    /// Share of attempts that fail, in [0, 1].
    pub rate: f64,
    /// Faults to choose from, with equal probability. No faults if empty.
    pub kinds: Vec<Fault>,
}

impl Faults {
    /// The fault for attempt number `attempt` with this text, if any.
    pub(crate) fn pick(&self, text: &str, attempt: usize) -> Option<Fault> {
        if self.kinds.is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (self.seed, text, attempt).hash(&mut hasher);
        let number = hasher.finish();
        // The upper 53 bits give a uniform share in [0, 1).
        let share = (number >> 11) as f64 / (1_u64 << 53) as f64;
        let kind = (number % 1_000_003) as usize % self.kinds.len();
        (share < self.rate).then(|| self.kinds[kind].clone())
    }
}
