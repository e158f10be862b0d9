//! Published results of other models, to compare a target with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Expect;

/// One published table: how many answers of each model got each label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineTable {
    /// Id of the protocol's part that it belongs to.
    pub part: String,
    /// For parts whose probes have different expectations: the expectation that it covers.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// The measure of its judge, such as `harm`: see [`crate::measure`].
    pub measure: String,
    /// Labels of its columns, in the order of the values.
    pub labels: Vec<String>,
    /// Its place in the source, such as a table or figure number.
    pub figure: String,
    /// Number of answers of each model.
    pub answers: u64,
    /// The judge that was used; `None` if the source does not say.
    #[serde(default)]
    pub judge: Option<String>,
    /// Caveats for readers, such as a different prompt; empty if there are none.
    #[serde(default)]
    pub note: String,
    /// True if the values are percentages, false if they are counts.
    #[serde(default)]
    pub percent: bool,
    /// Models in the source's order, each with one value per label.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// One published table of mean levels by category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineMeans {
    /// Id of the protocol's part or roll-up that it belongs to. In a roll-up the categories are the
    /// titles of its groups, `overall` for their mean, and `all answers` for the figure over all of them.
    pub part: String,
    /// Its place in the source, such as a table or figure number.
    pub figure: String,
    /// The judge that was used; `None` if the source does not say.
    #[serde(default)]
    pub judge: Option<String>,
    /// Caveats for readers, such as a different prompt; empty if there are none.
    #[serde(default)]
    pub note: String,
    /// Categories, in the order of the values.
    pub categories: Vec<String>,
    /// Models in the source's order, each with one mean per category.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// A file of published results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baselines {
    /// Format version of the file, always 1.
    pub nocere_baselines: u32,
    /// Kebab-case id.
    pub id: String,
    /// Id of the protocol that produced the results.
    pub protocol: String,
    /// As a report shows it.
    pub title: String,
    /// The publication.
    pub source: String,
    /// How the values were read from the source, and known faults in them.
    pub notes: Vec<String>,
    /// Full names of models that the source abbreviates.
    #[serde(default)]
    pub models: BTreeMap<String, String>,
    /// Tables over labels.
    #[serde(default)]
    pub tables: Vec<BaselineTable>,
    /// Tables of mean levels.
    #[serde(default)]
    pub means: Vec<BaselineMeans>,
}
