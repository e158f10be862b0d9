//! A calibration is a judge's verdicts beside people's labels on the same answers, kept row
//! by row and without any text, so that every measure can be computed from it anew.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Instrument, Perspective, UnscoredReason};

/// The format of a calibration file.
pub const CALIBRATION_FORMAT: u32 = 2;

/// One judge measured against people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Format of the file: [`CALIBRATION_FORMAT`].
    pub nocere_calibration: u32,
    /// The judge. A judge with another hash is another, uncalibrated instrument.
    pub instrument: Instrument,
    /// The labels of its scale, lowest first.
    pub scale: Vec<String>,
    /// Where the labels come from, in words.
    pub source: String,
    /// What else a reader must know, such as that the judge was trained on similar data.
    #[serde(default)]
    pub note: String,
    /// Hash over the labels' file.
    pub labels: ContentHash,
    /// RFC 3339, UTC.
    pub created: String,
    /// Who labelled.
    pub raters: Vec<String>,
    /// Every labelled answer.
    pub rows: Vec<CalibrationRow>,
}

/// One labelled answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationRow {
    /// Answers of one cluster are not independent: the same probe, by number.
    pub cluster: u64,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perspective: Option<Perspective>,
    /// The category, if the labels say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// BCP 47 tag, if the labels say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// For judges of several checks: which of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// What each rater said, as places on the scale, in the order of the raters.
    pub ratings: Vec<Option<usize>>,
    /// What the raters agree on; `None` if they are split.
    pub human: Option<usize>,
    /// What the judge said; `None` if it gave no score.
    pub judge: Option<usize>,
    /// Why it gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unscored: Option<UnscoredReason>,
    /// The judge's own probability of a refusal, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

impl CalibrationRow {
    /// Human and judge, where both said something.
    pub fn pair(&self) -> Option<(usize, usize)> {
        Some((self.human?, self.judge?))
    }
}

/// What most of `ratings` say; `None` without ratings or if the most frequent are several.
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
