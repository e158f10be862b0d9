//! Exports a run in the forms that other tools read.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

use nocere_core::{Suite, SuiteId};
use nocere_export::{ExportError, ExportFormat, Source, Texts};
use nocere_store::RunReader;
use nocere_suites::{Redistribution, redistribution};

use crate::{Project, ProjectError, figures, replace_folder, write_whole_with};

/// A run, ready to be written.
pub struct Export<'a> {
    reader: &'a RunReader,
    format: &'static ExportFormat,
    report: nocere_analysis::RunReport,
    figures: Vec<nocere_core::FigureRow>,
    texts: BTreeMap<SuiteId, Texts>,
}

impl Project {
    /// Prepares a run for an export. Prompts of suites whose licence is not known to allow copies are
    /// written as hashes unless `with_prompts`; those of hidden halves never leave.
    ///
    /// # Errors
    ///
    /// As for [`Project::report`].
    pub fn export<'a>(
        &self,
        reader: &'a RunReader,
        format: &'static ExportFormat,
        with_prompts: bool,
    ) -> Result<Export<'a>, ProjectError> {
        let suites = reader.suites()?;
        let texts = suites.iter().map(|suite| {
            let texts = texts_of(suite);
            let forced = with_prompts && texts == Texts::Hashed;
            (suite.id.clone(), if forced { Texts::Open } else { texts })
        });
        Ok(Export {
            reader,
            format,
            report: self.report(reader)?,
            figures: figures::load(self)?,
            texts: texts.collect(),
        })
    }

    /// The default place of an export: a file, or a folder for forms of several files.
    pub fn export_path(&self, run: &str, format: &ExportFormat) -> PathBuf {
        let folder = self.root().join(".nocere").join("exports");
        match format.extension {
            // Several forms share an extension.
            Some(extension) if extension == format.name => {
                folder.join(format!("{run}.{extension}"))
            }
            Some(extension) => folder.join(format!("{run}.{}.{extension}", format.name)),
            // `inspect view` takes a folder whose name ends in `.eval` for a log.
            None => folder.join(format!("{run}-{}", format.name)),
        }
    }
}

fn texts_of(suite: &Suite) -> Texts {
    if suite.is_hidden() {
        return Texts::Withheld;
    }
    match redistribution(&suite.licence) {
        Redistribution::Allowed => Texts::Open,
        Redistribution::Forbidden | Redistribution::Unknown => Texts::Hashed,
    }
}

impl Export<'_> {
    /// The run's id.
    pub fn run(&self) -> &str {
        &self.report.header.id
    }

    /// The suites whose prompts are written as hashes, with their licences.
    pub fn hashed(&self) -> Vec<(SuiteId, String)> {
        let suites = self.report.suites.iter();
        suites
            .filter(|suite| self.texts.get(&suite.id) == Some(&Texts::Hashed))
            .map(|suite| (suite.id.clone(), suite.licence.clone()))
            .collect()
    }

    /// Writes the export to `path`, whole or not at all, and returns the files.
    ///
    /// # Errors
    ///
    /// The form cannot hold the run, or a file cannot be written.
    pub fn write(&self, path: &Path) -> Result<Vec<PathBuf>, ProjectError> {
        let source = self.source();
        let files = self.format.files(&source).map_err(does_not_fit)?;
        let write = |file: &nocere_export::ExportFile, place: &Path| {
            write_whole_with(place, |out| {
                let mut samples = self
                    .reader
                    .finished()
                    .map(|sample| sample.map_err(Into::into));
                Ok(file.write(&source, &mut samples, out)?)
            })
        };
        if let ([file], Some(_)) = (files.as_slice(), self.format.extension) {
            write(file, path)?;
            return Ok(vec![path.to_owned()]);
        }
        let is_ours = |name: &str| {
            matches!(name, "README.md" | "data")
                || name.ends_with(".eval")
                || name.ends_with(".records.jsonl")
        };
        replace_folder(path, &is_ours, |place| {
            files
                .iter()
                .try_for_each(|file| write(file, &place.join(&file.name)))
        })?;
        Ok(files.iter().map(|file| path.join(&file.name)).collect())
    }

    /// Writes a form of one file to `out`.
    ///
    /// # Errors
    ///
    /// The form has several files or cannot hold the run, or `out` cannot be written.
    pub fn write_to(&self, out: &mut (dyn Write + Send)) -> Result<(), ExportError> {
        let source = self.source();
        let files = self.format.files(&source)?;
        let ([file], Some(_)) = (files.as_slice(), self.format.extension) else {
            return Err(ExportError::DoesNotFit(format!(
                "`{}` is a folder of files, which standard output cannot hold; name a folder with --output",
                self.format.name
            )));
        };
        let mut samples = self
            .reader
            .finished()
            .map(|sample| sample.map_err(Into::into));
        file.write(&source, &mut samples, out)
    }

    fn source(&self) -> Source<'_> {
        Source {
            report: &self.report,
            figures: &self.figures,
            texts: &self.texts,
        }
    }
}

fn does_not_fit(error: ExportError) -> ProjectError {
    match error {
        ExportError::DoesNotFit(why) => ProjectError::usage(why),
        error => ProjectError::infrastructure(error.to_string()),
    }
}
