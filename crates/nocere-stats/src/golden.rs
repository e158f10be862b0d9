//! Reads the golden files of the tests: rows of numbers written by an independent program.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Input and expected output of one call.
pub(crate) type Row = (Vec<f64>, Vec<f64>);

/// One golden file: the versions of the programs that wrote it, and the rows of input and
/// expected output per function.
#[derive(Deserialize)]
pub(crate) struct Golden {
    versions: BTreeMap<String, String>,
    functions: BTreeMap<String, Vec<Row>>,
}

impl Golden {
    pub(crate) fn read(text: &str) -> Self {
        let golden: Self = serde_json::from_str(text).unwrap();
        assert!(!golden.versions.is_empty());
        golden
    }

    /// The rows of one function; panics with fewer than ten.
    pub(crate) fn rows(&self, function: &str) -> &[Row] {
        let rows = &self.functions[function];
        assert!(rows.len() >= 10, "{function}: only {} rows", rows.len());
        rows
    }
}

#[track_caller]
pub(crate) fn assert_close(ours: f64, theirs: f64, tolerance: f64) {
    assert!(
        (ours - theirs).abs() <= tolerance * theirs.abs().max(1.0),
        "{ours} and {theirs}"
    );
}
