//! Finds targets by name: resolves entries of `nocere.yaml` and `provider:model`, and builds the
//! models behind them.

mod model_file;
mod replay;
mod resolve;
mod sampling;
mod settings;

pub(crate) use replay::settled;

pub use model_file::model_path;
pub use resolve::{Models, Resolved};
pub use sampling::{SamplingOverrides, sampling};
