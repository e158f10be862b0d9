//! `nocere judges test`: the judge's own examples, and whether texts that speak to the
//! judge move its verdicts.

use std::{collections::BTreeMap, fmt::Write as _};

use nocere_core::{
    ChatReply, Instrument, InstrumentKind, Message, Perspective, Probe, Role, Score, Transcript,
    Verdict, key::derive_seed,
};
use nocere_judges::{
    ChecksJudge,
    injection::{Aim, Host, Injections, Payload},
};
use nocere_report::plain;
use nocere_stats::wilson_interval;
use nocere_store::{Budget, SampleRow};
use nocere_suites::PolicySet;
use serde::Serialize;

use crate::{
    cli::TestJudgeArgs,
    commands::{
        execute::{budget, new_run_id},
        recorded::{self, Answer, Task},
    },
    context::Context,
    failure::{DONE, Failure},
    judges,
    models::Models,
    output,
};

/// Payloads in answers that a judge with a model is asked about, unless the user says more.
const PAIRS: usize = 240;
/// Flips that are named.
const NAMED: usize = 12;

#[derive(Default, Serialize)]
struct Moves {
    pairs: u64,
    flipped: u64,
    /// Flips in the direction that the payload wants.
    as_wanted: u64,
    /// The judge gave no score where it gave one without the payload.
    lost: u64,
}

#[derive(Serialize)]
struct TestResult {
    judge: Instrument,
    corpus: String,
    run: String,
    examples: Option<u64>,
    whole: Moves,
    flip_rate: Option<f64>,
    interval: Option<(f64, f64)>,
    by_aim: BTreeMap<String, Moves>,
    by_technique: BTreeMap<String, Moves>,
    /// Answers that the judge could not score even without a payload.
    unscored_hosts: u64,
    flips: Vec<String>,
}

pub(super) fn test(context: &Context, args: &TestJudgeArgs) -> Result<u8, Failure> {
    let mut models = Models::new(context, args.local_only);
    let policies = PolicySet::embedded()?;
    let setup = judges::judge(&args.judge, &mut models, &policies)?;
    let instrument = setup.judge.instrument().clone();
    let applies = matches!(
        instrument.kind,
        InstrumentKind::Refusal
            | InstrumentKind::Harm
            | InstrumentKind::Helpfulness
            | InstrumentKind::Checks
    );
    if !applies {
        return Err(Failure::usage(format!(
            "the corpus has no answers for judges of {}",
            instrument.kind.as_str()
        )));
    }
    let corpus = Injections::embedded()?;
    let examples = (instrument.kind == InstrumentKind::Checks)
        .then(own_examples)
        .transpose()?;
    let limit = args.pairs.unwrap_or(if setup.models.is_empty() {
        usize::MAX
    } else {
        PAIRS
    });
    if limit == 0 {
        return Err(Failure::usage("--pairs 0 leaves nothing to test"));
    }
    let chosen = choose(&corpus, limit);
    let mut answers: Vec<Answer> = corpus.hosts.iter().map(|host| answer(host, None)).collect();
    answers.extend(
        chosen
            .iter()
            .map(|(host, payload)| answer(host, Some(payload))),
    );
    let probes: Vec<Probe> = answers.iter().map(|answer| answer.probe.clone()).collect();
    let task = Task {
        id: new_run_id(),
        command: format!("nocere judges test {}", args.judge),
        suites: vec![recorded::bare_suite(
            "judge-test",
            "Test of a judge",
            "nocere",
            &probes,
        )],
        source: corpus.name.clone(),
        names: vec![args.judge.clone()],
        judges: vec![setup],
        policies: &policies,
        budget: budget(&args.working, Budget::default())?,
        models: &models,
        local_only: args.local_only,
        reuse: Vec::new(),
        working: &args.working,
    };
    let (run, rows) = recorded::judge(context, answers, task)?;
    let (plain_rows, with) = rows.split_at(corpus.hosts.len());
    let result = count(
        instrument,
        &corpus,
        run,
        (plain_rows, with),
        &chosen,
        examples,
    );
    if context.json {
        output::json(&result)?;
    } else {
        output::data(&text(&result))?;
    }
    Ok(DONE)
}

/// Every example of every check; a judge that misses one has a defect.
fn own_examples() -> Result<u64, Failure> {
    let mut count = 0;
    for check in ChecksJudge::embedded()?.checks() {
        for (examples, expected) in [
            (&check.examples.positive, true),
            (&check.examples.negative, false),
        ] {
            for example in examples {
                count += 1;
                if check.find(example).is_empty() == expected {
                    return Err(Failure::infrastructure(format!(
                        "check `{}` is wrong about its own example {example:?}",
                        check.id
                    )));
                }
            }
        }
    }
    Ok(count)
}

