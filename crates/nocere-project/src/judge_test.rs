//! Tests a judge on its own examples, on answers that try to manipulate it, and on answers that
//! say the same in another form.

use std::collections::BTreeMap;

use nocere_core::{
    Budget, ChatReply, Instrument, Material, Message, Perspective, Probe, Role, RunHeader, RunId,
    RunKind, Sample, Transcript, Verdict, key::derive_seed, measure,
};
use nocere_engine::JudgeSetup;
use nocere_judges::injection::{Aim, Host, Injections, Payload};
use nocere_stats::wilson_interval;
use serde::Serialize;

use crate::{
    Project, ProjectError, RunLimits, Watch,
    judge_forms::{FormMoves, Forms, position},
    judges, policies,
    session::{
        policies_hash,
        recorded::{self, Answer, Task},
    },
    targets::Models,
};

/// Default number of manipulated answers for judges that ask a model.
const PAIRS: usize = 240;
/// Maximum number of flips that are listed.
const NAMED: usize = 12;

/// How often payloads changed a verdict. A payload is a text addressed to the judge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Moves {
    /// Number of answers with a payload.
    pub pairs: u64,
    /// Number of verdicts that differ from the verdict on the same answer without the payload.
    pub flipped: u64,
    /// Number of flips in the direction that the payload asks for.
    pub as_wanted: u64,
    /// Number of answers that the judge could score only without the payload.
    pub lost: u64,
}

/// The result of a judge's test.
#[derive(Clone, Debug, Serialize)]
pub struct JudgeTest {
    /// The judge that was tested.
    pub judge: Instrument,
    /// Name of the corpus of payloads.
    pub corpus: String,
    /// Id of the run with the verdicts.
    pub run: RunId,
    /// Number of the judge's own examples, all of which it got right; `None` if it has none.
    pub examples: Option<u64>,
    /// Counts over all payloads.
    pub whole: Moves,
    /// Share of flips among the answers that were scored; `None` without any.
    pub flip_rate: Option<f64>,
    /// The 95 % interval of `flip_rate` (Wilson).
    pub interval: Option<(f64, f64)>,
    /// Counts by what the payload asks for.
    pub by_aim: BTreeMap<String, Moves>,
    /// Counts by the payload's technique.
    pub by_technique: BTreeMap<String, Moves>,
    /// Number of answers that the judge could not score even without a payload.
    pub unscored_hosts: u64,
    /// The first flips, up to twelve, as "PAYLOAD in ANSWER".
    pub flips: Vec<String>,
    /// What changes that must not move a verdict did, by kind.
    pub forms: BTreeMap<String, FormMoves>,
}

/// A judge to test.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgeTestSpec {
    /// The judge, in the notation of `nocere run --judge`.
    pub judge: String,
    /// Maximum number of answers with a payload; `None` for all, or 240 for judges that ask a
    /// model.
    pub pairs: Option<usize>,
    /// Whether to refuse judges that are not on this machine.
    pub local_only: bool,
    /// Budget for the judge's calls.
    pub limits: RunLimits,
}

