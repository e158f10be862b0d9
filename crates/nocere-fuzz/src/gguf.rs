//! Headers of GGUF files: the weights of models, which are downloaded from anywhere.

use nocere_local::gguf::read_header;

use crate::input::with_file;

/// A header, and nothing behind it.
pub(crate) fn gguf(bytes: &[u8]) {
    let read = with_file("model.gguf", bytes, read_header);
    if let Some(Ok(header)) = read {
        assert!(header.expected_bytes <= bytes.len() as u64, "{header:?}");
        assert!(!header.architecture.is_empty() || bytes.len() > 24);
    }
}
