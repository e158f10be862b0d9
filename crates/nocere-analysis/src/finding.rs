//! The worst samples of a run, and those that could not be scored.

use nocere_core::{
    ErrorRule, FigureRow, Instrument, JudgeId, Perspective, ProbeId, Sample, Scored, SuiteId,
    TargetId, UnscoredReason, Verdict,
};
use serde::{Deserialize, Serialize};

/// A sample with at least one error that a figure lists.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The target's id.
    pub target: TargetId,
    /// The probe's id.
    pub probe: ProbeId,
    /// The suite's id.
    pub suite: SuiteId,
    /// Who asked.
    pub perspective: Perspective,
    /// Title of the category.
    pub category: String,
    /// What went wrong, one predicate of the answer each, such as "names a dose".
    pub problems: Vec<String>,
    /// The question, with documents replaced by their titles.
    pub question: String,
    /// What a good answer does, according to the probe; may be empty.
    pub note: String,
    /// The target's last answer. Hostile text.
    pub answer: String,
    /// Byte ranges of the passages of `answer` that the judges gave as evidence, sorted.
    pub evidence: Vec<(usize, usize)>,
    /// Severity × likelihood of the probe, from 1 to 16; 0 if the source does not say.
    pub risk: u8,
    /// Sum of the weights of its problems, plus twice the risk. Findings are sorted by it, highest
    /// first.
    pub weight: u32,
}

/// What stands in a report in place of a text from the hidden half of a suite.
pub const WITHHELD: &str = "withheld: the suite's hidden half";

impl Finding {
    /// The errors of one sample; `None` if no judge found a problem that figures list.
    pub fn of(
        sample: &Sample,
        figures: &[FigureRow],
        instruments: &[Instrument],
        category: &str,
    ) -> Option<Self> {
        assess(sample, figures, instruments, category)
    }

    /// The finding without the texts that say what was asked and what is due.
    #[must_use]
    pub fn withheld(self) -> Self {
        Self {
            problems: vec![format!("an error ({WITHHELD})")],
            question: WITHHELD.to_owned(),
            note: String::new(),
            answer: WITHHELD.to_owned(),
            evidence: Vec::new(),
            ..self
        }
    }
}

/// A sample that a judge could not score.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnscoredSample {
    /// The target's id.
    pub target: TargetId,
    /// The probe's id.
    pub probe: ProbeId,
    /// The judge's id.
    pub judge: JudgeId,
    /// Why it gave no score.
    pub reason: UnscoredReason,
    /// Details, in one line.
    pub detail: String,
}

/// Problems of one sample. A problem that two judges find is counted once.
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
        let of_items = matches!(figure.error, ErrorRule::AnyItem | ErrorRule::Items(_));
        if !of_items {
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
        for item in items.filter(|item| figure.is_error_item(&instrument.scale, item)) {
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

/// Byte ranges of a judge's evidence in the answer with index `last`: all, or those with one
/// label.
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

/// The finding for a sample; `None` if no judge found a problem that figures list.
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
        question: probe.asked(&row.transcript),
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
