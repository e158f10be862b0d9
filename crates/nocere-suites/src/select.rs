//! Chooses a balanced part of the probes.

use std::collections::BTreeMap;

use nocere_core::{Expect, Perspective, Probe, ProbeId, Suite, SuiteId, key::derive_seed};

/// The rank of a probe's matter, its suite and its id.
type Candidate = (u64, SuiteId, ProbeId);

/// Keeps at most `limit` probes over all suites: in turn from each perspective and each
/// expected behaviour, matter by matter in an order at random, so that the siblings, twins and
/// other wordings that figures compare stay together as far as the limit allows. Which ones
/// depends on `seed` and the probes' ids and matters only, so a larger limit keeps all that a
/// smaller one chose.
pub fn balanced(suites: &mut [Suite], limit: usize, seed: u64) {
    let mut cells: BTreeMap<(Expect, Perspective), Vec<Candidate>> = BTreeMap::new();
    for probe in suites.iter().flat_map(|suite| &suite.probes) {
        // Without the suite: a translation goes with the matter that it translates.
        let group = probe.matter.as_deref().unwrap_or(probe.origin());
        let rank = derive_seed(seed, &format!("select {group}"));
        cells
            .entry((probe.expect, probe.perspective))
            .or_default()
            .push((rank, probe.suite.clone(), probe.id.clone()));
    }
    for cell in cells.values_mut() {
        cell.sort_unstable_by(|a, b| b.cmp(a));
    }
    let mut chosen = std::collections::BTreeSet::new();
    while chosen.len() < limit && cells.values().any(|cell| !cell.is_empty()) {
        for cell in cells.values_mut() {
            if chosen.len() == limit {
                break;
            }
            if let Some((_, suite, id)) = cell.pop() {
                chosen.insert((suite, id));
            }
        }
    }
    let keep = |probe: &Probe| chosen.contains(&(probe.suite.clone(), probe.id.clone()));
    for suite in suites {
        suite.probes.retain(keep);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn chosen(limit: usize, seed: u64) -> Vec<Probe> {
        let mut suites = vec![crate::builtin("nocere-triads").unwrap().unwrap()];
        balanced(&mut suites, limit, seed);
        suites.remove(0).probes
    }

    #[test]
    fn every_perspective_and_expectation_is_there() {
        let probes = chosen(90, 0);
        assert_eq!(probes.len(), 90);
        for perspective in Perspective::ALL {
            let count = probes
                .iter()
                .filter(|probe| probe.perspective == perspective)
                .count();
            assert!((20..=40).contains(&count), "{perspective}: {count}");
            let of_six = chosen(6, 0)
                .iter()
                .filter(|probe| probe.perspective == perspective)
                .count();
            assert_eq!(of_six, 2, "{perspective}");
        }
    }

    #[test]
    fn what_figures_compare_stays_together() {
        let probes = chosen(120, 0);
        let ids: BTreeSet<&str> = probes.iter().map(|probe| probe.id.as_str()).collect();
        let twins = probes.iter().filter_map(|probe| probe.twin_of.as_deref());
        assert!(twins.filter(|of| ids.contains(of)).count() >= 15);
        let mut matters: BTreeMap<&str, BTreeSet<Perspective>> = BTreeMap::new();
        for probe in &probes {
            let matter = probe.matter.as_deref().unwrap();
            matters.entry(matter).or_default().insert(probe.perspective);
        }
        let whole = matters.values().filter(|who| who.len() == 3).count();
        assert!(whole >= 10, "{whole} of {}", matters.len());
    }

    #[test]
    fn translations_go_with_their_matters() {
        let mut suites: Vec<Suite> = ["nocere-triads", "nocere-languages"]
            .map(|id| crate::builtin(id).unwrap().unwrap())
            .into();
        balanced(&mut suites, 300, 0);
        let matters = |suite: &Suite| -> BTreeSet<String> {
            let probes = suite.probes.iter();
            probes.filter_map(|probe| probe.matter.clone()).collect()
        };
        let (originals, translated) = (matters(&suites[0]), matters(&suites[1]));
        assert!(!translated.is_empty());
        let together = translated.intersection(&originals).count();
        assert!(
            together * 10 >= translated.len() * 8,
            "{together} of {}",
            translated.len()
        );
    }

    #[test]
    fn a_larger_limit_keeps_what_a_smaller_one_chose() {
        let small = chosen(20, 3);
        let large = chosen(60, 3);
        assert!(small.iter().all(|probe| large.contains(probe)));
        assert_ne!(small, chosen(20, 4));
    }
}
