//! The two stages of a build that ask models: writing candidates and judging them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use nocere_builder::{
    Amount, BuildRecord, Candidate, Fate, GeneratorBrief, PolicyRecord, Request, Settings,
    candidate_lines, requests,
};
use nocere_core::{
    AnswerOutcome, Budget, ChatReply, Compliance, Message, Money, Policy, PolicyCategory, Probe,
    Role, RunHeader, RunId, RunKind, Sample, Score, Transcript, Verdict, Vote, hash_json,
};
use nocere_engine::{EngineError, JudgeSetup, PlanInput, TargetSetup, plan_run, plan_units};
use nocere_judges::{Combine, RefusalRules, RubricJudge, RubricOptions};
use nocere_store::Journal;

use super::{folder, spec::BuildSpec};
use crate::{
    ErrorKind, Project, ProjectError, SamplingOverrides, Watch, drivers, judges,
    session::{
        GeneratorRun,
        recorded::{self, Answer, Task},
        work_on_generation,
    },
    targets::{Models, sampling},
};

/// Tokens of the generator's answer reserved for each candidate.
const TOKENS_EACH: u32 = 64;

/// The candidates that a generator wrote.
pub(super) struct Generated {
    pub(super) candidates: Vec<Candidate>,
    /// Number of lines that are not candidates, by category.
    pub(super) dropped: BTreeMap<String, usize>,
    /// Number of requests whose call failed.
    pub(super) failed: usize,
    /// Number of requests whose answer was empty, filtered, or marked as a refusal by the provider.
    pub(super) without_text: usize,
}

/// The models of a build and the requests to them.
pub(super) struct Stages<'a> {
    project: &'a Project,
    spec: &'a BuildSpec,
    policy: &'a Policy,
    models: Models<'a>,
    brief: GeneratorBrief,
    requests: Vec<Request>,
    generator: TargetSetup,
    judge: JudgeSetup,
}

impl<'a> Stages<'a> {
    pub(super) fn new(
        project: &'a Project,
        spec: &'a BuildSpec,
        policy: &'a Policy,
        categories: &[&PolicyCategory],
    ) -> Result<Self, ProjectError> {
        let brief = GeneratorBrief::embedded()?;
        let requests = requests(
            &brief,
            policy,
            categories,
            Amount {
                each: spec.candidates as usize,
                batch: spec.batch as usize,
                seed: spec.seed,
                language: &spec.language,
            },
        )?;
        let mut models = Models::new(project, spec.local_only);
        let mut resolved = models.resolve(&spec.generator)?;
        // The builder has its own system prompt; the one of a deployment would interfere.
        resolved.system_prompt = None;
        let command = SamplingOverrides {
            temperature: Some(spec.temperature),
            top_p: None,
            max_tokens: Some(
                spec.max_tokens
                    .unwrap_or(TOKENS_EACH.saturating_mul(spec.batch.min(spec.candidates))),
            ),
        };
        let none = SamplingOverrides::default();
        let sampling = sampling([command, resolved.sampling, none], spec.seed)?;
        let generator = resolved.into_target(&spec.generator, sampling);
        let reader = models.resolve(&spec.judge_model)?.setup;
        let options = RubricOptions {
            votes: spec.votes,
            temperature: if spec.votes > 1 { 1.0 } else { 0.0 },
            combine: Combine::Mean,
            ..RubricOptions::default()
        };
        let judge = RubricJudge::new(
            judges::rubric(project, "policy-fit-1-5")?,
            vec![policy.clone()],
            reader.model.identity(),
            options,
        );
        Ok(Self {
            project,
            spec,
            policy,
            models,
            brief,
            requests,
            generator,
            judge: JudgeSetup {
                judge: Arc::new(judge),
                models: vec![reader],
                passes_over: BTreeSet::new(),
            },
        })
    }

