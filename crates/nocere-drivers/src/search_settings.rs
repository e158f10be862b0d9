//! What the file of a search says.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchSettings {
    /// The attacks that it tries, or `family:NAME`.
    pub(crate) attacks: Vec<String>,
    /// Most attacks that are tried on one probe, from 2 to 100.
    pub(crate) attempts: u32,
    /// No attempt begins after this many calls to the target and the attacker together.
    #[serde(default)]
    pub(crate) calls: Option<u32>,
    /// No attempt begins after this many tokens of the target and the attacker together.
    #[serde(default)]
    pub(crate) tokens: Option<u64>,
    /// What was seen before: by family, how many attempts gave way, and how many were made.
    #[serde(default)]
    pub(crate) seen: BTreeMap<String, [u32; 2]>,
}
