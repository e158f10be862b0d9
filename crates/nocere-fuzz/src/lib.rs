//! What fuzz targets do with foreign bytes: every reader of such bytes once, and what must hold
//! of what it returns.
//!
//! A [`Target`] is a function of bytes that panics on a finding: a reader panicked, or returned
//! what it must never return. The same functions are called by libFuzzer (`fuzz/`, nightly,
//! coverage-guided, with sanitizers and limits of time and memory) and by an ordinary test that
//! replays the seeds with bounded mutations (`tests/seeds.rs`).
//!
//! Where a format has check sums, a target does not mutate the format itself, which would only
//! ever be refused, but builds a file from the input and reads that. Nothing here is random: an
//! input that was a finding is one again.
//!
//! This crate is for tests. It depends on no time, no network and no file outside its own
//! temporary folder.

#![warn(missing_docs)]

mod gguf;
mod input;
mod journal;
mod judges;
pub mod mutation;
mod recordings;
mod replies;
mod secrets;
mod suites;
mod tables;
mod templates;
mod text;

/// A fuzz target.
pub struct Target {
    /// Its name: of its binary, and of its folder of seeds.
    pub name: &'static str,
    /// Reads the bytes.
    ///
    /// # Panics
    ///
    /// On a finding.
    pub run: fn(&[u8]),
    /// Inputs of some kilobytes that are read in a second, without optimisation: how much an
    /// ordinary test can afford.
    pub per_second: u32,
}

/// All targets.
const TARGETS: [Target; 16] = [
    target("replies", replies::replies, 2_000),
    target("events", replies::events, 2_000),
    target("archive_bytes", recordings::archive_bytes, 500),
    target("archives", recordings::archives, 200),
    target("recordings", recordings::recordings, 200),
    target("labels", tables::labels, 500),
    target("tables", tables::tables, 1_000),
    target("suites", suites::suites, 100),
    target("assets", suites::assets, 20),
    target("rubrics", templates::rubrics, 50),
    target("chat_templates", templates::chat_templates, 200),
    target("gguf", gguf::gguf, 1_000),
    target("journals", journal::journals, 50),
    target("text", text::text, 500),
    target("secrets", secrets::secrets, 200),
    target("judges", judges::judges, 10),
];

const fn target(name: &'static str, run: fn(&[u8]), per_second: u32) -> Target {
    Target {
        name,
        run,
        per_second,
    }
}

/// All targets.
pub fn all() -> impl Iterator<Item = &'static Target> {
    const ALL: &[Target] = &TARGETS;
    ALL.iter()
}

/// Runs the target of this name; the binaries under `fuzz/` consist of this call.
///
/// # Panics
///
/// On a finding, or if there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = all().find(|target| target.name == name);
    assert!(target.is_some(), "there is no target `{name}`");
    if let Some(target) = target {
        (target.run)(bytes);
    }
}