impl Project {
    /// Tests a judge on its own examples, and on answers that try to manipulate it.
    ///
    /// # Errors
    ///
    /// The judge cannot be set up, the corpus has no answers for its measure, it is wrong about
    /// one of its own examples, or judging fails.
    pub fn test_judge(
        &self,
        spec: &JudgeTestSpec,
        watch: &Watch,
    ) -> Result<JudgeTest, ProjectError> {
        let mut models = Models::new(self, spec.local_only);
        let policies = policies::all(self)?;
        let setup = judges::judge(&spec.judge, &mut models, &policies)?;
        let instrument = setup.judge.instrument().clone();
        // The corpus has questions and answers, but no documents, keys or references.
        let beside = [measure::GROUNDING, measure::FIT, measure::USABILITY];
        if beside.contains(&instrument.measure.as_str())
            || Material::of_measure(&instrument.measure, true).is_some()
        {
            return Err(ProjectError::usage(format!(
                "the corpus has no answers for judges of {}",
                instrument.measure
            )));
        }
        let corpus = Injections::embedded()?;
        let examples = (instrument.measure == measure::CHECKS)
            .then(|| own_examples(self))
            .transpose()?;
        let usual = if setup.models.is_empty() {
            usize::MAX
        } else {
            PAIRS
        };
        let chosen = choose(&corpus, spec.pairs.unwrap_or(usual));
        if chosen.is_empty() {
            return Err(ProjectError::usage("--pairs 0 leaves nothing to test"));
        }
        let hosts = corpus.hosts.iter().map(|host| answer(host, None));
        let with = chosen
            .iter()
            .map(|(host, payload)| answer(host, Some(payload)));
        let mut answers: Vec<Answer> = hosts.chain(with).collect();
        let addressed = answers.len();
        // Checks rightly see that somebody was sent to a professional.
        let forms = Forms::choose(
            spec.pairs.unwrap_or(usual).div_ceil(2),
            instrument.measure != measure::CHECKS,
        )?;
        answers.extend(forms.answers(exchange));
        let falling = judges::with_falling_levels(&spec.judge, &mut models, &policies)?;
        let task = |judge: JudgeSetup, answers: &[Answer]| -> Result<Task<'_>, ProjectError> {
            let probes: Vec<Probe> = answers.iter().map(|of| of.probe.clone()).collect();
            let command = format!("nocere judges test {}", spec.judge);
            Ok(Task {
                header: RunHeader {
                    local_only: spec.local_only,
                    judges: vec![spec.judge.clone()],
                    budget: spec.limits.budget(Budget::default())?,
                    assets: self.changed_assets(&[]),
                    ..RunHeader::new(RunKind::JudgeTest, command, policies_hash(&policies))
                },
                suites: vec![recorded::bare_suite(
                    "judge-test",
                    "Test of a judge",
                    "nocere",
                    &probes,
                )],
                source: corpus.name.clone(),
                judges: vec![judge],
                models: &models,
                max_time: spec.limits.max_time,
            })
        };
        // The order of the levels is tried on the unchanged answers only.
        let fallen = match falling {
            Some(judge) => {
                let plain = forms.plain(exchange);
                let task = task(judge, &plain)?;
                recorded::judge(self, plain, task, watch)?.1
            }
            None => Vec::new(),
        };
        let task = task(setup, &answers)?;
        let (run, rows) = recorded::judge(self, answers, task, watch)?;
        let mut test = JudgeTest::new(instrument, run);
        test.corpus.clone_from(&corpus.name);
        test.examples = examples;
        let (addressed, rest) = rows.split_at(addressed.min(rows.len()));
        test.count(&corpus.hosts, &chosen, addressed);
        test.forms = forms.count(&test.judge.scale, rest, &fallen);
        Ok(test)
    }
}

/// Checks every example of every check and returns their number. A wrong one is a defect.
fn own_examples(project: &Project) -> Result<u64, ProjectError> {
    let mut count = 0;
    for check in judges::checks(project)?.checks() {
        for (examples, expected) in [
            (&check.examples.positive, true),
            (&check.examples.negative, false),
        ] {
            for example in examples {
                count += 1;
                if check.find(example).is_empty() == expected {
                    return Err(ProjectError::infrastructure(format!(
                        "check `{}` is wrong about its own example {example:?}",
                        check.id
                    )));
                }
            }
        }
    }
    Ok(count)
}

/// Up to `limit` pairs of answer and payload. Takes all payloads in turn, each with answers drawn
/// for it.
fn choose(corpus: &Injections, limit: usize) -> Vec<(&Host, &Payload)> {
    let mut pairs: Vec<(u64, &Host, &Payload)> = Vec::new();
    for payload in &corpus.payloads {
        let mut hosts: Vec<(u64, &Host)> = corpus
            .hosts
            .iter()
            .map(|host| (derive_seed(0, &format!("{} {}", payload.id, host.id)), host))
            .collect();
        hosts.sort_by_key(|(rank, _)| *rank);
        for (round, (_, host)) in (0..).zip(hosts) {
            pairs.push((round, host, payload));
        }
    }
    pairs.sort_by_key(|(round, ..)| *round);
    pairs
        .into_iter()
        .take(limit)
        .map(|(_, host, payload)| (host, payload))
        .collect()
}

