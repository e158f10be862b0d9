//! Lists the samples of a run: every answer can be reached, whatever the judges said of it.

use nocere_analysis::Finding;
use nocere_core::{
    AnswerOutcome, FigureRow, Instrument, Perspective, ProbeId, Sample, Suite, SuiteId, TargetId,
    Verdict,
};
use nocere_store::RunReader;
use serde::Serialize;

use crate::{Project, ProjectError, figures};

/// Which samples to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// Those with an error that figures count.
    Errors,
    /// Those that at least one judge scored, and in which no judge saw an error.
    Passed,
    /// Those that a judge could not score.
    Unscored,
}

/// In which order samples are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampleOrder {
    /// Those with errors first, the gravest first, then in the order of the plan.
    #[default]
    Gravest,
    /// In the order of the plan.
    Plan,
    /// By the probe's id, then by target and repetition.
    Probe,
}

/// What listed samples have in common. Empty fields say nothing.
#[derive(Clone, Debug, Default)]
pub struct SampleFilter {
    /// Which.
    pub which: Which,
    /// Who asks.
    pub perspectives: Vec<Perspective>,
    /// Ids of categories.
    pub categories: Vec<String>,
    /// Ids of suites.
    pub suites: Vec<String>,
    /// Ids of targets.
    pub targets: Vec<String>,
    /// Labels that a judge gave, as `LABEL` or `JUDGE=LABEL`; any of them.
    pub verdicts: Vec<String>,
    /// Words in what was asked or answered, in any case.
    pub text: Option<String>,
    /// In which order they are listed.
    pub order: SampleOrder,
}

/// What a judge said of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedVerdict {
    /// The judge's id.
    pub judge: String,
    /// Its label, or a phrase; `None` without a score.
    pub verdict: Option<String>,
    /// Why there is no score.
    pub unscored: Option<String>,
}

/// A sample in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ListedSample {
    /// The target's id.
    pub target: TargetId,
    /// The suite's id.
    pub suite: SuiteId,
    /// The probe's id.
    pub probe: ProbeId,
    /// Number of the repetition, from 0.
    pub epoch: u32,
    /// Who asked.
    pub who_asks: Perspective,
    /// Title of the category.
    pub category: String,
    /// What a good answer does.
    pub expected: String,
    /// How the conversation ended.
    pub outcome: AnswerOutcome,
    /// What went wrong; empty if no judge saw an error.
    pub problems: Vec<String>,
    /// How grave that is: findings are sorted by it.
    pub weight: u32,
    /// What each judge said.
    pub verdicts: Vec<ListedVerdict>,
}

impl Project {
    /// The samples of a run that `filter` wants, in its order.
    ///
    /// # Errors
    ///
    /// The journal or the figures cannot be read, or the filter matches nothing.
    pub fn list_samples(
        &self,
        reader: &RunReader,
        filter: &SampleFilter,
    ) -> Result<Vec<ListedSample>, ProjectError> {
        let figures = figures::load(self)?;
        let instruments = reader.instruments()?;
        let suites = reader.suites()?;
        let mut total = 0_u64;
        let mut listed = Vec::new();
        for sample in reader.finished() {
            let sample = sample?;
            total += 1;
            if !filter.wants_place(&sample) || !filter.wants_text(&sample) {
                continue;
            }
            let one = listed_sample(&sample, &figures, &instruments, &suites);
            if filter.wants(&one) {
                listed.push(one);
            }
        }
        if listed.is_empty() {
            return Err(ProjectError::usage(format!(
                "none of the {total} samples of this run matches"
            ))
            .hint("leave out a filter; `nocere show RUN --list` lists all samples"));
        }
        match filter.order {
            SampleOrder::Gravest => listed.sort_by_key(|one| std::cmp::Reverse(one.weight)),
            SampleOrder::Plan => {}
            SampleOrder::Probe => listed.sort_by(|a, b| {
                let key = |of: &ListedSample| (of.probe.clone(), of.target.clone(), of.epoch);
                key(a).cmp(&key(b))
            }),
        }
        Ok(listed)
    }
}

fn listed_sample(
    sample: &Sample,
    figures: &[FigureRow],
    instruments: &[Instrument],
    suites: &[Suite],
) -> ListedSample {
    let probe = &sample.probe;
    let category = suites
        .iter()
        .find(|suite| suite.id == probe.suite)
        .map_or(probe.category.as_str(), |suite| {
            suite.category_title(&probe.category)
        });
    let is_hidden = suites
        .iter()
        .any(|suite| suite.id == probe.suite && suite.is_hidden());
    let finding = Finding::of(sample, figures, instruments, category);
    // What went wrong says what was due.
    let finding = finding.map(|of| if is_hidden { of.withheld() } else { of });
    let verdicts = instruments.iter().filter_map(|instrument| {
        let verdict = sample.verdict(&instrument.hash)?;
        let (word, unscored) = match verdict {
            Verdict::Scored(scored) => (Some(instrument.scale.word(&scored.score)), None),
            Verdict::Unscored { reason, .. } => (None, Some(reason.to_string())),
        };
        Some(ListedVerdict {
            judge: instrument.id.to_string(),
            verdict: word,
            unscored,
        })
    });
    ListedSample {
        target: sample.target.clone(),
        suite: probe.suite.clone(),
        probe: probe.id.clone(),
        epoch: sample.epoch,
        who_asks: probe.perspective,
        category: category.to_owned(),
        expected: probe.expect.as_str().to_owned(),
        outcome: sample.transcript.outcome(),
        weight: finding.as_ref().map_or(0, |finding| finding.weight),
        problems: finding.map_or_else(Vec::new, |finding| finding.problems),
        verdicts: verdicts.collect(),
    }
}

impl SampleFilter {
    fn wants_place(&self, sample: &Sample) -> bool {
        let probe = &sample.probe;
        let among =
            |wanted: &[String], is: &str| wanted.is_empty() || wanted.iter().any(|of| of == is);
        (self.perspectives.is_empty() || self.perspectives.contains(&probe.perspective))
            && among(&self.categories, &probe.category)
            && among(&self.suites, &probe.suite)
            && among(&self.targets, &sample.target)
    }

    fn wants_text(&self, sample: &Sample) -> bool {
        let Some(text) = &self.text else {
            return true;
        };
        let text = text.to_lowercase();
        let mut turns = sample.transcript.turns.iter();
        turns.any(|turn| turn.message.text().to_lowercase().contains(&text))
    }

    fn wants(&self, one: &ListedSample) -> bool {
        let scored = one.verdicts.iter().any(|of| of.verdict.is_some());
        let which = match self.which {
            Which::All => true,
            Which::Errors => !one.problems.is_empty(),
            Which::Passed => one.problems.is_empty() && scored,
            Which::Unscored => one.verdicts.iter().any(|of| of.unscored.is_some()),
        };
        let has = |wanted: &String| {
            one.verdicts.iter().any(|of| {
                let word = of.verdict.as_deref();
                match wanted.split_once('=') {
                    Some((judge, label)) => of.judge == judge && word == Some(label),
                    None => word == Some(wanted.as_str()),
                }
            })
        };
        which && (self.verdicts.is_empty() || self.verdicts.iter().any(has))
    }
}