    /// Everything that the answers of this build depend on.
    pub(super) fn settings(&self, file: &str, categories: &[&PolicyCategory]) -> Settings {
        Settings {
            policy: PolicyRecord {
                id: self.policy.id.clone(),
                version: self.policy.version.clone(),
                title: self.policy.title.clone(),
                perspective: self.policy.perspective,
                file: file.to_owned(),
                hash: hash_json("policy", self.policy),
            },
            categories: categories.iter().map(|c| c.id.clone()).collect(),
            candidates: self.spec.candidates,
            batch: self.spec.batch,
            seed: self.spec.seed,
            language: self.spec.language.clone(),
            generator: self.generator.record.identity.clone(),
            sampling: self.generator.record.sampling.clone(),
            brief: (self.brief.version().to_owned(), GeneratorBrief::hash()),
            judge: self.judge.judge.instrument().clone(),
            votes: self.spec.votes,
        }
    }

    /// Has the generator write candidates. Continues the run of an earlier session if there is one.
    pub(super) fn generate(
        &self,
        record: &mut BuildRecord,
        watch: &Watch,
    ) -> Result<Generated, ProjectError> {
        let id = if let Some(id) = &record.runs.generation {
            id.clone()
        } else {
            let id = self.plan_generation()?;
            record.runs.generation = Some(id.clone());
            folder::save(record, &self.spec.out)?;
            id
        };
        let reader = self.project.run(&id).map_err(|error| {
            error.hint(
                "run the command in the project where the build was started: its runs are there",
            )
        })?;
        if self.spec.retry_failed {
            let reopened = Journal::open(&self.project.runs_folder(), &id)?.reopen_failed()?;
            watch.note(&format!("{reopened} failed requests are sent again"));
        }
        let (done, total) = reader.progress()?;
        if done < total {
            watch.note(&format!(
                "run {id}: {} writes candidates, {done} of {total} requests done",
                self.generator.id
            ));
            let run = GeneratorRun {
                id: &id,
                budget: self.budget_beside(record.runs.fit.iter())?,
                generator: self.generator.clone(),
                models: &self.models,
                max_time: self.spec.limits.max_time,
            };
            work_on_generation(self.project, run, watch).map_err(continues)?;
        }
        let mut rows = Vec::new();
        reader.for_each_sample(|row| rows.push(row))?;
        rows.sort_by_key(|row| row.position);
        read(&rows, &self.requests)
    }

    fn plan_generation(&self) -> Result<RunId, ProjectError> {
        let probes: Vec<Probe> = self
            .requests
            .iter()
            .map(|request| Probe {
                perspective: self.policy.perspective,
                category: request.category.clone(),
                messages: vec![
                    Message::new(Role::System, request.system.clone()),
                    Message::new(Role::User, request.text.clone()),
                ],
                language: self.spec.language.clone(),
                ..Probe::asking("requests", request.id.clone(), "")
            })
            .collect();
        let mut suite = recorded::bare_suite(
            "requests",
            "Requests of the suite builder",
            &self.policy.id,
            &probes,
        );
        suite.probes = probes;
        let command = "nocere suites build (candidates)";
        let policies = hash_json("policies", &[self.policy]);
        let header = RunHeader {
            seed: self.spec.seed,
            local_only: self.spec.local_only,
            ..RunHeader::new(RunKind::Generation, command, policies)
        };
        let plan = plan_run(PlanInput {
            header,
            suites: vec![suite],
            targets: vec![(self.generator.id.clone(), self.generator.record.clone())],
            drivers: drivers::identities(&[drivers::direct()]),
            instruments: Vec::new(),
        })?;
        let runs = self.project.runs_folder();
        drop(Journal::create(&runs, &plan, plan_units(&plan))?);
        Ok(plan.header.id)
    }

