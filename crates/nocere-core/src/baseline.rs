//! Published figures of other models, so that a target can be seen beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Expect;

/// One published table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineTable {
    /// The protocol's part that it belongs to.
    pub part: String,
    /// For parts whose probes differ in what is expected: which of them.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// What it shows: the measure of the judge behind it.
    pub measure: String,
    /// The labels of its columns, in the order of the values.
    pub labels: Vec<String>,
    /// Where it stands in the source.
    pub figure: String,
    /// Answers to each model.
    pub answers: u64,
    /// The judge behind it; `None` where the source does not say.
    #[serde(default)]
    pub judge: Option<String>,
    /// What a reader must know.
    #[serde(default)]
    pub note: String,
    /// Whether the values are per cent; counts otherwise.
    #[serde(default)]
    pub percent: bool,
    /// Models in the source's order, with a value for each label.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// Mean levels by category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineMeans {
    /// The protocol's part that it belongs to.
    pub part: String,
    /// Where it stands in the source.
    pub figure: String,
    /// The judge behind it; `None` where the source does not say.
    #[serde(default)]
    pub judge: Option<String>,
    /// What a reader must know.
    #[serde(default)]
    pub note: String,
    /// The categories, in the order of the values.
    pub categories: Vec<String>,
    /// Models with their means.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// A file of published figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baselines {
    /// Format version of the file; 1.
    pub nocere_baselines: u32,
    /// Kebab-case id.
    pub id: String,
    /// The protocol whose figures they are.
    pub protocol: String,
    /// As a report shows it.
    pub title: String,
    /// Where they were published.
    pub source: String,
    /// How they were read from the source, and what is wrong with them.
    pub notes: Vec<String>,
    /// Full names of models that the source abbreviates.
    #[serde(default)]
    pub models: BTreeMap<String, String>,
    /// Tables over labels.
    pub tables: Vec<BaselineTable>,
    /// Tables of mean levels.
    #[serde(default)]
    pub means: Vec<BaselineMeans>,
}
