//! Files of other programs: Inspect's archives and every other format of `nocere import`.

use std::{
    io::{Cursor, Write},
    path::Path,
};

use nocere_core::{Ending, Finish};
use nocere_import::{Options, Recording, read_recording};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::input::{first_line, with_file};

/// Longest message of an error, in bytes.
const LONGEST_MESSAGE: usize = 20_000;

/// The bytes of an archive as they are.
pub(crate) fn archive_bytes(bytes: &[u8]) {
    with_file("log.eval", bytes, read);
}

/// An archive whose members stand in the input: a line `== NAME` before the content of each.
/// A `*` before the name packs the member, as Inspect does.
pub(crate) fn archives(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(archive) = archive(&text) {
        with_file("log.eval", &archive, read);
    }
}

fn archive(text: &str) -> Option<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for member in text.split("== ").skip(1) {
        let (name, content) = member.split_once('\n')?;
        let (name, method) = match name.strip_prefix('*') {
            Some(name) => (name, CompressionMethod::Deflated),
            None => (name, CompressionMethod::Stored),
        };
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(name, options).ok()?;
        zip.write_all(content.as_bytes()).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}

/// The first line is the file's extension; the rest is its content.
pub(crate) fn recordings(bytes: &[u8]) {
    let (extension, content) = first_line(bytes);
    let extension = match extension {
        b"csv" => "csv",
        b"tsv" => "tsv",
        b"json" => "json",
        _ => "jsonl",
    };
    with_file(&format!("recording.{extension}"), content, read);
}

fn read(path: &Path) {
    match read_recording(path, &Options::default()) {
        Ok(recording) => check(&recording),
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() <= LONGEST_MESSAGE, "{} bytes", message.len());
        }
    }
}

fn check(recording: &Recording) {
    assert!(
        !recording.targets.is_empty(),
        "a recording without a target"
    );
    for sample in &recording.samples {
        assert!(sample.target < recording.targets.len(), "no such target");
        assert!(sample.probe < recording.suite.probes.len(), "no such probe");
        assert_eq!(sample.verdicts.len(), recording.instruments.len());
        if let Some((_, facts)) = sample.transcript.last_answer()
            && let Finish::Other(word) = &facts.finish
        {
            assert!(Ending::of(word) != Some(Ending::Whole), "`{word}` is known");
        }
    }
    let mut places: Vec<_> = recording
        .samples
        .iter()
        .map(|sample| (sample.target, sample.probe, sample.epoch))
        .collect();
    places.sort_unstable();
    let count = places.len();
    places.dedup();
    assert_eq!(places.len(), count, "two answers in one place");
}
