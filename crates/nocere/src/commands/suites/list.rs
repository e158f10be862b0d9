//! `nocere suites list`.

use std::{iter, path::Path};

use nocere_benchmarks::{DataFolder, load, public_sets};
use nocere_suites::BUILTIN;
use serde::Serialize;

use super::SuiteLine;
use nocere_project::{Project, ProjectError, load_suite, policies, protocol};

use crate::{context::Context, exit::DONE, output};

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
    /// Path of the set, if a data folder was given and the set is in it.
    path: Option<String>,
    /// Differences from the published set.
    notes: Vec<String>,
    /// True if prompts were compared, and not only counts.
    hashed: bool,
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

pub(super) fn list(context: &Context, data: Option<&Path>) -> Result<u8, ProjectError> {
    let suites = BUILTIN
        .iter()
        .map(|id| load_suite(&context.project, id))
        .collect::<Result<Vec<_>, _>>()?;
    let protocols = protocol::all(&context.project)?;
    let public = public_lines(data)?;
    let policies = policy_lines(&context.project)?;
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
    let suites = suites.iter().map(|suite| {
        format!(
            "{}: {}, {} probes, {}",
            suite.id,
            suite.title,
            suite.probes.len(),
            suite.licence
        )
    });
    let protocols = protocols.iter().map(|protocol| {
        format!(
            "{}: {}. {}",
            protocol.id,
            protocol.title,
            protocol.description.trim()
        )
    });
    let none = "none of them ships with nocere; `nocere suites pull SET --data DIR` fetches one";
    let public = public.iter().map(|set| set.words(data.is_some()));
    let files =
        "nocere's own .yaml and .jsonl, and each public set in its published layout: give the path";
    let text = section("Suites", suites)
        + &section("Protocols", protocols)
        + &section("Policies", policies.iter().map(PolicyLine::words))
        + &section("Public sets", iter::once(none.to_owned()).chain(public))
        + &section("Files", iter::once(files.to_owned()));
    output::text(&text)?;
    Ok(DONE)
}

/// A heading and its lines, wrapped to the terminal.
fn section(heading: &str, lines: impl Iterator<Item = String>) -> String {
    let mut text = format!("{heading}\n");
    for line in lines {
        text += &nocere_core::text::wrap(&line, output::width(), "  ");
        text.push('\n');
    }
    text
}

fn policy_lines(project: &Project) -> Result<Vec<PolicyLine>, ProjectError> {
    let policies = policies::all(project)?;
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

/// The public sets, with notes on those in `data`. A set that is there but cannot be read is
/// listed with the reason.
fn public_lines(data: Option<&Path>) -> Result<Vec<PublicLine>, ProjectError> {
    let files = data.map(DataFolder::list).transpose()?;
    let lines = public_sets()?.into_iter().map(|set| {
        let found = files.as_ref().and_then(|files| set.find(files));
        let mut notes = Vec::new();
        if let Some(found) = &found {
            notes.clone_from(&found.notes);
            match load(&found.path) {
                Ok(suite) => notes.extend(set.differences(&suite)),
                Err(error) => notes.push(format!("It cannot be read: {error}")),
            }
        }
        PublicLine {
            hashed: set.knows_prompts(),
            id: set.id,
            title: set.title,
            licence: set.licence,
            probes: set.probes,
            page: set.page,
            path: found.map(|found| found.path.display().to_string()),
            notes,
        }
    });
    Ok(lines.collect())
}

impl PublicLine {
    fn words(&self, looked: bool) -> String {
        let place = match &self.path {
            Some(path) if self.notes.is_empty() => {
                let compared = if self.hashed {
                    "counts and prompts as published"
                } else {
                    "counts as published, prompts not compared"
                };
                format!("; here, {compared}: {path}")
            }
            Some(path) => format!("; here: {path}. {}", self.notes.join(" ")),
            None if looked => "; not here".to_owned(),
            None => String::new(),
        };
        format!(
            "{}: {}, {} probes, {}, {}{place}",
            self.id, self.title, self.probes, self.licence, self.page
        )
    }
}
