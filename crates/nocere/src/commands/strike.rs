//! `nocere strike`.

use nocere_core::{Sample, StruckSample, clock::now_utc, text::plural};
use nocere_project::ProjectError;
use nocere_store::Journal;
use serde_json::json;

use crate::{cli::StrikeArgs, context::Context, exit::DONE, output};

pub(super) fn strike(context: &Context, args: &StrikeArgs) -> Result<u8, ProjectError> {
    let reason = args.reason.trim();
    if reason.is_empty() && !args.back {
        return Err(ProjectError::usage("--reason is empty")
            .hint("say why nobody should count the sample: the report shows it"));
    }
    let reader = context.project.run(&args.run)?;
    let run = reader.header()?.id;
    let mut chosen: Vec<Sample> = Vec::new();
    for probe in &args.probes {
        let found = reader.samples_of_probe(probe)?;
        let fitting = found.into_iter().filter(|sample| {
            args.target
                .as_ref()
                .is_none_or(|target| *target == *sample.target)
                && args.epoch.is_none_or(|epoch| epoch == sample.epoch)
        });
        let before = chosen.len();
        chosen.extend(fitting);
        if chosen.len() == before {
            return Err(ProjectError::usage(format!(
                "the run has no finished sample of probe `{probe}` with this target and epoch"
            )));
        }
    }
    let samples: Vec<StruckSample> = chosen
        .iter()
        .map(|sample| StruckSample {
            unit: sample.seq,
            probe: sample.probe.id.clone(),
            target: sample.target.clone(),
            epoch: sample.epoch,
            by: args.by.clone(),
            reason: reason.to_owned(),
            at: now_utc(),
        })
        .collect();
    drop(reader);
    let journal = Journal::open(&context.project.runs_folder(), &run)?;
    journal.strike(&samples, args.back)?;
    if context.json {
        output::json(&json!({ "run": run, "struck": !args.back, "samples": samples }))?;
    } else if args.back {
        output::talk(&format!(
            "{} counted again",
            plural(samples.len() as u64, "sample")
        ));
    } else {
        output::talk(&format!(
            "{} struck out; no figure counts them, and the report says so",
            plural(samples.len() as u64, "sample")
        ));
    }
    Ok(DONE)
}
