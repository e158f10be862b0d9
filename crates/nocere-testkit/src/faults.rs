//! What can go wrong on a line, and when: decided by seed, text and attempt alone, so that
//! two runs against the same faults can be compared.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

/// One kind of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes late.
    Delay(Duration),
    /// Half of the body comes, and then nothing more.
    StallMidBody,
    /// The connection closes before an answer.
    Close,
    /// Half of the body comes, and the connection closes.
    CloseMidBody,
    /// 429, with or without `Retry-After`.
    RateLimit(Option<&'static str>),
    /// 500.
    ServerError,
    /// 529.
    Overloaded,
    /// 200 with half a JSON document.
    MalformedJson,
    /// 200 with a page of HTML.
    WrongContentType,
    /// 200 with server-sent events that end in the middle.
    TruncatedStream,
    /// 200 with a body of so many bytes.
    HugeBody(usize),
}

impl Fault {
    /// Everything that a client must survive and that passes.
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

/// How often what goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Decides which attempts fail.
    pub seed: u64,
    /// Share of attempts that fail, from 0 to 1.
    pub rate: f64,
    /// What they fail with, in equal parts.
    pub kinds: Vec<Fault>,
}

impl Faults {
    /// What happens to the `attempt`-th request with this text.
    pub(crate) fn pick(&self, text: &str, attempt: usize) -> Option<Fault> {
        if self.kinds.is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (self.seed, text, attempt).hash(&mut hasher);
        let number = hasher.finish();
        let share = (number >> 11) as f64 / (1_u64 << 53) as f64;
        let kind = (number % 1_000_003) as usize % self.kinds.len();
        (share < self.rate).then(|| self.kinds[kind].clone())
    }
}
