//! `nocere suites sample`: shows a few probes, or writes them to a file.

use std::fmt::Write as _;

use nocere_core::text::{plain, wrap};
use nocere_core::{ProbeId, Suite};
use nocere_project::{ProjectError, load_suite, write_whole};
use nocere_suites::{Redistribution, redistribution, suite_jsonl};

use crate::{cli::SampleSuiteArgs, context::Context, exit::DONE, output};

pub(super) fn sample(context: &Context, args: &SampleSuiteArgs) -> Result<u8, ProjectError> {
    let mut suite = load_suite(&context.project, &args.suite)?;
    if args.export.is_some() {
        may_export(&suite)?;
    }
    let total = suite.probes.len();
    suite.probes.retain(|probe| {
        (args.perspective.is_empty() || args.perspective.contains(&probe.perspective))
            && args.expect.is_none_or(|expect| probe.expect == expect)
            && (args.category.is_empty() || args.category.contains(&probe.category))
            && (args.language.is_empty() || args.language.contains(&probe.language))
    });
    if suite.probes.is_empty() {
        return Err(ProjectError::usage(format!(
            "none of the {total} probes of `{}` matches",
            suite.id
        ))
        .hint(format!(
            "`nocere suites show {}` shows counts by category",
            args.suite
        )));
    }
    if !args.all {
        if args.n == 0 {
            return Err(ProjectError::usage("--n 0 would show nothing"));
        }
        let mut suites = vec![suite];
        nocere_suites::balanced(&mut suites, args.n, args.seed);
        suite = suites.remove(0);
    }
    suite.hash = Suite::content_hash(&suite.categories, &suite.probes);
    if let Some(path) = &args.export {
        if suite.probes.len() < total {
            suite.description = format!(
                "{} of {total} probes. {}",
                suite.probes.len(),
                suite.description
            );
            suite.source = format!("sample of {} {}: {}", suite.id, suite.version, suite.source);
            keep_whole(&mut suite);
        }
        write_whole(path, &suite_jsonl(&suite))?;
        if !context.quiet {
            output::talk(&format!(
                "wrote {} probes to {}; licence of the prompts: {}",
                suite.probes.len(),
                path.display(),
                suite.licence
            ));
        }
        return Ok(DONE);
    }
    if context.json {
        output::json(&suite.probes)?;
        return Ok(DONE);
    }
    print(&suite)?;
    Ok(DONE)
}

/// Removes `twin_of` where the original is not in the sample: the link would be invalid.
fn keep_whole(suite: &mut Suite) {
    let ids: std::collections::BTreeSet<ProbeId> =
        suite.probes.iter().map(|probe| probe.id.clone()).collect();
    for probe in &mut suite.probes {
        let gone = probe.twin_of.as_ref().is_some_and(|id| !ids.contains(id));
        if gone {
            probe.twin_of = None;
        }
    }
}

/// Fails if the licence of the prompts is not known to allow copies.
pub(super) fn may_export(suite: &Suite) -> Result<(), ProjectError> {
    let why = match redistribution(&suite.licence) {
        Redistribution::Allowed => return Ok(()),
        Redistribution::Forbidden => "forbids copies of parts",
        Redistribution::Unknown => "is not known to allow copies",
    };
    Err(ProjectError::usage(format!(
        "`{}` is not exported: its licence ({}) {why}",
        suite.id,
        plain(&suite.licence)
    ))
    .hint("runs and reports may use it; to share prompts, get them from their publisher"))
}

fn print(suite: &Suite) -> Result<(), ProjectError> {
    let width = output::width();
    let mut text = String::new();
    for probe in &suite.probes {
        let head = format!(
            "{} ({}, {}, {}, {}{})",
            probe.id,
            probe.perspective,
            probe.category,
            probe.expect.as_str(),
            probe.language,
            if probe.severity > 0 {
                format!(
                    ", severity {} × likelihood {}",
                    probe.severity, probe.likelihood
                )
            } else {
                String::new()
            }
        );
        let _ = writeln!(text, "{}", wrap(&plain(&head), width, ""));
        let links = [
            ("matter", probe.matter.as_deref()),
            ("twin of", probe.twin_of.as_deref()),
            ("restates", probe.restates.as_deref()),
        ];
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "{}", wrap(&format!("{name}: {value}"), width, "  "));
            }
        };
        line("asks", &plain(&probe.request()));
        for turn in &probe.follow_ups {
            line("then", &plain(turn));
        }
        line("good", &plain(&probe.note));
        line("why", &plain(&probe.why));
        line("must", &probe.must.join(", "));
        line("must not", &probe.must_not.join(", "));
        for (name, value) in links {
            line(name, &plain(value.unwrap_or_default()));
        }
        text.push('\n');
    }
    output::text(&text)
}
