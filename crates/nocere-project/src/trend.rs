//! A target's figures over the project's runs.

use nocere_analysis::{RunReport, Trend};
use nocere_core::TargetId;
use nocere_store::list_runs;

use crate::{Project, ProjectError};

/// Most runs of a trend that names none.
const MOST: usize = 10;

impl Project {
    /// The trend of a target over `runs`; if none are named, over the newest ten runs that asked the
    /// same suites. Without a target, the only one of the newest run.
    ///
    /// # Errors
    ///
    /// A run cannot be read, the target is not clear, or fewer than two runs have it.
    pub fn trend(&self, runs: &[String], target: Option<&str>) -> Result<Trend, ProjectError> {
        let runs = if runs.is_empty() {
            self.runs_like_the_newest()?
        } else {
            runs.to_vec()
        };
        let mut reports: Vec<RunReport> = Vec::new();
        for run in &runs {
            let report = self.report(&self.run(run)?)?;
            if reports
                .iter()
                .all(|known| known.header.id != report.header.id)
            {
                reports.push(report);
            }
        }
        reports.sort_by(|a, b| a.header.created.cmp(&b.header.created));
        let newest = reports.last();
        let known: Vec<&TargetId> = newest
            .iter()
            .flat_map(|report| &report.targets)
            .map(|of| &of.id)
            .collect();
        let names = || {
            let names: Vec<&str> = known.iter().map(|id| id.as_str()).collect();
            names.join(", ")
        };
        let target: TargetId = match (target, known.as_slice()) {
            (Some(target), _) => target.into(),
            (None, [only]) => (*only).clone(),
            (None, _) => {
                return Err(ProjectError::usage("the newest run has several targets")
                    .hint(format!("say which with --target: {}", names())));
            }
        };
        Trend::of(&target, &reports).ok_or_else(|| {
            ProjectError::usage(format!("fewer than two of the runs have target `{target}`")).hint(
                format!(
                    "the newest has {}; name the runs, or another target",
                    names()
                ),
            )
        })
    }

    /// Ids of the newest runs with the suites of the newest one.
    fn runs_like_the_newest(&self) -> Result<Vec<String>, ProjectError> {
        let newest = self.run("latest")?.summary()?;
        let mut found = Vec::new();
        for (id, summary) in list_runs(&self.runs_folder())?.into_iter().rev() {
            let Ok(summary) = summary else { continue };
            let is_like = !summary.header.kind.is_aside() && summary.suites == newest.suites;
            if is_like && found.len() < MOST {
                found.push(id);
            }
        }
        Ok(found)
    }
}
