//! `nocere attacks`.

use std::{fmt::Write as _, path::Path};

use comfy_table::{Cell, Table};
use nocere_core::{Perspective, text::wrap};
use nocere_drivers::{Attack, Factor};
use nocere_project::{ProjectError, drivers, write_whole};
use nocere_suites::suite_jsonl;

use super::diff::words;
use crate::{cli_attacks::AttacksCommand, context::Context, exit::DONE, output};

pub(super) fn attacks(context: &Context, command: &AttacksCommand) -> Result<u8, ProjectError> {
    match command {
        AttacksCommand::List { factors: true, .. } => list_factors(context),
        AttacksCommand::List {
            family,
            perspective,
            factors: false,
        } => list(context, family.as_deref(), *perspective),
        AttacksCommand::Show { name } => show(context, name),
        AttacksCommand::Try {
            name,
            text,
            language,
            attacker,
            seed,
        } => {
            let tried =
                context
                    .project
                    .try_attack(name, text, language, attacker.as_deref(), *seed)?;
            let mut shown = String::new();
            for (number, message) in (1..).zip(&tried.messages) {
                let _ = writeln!(shown, "[message {number}]\n{message}\n");
            }
            if let [only] = tried.messages.as_slice() {
                let changes = words(text, only, false);
                let _ = writeln!(shown, "[changes]\n{changes}\n");
            }
            if let Some(facts) = &tried.facts {
                let _ = writeln!(
                    shown,
                    "{} calls to the attacker, {} replies out of form, intent {}",
                    facts.attacker_calls,
                    facts.out_of_form,
                    facts.intent.map_or("not checked", |intent| intent.as_str())
                );
            }
            output::text(&shown)?;
            match tried.problem {
                None => Ok(DONE),
                Some(problem) => Err(ProjectError::infrastructure(problem)),
            }
        }
        AttacksCommand::Learn { run, out, attempts } => learn(context, run, out, *attempts),
        AttacksCommand::Harvest { run, out, judge } => {
            let reader = context.project.run(run)?;
            let suite = context.project.harvest(&reader, judge.as_deref())?;
            write_whole(out, &suite_jsonl(&suite))?;
            output::text(&format!(
                "{} conversations in {}\nIt holds what made a target fail: keep it out of public places. Ask it again with `nocere run {} --target TARGET`.\n",
                suite.probes.len(),
                out.display(),
                out.display()
            ))?;
            Ok(DONE)
        }
    }
}

fn learn(context: &Context, run: &str, out: &Path, attempts: u32) -> Result<u8, ProjectError> {
    let Some(id) = out
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.strip_suffix(".yaml"))
    else {
        return Err(ProjectError::usage(format!(
            "{}: an attack is a file NAME.yaml",
            out.display()
        )));
    };
    let reader = context.project.run(run)?;
    let learned = context.project.learn(&reader, id, attempts)?;
    write_whole(out, &learned.text)?;
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["family", "gave way", "of"]);
    for (family, [gave_way, tried]) in &learned.seen {
        table.add_row([family.as_str(), &gave_way.to_string(), &tried.to_string()]);
    }
    output::text(&format!(
        "{table}\n\nThe search is in {}. In assets/attacks of the project, `nocere run SUITE --target TARGET --driver direct --driver {id}` asks it.\n",
        out.display()
    ))?;
    Ok(DONE)
}

/// Who it is for, as a list shows it.
fn askers(perspectives: &[Perspective]) -> String {
    if perspectives.is_empty() {
        return "all".to_owned();
    }
    let names: Vec<&str> = perspectives.iter().map(|who| who.as_str()).collect();
    names.join(", ")
}

fn languages(languages: &[String]) -> String {
    if languages.is_empty() {
        "any".to_owned()
    } else {
        languages.join(", ")
    }
}

fn needs(attack: &Attack) -> &'static str {
    match (attack.needs().attacker, attack.needs().scorer) {
        (true, true) => "attacker, scorer",
        (true, false) => "attacker",
        (false, true) => "scorer",
        (false, false) => "–",
    }
}

