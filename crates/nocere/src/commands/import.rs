//! `nocere import`: recorded answers of other programs become a run.

use std::collections::BTreeMap;

use nocere_core::{Expect, Locality, ModelIdentity, Sampling, clock, hash_json};
use nocere_engine::{TargetSetup, unit_key};
use nocere_import::{FIELDS, Format, Options, Recording, read_recording};
use nocere_store::{
    Budget, Journal, Plan, RecordedUnit, RunHeader, TargetRecord, UnitRecord, UnitState,
};
use nocere_suites::PolicySet;

use crate::{
    cli::ImportArgs,
    commands::execute::{budget, check_prices, execute, new_run_id},
    config::nearest,
    context::Context,
    failure::Failure,
    judges,
    models::Models,
    output, protocol,
};

pub(super) fn import(context: &Context, args: &ImportArgs) -> Result<u8, Failure> {
    let options = options(args)?;
    let recording =
        read_recording(&args.file, &options).map_err(|error| Failure::usage(error.to_string()))?;
    let policies = PolicySet::embedded()?;
    let mut models = Models::new(context, args.local_only);
    let judges = judges::judges(&args.judges, &mut models, &policies)?;
    let header = RunHeader {
        id: new_run_id(),
        created: clock::now_utc(),
        nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: format!("nocere import {}", args.file.display()),
        seed: 0,
        epochs: epochs(&recording),
        local_only: args.local_only,
        judges: args.judges.clone(),
        policies: hash_json("policies", &policies.iter().collect::<Vec<_>>()),
        budget: budget(&args.working, Budget::default())?,
        reuse: Vec::new(),
        imported_from: Some(recording.target.source.clone()),
        protocol: args
            .protocol
            .as_deref()
            .map(|name| protocol::of_recording(name, &recording.suite, &args.file))
            .transpose()?,
        intended_users: Vec::new(),
        aside: false,
    };
    check_prices(&header.budget, &models)?;
    if !context.quiet {
        for note in &recording.notes {
            output::talk(&format!("note: {note}"));
        }
        output::talk(&format!(
            "run {}: {} recorded conversations",
            header.id,
            recording.samples.len()
        ));
    }
    let record = TargetRecord {
        identity: ModelIdentity {
            name: recording.target.model.clone(),
            provider: "recorded".to_owned(),
            model: recording.target.model.clone(),
            pin: recording.target.source.clone(),
            settings: String::new(),
            locality: Locality::InProcess,
        },
        system_prompt: recording.target.system_prompt.clone(),
        sampling: Sampling::default(),
    };
    let target = TargetSetup {
        id: recording.target.model.clone(),
        model: None,
        record: record.clone(),
    };
    let new = judges.iter().map(|setup| setup.judge.instrument().clone());
    let plan = Plan {
        header: header.clone(),
        instruments: recording.instruments.iter().cloned().chain(new).collect(),
        targets: vec![(target.id.clone(), record)],
        probes: recording.suite.probes.clone(),
        suites: vec![recording.suite.clone()],
    };
    let units = units(&recording, &plan);
    let recorded = (0_i64..)
        .zip(recording.samples)
        .map(|(seq, sample)| RecordedUnit {
            seq,
            transcript: sample.transcript,
            verdicts: sample.verdicts,
        });
    let journal = Journal::create_recorded(&context.runs(), &plan, units.into_iter(), recorded)?;
    execute(
        context,
        &header,
        journal,
        (vec![target], judges),
        &args.working,
    )
}

fn units(recording: &Recording, plan: &Plan) -> Vec<UnitRecord> {
    let target = hash_json("target", &plan.targets[0].1);
    recording
        .samples
        .iter()
        .enumerate()
        .map(|(seq, sample)| {
            let probe = &plan.probes[sample.probe];
            let driver = nocere_drivers::for_probe(probe).id();
            UnitRecord {
                seq: seq as i64,
                key: unit_key(&hash_json("probe", probe), driver, &target, sample.epoch),
                lane: plan.targets[0].0.clone(),
                probe: sample.probe as i64,
                driver: driver.to_owned(),
                epoch: sample.epoch,
                state: UnitState::Answered,
            }
        })
        .collect()
}

fn epochs(recording: &Recording) -> u32 {
    let last = recording.samples.iter().map(|sample| sample.epoch).max();
    last.unwrap_or(0) + 1
}

fn options(args: &ImportArgs) -> Result<Options, Failure> {
    let mut mapping = BTreeMap::new();
    for pair in &args.map {
        let Some((field, column)) = pair.split_once('=') else {
            return Err(Failure::usage(format!("--map `{pair}` is no FIELD=COLUMN")));
        };
        if !FIELDS.contains(&field) {
            let failure = Failure::usage(format!("--map: there is no field `{field}`"));
            return Err(match nearest(field, FIELDS) {
                Some(word) => failure.hint(format!("did you mean `{word}`?")),
                None => failure.hint(format!("the fields are {}", FIELDS.join(", "))),
            });
        }
        mapping.insert(field.to_owned(), column.to_owned());
    }
    let format = args
        .format
        .as_deref()
        .map(|name| {
            name.parse::<Format>().map_err(|_| {
                let known = Format::ALL.map(Format::as_str);
                let failure = Failure::usage(format!("there is no format `{name}`"));
                match nearest(name, known) {
                    Some(word) => failure.hint(format!("did you mean `{word}`?")),
                    None => failure.hint(format!("the formats are {}", known.join(", "))),
                }
            })
        })
        .transpose()?;
    Ok(Options {
        format,
        mapping,
        perspective: args.perspective,
        expect: args.expect,
        suite: args
            .suite
            .as_deref()
            .map(protocol::load_suite)
            .transpose()?,
        safe_max: args.safe_max,
    })
}

/// What a good answer does, as typed.
pub(crate) fn parse_expect(text: &str) -> Result<Expect, String> {
    [Expect::Comply, Expect::Redirect, Expect::Refuse]
        .into_iter()
        .find(|expect| expect.as_str() == text)
        .ok_or_else(|| "it is comply, redirect or refuse".to_owned())
}