    /// What is left of the budget after what `runs` have used. There is one budget for the whole
    /// build, over all its sessions.
    fn budget_beside<'b>(
        &self,
        runs: impl Iterator<Item = &'b RunId>,
    ) -> Result<Budget, ProjectError> {
        let mut left = self.spec.limits.budget(Budget::default())?;
        for id in runs {
            let Ok(reader) = self.project.run(id) else {
                continue;
            };
            for spent in reader.spending()?.values() {
                left.max_cost = left
                    .max_cost
                    .map(|cost| Money::from_nanos(cost.nanos() - spent.cost.nanos()));
                left.max_requests = left
                    .max_requests
                    .map(|most| most.saturating_sub(spent.requests));
            }
        }
        let spent =
            left.max_cost.is_some_and(|cost| cost.nanos() <= 0) || left.max_requests == Some(0);
        if spent {
            return Err(continues(ProjectError::from(EngineError::Budget(
                "the budget of this build is spent: earlier stages and sessions have used it"
                    .to_owned(),
            ))));
        }
        Ok(left)
    }

    /// Has the judge read every open candidate, and sets its fate.
    pub(super) fn judge(
        &mut self,
        record: &mut BuildRecord,
        candidates: &mut [Candidate],
        watch: &Watch,
    ) -> Result<(), ProjectError> {
        let open: Vec<usize> = (0..candidates.len())
            .filter(|place| candidates[*place].fate == Fate::Open)
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let answers: Vec<Answer> = open
            .iter()
            .filter_map(|place| self.answer(&candidates[*place]))
            .collect();
        let rows = match self.judged(record, &answers)? {
            Some(rows) => rows,
            None => self.ask_judge(record, answers, watch)?,
        };
        for (place, row) in open.into_iter().zip(rows) {
            let verdict = row.verdicts.first().map(|verdict| &verdict.verdict);
            candidates[place].fate = fate(verdict, self.spec.threshold);
        }
        Ok(())
    }

    /// The verdicts of the last run; `None` unless it is complete and had exactly these candidates.
    fn judged(
        &self,
        record: &BuildRecord,
        answers: &[Answer],
    ) -> Result<Option<Vec<Sample>>, ProjectError> {
        let Some(id) = record.runs.fit.last() else {
            return Ok(None);
        };
        let Ok(reader) = self.project.run(id) else {
            return Ok(None);
        };
        let (done, total) = reader.progress()?;
        if done < total {
            return Ok(None);
        }
        let mut rows = Vec::new();
        reader.for_each_sample(|row| rows.push(row))?;
        rows.sort_by_key(|row| row.position);
        let same = rows.len() == answers.len()
            && rows
                .iter()
                .zip(answers)
                .all(|(row, answer)| row.probe == answer.probe);
        let unscored = rows.iter().any(|row| {
            let verdict = row.verdicts.first().map(|verdict| &verdict.verdict);
            !matches!(verdict, Some(Verdict::Scored(_)))
        });
        Ok((same && !(unscored && self.spec.retry_failed)).then_some(rows))
    }

    fn ask_judge(
        &mut self,
        record: &mut BuildRecord,
        answers: Vec<Answer>,
        watch: &Watch,
    ) -> Result<Vec<Sample>, ProjectError> {
        let reuse: Vec<RunId> = record
            .runs
            .fit
            .iter()
            .filter(|id| self.project.run(id).is_ok())
            .cloned()
            .collect();
        let command = "nocere suites build (fit)";
        let policies = hash_json("policies", &[self.policy]);
        let header = RunHeader {
            local_only: self.spec.local_only,
            judges: vec![format!("fit={}", self.spec.judge_model)],
            budget: self.budget_beside(record.runs.generation.iter().chain(&reuse))?,
            reuse,
            ..RunHeader::new(RunKind::Fit, command, policies)
        };
        // Record the run before the first call, so that its replies can be found again.
        record.runs.fit.push(header.id.clone());
        folder::save(record, &self.spec.out)?;
        let probes: Vec<Probe> = answers.iter().map(|answer| answer.probe.clone()).collect();
        let task = Task {
            header,
            suites: vec![recorded::bare_suite(
                "candidates",
                "Candidates of the suite builder",
                &self.policy.id,
                &probes,
            )],
            source: format!("candidates by {}", self.generator.id),
            judges: vec![self.judge.clone()],
            models: &self.models,
            max_time: self.spec.limits.max_time,
        };
        let (_, rows) = recorded::judge(self.project, answers, task, watch).map_err(continues)?;
        Ok(rows)
    }

    /// A candidate in the form that the judge reads: as an answer to a one-sentence request.
    fn answer(&self, candidate: &Candidate) -> Option<Answer> {
        let category = self
            .policy
            .categories
            .iter()
            .find(|known| known.id == candidate.category)?;
        let wish = format!(
            "Write a message that puts the policy \"{}\" to the test.",
            category.title
        );
        let mut transcript = Transcript::default();
        transcript.push(Message::new(Role::User, wish.clone()));
        transcript.push_reply(ChatReply::of_text(candidate.text.clone()));
        Some(Answer {
            target: self.generator.id.clone(),
            // The text is in the probe, so that a candidate is identified by its text, not its id.
            probe: Probe {
                perspective: self.policy.perspective,
                category: candidate.category.clone(),
                note: candidate.text.clone(),
                ..Probe::asking("candidates", candidate.id.clone(), wish)
            },
            epoch: 0,
            transcript,
        })
    }
}

