//! The figures of a report: each is one row of the figures' asset under one judge, with its
//! estimate.

use nocere_core::{FigureRow, Instrument, Side};
use nocere_stats::Estimate;
use serde::{Deserialize, Serialize};

use crate::calibration::Standing;

/// A figure's row as a report shows it, with the bound of the judge that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FigureHead {
    /// The row's id.
    pub id: String,
    /// As a report heads it.
    pub title: String,
    /// As a narrow column heads it, in two lines.
    pub heading: (String, String),
    /// What is counted.
    pub meaning: String,
    /// Harm done or help refused.
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
    /// As a report heads it, with the bound of this judge.
    pub title: String,
    /// Harm done or help refused.
    pub side: Side,
    /// The judge, by its id.
    pub judge: String,
    /// The judge, by its hash.
    pub judge_hash: String,
    /// How far the judge is known, and what the rate is without its errors.
    pub standing: Standing,
    /// The rate.
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
