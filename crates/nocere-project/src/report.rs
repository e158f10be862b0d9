//! The report of a run with everything that the project knows.

use nocere_report::RunReport;
use nocere_store::RunReader;

use crate::{Project, ProjectError, calibrations};

impl Project {
    /// The report of a run: its figures, with this project's calibrations and the published
    /// figures of other models beside them.
    ///
    /// # Errors
    /// If the journal, a calibration or a baseline cannot be read.
    pub fn report(&self, reader: &RunReader) -> Result<RunReport, ProjectError> {
        Ok(RunReport::build(
            reader,
            &calibrations::load(self)?,
            &nocere_suites::embedded_baselines()?,
        )?)
    }
}
