//! `nocere runs`: the runs of the project, notes on them, and their end.

use std::fmt::Write as _;

use nocere_core::{
    DriverKind, RunState, RunSummary,
    text::{plain, plural, shorten, wrap},
};
use nocere_project::ProjectError;
use nocere_store::list_runs;
use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{RunsArgs, RunsCommand},
    context::Context,
    exit::DONE,
    output,
};

#[derive(Serialize)]
struct Listed {
    id: String,
    run: Option<RunSummary>,
    note: Option<String>,
    error: Option<String>,
}

pub(super) fn runs(context: &Context, args: &RunsArgs) -> Result<u8, ProjectError> {
    match &args.command {
        Some(RunsCommand::Rm { runs, yes }) => return remove(context, runs, *yes),
        Some(RunsCommand::Note { run, text }) => return note(context, run, text),
        None => {}
    }
    let listed: Vec<Listed> = list_runs(&context.project.runs_folder())?
        .into_iter()
        .map(|(id, summary)| {
            let note = context.project.note(&id);
            let (run, error) = match summary {
                Ok(run) => (Some(run), None),
                Err(error) => (None, Some(error.to_string())),
            };
            Listed {
                id,
                run,
                note,
                error,
            }
        })
        .collect();
    if context.json {
        output::json(&listed)?;
        return Ok(DONE);
    }
    if listed.is_empty() {
        output::talk("there are no runs yet; `nocere demo` starts one");
        return Ok(DONE);
    }
    let is_shown = |listed: &Listed| {
        let mut run = listed.run.iter();
        args.all || !run.any(|run| run.header.kind.is_aside())
    };
    let (shown, aside): (Vec<Listed>, Vec<Listed>) = listed.into_iter().partition(is_shown);
    output::text(&list(&shown, output::width()))?;
    if !aside.is_empty() {
        output::talk(&format!(
            "{} that served another command; `nocere runs --all` lists them, too",
            plural(aside.len() as u64, "run")
        ));
    }
    Ok(DONE)
}

/// Two lines for each run, oldest first: what is pasted into the next command stands first.
fn list(listed: &[Listed], width: usize) -> String {
    let mut text = String::new();
    for listed in listed {
        let Some(run) = &listed.run else {
            let error = listed.error.as_deref().unwrap_or("unreadable");
            let _ = writeln!(text, "{}  {}", listed.id, shorten(error, 200));
            continue;
        };
        let date: String = run.header.created.chars().take(10).collect();
        let _ = writeln!(
            text,
            "{}  {date}  {}, {}",
            listed.id,
            plural(run.probes, "probe"),
            standing(run)
        );
        let what = match &run.header.protocol {
            Some(protocol) => protocol.id.clone(),
            None => run.suites.join(", "),
        };
        let judges = if run.judges.is_empty() {
            "nobody".to_owned()
        } else {
            run.judges.join(", ")
        };
        let mut line = format!(
            "{} asked {}, judged by {}",
            run.targets.join(", "),
            shorten(&what, 200),
            shorten(&judges, 200)
        );
        if let Some(note) = &listed.note {
            line = format!("{line}. Note: {note}");
        }
        text.push_str(&wrap(&plain(&line), width, "    "));
        text.push('\n');
    }
    text
}

/// How far a run is, and what attack led it.
fn standing(run: &RunSummary) -> String {
    let state = match run.state {
        RunState::Finished => "finished".to_owned(),
        RunState::Unfinished => format!("unfinished, {} of {}", run.done, run.total),
    };
    let mut attacks = run.drivers.iter();
    let attack = attacks.find(|driver| driver.kind == DriverKind::Attack);
    attack.map_or(state.clone(), |attack| {
        format!("under {}, {state}", attack.id)
    })
}

/// Deletes runs, all of them or none: every id is looked up first.
fn remove(context: &Context, runs: &[String], yes: bool) -> Result<u8, ProjectError> {
    let mut found = Vec::new();
    for run in runs {
        let id = if run == "latest" {
            return Err(
                ProjectError::usage("`latest` may be another run than you think")
                    .hint("name the run by its id: `nocere runs`"),
            );
        } else {
            context.project.run(run)?.header()?.id.to_string()
        };
        if !found.contains(&id) {
            found.push(id);
        }
    }
    let list = found.join(", ");
    let made: usize = found
        .iter()
        .map(|id| context.project.made_from(id).len())
        .sum();
    let what = format!(
        "This deletes {list} with every answer, verdict and label, and {} made from it in .nocere (reports, exports, labels). Files elsewhere stay.",
        plural(made as u64, "file")
    );
    if !yes && !output::can_ask() {
        return Err(ProjectError::usage(what).hint("add --yes to delete without being asked"));
    }
    if !yes && !output::ask(&what, "Delete?") {
        output::talk("nothing was deleted");
        return Ok(DONE);
    }
    for id in &found {
        context.project.remove(id)?;
    }
    if context.json {
        output::json(&json!({ "deleted": found }))?;
    } else {
        output::text(&format!("deleted {list}\n"))?;
    }
    Ok(DONE)
}

fn note(context: &Context, run: &str, text: &str) -> Result<u8, ProjectError> {
    let id = context.project.run(run)?.header()?.id;
    context.project.write_note(&id, text)?;
    if context.json {
        output::json(&json!({ "run": id, "note": text }))?;
    } else {
        output::text(&format!("noted on {id}\n"))?;
    }
    Ok(DONE)
}
