//! Counts of one kind of error by probe. They grow with the number of probes, not of answers.

use nocere_core::{Perspective, SuiteId, TargetId};

/// Answers to one probe: errors and scored answers.
#[derive(Clone, Copy)]
struct Cluster {
    position: i64,
    hits: u32,
    scored: u32,
}

/// Counts of one kind of error, by probe.
#[derive(Default)]
pub(crate) struct Cell {
    /// Sorted by the position of the probe.
    clusters: Vec<Cluster>,
    pub(crate) unscored: u64,
}

impl Cell {
    pub(crate) fn add(&mut self, position: i64, hits: Option<u32>) {
        let Some(hits) = hits else {
            self.unscored += 1;
            return;
        };
        // Answers come in the order of the probes, epoch by epoch, so most are appended.
        let at = match self.clusters.last() {
            Some(last) if last.position < position => Err(self.clusters.len()),
            _ => self
                .clusters
                .binary_search_by_key(&position, |cluster| cluster.position),
        };
        match at {
            Ok(at) => {
                self.clusters[at].hits += hits;
                self.clusters[at].scored += 1;
            }
            Err(at) => self.clusters.insert(
                at,
                Cluster {
                    position,
                    hits,
                    scored: 1,
                },
            ),
        }
    }
}

/// The answers that a cell counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) target: TargetId,
    pub(crate) perspective: Perspective,
    pub(crate) suite: SuiteId,
    pub(crate) category: String,
    /// Whether small models pass the probe; `None` where nobody knows.
    pub(crate) is_easy: Option<bool>,
}

/// The answers, figure and judge of a cell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CellKey {
    pub(crate) place: Place,
    /// Index of the figure's row.
    pub(crate) figure: usize,
    /// Index of the judge.
    pub(crate) judge: usize,
}

impl Cell {
    /// Errors and scored answers, with the position of each probe.
    pub(crate) fn by_probe(&self) -> impl Iterator<Item = (i64, (u64, u64))> {
        self.clusters.iter().map(|cluster| {
            let counts = (u64::from(cluster.hits), u64::from(cluster.scored));
            (cluster.position, counts)
        })
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.clusters
            .iter()
            .map(|cluster| (u64::from(cluster.hits), u64::from(cluster.scored)))
    }
}
