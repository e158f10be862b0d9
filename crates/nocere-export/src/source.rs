//! What is exported, and which of its texts may leave.

use std::{borrow::Cow, collections::BTreeMap};

use nocere_analysis::{RunReport, SuiteHead, WITHHELD};
use nocere_core::{
    ContentHash, FigureRow, Instrument, ModelError, Sample, SuiteId, Verdict, measure,
};

/// What may be done with the texts of a suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Texts {
    /// They are written as they are.
    #[default]
    Open,
    /// The suite's licence is not known to allow copies: prompts are written as hashes.
    Hashed,
    /// The hidden half of a divided suite: neither prompts nor answers nor reasons are written.
    Withheld,
}

/// A run to export, without its samples.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The run's figures, suites, targets and judges.
    pub report: &'a RunReport,
    /// The rows of the figures, which say what counts as an error.
    pub figures: &'a [FigureRow],
    /// What may be done with each suite's texts; suites that are not named are open.
    pub texts: &'a BTreeMap<SuiteId, Texts>,
}

impl<'a> Source<'a> {
    /// What may be done with the texts of a sample.
    pub(crate) fn texts(&self, sample: &Sample) -> Texts {
        let known = self.texts.get(&sample.probe.suite);
        known.copied().unwrap_or_default()
    }

    pub(crate) fn suite(&self, id: &SuiteId) -> Option<&'a SuiteHead> {
        self.report.suites.iter().find(|suite| suite.id == *id)
    }

    /// The figures that count this verdict.
    pub(crate) fn counting(
        &self,
        sample: &Sample,
        instrument: &Instrument,
    ) -> impl Iterator<Item = &'a FigureRow> {
        let figures = self.figures.iter();
        figures
            .filter(|figure| figure.measure == instrument.measure && figure.applies(&sample.probe))
    }

    /// The figures in which this verdict counts as an error.
    pub(crate) fn errors(
        &self,
        sample: &Sample,
        instrument: &Instrument,
        verdict: &Verdict,
    ) -> Vec<&'a FigureRow> {
        let figures = self.figures.iter();
        figures
            .filter(|figure| figure.counts_error(&sample.probe, instrument, verdict))
            .collect()
    }
}

impl Texts {
    /// A text of the asker, or what replaces it.
    pub(crate) fn prompt(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Open => text,
            Self::Hashed => prompt_hash(&text).into(),
            Self::Withheld => WITHHELD.into(),
        }
    }

    /// A text of the model or of a judge, or what replaces it.
    pub(crate) fn said(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Open | Self::Hashed => text,
            Self::Withheld => WITHHELD.into(),
        }
    }
}

/// Replaces what may quote a suite whose texts may not be passed on.
const QUOTES: &str = "withheld: may quote the suite";

impl Texts {
    /// Whether what this judge writes and marks may leave: judges of points, keys and documents quote
    /// the suite.
    pub(crate) fn shows(self, instrument: &Instrument) -> bool {
        let quotes = [measure::POINTS, measure::ANSWER, measure::GROUNDING];
        match self {
            Self::Open => true,
            Self::Hashed => !quotes.contains(&instrument.measure.as_str()),
            Self::Withheld => false,
        }
    }

    /// A judge's reason, or what replaces it.
    pub(crate) fn reason<'a>(self, instrument: &Instrument, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::Hashed if !self.shows(instrument) => QUOTES.into(),
            texts => texts.said(text.into()),
        }
    }

    /// Why a conversation ended early. A server may repeat the prompt in its words, so that only the
    /// kind of the error leaves where the prompt may not.
    pub(crate) fn error(self, error: &ModelError) -> String {
        if self == Self::Open {
            return error.to_string();
        }
        let value = serde_json::to_value(error).unwrap_or_default();
        value["kind"].as_str().unwrap_or("error").to_owned()
    }
}

/// The BLAKE3 hash of a prompt's text: whoever has the set can match it.
fn prompt_hash(text: &str) -> String {
    format!("blake3:{}", ContentHash::of_bytes(text.as_bytes()))
}

/// All samples that carry at least one verdict, once for each; those without any, once.
pub(crate) fn each_verdict<'a, E>(
    source: &Source<'a>,
    sample: &Sample,
    mut each: impl FnMut(Option<(&'a Instrument, &Verdict)>) -> Result<(), E>,
) -> Result<(), E> {
    let mut judged = false;
    for instrument in &source.report.instruments {
        if let Some(verdict) = sample.verdict(&instrument.hash) {
            each(Some((instrument, verdict)))?;
            judged = true;
        }
    }
    // An answer that nobody judged is in the file all the same.
    if judged { Ok(()) } else { each(None) }
}
