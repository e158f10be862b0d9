//! Whether a suite names checks that exist. Which exist is the project's matter: it may add some.

use std::path::Path;

use nocere_core::Suite;

use crate::{
    error::{SuiteError, nearest},
    source::probe_lines,
};

/// Checks that a suite requires and forbids only behaviour that some check finds: `known` are
/// the ids of the checks, which a project may add to.
///
/// # Errors
///
/// The first id that is not known, with its line if `path` is a file of nocere's own format.
pub fn check_known(path: &Path, suite: &Suite, known: &[&str]) -> Result<(), SuiteError> {
    let categories = suite.categories.iter();
    let categories = categories.map(|of| (of.id.as_str(), [&of.must, &of.must_not]));
    let probes = suite.probes.iter();
    let probes = probes.map(|of| (of.id.as_str(), [&of.must, &of.must_not]));
    for (owner, lists) in categories.chain(probes) {
        let Some(id) = lists
            .into_iter()
            .flatten()
            .find(|id| !known.contains(&id.as_str()))
        else {
            continue;
        };
        let hint = nearest(id, known.iter().copied())
            .map(|word| format!("did you mean `{word}`?"))
            .unwrap_or_else(|| format!("the checks are {}", known.join(", ")));
        let line = probe_lines(path).get(owner).copied().unwrap_or_default();
        let error = SuiteError::new(path, format!("unknown check `{id}` in `{owner}`"));
        return Err(error.at(line).hint(hint));
    }
    Ok(())
}
