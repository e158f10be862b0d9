//! Compares two runs of the project.

use nocere_analysis::{ComparedRun, RunComparison};
use nocere_core::{Instrument, RunHeader, Suite, TargetId, TargetRecord};
use nocere_store::RunReader;

use crate::{Project, ProjectError, figures};

/// A run with everything that a comparison needs.
struct Opened {
    reader: RunReader,
    header: RunHeader,
    target: (TargetId, TargetRecord),
    suites: Vec<Suite>,
    instruments: Vec<Instrument>,
}

impl Opened {
    fn of(project: &Project, run: &str, target: Option<&str>) -> Result<Self, ProjectError> {
        let reader = project.run(run)?;
        let header = reader.header()?;
        let mut targets = reader.targets()?;
        let known: Vec<String> = targets.iter().map(|(id, _)| id.to_string()).collect();
        let place = match target {
            Some(wanted) => known.iter().position(|id| id == wanted).ok_or_else(|| {
                ProjectError::unknown(
                    format!("run {} has no target `{wanted}`", header.id),
                    wanted,
                    known.iter().map(String::as_str),
                    format!("its targets are {}", known.join(", ")),
                )
            })?,
            None if targets.len() == 1 => 0,
            None => {
                return Err(
                    ProjectError::usage(format!("run {} has several targets", header.id)).hint(
                        format!("say which with --first or --second: {}", known.join(", ")),
                    ),
                );
            }
        };
        Ok(Self {
            target: targets.swap_remove(place),
            suites: reader.suites()?,
            instruments: reader.instruments()?,
            reader,
            header,
        })
    }

    fn side(&self) -> ComparedRun<'_> {
        ComparedRun {
            header: &self.header,
            target: (&self.target.0, &self.target.1),
            suites: &self.suites,
            instruments: &self.instruments,
        }
    }
}

impl Project {
    /// Compares two runs, or two targets of one, on the probes that both were asked in the same
    /// words, by the judges that both have in the same version.
    ///
    /// # Errors
    ///
    /// A run cannot be read or has no such target, or the two share no probe or no judge.
    pub fn compare_runs(
        &self,
        first: (&str, Option<&str>),
        second: (&str, Option<&str>),
    ) -> Result<RunComparison, ProjectError> {
        let figures = figures::load(self)?;
        let a = Opened::of(self, first.0, first.1)?;
        let b = Opened::of(self, second.0, second.1)?;
        if a.header.id == b.header.id && a.target.0 == b.target.0 {
            return Err(ProjectError::usage("both sides are the same answers")
                .hint("give another run, or other targets with --first and --second"));
        }
        let comparison = RunComparison::of(
            (a.side(), a.reader.finished()),
            (b.side(), b.reader.finished()),
            &figures,
        )?;
        if comparison.shared == 0 {
            return Err(ProjectError::usage(
                "the two have no probe in common that was asked in the same words",
            )
            .hint("ask the same suite of both"));
        }
        if comparison.figures.is_empty() {
            let notes = comparison.notes.join(" ");
            return Err(ProjectError::usage(format!(
                "no figure can be compared: no judge of the same version scored both sides. {notes}"
            ))
            .hint("judge both again with the same judge: `nocere rejudge RUN --judge JUDGE`"));
        }
        Ok(comparison)
    }
}
