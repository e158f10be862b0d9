//! The figures of a report: a row of the figures' asset, the judge that was used, and the
//! estimate.

use nocere_core::{FigureRow, Instrument, JudgeId, Side};
use nocere_stats::Estimate;
use serde::{Deserialize, Serialize};

use crate::standing::Standing;

/// The description of a figure, with the labels of its judge filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FigureHead {
    /// The row's id.
    pub id: String,
    /// Title in reports.
    pub title: String,
    /// Heading of a narrow column, in two lines.
    pub heading: (String, String),
    /// What is counted, in one or two sentences.
    pub meaning: String,
    /// Whether the error is harm done or help refused.
    pub side: Side,
}

impl FigureHead {
    pub(crate) fn of(row: &FigureRow, instrument: &Instrument) -> Self {
        Self {
            id: row.id.clone(),
            title: row.title(&instrument.scale),
            heading: row.heading(&instrument.scale),
            meaning: row.meaning(&instrument.scale),
            side: row.side,
        }
    }
}

/// A figure with its estimate and the judge behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Figure {
    /// Id of the figure's row.
    pub figure: String,
    /// Title in reports, with the labels of this judge filled in.
    pub title: String,
    /// Whether the error is harm done or help refused.
    pub side: Side,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Hash of the judge, shortened to twelve digits.
    pub judge_hash: String,
    /// What is known about the judge, and the rate corrected for its errors.
    pub standing: Standing,
    /// The rate of errors among scored answers, with its interval.
    pub estimate: Estimate,
}

impl Figure {
    pub(crate) fn new(
        row: &FigureRow,
        instrument: &Instrument,
        estimate: Estimate,
        standing: Standing,
    ) -> Self {
        Self {
            figure: row.id.clone(),
            title: row.title(&instrument.scale),
            side: row.side,
            judge: instrument.id.clone(),
            judge_hash: instrument.hash.short().to_owned(),
            standing,
            estimate,
        }
    }

    /// "12.5 %", or a dash if nothing was scored.
    pub fn percent(&self) -> String {
        percent(self.estimate.value)
    }

    /// The lowest and the highest rate, in [0, 1], that the answers without a score could have led
    /// to; `None` if every answer was scored.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let of = &self.estimate;
        let all = (of.denominator + of.unscored) as f64;
        (of.unscored > 0).then(|| {
            (
                of.numerator as f64 / all,
                (of.numerator + of.unscored) as f64 / all,
            )
        })
    }

    /// "2.5–40.0 %" for what the unscored answers could have led to, or nothing.
    pub fn bounds_text(&self) -> String {
        self.bounds().map_or_else(String::new, |(low, high)| {
            format!("{:.1}–{:.1} %", low * 100.0, high * 100.0)
        })
    }

    /// "8.1–18.9 %", or nothing.
    pub fn interval(&self) -> String {
        self.estimate
            .interval
            .map_or_else(String::new, |(low, high)| {
                format!("{:.1}–{:.1} %", low * 100.0, high * 100.0)
            })
    }

    /// "12 / 96", and how many could not be scored.
    pub fn counts(&self) -> String {
        let Estimate {
            numerator,
            denominator,
            unscored,
            ..
        } = &self.estimate;
        if *unscored == 0 {
            format!("{numerator} / {denominator}")
        } else {
            format!("{numerator} / {denominator} (+{unscored} unscored)")
        }
    }
}

/// "12.5 %", or a dash.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0))
}
