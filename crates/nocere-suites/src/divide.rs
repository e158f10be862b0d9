//! Divides a suite into a half that may be published and a half that is kept back, so that a model
//! which was trained on the published one is found out.

use std::collections::BTreeMap;

use nocere_core::{Probe, ProbeId, Suite, SuiteHalf, key::derive_seed};

/// Divides `suite`: the open half and the hidden one. About `share` of the matters of each category
/// become hidden; which ones depends only on `seed`. Probes that belong together (a matter, a twin,
/// a restatement, a group of swaps) stay together. The halves have the suite's id with `-open` and
/// `-hidden`.
pub fn divide(suite: &Suite, share: f64, seed: u64) -> (Suite, Suite) {
    let groups = groups(&suite.probes);
    let mut by_category: BTreeMap<&str, Vec<(u64, &[usize])>> = BTreeMap::new();
    for group in &groups {
        let first = &suite.probes[group[0]];
        let rank = derive_seed(seed, &format!("half {}", first.id));
        by_category
            .entry(&first.category)
            .or_default()
            .push((rank, group));
    }
    let mut hidden = vec![false; suite.probes.len()];
    // What rounding leaves over is carried on, so that small categories do not all fall to one half.
    let mut owed = 0.0;
    for members in by_category.values_mut() {
        members.sort_unstable();
        owed += members.len() as f64 * share;
        let count = (owed.round().max(0.0) as usize).min(members.len());
        owed -= count as f64;
        for (_, group) in members.iter().take(count) {
            for place in *group {
                hidden[*place] = true;
            }
        }
    }
    (half(suite, &hidden, false), half(suite, &hidden, true))
}

/// Places of the probes that belong together.
fn groups(probes: &[Probe]) -> Vec<Vec<usize>> {
    let ids: BTreeMap<&ProbeId, usize> = (0..)
        .zip(probes)
        .map(|(place, probe)| (&probe.id, place))
        .collect();
    // The place of the first probe of each group, by place.
    let mut first: Vec<usize> = (0..probes.len()).collect();
    let mut named: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (place, probe) in probes.iter().enumerate() {
        let mut with: Vec<usize> = [&probe.twin_of, &probe.restates]
            .into_iter()
            .flatten()
            .filter_map(|id| ids.get(id).copied())
            .collect();
        let names = [
            probe.matter.as_deref().map(|name| ("matter", name)),
            probe
                .swap
                .as_ref()
                .map(|swap| ("swap", swap.group.as_str())),
        ];
        with.extend(
            names
                .into_iter()
                .flatten()
                .map(|name| *named.entry(name).or_insert(place)),
        );
        for other in with {
            let (a, b) = (root(&first, place), root(&first, other));
            let (low, high) = (a.min(b), a.max(b));
            first[high] = low;
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in 0..probes.len() {
        groups.entry(root(&first, place)).or_default().push(place);
    }
    groups.into_values().collect()
}

fn root(first: &[usize], mut place: usize) -> usize {
    while first[place] != place {
        place = first[place];
    }
    place
}

fn half(suite: &Suite, hidden: &[bool], wanted: bool) -> Suite {
    let name = if wanted { "hidden" } else { "open" };
    let id = format!("{}-{name}", suite.id);
    let probes: Vec<Probe> = suite
        .probes
        .iter()
        .zip(hidden)
        .filter(|(_, is_hidden)| **is_hidden == wanted)
        .map(|(probe, _)| Probe {
            suite: id.as_str().into(),
            ..probe.clone()
        })
        .collect();
    Suite {
        id: id.into(),
        title: format!("{}, {name} half", suite.title),
        hash: Suite::content_hash(&suite.categories, &probes),
        half: Some(SuiteHalf {
            of: suite.id.clone(),
            hidden: wanted,
        }),
        probes,
        ..suite.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::builtin;

    #[test]
    fn halves_are_disjoint_and_keep_together_what_belongs_together() {
        for id in ["nocere-triads", "nocere-swaps"] {
            let suite = builtin(id).unwrap().unwrap();
            let (open, hidden) = divide(&suite, 0.5, 7);
            assert_eq!(open.probes.len() + hidden.probes.len(), suite.probes.len());
            let part = hidden.probes.len() as f64 / suite.probes.len() as f64;
            assert!((0.4..0.6).contains(&part), "{part}");
            let names = |half: &Suite| -> BTreeSet<String> {
                let of = |probe: &Probe| {
                    let swap = probe.swap.as_ref().map(|swap| swap.group.clone());
                    probe.matter.clone().or(swap)
                };
                half.probes.iter().filter_map(of).collect()
            };
            assert!(names(&open).is_disjoint(&names(&hidden)));
            assert!(hidden.is_hidden() && !open.is_hidden());
            assert_eq!(divide(&suite, 0.5, 7).1, hidden);
            assert_ne!(divide(&suite, 0.5, 8).1.hash, hidden.hash);
        }
    }
}
