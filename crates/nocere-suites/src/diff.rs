//! Differences between two versions of a suite.

use std::collections::BTreeMap;

use nocere_core::{Probe, ProbeId, Suite};
use serde::Serialize;

/// A probe that is in both versions and differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The probe's id.
    pub id: String,
    /// The fields that differ: name, old value and new value as JSON.
    pub fields: Vec<(String, serde_json::Value, serde_json::Value)>,
}

/// Differences between an old and a new suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SuiteDiff {
    /// Fields of the header that differ: name, old value and new value.
    pub header: Vec<(String, String, String)>,
    /// Ids of categories that only the old suite has.
    pub categories_removed: Vec<String>,
    /// Ids of categories that only the new suite has.
    pub categories_added: Vec<String>,
    /// Ids of categories whose title or checks differ.
    pub categories_changed: Vec<String>,
    /// Ids of probes that only the old suite has.
    pub removed: Vec<ProbeId>,
    /// Ids of probes that only the new suite has.
    pub added: Vec<ProbeId>,
    /// Probes that are in both suites and differ.
    pub changed: Vec<Change>,
    /// Number of probes that are the same in both.
    pub same: usize,
}

impl SuiteDiff {
    /// Returns true if both suites have the same probes, so that runs over them ask the same.
    /// Header and categories may still differ.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }
}

/// Compares two suites: headers, categories by id, and probes by id.
pub fn diff(old: &Suite, new: &Suite) -> SuiteDiff {
    let header = [
        ("id", old.id.as_str(), new.id.as_str()),
        ("version", &old.version, &new.version),
        ("title", &old.title, &new.title),
        ("description", &old.description, &new.description),
        ("licence", &old.licence, &new.licence),
        ("source", &old.source, &new.source),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(name, old, new)| (name.to_owned(), old.to_owned(), new.to_owned()))
    .collect();
    let mut found = SuiteDiff {
        header,
        ..SuiteDiff::default()
    };
    for category in &old.categories {
        match new.categories.iter().find(|other| other.id == category.id) {
            None => found.categories_removed.push(category.id.clone()),
            Some(other) if other != category => found.categories_changed.push(category.id.clone()),
            Some(_) => {}
        }
    }
    let is_new = |id: &str| old.categories.iter().all(|category| category.id != id);
    let added = new.categories.iter().map(|category| category.id.clone());
    found.categories_added = added.filter(|id| is_new(id)).collect();

    let by_id = |suite: &'_ Suite| -> BTreeMap<ProbeId, Probe> {
        let probes = suite.probes.iter();
        probes
            .map(|probe| (probe.id.clone(), probe.clone()))
            .collect()
    };
    let (before, after) = (by_id(old), by_id(new));
    let removed = before.keys().filter(|id| !after.contains_key(*id));
    found.removed = removed.cloned().collect();
    for (id, probe) in &after {
        match before.get(id) {
            None => found.added.push(id.clone()),
            Some(earlier) => {
                let fields = fields(earlier, probe);
                if fields.is_empty() {
                    found.same += 1;
                } else {
                    found.changed.push(Change {
                        id: id.to_string(),
                        fields,
                    });
                }
            }
        }
    }
    found
}

/// The fields that differ. The suite's id is not counted as a field of the probe.
fn fields(old: &Probe, new: &Probe) -> Vec<(String, serde_json::Value, serde_json::Value)> {
    let object = |probe: &Probe| match serde_json::to_value(probe) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (object(old), object(new));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let value = |map: &serde_json::Map<String, serde_json::Value>, name: &str| {
        map.get(name).cloned().unwrap_or(serde_json::Value::Null)
    };
    names
        .into_iter()
        .filter(|name| *name != "suite")
        .map(|name| (name.clone(), value(&old, name), value(&new, name)))
        .filter(|(_, old, new)| old != new)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;

    #[test]
    fn additions_removals_and_changes_are_told_apart() {
        let old = builtin("nocere-triads").unwrap().unwrap();
        assert!(diff(&old, &old).is_empty());
        let mut new = old.clone();
        new.version = "9.9.9".to_owned();
        let gone = new.probes.remove(0);
        new.probes[0].severity = 1;
        let mut extra = new.probes[1].clone();
        extra.id = "extra".into();
        new.probes.push(extra);
        let found = diff(&old, &new);
        assert_eq!(found.removed, [gone.id]);
        assert_eq!(found.added, ["extra"]);
        assert_eq!(found.changed.len(), 1);
        assert_eq!(found.changed[0].fields[0].0, "severity");
        assert_eq!(found.header[0].0, "version");
        assert_eq!(found.same, old.probes.len() - 2);
    }
}
