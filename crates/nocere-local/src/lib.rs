//! The model inside the process: any GGUF file, run by llama.cpp.
//!
//! [`LocalModel`] is a [`nocere_core::ChatModel`]; [`Catalog`] knows the models that can be
//! fetched and [`pull`] fetches them. This is the only crate with a C++ build behind it.

mod catalog;
mod decoder;
mod error;
pub mod gguf;
mod hashing;
mod memory;
mod model;
pub mod pull;
mod template;

pub use catalog::{Catalog, CatalogEntry, ModelKind};
pub use error::LocalError;
pub use hashing::{file_sha256, pinned_sha256};
pub use model::{Detailed, LocalModel, LocalOptions};
pub use template::ChatTemplate;
