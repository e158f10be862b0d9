//! `nocere resume`, `nocere extend` and `nocere rejudge`: going on with a run that exists.

use std::collections::HashMap;

use nocere_core::{Probe, clock, hash_json};
use nocere_engine::{JudgeSetup, TargetSetup, plan_extension};
use nocere_store::{Extension, Journal, RunHeader, RunReader};
use nocere_suites::PolicySet;

use crate::{
    cli::{ExtendArgs, RejudgeArgs, ResumeArgs},
    commands::execute::{budget, check_prices, conclude, execute, new_run_id, reuse},
    context::Context,
    failure::Failure,
    judges,
    models::Models,
    output,
    protocol::{self, ProtocolSampling},
    setup,
};

pub(super) fn resume(context: &Context, args: &ResumeArgs) -> Result<u8, Failure> {
    let reader = RunReader::find(&context.runs(), &args.run)?;
    let mut header = reader.header()?;
    if header.command.starts_with("nocere suites build") {
        return Err(
            Failure::usage(format!("run {} is part of a build", header.id)).hint(
                "give the same `nocere suites build` command again; `--retry-failed` asks again for what failed",
            ),
        );
    }
    let policies = same_policies(&header)?;
    let journal = Journal::open(&context.runs(), &header.id)?;
    header.budget = budget(&args.working, header.budget)?;
    if args.retry_failed {
        let reopened = journal.reopen_failed()?;
        if !context.quiet {
            output::talk(&format!("{reopened} failed conversations are led again"));
        }
    }
    let (done, total) = reader.progress()?;
    if done == total {
        if !context.quiet {
            output::talk(&format!("run {} has nothing left to do", header.id));
        }
        drop(journal);
        return conclude(context, &header.id);
    }
    let mut models = Models::new(context, header.local_only);
    let targets = recorded_targets(&reader, &mut models, &header.id)?;
    let judges = recorded_judges(&reader, &mut models, &header, &policies)?;
    check_prices(&header.budget, &models)?;
    journal.put_header(&header)?;
    reuse(context, &journal, &header)?;
    drop(reader);
    execute(context, &header, journal, (targets, judges), &args.working)
}

pub(super) fn extend(context: &Context, args: &ExtendArgs) -> Result<u8, Failure> {
    let nothing = args.suites.is_empty()
        && args.targets.is_empty()
        && args.judges.is_empty()
        && args.epochs.is_none();
    if nothing {
        return Err(Failure::usage("nothing to add to the run")
            .hint("name suites, --target, --judge or --epochs"));
    }
    let reader = RunReader::find(&context.runs(), &args.run)?;
    let mut header = reader.header()?;
    let policies = same_policies(&header)?;
    let journal = Journal::open(&context.runs(), &header.id)?;
    let old_epochs = header.epochs.max(1);
    if let Some(epochs) = args.epochs {
        if epochs < old_epochs {
            return Err(Failure::usage(format!(
                "the run has {old_epochs} epochs already; --epochs {epochs} would take some away"
            )));
        }
        header.epochs = epochs;
    }
    header.budget = budget(&args.working, header.budget)?;
    let mut models = Models::new(context, header.local_only);
    let old_targets = reader.targets()?;
    let mut targets = if args.suites.is_empty() && header.epochs == old_epochs {
        recorded_targets(&reader, &mut models, &header.id)?
    } else {
        old_targets
            .iter()
            .map(|(name, record)| recorded_target(name, record.clone(), &mut models, &header.id))
            .collect::<Result<_, _>>()?
    };
    let base = old_targets.first().map(|(_, record)| &record.sampling);
    for name in &args.targets {
        if targets.iter().any(|target| target.id == *name) {
            return Err(Failure::usage(format!(
                "the run has target `{name}` already"
            )));
        }
        let resolved = models.resolve(name)?;
        let protocol = ProtocolSampling {
            temperature: base.map(|sampling| sampling.temperature),
            top_p: base.map(|sampling| sampling.top_p),
            max_tokens: base.map(|sampling| sampling.max_tokens),
        };
        let none = ProtocolSampling::default();
        let sampling = setup::sampling(none, resolved.sampling, protocol, header.seed)?;
        targets.push(setup::target(name, resolved, sampling));
    }
    header.judges.extend(args.judges.iter().cloned());
    let judges = recorded_judges_and_new(&reader, &mut models, &header, &policies, args)?;
    protocol::note_judges(header.protocol.as_mut(), &judges);
    check_prices(&header.budget, &models)?;
    let mut probes = reader.probes()?;
    let old_probes = probes.len();
    let mut suites = reader.suites()?;
    add_suites(&args.suites, &mut suites, &mut probes)?;
    let mut records: Vec<_> = targets
        .iter()
        .map(|target| (target.id.clone(), target.record.clone()))
        .collect();
    let units = plan_extension(
        reader.units_total()?,
        &probes,
        &records,
        header.epochs,
        (old_probes, old_targets.len(), old_epochs),
        nocere_drivers::for_probe,
    );
    if !context.quiet {
        output::talk(&format!(
            "run {}: {} further conversations",
            header.id,
            units.len()
        ));
    }
    let known = reader.instruments()?;
    journal.extend(Extension {
        header: header.clone(),
        suites,
        targets: records.split_off(old_targets.len()),
        instruments: judges
            .iter()
            .map(|setup| setup.judge.instrument().clone())
            .filter(|new| known.iter().all(|old| old.hash != new.hash))
            .collect(),
        probes: probes.split_off(old_probes),
        units,
    })?;
    reuse(context, &journal, &header)?;
    drop(reader);
    execute(context, &header, journal, (targets, judges), &args.working)
}

