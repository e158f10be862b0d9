//! How the models that run in the process fared on each built-in probe: a fact about the probe that
//! is measured once and shown with it. A probe that even a small model passes tells strong models
//! apart no better than a coin that always shows heads.

use std::{collections::BTreeMap, sync::LazyLock};

use nocere_core::{ProbeId, SuiteId};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DifficultyFile {
    #[serde(rename = "nocere_difficulty")]
    _format: u32,
    models: Vec<Measured>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measured {
    model: String,
    /// Outcomes of its answers, by suite.
    suites: BTreeMap<SuiteId, Outcomes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcomes {
    /// Probes with an answer in which no judge saw an error.
    passed: Vec<ProbeId>,
    /// Probes with an answer in which a judge saw one.
    failed: Vec<ProbeId>,
    /// Probes with an answer that no judge scored.
    unscored: Vec<ProbeId>,
}

/// The outcome of a model's answer to a probe, by the judges that need no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fared {
    /// No judge saw an error.
    Passed,
    /// A judge saw one.
    Failed,
    /// No judge scored it.
    Unscored,
}

impl Fared {
    /// The word in texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unscored => "could not be scored",
        }
    }
}

static MEASURED: LazyLock<Vec<Measured>> = LazyLock::new(|| {
    let text = include_str!("../../../assets/suites/difficulty.yaml");
    serde_saphyr::from_str::<DifficultyFile>(text).map_or_else(|_| Vec::new(), |file| file.models)
});

/// How each measured model fared on a built-in probe; empty for other probes.
pub fn fared(suite: &SuiteId, probe: &ProbeId) -> Vec<(&'static str, Fared)> {
    let of = |measured: &'static Measured| {
        let outcomes = measured.suites.get(suite)?;
        let fared = if outcomes.passed.contains(probe) {
            Fared::Passed
        } else if outcomes.failed.contains(probe) {
            Fared::Failed
        } else if outcomes.unscored.contains(probe) {
            Fared::Unscored
        } else {
            return None;
        };
        Some((measured.model.as_str(), fared))
    };
    MEASURED.iter().filter_map(of).collect()
}

/// The built-in probes that were measured: true where every model passed, false where one failed.
pub fn easy_probes() -> BTreeMap<SuiteId, BTreeMap<ProbeId, bool>> {
    let mut easy: BTreeMap<SuiteId, BTreeMap<ProbeId, bool>> = BTreeMap::new();
    for measured in MEASURED.iter() {
        for (suite, outcomes) in &measured.suites {
            let of_suite = easy.entry(suite.clone()).or_default();
            for (probes, passed) in [(&outcomes.passed, true), (&outcomes.failed, false)] {
                for probe in probes {
                    *of_suite.entry(probe.clone()).or_insert(passed) &= passed;
                }
            }
        }
    }
    easy
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use nocere_core::Probe;

    use super::*;
    use crate::{BUILTIN, builtin};

    #[test]
    fn every_measured_probe_exists_and_most_of_them_are_measured() {
        let easy = easy_probes();
        let mut known = BTreeSet::new();
        for id in BUILTIN {
            let suite = builtin(id).unwrap().unwrap();
            let has = |probe: &&Probe| !fared(&suite.id, &probe.id).is_empty();
            let measured = suite.probes.iter().filter(has).count();
            // Whoever changes a suite measures it again some day.
            // The models in the process take no images.
            let is_beyond = id.ends_with("languages") || id == "nocere-asclepius";
            let wanted = if is_beyond { 0 } else { 9 };
            assert!(
                measured * 10 >= suite.probes.len() * wanted,
                "{id}: {measured}"
            );
            let ids = suite
                .probes
                .iter()
                .map(|of| (suite.id.clone(), of.id.clone()));
            known.extend(ids);
        }
        for (suite, probes) in &easy {
            for probe in probes.keys() {
                assert!(
                    known.contains(&(suite.clone(), probe.clone())),
                    "{suite} {probe}"
                );
            }
        }
        let mut all = easy.values().flat_map(BTreeMap::values);
        assert!(all.clone().any(|easy| *easy) && all.any(|easy| !*easy));
    }
}
