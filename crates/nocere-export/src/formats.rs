//! The forms: a row here and a file for each.

use std::io::Write;

use nocere_core::TargetId;

use crate::{
    bill_of_materials, csv,
    error::{ExportError, Samples},
    hub_dataset, inspect_log, jsonl, medriskeval, otlp, parquet,
    source::Source,
    tables,
};

type Draw = fn(&Source<'_>, Samples<'_>, &mut (dyn Write + Send)) -> Result<(), ExportError>;

/// A form in which a run can be exported.
#[derive(Debug)]
pub struct ExportFormat {
    /// The word for it on the command line.
    pub name: &'static str,
    /// Of its file, without the dot; `None` if it is a folder of files.
    pub extension: Option<&'static str>,
    /// What it is, in a few words.
    pub about: &'static str,
    shape: Shape,
}

/// What files a form has.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// One.
    File(Draw),
    /// A dataset card and the rows.
    Dataset,
    /// A log of Inspect for each target.
    Logs,
    /// MedRiskEval's records for each target.
    Records,
}

/// All forms.
pub static FORMATS: [ExportFormat; 11] = [
    ExportFormat {
        name: "jsonl",
        extension: Some("jsonl"),
        about: "A row for each answer and judge, with the conversation, for notebooks",
        shape: Shape::File(|source, samples, out| jsonl::samples(source, samples, out)),
    },
    ExportFormat {
        name: "csv",
        extension: Some("csv"),
        about: "The same rows for spreadsheets",
        shape: Shape::File(|source, samples, out| csv::samples(source, samples, out)),
    },
    ExportFormat {
        name: "parquet",
        extension: Some("parquet"),
        about: "The same rows for pandas, Polars and DuckDB",
        shape: Shape::File(parquet::samples),
    },
    ExportFormat {
        name: "hf",
        extension: None,
        about: "The same rows as a dataset of Hugging Face, with its card",
        shape: Shape::Dataset,
    },
    ExportFormat {
        name: "eval",
        extension: None,
        about: "A log of Inspect for each target, for `inspect view`",
        shape: Shape::Logs,
    },
    ExportFormat {
        name: "medriskeval",
        extension: None,
        about: "MedRiskEval's records for each target",
        shape: Shape::Records,
    },
    ExportFormat {
        name: "figures",
        extension: Some("csv"),
        about: "Every figure with its interval, as CSV",
        shape: Shape::File(tables::csv),
    },
    ExportFormat {
        name: "markdown",
        extension: Some("md"),
        about: "The figures by who asks, as a table in Markdown",
        shape: Shape::File(tables::markdown),
    },
    ExportFormat {
        name: "latex",
        extension: Some("tex"),
        about: "The figures by who asks, as a table in LaTeX",
        shape: Shape::File(tables::latex),
    },
    ExportFormat {
        name: "otlp",
        extension: Some("jsonl"),
        about: "Verdicts as OpenTelemetry events `gen_ai.evaluation.result`",
        shape: Shape::File(otlp::samples),
    },
    ExportFormat {
        name: "cyclonedx",
        extension: Some("json"),
        about: "The models and their figures as a CycloneDX bill of materials",
        shape: Shape::File(bill_of_materials::cyclonedx),
    },
];

/// A file of an export.
#[derive(Debug)]
pub struct ExportFile {
    /// Its path in the export's folder; empty if the export is one file.
    pub name: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Drawn(Draw),
    Log(TargetId),
    Records(TargetId),
}

impl ExportFormat {
    /// The form with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The files of the export. The samples are read once for each.
    ///
    /// # Errors
    ///
    /// The form cannot hold this run.
    pub fn files(&self, source: &Source<'_>) -> Result<Vec<ExportFile>, ExportError> {
        let drawn = |name: &str, draw| ExportFile {
            name: name.to_owned(),
            content: Content::Drawn(draw),
        };
        let targets = source.report.targets.iter().map(|target| &target.id);
        Ok(match self.shape {
            Shape::File(draw) => vec![drawn("", draw)],
            Shape::Dataset => vec![
                drawn("README.md", hub_dataset::card),
                drawn(hub_dataset::ROWS, parquet::samples),
            ],
            Shape::Logs => targets
                .map(|target| ExportFile {
                    name: inspect_log::file_name(source, target),
                    content: Content::Log(target.clone()),
                })
                .collect(),
            Shape::Records => {
                medriskeval::check(source)?;
                targets
                    .map(|target| ExportFile {
                        name: records_name(target),
                        content: Content::Records(target.clone()),
                    })
                    .collect()
            }
        })
    }
}

/// A file's name for a target: its id in letters that every file system takes, and enough of its
/// hash to be unlike the others.
fn records_name(target: &TargetId) -> String {
    let plain: String = target
        .chars()
        .take(60)
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let hash = nocere_core::ContentHash::of_bytes(target.as_bytes());
    format!("{plain}-{}.records.jsonl", &hash.as_str()[..6])
}

impl ExportFile {
    /// Writes the file to `out`.
    ///
    /// # Errors
    ///
    /// A sample cannot be read, or `out` cannot be written.
    pub fn write(
        &self,
        source: &Source<'_>,
        samples: Samples<'_>,
        out: &mut (dyn Write + Send),
    ) -> Result<(), ExportError> {
        let of = |id: &TargetId| source.report.targets.iter().find(|target| target.id == *id);
        match &self.content {
            Content::Drawn(draw) => draw(source, samples, out),
            Content::Log(target) => match of(target) {
                Some(target) => inspect_log::log(source, target, samples, out),
                None => Ok(()),
            },
            Content::Records(target) => medriskeval::records(source, target, samples, out),
        }
    }
}
