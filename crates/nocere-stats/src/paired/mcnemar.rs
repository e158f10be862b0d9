//! McNemar's test: do two paired rates differ? Uses only the pairs that disagree.

use serde::{Deserialize, Serialize};

use crate::quantile::{binomial_cdf, normal_cdf};

/// Number of independent probes on which each of two systems shows a behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairedCounts {
    /// Probes where both systems show it.
    pub both: u64,
    /// Probes where only the first system shows it.
    pub only_first: u64,
    /// Probes where only the second system shows it.
    pub only_second: u64,
    /// Probes where neither system shows it.
    pub neither: u64,
}

impl PairedCounts {
    /// Number of probes.
    pub fn total(&self) -> u64 {
        self.both + self.only_first + self.only_second + self.neither
    }
}

/// The form of McNemar's test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum McNemar {
    /// Exact binomial: false alarms never exceed the stated rate and are usually far rarer.
    Exact,
    /// Exact with half the probability of the observed split: close to the stated rate of false
    /// alarms and seldom above it. Prefer this one (Fagerland, Lydersen and Laake 2013, BMC
    /// Med. Res. Methodol. 13:91).
    MidP,
    /// Chi-squared with continuity correction (Edwards 1948, Psychometrika 13:185–187), for
    /// comparison with other programs.
    ContinuityCorrected,
}

/// Two-sided p-value, in [0, 1], for the hypothesis that the two rates are equal.
///
/// McNemar (1947), Psychometrika 12:153–157: given `b + c` probes on which the two disagree,
/// both directions are equally likely. Exact: `2 P(X ≤ min(b, c))` with X binomial. Mid-p: the
/// exact value less `P(X = min)`, or `1 − P(X = b) / 2` if b = c. Corrected: chi-squared with
/// one degree of freedom at `max(|b − c| − 1, 0)² / (b + c)`.
/// Assumes independent probes with one answer from each system; for several answers use
/// [`sign_flip_test`](super::sign_flip_test). `None` without a probe; 1 if the two never
/// disagree.
pub fn mcnemar(counts: &PairedCounts, form: McNemar) -> Option<f64> {
    if counts.total() == 0 {
        return None;
    }
    let (fewer, more) = if counts.only_first < counts.only_second {
        (counts.only_first, counts.only_second)
    } else {
        (counts.only_second, counts.only_first)
    };
    let discordant = fewer + more;
    if discordant == 0 {
        return Some(1.0);
    }
    let up_to = binomial_cdf(fewer, discordant, 0.5);
    let below = if fewer == 0 {
        0.0
    } else {
        binomial_cdf(fewer - 1, discordant, 0.5)
    };
    Some(match form {
        McNemar::Exact => (2.0 * up_to).min(1.0),
        McNemar::MidP if fewer == more => 1.0 - (up_to - below) / 2.0,
        McNemar::MidP => up_to + below,
        McNemar::ContinuityCorrected => {
            let distance = ((more - fewer) as f64 - 1.0).max(0.0);
            // A chi-squared variable with one degree is a squared standard normal one.
            2.0 * normal_cdf(-distance / (discordant as f64).sqrt())
        }
    })
}
