//! `nocere suites list`.

use std::{fmt::Write as _, path::Path};

use nocere_suites::{BUILTIN, DataFolder, PolicySet, public_sets};
use serde::Serialize;

use super::SuiteLine;
use crate::{
    context::Context,
    failure::{DONE, Failure},
    output,
    protocol::{self, load_suite},
};

#[derive(Serialize)]
struct ProtocolLine {
    id: String,
    version: String,
    title: String,
}

#[derive(Serialize)]
struct PublicLine {
    id: String,
    title: String,
    licence: String,
    probes: u64,
    page: String,
    /// Where it is, if a data folder was given and it is there.
    path: Option<String>,
}

#[derive(Serialize)]
struct All {
    suites: Vec<SuiteLine>,
    protocols: Vec<ProtocolLine>,
    policies: Vec<PolicyLine>,
    public: Vec<PublicLine>,
}

#[derive(Serialize)]
struct PolicyLine {
    id: String,
    version: String,
    title: String,
    categories: usize,
}

pub(super) fn list(context: &Context, data: Option<&Path>) -> Result<u8, Failure> {
    let suites = BUILTIN
        .iter()
        .map(|id| load_suite(id))
        .collect::<Result<Vec<_>, _>>()?;
    let protocols = protocol::embedded()?;
    let files = data.map(DataFolder::list).transpose()?;
    let public: Vec<PublicLine> = public_sets()?
        .into_iter()
        .map(|set| {
            let found = files.as_ref().and_then(|files| set.find(files));
            PublicLine {
                id: set.id,
                title: set.title,
                licence: set.licence,
                probes: set.probes,
                page: set.page,
                path: found.map(|found| found.path.display().to_string()),
            }
        })
        .collect();
    let policies = policies()?;
    if context.json {
        output::json(&All {
            suites: suites.iter().map(SuiteLine::of).collect(),
            protocols: protocols
                .into_iter()
                .map(|protocol| ProtocolLine {
                    id: protocol.id,
                    version: protocol.version,
                    title: protocol.title,
                })
                .collect(),
            policies,
            public,
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
    text.push_str("Policies\n");
    for policy in &policies {
        line(&mut text, &policy.words());
    }
    text.push_str("Public sets\n");
    line(
        &mut text,
        "none ships with nocere; `nocere suites pull SET --data DIR` fetches one",
    );
    for set in &public {
        let place = match (&set.path, data) {
            (Some(path), _) => format!("; here: {path}"),
            (None, Some(_)) => "; not here".to_owned(),
            (None, None) => String::new(),
        };
        line(
            &mut text,
            &format!(
                "{}: {}, {} probes, {}, {}{place}",
                set.id, set.title, set.probes, set.licence, set.page
            ),
        );
    }
    text.push_str("Files\n");
    line(
        &mut text,
        "our own .yaml and .jsonl, and each public set in its own layout: give the path",
    );
    output::data(&text)?;
    Ok(DONE)
}

fn policies() -> Result<Vec<PolicyLine>, Failure> {
    let policies = PolicySet::embedded()?;
    let lines = policies.iter().map(|policy| PolicyLine {
        id: policy.id.clone(),
        version: policy.version.clone(),
        title: policy.title.clone(),
        categories: policy.categories.len(),
    });
    Ok(lines.collect())
}

impl PolicyLine {
    fn words(&self) -> String {
        format!(
            "{} {}: {}, {} categories",
            self.id, self.version, self.title, self.categories
        )
    }
}
