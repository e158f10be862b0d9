//! What parent and child say to each other: JSON documents, each after its length in four bytes.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
};

use nocere_core::{ChatReply, ChatRequest, ModelError, ModelIdentity};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::LocalOptions;

/// Longest document, in bytes. A group is 32 conversations.
const MAX_BYTES: u32 = 256 << 20;

/// What the parent asks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// The first document: the model to load.
    Load(Load),
    /// Requests to answer together.
    Group { id: u64, requests: Vec<ChatRequest> },
    /// Nobody waits for this group any more.
    Cancel { id: u64 },
}

/// A model to load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) options: LocalOptions,
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Tell {
    /// The model is loaded.
    Loaded(Loaded),
    /// The model cannot be loaded.
    Failed {
        message: String,
        /// Whether the file is at fault, not the machine.
        refused: bool,
    },
    /// The reply to one request of a group.
    Reply {
        id: u64,
        index: usize,
        result: Result<ChatReply, ModelError>,
    },
    /// Every request of the group has been answered.
    Done { id: u64 },
}

/// What the parent must know of a loaded model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Loaded {
    pub(crate) identity: ModelIdentity,
    pub(crate) context_tokens: u32,
    pub(crate) notes: Vec<String>,
}

/// Writes one document.
pub(crate) fn send(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(document)?;
    let length = u32::try_from(bytes.len())
        .ok()
        .filter(|length| *length <= MAX_BYTES)
        .ok_or_else(|| io::Error::other("the conversation is too long"))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&bytes)?;
    out.flush()
}

/// Reads one document; `None` at the end.
pub(crate) fn receive<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_BYTES {
        return Err(io::Error::other("it is not a document"));
    }
    let mut bytes = Vec::new();
    let read = input.by_ref().take(length.into()).read_to_end(&mut bytes)?;
    if read < length as usize {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_back_and_noise_is_an_error_or_the_end() {
        let mut bytes = Vec::new();
        send(&mut bytes, &Ask::Cancel { id: 7 }).unwrap();
        let mut input = bytes.as_slice();
        assert!(matches!(
            receive(&mut input),
            Ok(Some(Ask::Cancel { id: 7 }))
        ));
        assert!(matches!(receive::<Ask>(&mut input), Ok(None)));
        assert!(matches!(
            receive::<Ask>(&mut &bytes[..bytes.len() - 1]),
            Ok(None)
        ));
        assert!(receive::<Ask>(&mut b"ggml.c:1: GGML_ASSERT".as_slice()).is_err());
        assert!(receive::<Ask>(&mut b"\x02\0\0\0{}".as_slice()).is_err());
    }
}