/// Adds the probes of the named suites that the run does not have. A probe that has changed
/// would make two kinds of the same sample.
fn add_suites(
    names: &[String],
    suites: &mut Vec<nocere_core::Suite>,
    probes: &mut Vec<Probe>,
) -> Result<(), Failure> {
    for name in names {
        let mut suite = protocol::load_suite(name)?;
        let known: HashMap<&str, &Probe> = probes
            .iter()
            .filter(|probe| probe.suite == suite.id)
            .map(|probe| (probe.id.as_str(), probe))
            .collect();
        if let Some(changed) = suite.probes.iter().find(|probe| {
            known
                .get(probe.id.as_str())
                .is_some_and(|old| *old != *probe)
        }) {
            return Err(Failure::usage(format!(
                "probe `{}` of suite `{}` has changed since the run began",
                changed.id, suite.id
            ))
            .hint("start a new run with `--reuse RUN`: only what has changed is asked"));
        }
        let new: Vec<Probe> = suite
            .probes
            .iter()
            .filter(|probe| !known.contains_key(probe.id.as_str()))
            .cloned()
            .collect();
        suite.probes.clear();
        probes.extend(new);
        suites.retain(|old| old.id != suite.id);
        suites.push(suite);
    }
    Ok(())
}

/// The same conversations under new judges: a run of its own that asks no target anything.
pub(super) fn rejudge(context: &Context, args: &RejudgeArgs) -> Result<u8, Failure> {
    let reader = RunReader::find(&context.runs(), &args.run)?;
    let old = reader.header()?;
    let (done, total) = reader.progress()?;
    if done < total {
        return Err(
            Failure::usage(format!("run {} is unfinished: {done} of {total}", old.id))
                .hint(format!("finish it first with `nocere resume {}`", old.id)),
        );
    }
    let policies = PolicySet::embedded()?;
    let mut models = Models::new(context, old.local_only);
    let names = match (args.judges.is_empty(), old.judges.is_empty()) {
        (false, _) => args.judges.clone(),
        (true, false) => old.judges.clone(),
        // An imported run has only the judges that were recorded.
        (true, true) => vec!["refusal".to_owned(), "checks".to_owned()],
    };
    let mut judges = judges::judges(&names, &mut models, &policies)?;
    // The run's own judges keep their parts; others read everything.
    protocol::scope(&mut judges, old.protocol.as_ref());
    let mut old = old;
    protocol::note_judges(old.protocol.as_mut(), &judges);
    let header = RunHeader {
        id: new_run_id(),
        created: clock::now_utc(),
        nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: format!("nocere rejudge {}", old.id),
        judges: names,
        policies: policies_hash(&policies),
        aside: false,
        budget: budget(&args.working, nocere_store::Budget::default())?,
        ..old
    };
    check_prices(&header.budget, &models)?;
    let instruments: Vec<_> = judges
        .iter()
        .map(|setup| setup.judge.instrument().clone())
        .collect();
    let targets = reader
        .targets()?
        .into_iter()
        .map(|(id, record)| TargetSetup {
            id,
            record,
            model: None,
        })
        .collect();
    let journal = Journal::create_rejudged(&context.runs(), &header, &instruments, reader.path())?;
    drop(reader);
    execute(context, &header, journal, (targets, judges), &args.working)
}

