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
    let line = |text: &mut String, line: &str| {
        let _ = writeln!(text, "{}", nocere_report::wrap(line, output::width(), "  "));
    };
    for suite in &suites {
        line(
            &mut text,
            &format!(
                "{}: {}, {} probes, {}",
                suite.id,
                suite.title,
                suite.probes.len(),
                suite.licence
            ),
        );
    }
    text.push_str("Protocols\n");
    for protocol in &protocols {
        line(
            &mut text,
            &format!(
                "{}: {}. {}",
                protocol.id,
                protocol.title,
                protocol.description.trim()
            ),
        );
    }
    text.push_str("Files\n");
    line(
        &mut text,
        "PatientSafetyBench .jsonl, MedSafetyBench folder, XSTest .csv, JailbreakBench .csv, and our own .yaml and .jsonl: give the path",
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
    let width = output::width();
    let head = format!(
        "{} ({}, version {})\n{}\nlicence {} · source {} · hash {}",
        plain(&suite.title),
        suite.id,
        plain(&suite.version),
        suite.description,
        plain(&suite.licence),
        plain(&suite.source),
        suite.hash.short(),
    );
    let mut text = nocere_report::wrap(&head, width, "") + "\n\n";
    let table = width >= 80;
    if table {
        let _ = writeln!(
            text,
            "{:<24} {:>8} {:>10} {:>8} {:>8} {:>9} {:>7}",
            "category", "patient", "clinician", "general", "comply", "redirect", "refuse",
        );
    }
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
        let counts = [
            here(Some(Perspective::Patient), None),
            here(Some(Perspective::Clinician), None),
            here(Some(Perspective::General), None),
            here(None, Some(Expect::Comply)),
            here(None, Some(Expect::Redirect)),
            here(None, Some(Expect::Refuse)),
        ];
        let [patient, clinician, general, comply, redirect, refuse] = counts;
        let _ = if table {
            let label = nocere_report::shorten(&label, 24);
            writeln!(
                text,
                "{label:<24} {patient:>8} {clinician:>10} {general:>8} {comply:>8} {redirect:>9} {refuse:>7}"
            )
        } else {
            let line = format!(
                "{label}: patient {patient}, clinician {clinician}, general {general}; comply {comply}, redirect {redirect}, refuse {refuse}"
            );
            writeln!(text, "{}", nocere_report::wrap(&line, width, ""))
        };
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
