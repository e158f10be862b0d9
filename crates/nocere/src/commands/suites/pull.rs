//! `nocere suites pull`: shows licence, terms, files and hashes, and fetches the files only when the
//! user has agreed.

use std::path::Path;

use nocere_core::text::plain;
use nocere_models::Key;
use nocere_project::{
    ProjectError,
    public_sets::{FetchedSet, ListedSet, SetSource, fetch, list, wanted},
};

use crate::{
    cli::PullSetsArgs,
    context::Context,
    exit::DONE,
    fetch_progress::{self, FetchProgress},
    output,
};

pub(super) fn pull(context: &Context, args: &PullSetsArgs) -> Result<u8, ProjectError> {
    let runtime = fetch_progress::runtime()?;
    let token = args.token_file.as_ref().map(|path| {
        Key::from_file(path).map_err(|error| {
            ProjectError::usage(format!("failed to read {}: {error}", path.display()))
        })
    });
    let from = SetSource {
        hub: args.hub.clone(),
        revision: args.revision.clone(),
        token: token.transpose()?,
    };
    let mut listed = Vec::new();
    for set in wanted(&args.sets)? {
        let known = format!(
            "{}: licence {}, according to nocere's catalogue; {}",
            set.title, set.licence, set.page
        );
        let set = runtime.block_on(list(set, &from));
        if set.is_err() {
            // If the publisher cannot be reached, show what the catalogue knows.
            output::talk(&known);
        }
        listed.push(set?);
    }
    for set in &listed {
        introduce(set, &args.data)?;
    }
    if !args.yes {
        if !context.quiet {
            output::talk("nothing was fetched: add --yes if you accept licence and terms");
        }
        return Ok(DONE);
    }
    for set in &listed {
        let progress = FetchProgress::new(context.quiet);
        let fetched = runtime.block_on(fetch(set, &args.data, &from, &progress));
        progress.finish();
        let fetched = fetched?;
        if !context.quiet {
            say(set, &fetched);
        }
    }
    Ok(DONE)
}

fn say(listed: &ListedSet, fetched: &FetchedSet) {
    let Some((path, probes, differences)) = &fetched.found else {
        return;
    };
    output::talk(&format!(
        "{}: {probes} probes at {}",
        listed.set.id,
        path.display()
    ));
    for note in differences {
        output::talk(&format!("note: {note}"));
    }
}

fn introduce(listed: &ListedSet, data: &Path) -> Result<(), ProjectError> {
    let set = &listed.set;
    let mut lines = vec![
        format!("{} ({}), {} probes", set.title, set.id, set.probes),
        format!("  licence: {}", set.licence),
    ];
    if let Some(licence) = &listed.licence {
        lines.push(format!(
            "  licence as stated by its publisher now: {licence}"
        ));
    }
    if !set.terms.is_empty() {
        lines.push(format!("  terms: {}", set.terms));
    }
    lines.push(format!("  page: {}", set.page));
    if let Some(revision) = &listed.revision {
        lines.push(format!("  revision: {revision}"));
    }
    for file in &listed.files {
        let bytes = file
            .bytes
            .map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
        let hash = file
            .sha256
            .as_deref()
            .unwrap_or("not published: recorded at the first fetch and checked at later ones");
        lines.push(format!(
            "  {} → {}{bytes}, SHA-256 {hash}",
            file.url,
            data.join(&file.path).display()
        ));
    }
    let lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    output::text(&(lines.join("\n") + "\n"))
}
