//! Where a model runs: files that the catalogue pins in this process, all others in a child.
//!
//! llama.cpp ends its process where a file contradicts its assumptions, and it is C++ that reads
//! whatever the file holds. In a child, that ends the target and not the run.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use nocere_core::ChatModel;

use crate::{
    Catalog, LocalError, LocalModel, LocalOptions, child::ChildModel, gguf, pinned_sha256,
    wire::Load,
};

/// The program and its arguments that serve a model on standard input and output.
static CHILD: OnceLock<(PathBuf, &'static str)> = OnceLock::new();

/// Lets models that the catalogue does not pin run in `program`, which must call
/// [`serve`](crate::serve) when it is started with `argument`. Without this call, all models run
/// in this process. The first call counts.
pub fn use_child(program: PathBuf, argument: &'static str) {
    let _ = CHILD.set((program, argument));
}

/// A model that is ready to be asked.
pub struct Opened {
    /// The model.
    pub model: Arc<dyn ChatModel>,
    /// Most tokens that prompt and answer may have together.
    pub context_tokens: u32,
    /// What a reader of the results should know about how the model is asked.
    pub notes: Vec<String>,
}

impl Opened {
    /// Loads the file `path` as the model `name`, here or in a child. Its identity is the same in
    /// both.
    ///
    /// # Errors
    ///
    /// As [`LocalModel::load`]; [`LocalError::Refused`] and [`LocalError::Child`] instead of
    /// errors that only occur once llama.cpp reads the file.
    pub fn open(name: &str, path: &Path, options: LocalOptions) -> Result<Self, LocalError> {
        // Also here, because these errors are the most precise.
        gguf::read_header(path)?;
        match CHILD.get() {
            Some((program, argument)) if !is_pinned(path)? => {
                let load = Load {
                    name: name.to_owned(),
                    path: path.to_owned(),
                    options,
                };
                let model = ChildModel::start(program, argument, load)?;
                Ok(Self {
                    context_tokens: model.loaded().context_tokens,
                    notes: model.loaded().notes.clone(),
                    model: Arc::new(model),
                })
            }
            _ => {
                let model = LocalModel::load(name, path, options)?;
                Ok(Self {
                    context_tokens: model.context_tokens(),
                    notes: model.notes(),
                    model: Arc::new(model),
                })
            }
        }
    }
}

/// Whether the file is one of the catalogue.
fn is_pinned(path: &Path) -> Result<bool, LocalError> {
    let sha256 = pinned_sha256(path)?;
    let catalog = Catalog::embedded()?;
    Ok(catalog.iter().any(|entry| entry.sha256 == sha256))
}
