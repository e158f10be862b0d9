//! The failures of a run in groups, and what the run says to frameworks.

use nocere_analysis::{FailureGroup, Framework, FrameworkReport, RunReport};
use nocere_assets::Kind;
use nocere_store::RunReader;

use crate::{Project, ProjectError, assets::parsed, figures};

impl Project {
    /// The failures of a run in groups, the gravest first.
    ///
    /// # Errors
    ///
    /// The journal or the figures cannot be read.
    pub fn failures(
        &self,
        reader: &RunReader,
        report: &RunReport,
    ) -> Result<Vec<FailureGroup>, ProjectError> {
        let figures = figures::load(self)?;
        Ok(FailureGroup::of_run(report, &figures, reader.finished())?)
    }

    /// What a run says to the frameworks of the catalogue, or to those that `wanted` names.
    ///
    /// # Errors
    ///
    /// A name is unknown, or a file is wrong.
    pub fn frameworks(
        &self,
        report: &RunReport,
        wanted: &[String],
    ) -> Result<Vec<FrameworkReport>, ProjectError> {
        let assets = self.assets();
        let known = || assets.of(Kind::Framework).map(|asset| asset.name.as_str());
        for name in wanted {
            if !known().any(|id| id == name) {
                return Err(ProjectError::unknown(
                    format!("there is no framework `{name}`"),
                    name,
                    known(),
                    "`nocere assets list` shows the frameworks",
                ));
            }
        }
        assets
            .of(Kind::Framework)
            .filter(|asset| wanted.is_empty() || wanted.contains(&asset.name))
            .map(|asset| {
                let framework: Framework = parsed(&asset.path, asset.text())?;
                let fault = |what| ProjectError::usage(format!("{}: {what}", asset.path));
                asset.check_id(&framework.id).map_err(fault)?;
                if framework.nocere_framework != 1 {
                    return Err(ProjectError::usage(format!(
                        "{}: `nocere_framework` is {}, expected 1",
                        asset.path, framework.nocere_framework
                    )));
                }
                Ok(FrameworkReport::of(&framework, report))
            })
            .collect()
    }
}
