//! Opens a recording and hands it to the reader of its format.

use std::{io::Read, path::Path};

use nocere_assets::{FileError, open_file};

use crate::{
    assemble::assemble,
    columns,
    error::ImportError,
    format::{Format, Source, detect, is_table},
    inspect, json_text, lm_eval, medriskeval,
    options::Options,
    promptfoo,
    recording::Recording,
};

/// Reads the recording at `path` and maps it to nocere's types.
///
/// # Errors
///
/// The options are invalid or map a field that the format cannot map; the file cannot be
/// read, is empty, larger than is read, or malformed for its format; the format cannot be
/// detected; two rows of one model use the same id for different prompts or the same epoch of a
/// probe; a row matches no probe of [`Options::suite`].
pub fn read_recording(path: &Path, options: &Options) -> Result<Recording, ImportError> {
    options.check(path)?;
    let source = open(path)?;
    // CSV has a limit of its own, which also holds for a table in another format.
    if let Source::Text(text) = &source
        && options.format != Some(Format::Csv)
        && !is_table(path)
    {
        json_text::check_size(path, text)?;
    }
    let format = match options.format {
        Some(format) => format,
        None => detect(path, &source)?,
    };
    options.check_mapping(path, format)?;
    let rows = match (format, source) {
        (Format::Inspect, Source::Archive) => inspect::read_archive(path)?,
        (_, Source::Archive) => {
            return Err(ImportError::new(
                path,
                format!("this is a zip archive, and format {format} is text"),
            )
            .hint("Inspect's .eval files are archives; unpack any other"));
        }
        (_, Source::Text(text)) if text.trim().is_empty() => {
            return Err(ImportError::new(path, "the file is empty"));
        }
        (Format::Inspect, Source::Text(text)) => inspect::read_log(path, &text)?,
        (Format::MedRiskEval, Source::Text(text)) => medriskeval::read(path, &text)?,
        (Format::Promptfoo, Source::Text(text)) => promptfoo::read(path, &text, options)?,
        (Format::LmEval, Source::Text(text)) => lm_eval::read(path, &text, options)?,
        (Format::Jsonl, Source::Text(text)) => columns::read_jsonl(path, &text, options)?,
        (Format::Csv, Source::Text(text)) => columns::read_csv(path, &text, options)?,
    };
    assemble(path, format, rows, options)
}

fn open(path: &Path) -> Result<Source, ImportError> {
    let file = open_file(path).map_err(|error| refused(path, &error))?;
    let mut magic = Vec::new();
    file.take(2)
        .read_to_end(&mut magic)
        .map_err(|error| ImportError::new(path, format!("failed to read the file: {error}")))?;
    // Every zip file starts with "PK".
    if magic == b"PK" {
        Ok(Source::Archive)
    } else {
        Ok(Source::Text(nocere_suites::read_text(path)?))
    }
}

/// The error for a file that is not read.
pub(crate) fn refused(path: &Path, error: &FileError) -> ImportError {
    let fault = ImportError::new(path, error.to_string());
    match error.hint() {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}
