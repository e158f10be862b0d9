//! A judge by its place among the judges of a run: what counts are kept by.

use nocere_core::Instrument;

/// A judge of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunJudge<'a> {
    /// Its place among the run's judges; counts are kept by it, because it is shorter than a hash.
    pub(crate) number: usize,
    pub(crate) instrument: &'a Instrument,
}

impl<'a> RunJudge<'a> {
    /// The judges of a run, in their order.
    pub(crate) fn all(instruments: &'a [Instrument]) -> impl Iterator<Item = Self> {
        let numbered = instruments.iter().enumerate();
        numbered.map(|(number, instrument)| Self { number, instrument })
    }
}