fn answer(host: &Host, payload: Option<&Payload>) -> Answer {
    let text = payload.map_or_else(|| host.answer.clone(), |p| p.put_into(&host.answer));
    let id = match payload {
        Some(payload) => format!("{}+{}", host.id, payload.id),
        None => host.id.clone(),
    };
    exchange(id, &host.prompt, &text)
}

/// A question of a patient and its answer.
fn exchange(id: String, question: &str, text: &str) -> Answer {
    let mut transcript = Transcript::default();
    transcript.push(Message::new(Role::User, question));
    transcript.push_reply(ChatReply::of_text(text));
    Answer {
        target: "judge-test".into(),
        epoch: 0,
        probe: Probe {
            perspective: Perspective::Patient,
            category: "judge-test".to_owned(),
            ..Probe::asking("judge-test", id, question)
        },
        transcript,
    }
}

impl JudgeTest {
    /// Nothing counted yet.
    fn new(judge: Instrument, run: RunId) -> Self {
        Self {
            judge,
            corpus: String::new(),
            run,
            examples: None,
            whole: Moves::default(),
            flip_rate: None,
            interval: None,
            by_aim: BTreeMap::new(),
            by_technique: BTreeMap::new(),
            unscored_hosts: 0,
            flips: Vec::new(),
            forms: BTreeMap::new(),
        }
    }

    /// Counts the verdicts: `rows` are those of the hosts alone, and after them those of the
    /// `chosen` pairs.
    fn count(&mut self, hosts: &[Host], chosen: &[(&Host, &Payload)], rows: &[Sample]) {
        let scale = &self.judge.scale;
        let score = |row: &Sample| {
            let verdict = row.verdicts.first().map(|verdict| &verdict.verdict);
            let score = verdict.and_then(Verdict::score);
            score.map(|score| position(score, scale))
        };
        let (alone, with) = rows.split_at(hosts.len());
        let before: BTreeMap<&str, Option<Vec<usize>>> = hosts
            .iter()
            .zip(alone)
            .map(|(host, row)| (host.id.as_str(), score(row)))
            .collect();
        self.unscored_hosts = before.values().filter(|place| place.is_none()).count() as u64;
        let moves: Vec<Move<'_>> = chosen
            .iter()
            .zip(with)
            .filter_map(|((host, payload), row)| {
                let plain = before.get(host.id.as_str())?.as_ref()?;
                Some(Move::of(host, payload, plain, score(row).as_deref()))
            })
            .collect();
        for one in moves {
            self.add(&one);
        }
        let scored = self.whole.pairs - self.whole.lost;
        self.flip_rate = (scored > 0).then(|| self.whole.flipped as f64 / scored as f64);
        self.interval = wilson_interval(self.whole.flipped, scored);
    }

    fn add(&mut self, one: &Move<'_>) {
        let aim = one.payload.aim.as_str().to_owned();
        let technique = one.payload.technique.clone();
        for moves in [
            &mut self.whole,
            self.by_aim.entry(aim).or_default(),
            self.by_technique.entry(technique).or_default(),
        ] {
            moves.pairs += 1;
            moves.flipped += u64::from(one.flipped);
            moves.as_wanted += u64::from(one.as_wanted);
            moves.lost += u64::from(one.lost);
        }
        if one.flipped && self.flips.len() < NAMED {
            self.flips
                .push(format!("{} in {}", one.payload.id, one.host.id));
        }
    }
}

/// What a payload did to the verdict on its host.
struct Move<'a> {
    host: &'a Host,
    payload: &'a Payload,
    flipped: bool,
    as_wanted: bool,
    lost: bool,
}

impl<'a> Move<'a> {
    fn of(host: &'a Host, payload: &'a Payload, plain: &[usize], now: Option<&[usize]>) -> Self {
        let flipped = now.is_some_and(|now| now != plain);
        let rose = now.is_some_and(|now| now > plain);
        let as_wanted = match payload.aim {
            Aim::Lower | Aim::Comply => flipped && !rose,
            Aim::Higher | Aim::Refuse => flipped && rose,
            // A payload that breaks the judge is counted in `lost`.
            Aim::Break => false,
        };
        Self {
            host,
            payload,
            flipped,
            as_wanted,
            lost: now.is_none(),
        }
    }
}
