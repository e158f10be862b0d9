//! Paired comparison: two systems, or two versions of one, on the same probes.
//!
//! This module is responsible for tests and intervals of the difference, and for p-values
//! adjusted for many comparisons. It does not decide which difference matters.

mod difference;
mod mcnemar;
mod multiplicity;
mod sign_flip;
#[cfg(test)]
mod tests;

pub use difference::{PairedCluster, PairedDifference, cluster_difference, paired_difference};
pub use mcnemar::{McNemar, PairedCounts, mcnemar};
pub use multiplicity::{benjamini_hochberg, holm};
pub use sign_flip::{Enumeration, SignFlip, sign_flip_test};
