//! The parts of an input, and the files that targets write it to.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use nocere_testkit::TempFolder;

/// The first line, and everything after it.
pub(crate) fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    end.map_or((bytes, &[]), |end| (&bytes[..end], &bytes[end + 1..]))
}

/// The parts between lines that hold only `mark`.
pub(crate) fn parts<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    let line = format!("\n{mark}\n");
    text.split(line.as_str()).collect()
}

/// Calls `read` with the path of a file of this name that holds `bytes`.
pub(crate) fn with_file<T>(name: &str, bytes: &[u8], read: impl FnOnce(&Path) -> T) -> Option<T> {
    let path = folder().join(name);
    std::fs::write(&path, bytes).ok()?;
    Some(read(&path))
}

/// A folder of this thread, which is removed with it.
pub(crate) fn folder() -> PathBuf {
    thread_local! {
        static FOLDER: RefCell<Option<TempFolder>> = const { RefCell::new(None) };
    }
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| TempFolder::new("fuzz"));
        folder.path().to_owned()
    })
}
