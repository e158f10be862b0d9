//! What the tables of a protocol are drawn from.

use nocere_core::{
    Baselines, Calibration, Expect, Instrument, KeyKind, PartRecord, ProtocolRecord, Suite,
    TableColumn, TargetId,
};

use crate::{
    run_judge::RunJudge,
    tally::{Facts, Tally},
};

/// The inputs of the tables.
pub(crate) struct Source<'a> {
    pub(crate) protocol: &'a ProtocolRecord,
    pub(crate) suites: &'a [Suite],
    pub(crate) instruments: &'a [Instrument],
    pub(crate) targets: &'a [TargetId],
    pub(crate) tally: &'a Tally,
    pub(crate) baselines: &'a [Baselines],
    pub(crate) calibrations: &'a [Calibration],
    /// The run's seed.
    pub(crate) seed: u64,
}

/// The probes of a part that one of its tables is about; all by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slice {
    /// What a good answer does.
    pub(crate) expect: Option<Expect>,
    /// What kind of answer the key asks for.
    pub(crate) key: Option<KeyKind>,
}

/// Whether a probe belongs to a table of `part`.
pub(crate) fn is_here(facts: &Facts, part: &PartRecord, slice: Slice) -> bool {
    facts.suite == part.suite
        && slice.expect.is_none_or(|expect| facts.expect == expect)
        && slice.key.is_none_or(|key| facts.key == key)
}

/// Where published figures come from, in a sentence.
pub(crate) fn note(
    source: &str,
    figure: &str,
    judge: Option<&str>,
    answers: Option<u64>,
    more: &str,
) -> String {
    let judge = judge.unwrap_or("not stated in the paper");
    let answers = answers.map_or_else(String::new, |answers| format!(", {answers} answers each"));
    format!("{source}, {figure}{answers}; judge: {judge}. {more}")
        .trim_end()
        .to_owned()
}

/// The judges of the part's measure that read it.
pub(crate) fn judges<'a>(
    source: &'a Source<'_>,
    part: &'a PartRecord,
) -> impl Iterator<Item = RunJudge<'a>> {
    RunJudge::all(source.instruments).filter(|RunJudge { instrument, .. }| {
        instrument.measure == part.measure && source.protocol.reads(&instrument.id, &part.suite)
    })
}

/// Indices of a column's labels in `labels`.
pub(crate) fn places(column: &TableColumn, labels: &[String]) -> Vec<usize> {
    let wanted = column.labels.iter();
    wanted
        .filter_map(|wanted| labels.iter().position(|label| label == wanted))
        .collect()
}

/// Indices of the labels of the part's headline column; `None` if it has none.
pub(crate) fn headline_places(part: &PartRecord, labels: &[String]) -> Option<Vec<usize>> {
    let headline = part.headline.as_ref()?;
    let column = part.columns.iter().find(|column| column.title == *headline);
    Some(match column {
        Some(column) => places(column, labels),
        None => labels
            .iter()
            .position(|label| label == headline)
            .into_iter()
            .collect(),
    })
}
