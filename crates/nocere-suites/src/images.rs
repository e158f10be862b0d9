//! Reads the images of probes: PNG and JPEG, decoded whole, so that a damaged or hostile file is found
//! before anything is sent.

use std::{io::Cursor, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{ImageFormat, ImageReader, Limits};
use nocere_core::{Part, keep_image};

/// Largest file in bytes: what hosted endpoints take.
const MAX_BYTES: usize = 10 << 20;
/// Largest width and height in pixels.
const MAX_SIDE: u32 = 8_192;
/// Most memory for decoding.
const MAX_MEMORY: u64 = 512 << 20;

/// The image `name` of a suite at `suite`: a path relative to it, or the file itself as
/// `data:image/png;base64,…`. Kept for messages to show.
///
/// # Errors
///
/// The file cannot be read, is too large, is neither PNG nor JPEG, or is damaged.
pub fn read(suite: &Path, name: &str) -> Result<Part, String> {
    if let Some(data) = name.strip_prefix("data:") {
        let encoded = data.split_once(";base64,").map(|(_, encoded)| encoded);
        let bytes = encoded
            .and_then(|encoded| STANDARD.decode(encoded.trim()).ok())
            .ok_or("an image that begins with `data:` is not written in base64")?;
        return checked("data:…", bytes);
    }
    if let Some(bytes) = crate::builtin::image(suite, name) {
        return checked(name, bytes.to_vec());
    }
    let path = suite.parent().unwrap_or(Path::new("")).join(name);
    let size =
        std::fs::metadata(&path).map_err(|error| format!("image {}: {error}", path.display()))?;
    if size.len() > MAX_BYTES as u64 {
        return Err(too_large(name, size.len()));
    }
    let bytes =
        std::fs::read(&path).map_err(|error| format!("image {}: {error}", path.display()))?;
    checked(name, bytes)
}

fn too_large(name: &str, bytes: u64) -> String {
    format!("image `{name}` has {bytes} bytes; at most {MAX_BYTES} are read")
}

fn checked(name: &str, bytes: Vec<u8>) -> Result<Part, String> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(name, bytes.len() as u64));
    }
    let media_type = match image::guess_format(&bytes) {
        Ok(ImageFormat::Png) => "image/png",
        Ok(ImageFormat::Jpeg) => "image/jpeg",
        _ => {
            let begin: String = String::from_utf8_lossy(&bytes).chars().take(12).collect();
            return Err(format!(
                "image `{name}` is neither PNG nor JPEG, whatever its name: it begins with {begin:?}"
            ));
        }
    };
    // The header says how large it is: that is looked at before anything is decoded.
    let reader = || ImageReader::new(Cursor::new(&bytes)).with_guessed_format();
    let size = reader()
        .map_err(|error| error.to_string())
        .and_then(|reader| reader.into_dimensions().map_err(|error| error.to_string()));
    let (width, height) = size.map_err(|error| format!("image `{name}` is damaged: {error}"))?;
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!(
            "image `{name}` has {width} × {height} pixels; at most {MAX_SIDE} × {MAX_SIDE} are read"
        ));
    }
    let decoded = reader()
        .map_err(|error| error.to_string())
        .and_then(|mut reader| {
            let mut limits = Limits::default();
            limits.max_alloc = Some(MAX_MEMORY);
            reader.limits(limits);
            reader.decode().map_err(|error| error.to_string())
        });
    decoded.map_err(|error| format!("image `{name}` is damaged: {error}"))?;
    Ok(keep_image(media_type, bytes))
}

/// An image as it is written in a suite of its own: the file itself.
pub(crate) fn data_address(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of one colour.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let canvas = image::GrayImage::new(width, height);
        canvas
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn only_whole_pictures_of_a_sane_size_are_read() {
        assert!(checked("a.png", png(4, 4)).is_ok());
        let mut truncated = png(64, 64);
        truncated.truncate(60);
        let fault = |bytes: Vec<u8>| checked("a.png", bytes).unwrap_err();
        assert!(fault(truncated).contains("is damaged"));
        assert!(fault(png(9_000, 1)).contains("9000 × 1 pixels"));
        // The header of a picture of 30,000 × 30,000 pixels is enough to refuse it.
        let mut huge = png(4, 4);
        huge[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
        huge[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
        // The decoder looks at the checksum of the header first; either way nothing is decoded.
        let said = fault(huge);
        assert!(
            said.contains("30000 × 30000") || said.contains("is damaged"),
            "{said}"
        );
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec();
        assert!(fault(svg).contains("neither PNG nor JPEG"));
        assert!(fault(vec![0; MAX_BYTES + 1]).contains("bytes; at most"));
        assert!(fault(Vec::new()).contains("neither"));
    }

    #[test]
    fn a_data_address_is_the_file_itself() {
        let bytes = png(3, 5);
        let address = data_address("image/png", &bytes);
        let part = read(Path::new("s.yaml"), &address).unwrap();
        let Part::Image { hash, .. } = &part else {
            panic!("{part:?}");
        };
        assert_eq!(nocere_core::image(hash).unwrap().bytes, bytes);
        assert!(read(Path::new("s.yaml"), "data:image/png,x").is_err());
        assert!(
            read(Path::new("s.yaml"), "nowhere.png")
                .unwrap_err()
                .contains("nowhere.png")
        );
    }
}