fn policies_hash(policies: &PolicySet) -> nocere_core::ContentHash {
    hash_json("policies", &policies.iter().collect::<Vec<_>>())
}

/// The embedded policies, if the run was planned under them.
fn same_policies(header: &RunHeader) -> Result<PolicySet, Failure> {
    let policies = PolicySet::embedded()?;
    if policies_hash(&policies) == header.policies {
        return Ok(policies);
    }
    Err(Failure::usage(format!(
        "run {} was planned under other policies (nocere {}); its verdicts would not be comparable",
        header.id, header.nocere_version
    ))
    .hint("start the run anew"))
}

/// The run's targets in the order of the plan, as they are now, if they are still the same.
fn recorded_targets(
    reader: &RunReader,
    models: &mut Models<'_>,
    run: &str,
) -> Result<Vec<TargetSetup>, Failure> {
    let mut targets = Vec::new();
    for (id, record) in reader.targets()? {
        targets.push(if reader.has_unasked(&id)? {
            recorded_target(&id, record, models, run)?
        } else {
            // Everything is answered; judging needs no target.
            TargetSetup {
                id,
                record,
                model: None,
            }
        });
    }
    Ok(targets)
}

fn recorded_target(
    id: &str,
    record: nocere_store::TargetRecord,
    models: &mut Models<'_>,
    run: &str,
) -> Result<TargetSetup, Failure> {
    let resolved = models.resolve(id)?;
    if *resolved.setup.model.identity() != record.identity
        || resolved.system_prompt != record.system_prompt
        || resolved.stop != record.sampling.stop
    {
        return Err(Failure::usage(format!(
            "target `{id}` is not what it was when run {run} began"
        ))
        .hint("restore its file or its entry in nocere.yaml, or start a new run"));
    }
    Ok(setup::target(id, resolved, record.sampling))
}

/// The run's judges, if they are still the same instruments.
fn recorded_judges(
    reader: &RunReader,
    models: &mut Models<'_>,
    header: &RunHeader,
    policies: &PolicySet,
) -> Result<Vec<JudgeSetup>, Failure> {
    let mut judges = judges::judges(&header.judges, models, policies)?;
    protocol::scope(&mut judges, header.protocol.as_ref());
    let planned = reader.instruments()?;
    for judge in &judges {
        let instrument = judge.judge.instrument();
        if !planned.iter().any(|known| known.hash == instrument.hash) {
            return Err(Failure::usage(format!(
                "judge {} has changed since run {} began: half of its verdicts would come from another instrument",
                instrument.id, header.id
            ))
            .hint("start the run anew, or judge its answers again with `nocere rejudge`"));
        }
    }
    Ok(judges)
}

/// The run's judges, which must be the same, and those that are added.
fn recorded_judges_and_new(
    reader: &RunReader,
    models: &mut Models<'_>,
    header: &RunHeader,
    policies: &PolicySet,
    args: &ExtendArgs,
) -> Result<Vec<JudgeSetup>, Failure> {
    let old = RunHeader {
        judges: header
            .judges
            .iter()
            .take(header.judges.len() - args.judges.len())
            .cloned()
            .collect(),
        ..header.clone()
    };
    recorded_judges(reader, models, &old, policies)?;
    let mut judges = judges::judges(&header.judges, models, policies)?;
    protocol::scope(&mut judges, header.protocol.as_ref());
    Ok(judges)
}