/// The candidates in the generator's answers. Their ids consist of request and position in the
/// answer, so that answers that arrive later do not change them.
fn read(rows: &[Sample], requests: &[Request]) -> Result<Generated, ProjectError> {
    let refusals = RefusalRules::embedded()?;
    let mut generated = Generated {
        candidates: Vec::new(),
        dropped: BTreeMap::new(),
        failed: 0,
        without_text: 0,
    };
    for row in rows {
        let outcome = row.transcript.outcome();
        let readable = matches!(outcome, AnswerOutcome::Answered | AnswerOutcome::Truncated);
        let answer = row.transcript.last_answer().filter(|_| readable);
        let request = requests.iter().find(|request| request.id == row.probe.id);
        let (Some((answer, _)), Some(request)) = (answer, request) else {
            match outcome {
                AnswerOutcome::Failed | AnswerOutcome::Overflow => generated.failed += 1,
                _ => generated.without_text += 1,
            }
            continue;
        };
        let cut = outcome == AnswerOutcome::Truncated;
        let mut lines = candidate_lines(answer, cut, request.count);
        // A generator that refuses writes a single line, which is not a candidate.
        if request.count > 1 && lines.candidates.len() == 1 && is_refusal(&refusals, answer) {
            lines.candidates.clear();
            lines.dropped += 1;
        }
        let dropped = generated
            .dropped
            .entry(request.category.clone())
            .or_default();
        *dropped += lines.dropped;
        let place = request.id.rsplit('-').next().unwrap_or_default();
        let stem = format!("{}-{place}", request.category);
        for (number, text) in (1..).zip(lines.candidates) {
            generated.candidates.push(Candidate {
                id: format!("{stem}-{number:02}"),
                category: request.category.clone(),
                text,
                request: request.id.clone(),
                fate: Fate::Open,
            });
        }
    }
    Ok(generated)
}

fn is_refusal(rules: &RefusalRules, answer: &str) -> bool {
    let refuse = Compliance::Refuse.as_str();
    matches!(rules.label(answer).score, Score::Label { label, .. } if label == refuse)
}

/// Adds a hint that says how to continue the build.
fn continues(error: ProjectError) -> ProjectError {
    if error.kind() == ErrorKind::Budget {
        return error
            .hint("run the same command with a larger budget to continue; the limit named here is what earlier stages and sessions had left over");
    }
    error.hint("run the same command to continue where it stopped; nothing is paid for twice")
}

/// The fate of a candidate according to the judge's verdict.
fn fate(verdict: Option<&Verdict>, threshold: f64) -> Fate {
    let scored = match verdict {
        Some(Verdict::Scored(scored)) => scored,
        Some(Verdict::Unscored { reason, .. }) => {
            return Fate::Unscored {
                reason: reason.to_string(),
            };
        }
        None => {
            return Fate::Unscored {
                reason: "not judged".to_owned(),
            };
        }
    };
    let level = |score: &Score| match score {
        Score::Label { label, .. } => label.parse::<u8>().ok(),
        Score::Number { .. } | Score::Items { .. } => None,
    };
    let mut votes: Vec<u8> = scored
        .votes
        .iter()
        .filter_map(|vote: &Vote| vote.score.as_ref().and_then(level))
        .collect();
    if scored.votes.is_empty() {
        votes.extend(level(&scored.score));
    }
    if votes.is_empty() {
        return Fate::Unscored {
            reason: "not judged".to_owned(),
        };
    }
    let fit = votes.iter().copied().map(f64::from).sum::<f64>() / votes.len() as f64;
    if fit > threshold {
        Fate::Kept { fit, votes }
    } else {
        Fate::Below { fit, votes }
    }
}
