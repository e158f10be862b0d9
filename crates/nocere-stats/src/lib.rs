//! Pure numerics: an [`Estimate`] is a value with its interval, its counts and the method
//! that made them. Nothing here knows about probes, judges or files.

mod bootstrap;
mod estimate;
mod wilson;

pub use bootstrap::cluster_bootstrap_rate;
pub use estimate::{Estimate, Method, rate_of_clusters};
pub use wilson::wilson_interval;
