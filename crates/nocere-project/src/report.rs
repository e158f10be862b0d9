//! Computes the report of a run with everything that the project knows.

use nocere_analysis::{ReportInput, RunReport};
use nocere_assets::Kind;
use nocere_store::RunReader;

use crate::{Project, ProjectError, calibrations, figures};

impl Project {
    /// Computes the report of a run, with the project's figures and calibrations and the published
    /// results of other models.
    ///
    /// # Errors
    ///
    /// The journal, a calibration, a baseline or the figures cannot be read, or a figure does not
    /// fit the scale of one of the run's judges.
    pub fn report(&self, reader: &RunReader) -> Result<RunReport, ProjectError> {
        let instruments = reader.instruments()?;
        let figures = figures::load(self)?;
        figures::check(&figures, &instruments)?;
        let header = reader.header()?;
        let mut assets = header.assets.clone();
        let counted = self.changed_assets(&[]).into_iter();
        assets.extend(counted.filter(|asset| asset.kind == Kind::Figure.as_str()));
        assets.sort();
        assets.dedup();
        let protocol = header.protocol.as_ref();
        // They are only marked in pictures here: a report does not fail by a gate that is wrong.
        let gates = self.gates(protocol.map(|protocol| protocol.id.as_str()));
        let gates = gates.unwrap_or_default();
        let gates: Vec<_> = gates.into_iter().map(|of| of.gate).collect();
        let input = ReportInput {
            gates: &gates,
            header: &header,
            assets: &assets,
            suites: &reader.suites()?,
            instruments: &instruments,
            targets: &reader.targets()?,
            drivers: &reader.drivers()?,
            progress: reader.progress()?,
            spending: &reader.spending()?,
            failed_attempts: reader.failed_attempts()?,
            troubles: &reader.troubles()?,
            struck: &reader.struck()?,
            figures: &figures,
            calibrations: &calibrations::load(self)?,
            baselines: &nocere_suites::embedded_baselines()?,
            easy: &nocere_suites::easy_probes(),
        };
        Ok(RunReport::build(&input, reader.finished())?)
    }
}