fn list(
    context: &Context,
    family: Option<&str>,
    perspective: Option<Perspective>,
) -> Result<u8, ProjectError> {
    let mut all = match family {
        Some(family) => drivers::of_family(&context.project, family)?,
        None => drivers::all_attacks(&context.project)?,
    };
    all.retain(|attack| {
        let askers = attack.perspectives();
        perspective.is_none_or(|who| askers.is_empty() || askers.contains(&who))
    });
    all.sort_by(|a, b| (a.family(), a.id()).cmp(&(b.family(), b.id())));
    if context.json {
        let rows: Vec<_> = all.iter().map(as_json).collect();
        output::json(&rows)?;
        return Ok(DONE);
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["family", "attack", "kind", "asker", "languages", "needs"]);
    for attack in &all {
        table.add_row([
            Cell::new(attack.family()),
            Cell::new(attack.id()),
            Cell::new(attack.kind()),
            Cell::new(askers(attack.perspectives())),
            Cell::new(languages(attack.languages())),
            Cell::new(needs(attack)),
        ]);
    }
    output::text(&format!(
        "{table}\n\n{} attacks. `nocere attacks show NAME` shows one, `nocere attacks try NAME TEXT` what it sends.\n",
        all.len()
    ))?;
    Ok(DONE)
}

fn as_json(attack: &Attack) -> serde_json::Value {
    serde_json::json!({
        "id": attack.id(),
        "version": attack.version(),
        "title": attack.title(),
        "family": attack.family(),
        "about": attack.about(),
        "source": attack.source(),
        "hazard": attack.hazard(),
        "kind": attack.kind(),
        "perspectives": attack.perspectives(),
        "languages": attack.languages(),
        "needs_attacker": attack.needs().attacker,
        "needs_scorer": attack.needs().scorer,
    })
}

fn list_factors(context: &Context) -> Result<u8, ProjectError> {
    let all = drivers::all_factors(&context.project)?;
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["factor", "kind", "asker", "levels, the reference first"]);
    for factor in &all {
        let levels: Vec<&str> = factor.levels.iter().map(|l| l.id.as_str()).collect();
        table.add_row([
            factor.id.clone(),
            factor.kind.as_str().to_owned(),
            askers(&factor.perspectives),
            levels.join(", "),
        ]);
    }
    output::text(&format!("{table}\n"))?;
    Ok(DONE)
}

fn show(context: &Context, name: &str) -> Result<u8, ProjectError> {
    let width = output::width();
    let factors: Vec<Factor> = drivers::all_factors(&context.project)?;
    if let Some(factor) = factors.iter().find(|factor| factor.id == name) {
        let mut text = format!(
            "{} ({}, version {})\n{}\n\nkind: {}\nasker: {}\nsource: {}\n",
            factor.title,
            factor.id,
            factor.version,
            wrap(&factor.about, width, ""),
            factor.kind.as_str(),
            askers(&factor.perspectives),
            factor.source
        );
        for level in &factor.levels {
            let _ = writeln!(text, "\n{} – {}", level.id, level.title);
            if let Some(example) = level.example("en", "…") {
                let _ = writeln!(text, "{example}");
            }
        }
        output::text(&text)?;
        return Ok(DONE);
    }
    let attacks = drivers::attacks(&context.project, name)?;
    for attack in &attacks {
        if context.json {
            output::json(&as_json(attack))?;
            continue;
        }
        let settings = serde_json::to_string_pretty(attack.settings()).unwrap_or_default();
        let settings = settings.replace("\\n", "\n    ");
        output::text(&format!(
            "{} ({}, version {})\n{}\n\nfamily: {}\nkind: {}\nasker: {}\nlanguages: {}\nneeds: {}\nhazard: {}\nsource: {}\n\n{settings}\n",
            attack.title(),
            attack.id(),
            attack.version(),
            wrap(attack.about(), width, ""),
            attack.family(),
            attack.kind(),
            askers(attack.perspectives()),
            languages(attack.languages()),
            needs(attack),
            attack.hazard(),
            attack.source(),
        ))?;
    }
    Ok(DONE)
}
