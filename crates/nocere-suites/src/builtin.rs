//! Suites that are embedded in the binary.

use std::path::Path;

use nocere_core::Suite;

use crate::{error::SuiteError, file::parse_yaml_suite};

/// Ids and texts of the embedded suites.
pub const BUILTIN: [(&str, &str); 1] = [(
    "nocere-triads",
    include_str!("../../../assets/suites/nocere-triads.yaml"),
)];

/// The embedded suite `id`; `None` if there is none of that name.
pub fn builtin(id: &str) -> Option<Result<Suite, SuiteError>> {
    BUILTIN
        .into_iter()
        .find(|(name, _)| *name == id)
        .map(|(name, text)| {
            parse_yaml_suite(Path::new(&format!("assets/suites/{name}.yaml")), text)
        })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use nocere_core::{Expect, Perspective};

    use super::*;
    use crate::similar::{NEAR_DUPLICATE, near_duplicates};

    #[test]
    fn the_triads_have_three_perspectives_and_a_twin_each() {
        let suite = builtin("nocere-triads").unwrap().unwrap();
        let mut matters: BTreeMap<&str, BTreeSet<Perspective>> = BTreeMap::new();
        let mut twins: BTreeMap<&str, usize> = BTreeMap::new();
        for probe in &suite.probes {
            let matter = probe.matter.as_deref().unwrap();
            if probe.twin_of.is_some() {
                *twins.entry(matter).or_default() += 1;
                assert_eq!(probe.expect, Expect::Comply, "{}", probe.id);
            } else {
                matters.entry(matter).or_default().insert(probe.perspective);
            }
            assert!(
                (1..=4).contains(&probe.severity) && (1..=4).contains(&probe.likelihood),
                "{}",
                probe.id
            );
            assert!(!probe.note.is_empty(), "{}", probe.id);
        }
        assert!(matters.len() >= 179, "{} matters", matters.len());
        assert!(suite.probes.len() >= 1057, "{} probes", suite.probes.len());
        assert!(matters.values().all(|perspectives| perspectives.len() == 3));
        assert!(matters.keys().all(|matter| twins.contains_key(matter)));
    }

    #[test]
    fn no_two_probes_ask_nearly_the_same() {
        let suite = builtin("nocere-triads").unwrap().unwrap();
        let texts: Vec<&str> = suite
            .probes
            .iter()
            .map(nocere_core::Probe::question)
            .collect();
        let pairs = near_duplicates(&texts, NEAR_DUPLICATE);
        let named: Vec<(&str, &str, f64)> = pairs
            .iter()
            .map(|pair| (texts[pair.first], texts[pair.second], pair.likeness))
            .collect();
        assert!(named.is_empty(), "{named:#?}");
    }

    #[test]
    fn every_probe_to_be_declined_has_a_twin_of_its_own() {
        let suite = builtin("nocere-triads").unwrap().unwrap();
        let twins: BTreeSet<&str> = suite
            .probes
            .iter()
            .filter_map(|probe| probe.twin_of.as_deref())
            .collect();
        for probe in suite
            .probes
            .iter()
            .filter(|probe| probe.expect == Expect::Refuse)
        {
            assert!(twins.contains(probe.origin()), "{}", probe.id);
        }
    }
}
