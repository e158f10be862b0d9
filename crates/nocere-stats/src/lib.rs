//! Pure numerics: an [`Estimate`] is a value with its interval, its counts and the method
//! that made them. Nothing here knows about probes, judges or files.

pub mod agreement;

mod bootstrap;
pub mod classification;
mod clopper_pearson;
mod cluster;
pub mod correction;
mod estimate;
#[cfg(test)]
mod golden;
pub mod paired;
pub mod planning;
mod quantile;
mod resample;
mod wilson;

pub use bootstrap::{cluster_bootstrap_mean, cluster_bootstrap_rate};
pub use clopper_pearson::clopper_pearson_interval;
pub use estimate::{Estimate, Method, rate_of_clusters};
pub use resample::Resampling;
pub use wilson::wilson_interval;
