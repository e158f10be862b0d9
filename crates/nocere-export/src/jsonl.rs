//! Every answer with each judge's verdict as JSON Lines, for notebooks: an object for each answer
//! and judge.

use std::io::Write;

use nocere_core::text::visible_json;

use crate::{
    error::{ExportError, Samples},
    row::Row,
    source::{Source, each_verdict},
};

pub(crate) fn samples(
    source: &Source<'_>,
    samples: Samples<'_>,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    for sample in samples {
        let sample = sample.map_err(ExportError::Sample)?;
        each_verdict(source, &sample, |judged| {
            let row = serde_json::to_string(&Row::new(*source, &sample, judged))?;
            writeln!(out, "{}", visible_json(&row)).map_err(ExportError::from)
        })?;
    }
    Ok(out.flush()?)
}
