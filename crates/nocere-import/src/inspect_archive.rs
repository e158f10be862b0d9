//! An Inspect `.eval` archive: a zip with one JSON member per sample and a header.
//!
//! Of several members with the same name, the last one counts, as in Inspect itself. Members
//! can be hostile: a small archive can unpack to gigabytes. So the number of members and the
//! unpacked size are limited, for each member and for all together, and members are unpacked one
//! at a time.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use nocere_assets::open_file;
use zip::{ZipArchive, result::ZipError};

use crate::{error::ImportError, json_text, read::refused, row::Place};

/// Maximum size of an archive, in bytes.
const MAX_ARCHIVE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Maximum number of members. A sample is one member, and a log has few others.
const MAX_MEMBERS: u64 = 500_000;

/// Maximum unpacked size of one member, in bytes.
pub(crate) const MAX_MEMBER_BYTES: u64 = 64 * 1024 * 1024;

/// Maximum unpacked size of all members together, in bytes.
const MAX_TOTAL_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// An archive may unpack to this many bytes whatever its size ...
const FREE_BYTES: u64 = 128 * 1024 * 1024;

/// ... and beyond that to this many times its size. Logs repeat themselves, but not so often.
const MAX_RATIO: u64 = 200;

/// An open archive.
pub(crate) struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<BufReader<File>>,
    unpacked: u64,
    /// How much may be unpacked.
    budget: u64,
}

impl<'a> Archive<'a> {
    pub(crate) fn open(path: &'a Path) -> Result<Self, ImportError> {
        let unreadable = |error: std::io::Error| {
            ImportError::new(path, format!("failed to read the file: {error}"))
        };
        let mut file = open_file(path).map_err(|error| refused(path, &error))?;
        let size = file.metadata().map_err(unreadable)?.len();
        if size > MAX_ARCHIVE_BYTES {
            return Err(ImportError::new(
                path,
                format!("the archive has {size} bytes; at most {MAX_ARCHIVE_BYTES} are read"),
            )
            .hint("split the log"));
        }
        // Asked before the list of members is read, which takes memory for each.
        let stated = stated_members(&mut file, size).map_err(unreadable)?;
        let too_many = |members: u64| {
            ImportError::new(
                path,
                format!("the archive has {members} members; at most {MAX_MEMBERS} are read"),
            )
            .hint("split the log")
        };
        if stated > MAX_MEMBERS {
            return Err(too_many(stated));
        }
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| {
            ImportError::new(path, format!("failed to read the zip archive: {error}"))
                .hint("the file may be cut off; copy it again")
        })?;
        if zip.len() as u64 > MAX_MEMBERS {
            return Err(too_many(zip.len() as u64));
        }
        let budget = size
            .saturating_mul(MAX_RATIO)
            .clamp(FREE_BYTES, MAX_TOTAL_BYTES);
        Ok(Self {
            path,
            zip,
            unpacked: 0,
            budget,
        })
    }

    /// The names of all members, in archive order.
    pub(crate) fn names(&self) -> Result<Vec<String>, ImportError> {
        self.zip
            .file_names()
            .map(|name| {
                name.map(std::borrow::Cow::into_owned).map_err(|error| {
                    ImportError::new(self.path, format!("a member's name is unreadable: {error}"))
                })
            })
            .collect()
    }

    /// The text of the member `name`; `None` if there is no such member.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ImportError> {
        let path = self.path;
        let fail =
            |message: String| ImportError::new(path, message).at(&Place::Member(name.to_owned()));
        let member = match self.zip.by_name(name) {
            Ok(member) => member,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(fail(format!("failed to read the member: {error}"))),
        };
        let left = self.budget.saturating_sub(self.unpacked);
        // One byte more than allowed tells a member of the maximum size from a larger one.
        let mut bytes = Vec::new();
        member
            .take(MAX_MEMBER_BYTES.min(left) + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| fail(format!("failed to unpack the member: {error}")))?;
        let length = bytes.len() as u64;
        if length > MAX_MEMBER_BYTES {
            return Err(fail(format!(
                "the member unpacks to more than {MAX_MEMBER_BYTES} bytes, which is not read"
            ))
            .hint("no single conversation is this long; is this really an Inspect log?"));
        }
        self.unpacked += length;
        if self.unpacked > self.budget {
            return Err(fail(format!(
                "the archive unpacks to more than {} bytes, which is not read",
                self.budget
            ))
            .hint("no log is packed this densely; split it if it is really one"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                json_text::check_size(path, &text)
                    .map_err(|error| error.at(&Place::Member(name.to_owned())))?;
                Ok(Some(text))
            }
            Err(_) => Err(fail("the member is not UTF-8 text".to_owned())),
        }
    }
}

/// The number of members that the end of a zip file states; 0 if there is no such end, which the
/// zip reader then says.
fn stated_members(file: &mut File, size: u64) -> std::io::Result<u64> {
    /// The end's own length, and the longest comment after it.
    const LONGEST_END: u64 = 22 + 65_535;
    const END: &[u8] = b"PK\x05\x06";
    /// The end of a file with more than 65,535 members, which precedes the other.
    const LARGE_END: &[u8] = b"PK\x06\x06";
    file.seek(SeekFrom::Start(size.saturating_sub(LONGEST_END + 1_024)))?;
    let mut tail = Vec::new();
    file.take(LONGEST_END + 1_024).read_to_end(&mut tail)?;
    file.rewind()?;
    let number = |marker: &[u8], from: usize, length: usize| {
        let at = tail
            .windows(marker.len())
            .rposition(|bytes| bytes == marker)?;
        let bytes = tail.get(at + from..at + from + length)?;
        let digits = bytes.iter().rev();
        Some(digits.fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let small = number(END, 10, 2).unwrap_or(0);
    // Only then is there another end; elsewhere its mark would be chance.
    match small {
        0xffff => Ok(number(LARGE_END, 32, 8).unwrap_or(small)),
        small => Ok(small),
    }
}