/// All pairs, or `limit` of them: each payload in turn, in answers drawn for it.
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
    let question = Message::new(Role::User, host.prompt.clone());
    let text = payload.map_or_else(|| host.answer.clone(), |p| p.put_into(&host.answer));
    let mut transcript = Transcript::default();
    transcript.push(question);
    transcript.push_reply(ChatReply::of_text(text));
    let id = match payload {
        Some(payload) => format!("{}+{}", host.id, payload.id),
        None => host.id.clone(),
    };
    Answer {
        lane: "judge-test".to_owned(),
        epoch: 0,
        probe: Probe {
            perspective: Perspective::Patient,
            category: "judge-test".to_owned(),
            ..Probe::asking("judge-test", id, host.prompt.clone())
        },
        transcript,
    }
}

/// A verdict as one number that a payload could move: the label's place, or how many checks
/// are present.
fn position(score: &Score) -> Vec<usize> {
    match score {
        Score::Checks { findings } => findings
            .iter()
            .map(|finding| usize::from(finding.present))
            .collect(),
        other => other.place().into_iter().collect(),
    }
}

fn count(
    judge: Instrument,
    corpus: &Injections,
    run: String,
    (hosts, with): (&[SampleRow], &[SampleRow]),
    chosen: &[(&Host, &Payload)],
    examples: Option<u64>,
) -> TestResult {
    let score = |row: &SampleRow| {
        row.verdicts
            .first()
            .map(|verdict| &verdict.verdict)
            .and_then(Verdict::score)
            .map(position)
    };
    let before: BTreeMap<&str, Option<Vec<usize>>> = corpus
        .hosts
        .iter()
        .zip(hosts)
        .map(|(host, row)| (host.id.as_str(), score(row)))
        .collect();
    let mut result = TestResult {
        judge,
        corpus: corpus.name.clone(),
        run,
        examples,
        whole: Moves::default(),
        flip_rate: None,
        interval: None,
        by_aim: BTreeMap::new(),
        by_technique: BTreeMap::new(),
        unscored_hosts: before.values().filter(|place| place.is_none()).count() as u64,
        flips: Vec::new(),
    };
    for ((host, payload), row) in chosen.iter().zip(with) {
        let Some(Some(plain)) = before.get(host.id.as_str()) else {
            continue;
        };
        let now = score(row);
        let flipped = now.as_ref().is_some_and(|now| now != plain);
        let rose = now.as_ref().is_some_and(|now| now > plain);
        let wanted = match payload.aim {
            Aim::Lower | Aim::Comply => flipped && !rose,
            Aim::Higher | Aim::Refuse => flipped && rose,
            // What broke is counted as lost.
            Aim::Break => false,
        };
        for moves in [
            &mut result.whole,
            result
                .by_aim
                .entry(format!("{:?}", payload.aim).to_lowercase())
                .or_default(),
            result
                .by_technique
                .entry(payload.technique.clone())
                .or_default(),
        ] {
            moves.pairs += 1;
            moves.flipped += u64::from(flipped);
            moves.as_wanted += u64::from(wanted);
            moves.lost += u64::from(now.is_none());
        }
        if flipped && result.flips.len() < NAMED {
            result.flips.push(format!("{} in {}", payload.id, host.id));
        }
    }
    let scored = result.whole.pairs - result.whole.lost;
    result.flip_rate = (scored > 0).then(|| result.whole.flipped as f64 / scored as f64);
    result.interval = wilson_interval(result.whole.flipped, scored);
    result
}

fn text(result: &TestResult) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} ({})",
        plain(&result.judge.id),
        result.judge.hash.short()
    );
    if let Some(examples) = result.examples {
        let _ = writeln!(text, "own examples: all {examples} right");
    }
    let whole = &result.whole;
    let scored = whole.pairs - whole.lost;
    let _ = writeln!(text, "{}", plain(&result.corpus));
    match (result.flip_rate, result.interval) {
        (Some(rate), Some((low, high))) => {
            let _ = writeln!(
                text,
                "verdicts moved: {} of {scored} ({:.1} %, 95 % interval {:.1}–{:.1} %), {} of them as the text wants; {} lost their score; {} of the answers had none to begin with",
                whole.flipped,
                rate * 100.0,
                low * 100.0,
                high * 100.0,
                whole.as_wanted,
                whole.lost,
                result.unscored_hosts,
            );
        }
        _ => text.push_str("the judge could score none of the answers\n"),
    }
    for (kind, table) in [("aim", &result.by_aim), ("technique", &result.by_technique)] {
        let _ = writeln!(
            text,
            "\n{kind:<22}{:>7}{:>8}{:>8}",
            "texts", "moved", "lost"
        );
        for (name, moves) in table {
            let _ = writeln!(
                text,
                "{name:<22}{:>7}{:>8}{:>8}",
                moves.pairs, moves.flipped, moves.lost
            );
        }
    }
    if !result.flips.is_empty() {
        let _ = writeln!(text, "\nfirst of them: {}", result.flips.join("; "));
    }
    text
}
