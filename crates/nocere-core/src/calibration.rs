//! A calibration holds a judge's verdicts and people's labels of the same answers. It keeps every
//! row, but no text, so that any measure can be recomputed from it.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Expect, Instrument, Perspective, UnscoredReason};

/// The current format of calibration files.
pub const CALIBRATION_FORMAT: u32 = 2;

/// A judge's verdicts on answers that people have labelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Format of the file: [`CALIBRATION_FORMAT`].
    pub nocere_calibration: u32,
    /// The judge. A judge with another hash is another, uncalibrated instrument.
    pub instrument: Instrument,
    /// The labels of its scale, lowest first.
    pub scale: Vec<String>,
    /// Where the labels come from, for people.
    pub source: String,
    /// Caveats for readers, such as that the judge was trained on similar data; may be empty.
    #[serde(default)]
    pub note: String,
    /// Hash of the file of labels.
    pub labels: ContentHash,
    /// When it was measured: RFC 3339, UTC.
    pub created: String,
    /// Names or pseudonyms of the raters.
    pub raters: Vec<String>,
    /// Every labelled answer.
    pub rows: Vec<CalibrationRow>,
}

/// One labelled answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationRow {
    /// Number of the probe. Answers to one probe are not independent and form a cluster.
    pub cluster: u64,
    /// Who asked, if the labels say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perspective: Option<Perspective>,
    /// What was due, if the labels say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// The category, if the labels say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// BCP 47 tag, if the labels say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// For judges of several checks: id of the check that the row is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Each rater's label as an index into the scale, in the order of `raters`; `None` if the
    /// rater gave none.
    pub ratings: Vec<Option<usize>>,
    /// The raters' label as an index into the scale; `None` if they are split.
    pub human: Option<usize>,
    /// The judge's label as an index into the scale; `None` if it gave no score.
    pub judge: Option<usize>,
    /// Why the judge gave no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unscored: Option<UnscoredReason>,
    /// The judge's own probability of a refusal, from 0 to 1, if it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

impl CalibrationRow {
    /// The labels of human and judge; `None` unless both gave one.
    pub fn pair(&self) -> Option<(usize, usize)> {
        Some((self.human?, self.judge?))
    }
}

/// The most frequent rating; `None` without ratings or if several are equally frequent.
pub fn majority(ratings: &[Option<usize>]) -> Option<usize> {
    let said: Vec<usize> = ratings.iter().flatten().copied().collect();
    let count = |place: usize| said.iter().filter(|other| **other == place).count();
    let best = said.iter().copied().max_by_key(|place| count(*place))?;
    let rival = said
        .iter()
        .any(|place| *place != best && count(*place) == count(best));
    (!rival).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_vote_has_no_majority() {
        assert_eq!(majority(&[Some(1), Some(2), Some(1)]), Some(1));
        assert_eq!(majority(&[Some(1), Some(2)]), None);
        assert_eq!(majority(&[Some(1), None]), Some(1));
        assert_eq!(majority(&[None]), None);
    }
}
