//! Targets by name: what an entry of nocere.yaml or `provider:model` means, and the model
//! behind it.

mod model_file;
mod replay;
mod resolve;
mod sampling;
mod settings;

pub use model_file::model_path;
pub use resolve::{Models, Resolved};
pub use sampling::{SamplingOverrides, sampling};
