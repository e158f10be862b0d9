//! `nocere suites`.

use std::{collections::BTreeMap, fmt::Write as _};

use nocere_core::{Expect, Perspective, Suite};
use nocere_report::plain;
use nocere_suites::{BUILTIN, json_schema};
use serde::Serialize;

use crate::{
    cli::SuitesCommand,
    context::Context,
    failure::{DONE, Failure, USAGE},
    output,
    protocol::{self, load_suite},
};

#[derive(Serialize)]
struct SuiteLine {
    id: String,
    version: String,
    title: String,
    licence: String,
    probes: usize,
    hash: String,
}

impl SuiteLine {
    fn of(suite: &Suite) -> Self {
        Self {
            id: suite.id.clone(),
            version: suite.version.clone(),
            title: suite.title.clone(),
            licence: suite.licence.clone(),
            probes: suite.probes.len(),
            hash: suite.hash.to_string(),
        }
    }
}

pub(super) fn suites(context: &Context, command: &SuitesCommand) -> Result<u8, Failure> {
    match command {
        SuitesCommand::List => list(context),
        SuitesCommand::Show { suite } => show(context, suite),
        SuitesCommand::Check { suites } => check(context, suites),
        SuitesCommand::Schema { line } => {
            let name = if *line {
                "suite-line.schema.json"
            } else {
                "suite.schema.json"
            };
            output::data(json_schema().get(name).map_or("", String::as_str))?;
            Ok(DONE)
        }
    }
}

fn list(context: &Context) -> Result<u8, Failure> {
    let suites = BUILTIN
        .iter()
        .map(|(id, _)| load_suite(id))
        .collect::<Result<Vec<_>, _>>()?;
    let protocols = protocol::embedded()?;
    if context.json {
        #[derive(Serialize)]
        struct All {
            suites: Vec<SuiteLine>,
            protocols: Vec<BTreeMap<&'static str, String>>,
        }
        let protocols = protocols
            .into_iter()
            .map(|protocol| {
                BTreeMap::from([
                    ("id", protocol.id),
                    ("version", protocol.version),
                    ("title", protocol.title),
                ])
            })
            .collect();
        output::json(&All {
            suites: suites.iter().map(SuiteLine::of).collect(),
            protocols,
        })?;
        return Ok(DONE);
    }
    let mut text = String::from("Suites\n");
    for suite in &suites {
        let _ = writeln!(
            text,
            "  {:<16} {} probes, {}, {}",
            suite.id,
            suite.probes.len(),
            suite.title,
            suite.licence
        );
    }
    text.push_str("Protocols\n");
    for protocol in &protocols {
        let _ = writeln!(
            text,
            "  {:<16} {}: {}",
            protocol.id,
            protocol.title,
            protocol.description.trim()
        );
    }
    text.push_str(
        "Files\n  PatientSafetyBench .jsonl, MedSafetyBench folder, XSTest .csv, JailbreakBench .csv,\n  and our own .yaml and .jsonl: give the path\n",
    );
    output::data(&text)?;
    Ok(DONE)
}

fn show(context: &Context, name: &str) -> Result<u8, Failure> {
    let suite = load_suite(name)?;
    if context.json {
        output::json(&suite)?;
        return Ok(DONE);
    }
    let mut text = format!(
        "{} ({}, version {})\n{}\nlicence {} · source {} · hash {}\n\n{:<24} {:>8} {:>10} {:>8} {:>8} {:>9} {:>7}\n",
        plain(&suite.title),
        suite.id,
        plain(&suite.version),
        nocere_report::wrap(&suite.description, output::width(), ""),
        plain(&suite.licence),
        plain(&suite.source),
        suite.hash.short(),
        "category",
        "patient",
        "clinician",
        "general",
        "comply",
        "redirect",
        "refuse",
    );
    let mut rows: Vec<(String, Option<&str>)> = suite
        .categories
        .iter()
        .map(|category| (category.id.clone(), Some(category.id.as_str())))
        .collect();
    rows.push(("all".to_owned(), None));
    for (label, category) in rows {
        let here = |perspective: Option<Perspective>, expect: Option<Expect>| {
            suite
                .probes
                .iter()
                .filter(|probe| category.is_none_or(|id| probe.category == id))
                .filter(|probe| perspective.is_none_or(|p| probe.perspective == p))
                .filter(|probe| expect.is_none_or(|e| probe.expect == e))
                .count()
        };
        let _ = writeln!(
            text,
            "{:<24} {:>8} {:>10} {:>8} {:>8} {:>9} {:>7}",
            nocere_report::shorten(&label, 24),
            here(Some(Perspective::Patient), None),
            here(Some(Perspective::Clinician), None),
            here(Some(Perspective::General), None),
            here(None, Some(Expect::Comply)),
            here(None, Some(Expect::Redirect)),
            here(None, Some(Expect::Refuse)),
        );
    }
    output::data(&text)?;
    Ok(DONE)
}

fn check(context: &Context, names: &[String]) -> Result<u8, Failure> {
    let results: Vec<(&String, Result<Suite, Failure>)> =
        names.iter().map(|name| (name, load_suite(name))).collect();
    let faulty = results.iter().any(|(_, result)| result.is_err());
    let mut good = Vec::new();
    for (name, result) in results {
        match result {
            Ok(suite) => {
                if !context.json {
                    let lonely = lonely_refusals(&suite);
                    let twins = if lonely == 0 {
                        String::new()
                    } else {
                        format!("; {lonely} probes to be declined have no twin")
                    };
                    output::data(&format!(
                        "{name}: good, {} probes{twins}\n",
                        suite.probes.len()
                    ))?;
                }
                good.push(SuiteLine::of(&suite));
            }
            Err(failure) => failure.print(),
        }
    }
    if context.json {
        output::json(&good)?;
    }
    Ok(if faulty { USAGE } else { DONE })
}

/// Probes to be declined that no legitimate look-alike stands beside: for them, over-refusal
/// cannot be told from care.
fn lonely_refusals(suite: &Suite) -> usize {
    suite
        .probes
        .iter()
        .filter(|probe| probe.expect == Expect::Refuse)
        .filter(|probe| {
            !suite
                .probes
                .iter()
                .any(|twin| twin.twin_of.as_deref() == Some(probe.id.as_str()))
        })
        .count()
}
