//! `nocere suites check`: reports faults of a suite, and what weakens it.

use std::path::Path;

use nocere_core::Suite;
use nocere_suites::{NEAR_DUPLICATE, Remark, lint, near_duplicates, probe_lines};
use serde::Serialize;

use super::SuiteLine;
use nocere_project::{ProjectError, known_suites, load_suite};

use crate::{
    cli::CheckSuitesArgs,
    context::Context,
    exit::{DONE, GATE, USAGE},
    output,
};

#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    suite: SuiteLine,
    remarks: Vec<Located>,
}

#[derive(Serialize)]
struct Located {
    /// Line in the suite's file; `None` for remarks on the whole suite.
    line: Option<u64>,
    #[serde(flatten)]
    remark: Remark,
}

pub(super) fn check(context: &Context, args: &CheckSuitesArgs) -> Result<u8, ProjectError> {
    let known = known_suites(&context.project, &args.against, args.data.as_deref())?;
    let mut faulty = false;
    let mut remarked = false;
    let mut all = Vec::new();
    for name in &args.suites {
        let suite = match load_suite(&context.project, name) {
            Ok(suite) => suite,
            Err(failure) => {
                crate::exit::print(&failure);
                faulty = true;
                continue;
            }
        };
        let mut remarks = lint(&suite);
        remarks.extend(contamination(&suite, &known));
        let lines = probe_lines(Path::new(name));
        let located: Vec<Located> = remarks
            .into_iter()
            .map(|remark| Located {
                line: remark
                    .probe
                    .as_ref()
                    .and_then(|id| lines.get(id.as_str()))
                    .copied(),
                remark,
            })
            .collect();
        remarked |= !located.is_empty();
        if !context.json {
            print(name, &suite, &located)?;
        }
        all.push(Checked {
            suite: SuiteLine::of(&suite),
            remarks: located,
        });
    }
    if context.json {
        output::json(&all)?;
    }
    Ok(match (faulty, remarked && args.strict) {
        (true, _) => USAGE,
        (false, true) => GATE,
        (false, false) => DONE,
    })
}

fn print(name: &str, suite: &Suite, remarks: &[Located]) -> Result<(), ProjectError> {
    let count = match remarks.len() {
        0 => "no remarks".to_owned(),
        1 => "1 remark".to_owned(),
        many => format!("{many} remarks"),
    };
    output::text(&format!(
        "{name}: valid, {} probes, {count}\n",
        suite.probes.len()
    ))?;
    for Located { line, remark } in remarks {
        let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
        output::text(&format!(
            "{place}: {}\n  hint: {}\n",
            nocere_core::text::plain(&remark.message),
            remark.hint
        ))?;
    }
    Ok(())
}

/// Remarks on probes that nearly repeat a probe of another suite, because models may have been
/// trained on it.
fn contamination(suite: &Suite, known: &[Suite]) -> Vec<Remark> {
    let own = suite.probes.len();
    let others: Vec<(&str, &nocere_core::Probe)> = known
        .iter()
        .flat_map(|other| other.probes.iter().map(|probe| (other.id.as_str(), probe)))
        .collect();
    let texts: Vec<String> = suite
        .probes
        .iter()
        .chain(others.iter().map(|(_, probe)| *probe))
        .map(nocere_core::Probe::request)
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    near_duplicates(&texts, NEAR_DUPLICATE)
        .into_iter()
        .filter(|pair| pair.first < own && pair.second >= own)
        .filter_map(|pair| {
            let probe = &suite.probes[pair.first];
            let (other, theirs) = others.get(pair.second - own)?;
            Some(Remark {
                probe: Some(probe.id.to_string()),
                message: format!(
                    "probe `{}` asks nearly the same as `{}` of {other} (likeness {:.2})",
                    probe.id, theirs.id, pair.likeness
                ),
                hint: "ask something else: models may have been trained on public prompts"
                    .to_owned(),
            })
        })
        .collect()
}
