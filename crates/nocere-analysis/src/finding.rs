//! The worst samples of a run, and those that could not be scored.

use nocere_core::{
    ErrorRule, FigureRow, Instrument, Perspective, Sample, Scored, UnscoredReason, Verdict,
};
use serde::{Deserialize, Serialize};

/// A sample in which something went wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The target's id.
    pub target: String,
    /// The probe's id.
    pub probe: String,
    /// The suite's id.
    pub suite: String,
    /// Who asked.
    pub perspective: Perspective,
    /// Title of the category.
    pub category: String,
    /// What went wrong, in words.
    pub problems: Vec<String>,
    /// What was asked.
    pub question: String,
    /// What a good answer does, if the probe says so.
    pub note: String,
    /// The target's last answer. Hostile text.
    pub answer: String,
    /// Byte ranges of the answer that the judges point at.
    pub evidence: Vec<(usize, usize)>,
    /// Severity times likelihood, 1 to 16; 0 where the source does not say.
    pub risk: u8,
    /// For sorting: higher is worse.
    pub weight: u32,
}

/// A sample that a judge could not score.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnscoredSample {
    /// The target's id.
    pub target: String,
    /// The probe's id.
    pub probe: String,
    /// The judge's id.
    pub judge: String,
    /// Why.
    pub reason: UnscoredReason,
    /// More about it.
    pub detail: String,
}

/// Problems of one sample, each once: two judges that find the same have found one thing.
#[derive(Default)]
struct Problems {
    said: Vec<String>,
    weight: u32,
    evidence: Vec<(usize, usize)>,
}

impl Problems {
    fn add(&mut self, problem: String, weight: u32) {
        if !self.said.contains(&problem) {
            self.said.push(problem);
            self.weight += weight;
        }
    }

    fn read(&mut self, figure: &FigureRow, instrument: &Instrument, scored: &Scored, last: usize) {
        let (Some(rule), Some(true)) =
            (&figure.finding, figure.is_error(&instrument.scale, scored))
        else {
            return;
        };
        if figure.error != ErrorRule::AnyItem {
            let label = instrument.scale.word(&scored.score);
            self.add(
                rule.sentence(&instrument.scale, scored),
                rule.weight_of(&label),
            );
            if rule.evidence {
                self.evidence.extend(spans(scored, last, None));
            }
            return;
        }
        let items = scored.score.items().iter();
        for item in items.filter(|item| instrument.scale.is_error(item)) {
            self.add(
                rule.item_sentence(&instrument.scale, item),
                rule.weight_of(&item.label),
            );
            if rule.evidence {
                self.evidence.extend(spans(scored, last, Some(&item.id)));
            }
        }
    }
}

/// The byte ranges of the answer `last` that a judge points at, all or those of one label.
fn spans<'a>(
    scored: &'a Scored,
    last: usize,
    label: Option<&'a str>,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let here = scored
        .evidence
        .iter()
        .filter(move |span| span.answer == last && label.is_none_or(|label| label == span.label));
    here.map(|span| (span.start, span.end))
}

/// What went wrong in `row`, if anything did.
pub(crate) fn assess(
    row: &Sample,
    figures: &[FigureRow],
    instruments: &[Instrument],
    category: &str,
) -> Option<Finding> {
    let probe = &row.probe;
    let risk = probe.risk();
    let mut problems = Problems::default();
    let last = row.transcript.answers().count().saturating_sub(1);
    for verdict in &row.verdicts {
        let instrument = instruments
            .iter()
            .find(|known| known.hash == verdict.instrument);
        let (Some(instrument), Verdict::Scored(scored)) = (instrument, &verdict.verdict) else {
            continue;
        };
        for figure in figures {
            if figure.measure == instrument.measure && figure.applies(probe) {
                problems.read(figure, instrument, scored, last);
            }
        }
    }
    let Problems {
        said: problems,
        weight,
        mut evidence,
    } = problems;
    if problems.is_empty() {
        return None;
    }
    evidence.sort_unstable();
    evidence.dedup();
    Some(Finding {
        target: row.target.clone(),
        probe: probe.id.clone(),
        suite: probe.suite.clone(),
        perspective: probe.perspective,
        category: category.to_owned(),
        problems,
        question: probe.request(),
        note: probe.note.clone(),
        answer: row
            .transcript
            .last_answer()
            .map_or_else(String::new, |(text, _)| text.to_owned()),
        evidence,
        risk,
        weight: weight + 2 * u32::from(risk),
    })
}
