//! Images of probes. Messages hold an image's hash; its bytes lie here while the process runs, and
//! among the journal's blobs for good.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{ContentHash, Message, Part};

/// An image's bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Image {
    /// MIME type, such as `image/png`.
    pub media_type: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// By hash. The same bytes have the same hash everywhere, so who put them there does not matter.
static IMAGES: RwLock<BTreeMap<ContentHash, Arc<Image>>> = RwLock::new(BTreeMap::new());

/// Keeps an image, and returns the part of a message that shows it.
pub fn keep_image(media_type: &str, bytes: Vec<u8>) -> Part {
    let hash = ContentHash::of_bytes(&bytes);
    let mut images = IMAGES.write().unwrap_or_else(PoisonError::into_inner);
    images.entry(hash.clone()).or_insert_with(|| {
        Arc::new(Image {
            media_type: media_type.to_owned(),
            bytes,
        })
    });
    Part::Image {
        hash,
        media_type: media_type.to_owned(),
    }
}

/// The image with this hash; `None` if nobody kept it.
pub fn image(hash: &ContentHash) -> Option<Arc<Image>> {
    let images = IMAGES.read().unwrap_or_else(PoisonError::into_inner);
    images.get(hash).cloned()
}

impl Message {
    /// Hashes of the message's images, in order.
    pub fn images(&self) -> impl Iterator<Item = &ContentHash> {
        self.parts.iter().filter_map(|part| match part {
            Part::Image { hash, .. } => Some(hash),
            Part::Text { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    #[test]
    fn an_image_is_found_by_its_hash() {
        let part = keep_image("image/png", b"bytes of a test".to_vec());
        let mut message = Message::new(Role::User, "What is this?");
        message.parts.push(part.clone());
        let hash = message.images().next().unwrap();
        assert_eq!(image(hash).unwrap().bytes, b"bytes of a test");
        assert_eq!(image(&ContentHash::of_bytes(b"nothing")), None);
        assert_eq!(keep_image("image/png", b"bytes of a test".to_vec()), part);
    }
}
