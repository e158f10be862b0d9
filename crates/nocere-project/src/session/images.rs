//! Images of a run: their bytes lie among the blobs of its journal.

use std::collections::BTreeSet;

use nocere_core::{ContentHash, Message, Probe, image, keep_image};
use nocere_store::{Blob, Journal, RunReader, StoreError};

use crate::{Project, ProjectError};

/// Writes the images of `probes` into the journal.
///
/// # Errors
///
/// The journal cannot be written.
pub(super) fn store_images(journal: &Journal, probes: &[Probe]) -> Result<(), StoreError> {
    let messages = probes.iter().flat_map(|probe| &probe.messages);
    let hashes: BTreeSet<&ContentHash> = messages.flat_map(Message::images).collect();
    let blobs: Vec<Blob> = hashes
        .into_iter()
        .filter_map(|hash| {
            let image = image(hash)?;
            Some(Blob {
                hash: hash.clone(),
                media_type: image.media_type.clone(),
                bytes: image.bytes.clone(),
            })
        })
        .collect();
    if blobs.is_empty() {
        return Ok(());
    }
    journal.add_blobs(&blobs)
}

impl Project {
    /// Keeps the images of a run's probes in this process, so that pages can show them.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn keep_images(&self, run: &str) -> Result<(), ProjectError> {
        Ok(restore_images(&self.run(run)?)?)
    }
}

/// Keeps the images of a run's probes, so that they can be shown to a target again.
///
/// # Errors
///
/// The journal cannot be read.
pub(super) fn restore_images(reader: &RunReader) -> Result<(), StoreError> {
    for blob in reader.blobs()? {
        keep_image(&blob.media_type, blob.bytes);
    }
    Ok(())
}
