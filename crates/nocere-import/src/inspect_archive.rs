//! An Inspect `.eval` archive: a zip with one JSON member per sample and a header.
//!
//! Of several members with the same name, the last one counts, as in Inspect itself. Members
//! can be hostile, so the unpacked size is limited, for each member and for all together.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use zip::{ZipArchive, result::ZipError};

use crate::{error::ImportError, row::Place};

/// Maximum unpacked size of one member, in bytes.
pub(crate) const MAX_MEMBER_BYTES: u64 = 64 * 1024 * 1024;

/// Maximum unpacked size of all members together, in bytes.
const MAX_TOTAL_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// An open archive.
pub(crate) struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<BufReader<File>>,
    unpacked: u64,
}

impl<'a> Archive<'a> {
    pub(crate) fn open(path: &'a Path) -> Result<Self, ImportError> {
        let file = File::open(path)
            .map_err(|error| ImportError::new(path, format!("failed to read the file: {error}")))?;
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| {
            ImportError::new(path, format!("failed to read the zip archive: {error}"))
                .hint("the file may be cut off; copy it again")
        })?;
        Ok(Self {
            path,
            zip,
            unpacked: 0,
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
        // One byte more than allowed tells a member of the maximum size from a larger one.
        let mut bytes = Vec::new();
        member
            .take(MAX_MEMBER_BYTES + 1)
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
        if self.unpacked > MAX_TOTAL_BYTES {
            return Err(fail(format!(
                "the archive unpacks to more than {MAX_TOTAL_BYTES} bytes, which is not read"
            ))
            .hint("split the log"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(fail("the member is not UTF-8 text".to_owned())),
        }
    }
}
