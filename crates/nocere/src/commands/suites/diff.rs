//! `nocere suites diff`.

use nocere_core::ProbeId;
use std::fmt::Write as _;

use nocere_core::text::{plain, shorten, wrap};
use nocere_project::{ProjectError, load_suite};
use nocere_suites::SuiteDiff;

use crate::{context::Context, exit::DONE, output};

/// Maximum number of ids that are listed.
const MAX_NAMED: usize = 40;

pub(super) fn diff(context: &Context, old: &str, new: &str) -> Result<u8, ProjectError> {
    let found = nocere_suites::diff(
        &load_suite(&context.project, old)?,
        &load_suite(&context.project, new)?,
    );
    if context.json {
        output::json(&found)?;
        return Ok(DONE);
    }
    output::text(&diff_text(&found))?;
    Ok(DONE)
}

fn diff_text(found: &SuiteDiff) -> String {
    let width = output::width();
    let mut text = String::new();
    let mut line = |words: &str, indent: &str| {
        let _ = writeln!(text, "{}", wrap(words, width, indent));
    };
    line(
        &format!(
            "{} probes added, {} removed, {} changed, {} the same",
            found.added.len(),
            found.removed.len(),
            found.changed.len(),
            found.same
        ),
        "",
    );
    if !found.is_empty() {
        line(
            "Runs over the two versions are not comparable on the probes that differ.",
            "",
        );
    }
    for (name, old, new) in &found.header {
        line(
            &format!("{name}: {} → {}", shorten(old, 200), shorten(new, 200)),
            "",
        );
    }
    let probes = |ids: &[ProbeId]| ids.iter().map(ToString::to_string).collect();
    for (what, ids) in [
        ("category added", found.categories_added.clone()),
        ("category removed", found.categories_removed.clone()),
        ("category changed", found.categories_changed.clone()),
        ("+", probes(&found.added)),
        ("-", probes(&found.removed)),
    ] {
        for id in ids.iter().take(MAX_NAMED) {
            line(&format!("{what} {}", plain(id)), "");
        }
        if ids.len() > MAX_NAMED {
            line(&format!("{what} {} more", ids.len() - MAX_NAMED), "");
        }
    }
    for change in found.changed.iter().take(MAX_NAMED) {
        line(&format!("~ {}", plain(&change.id)), "");
        for (field, old, new) in &change.fields {
            let old = shorten(&old.to_string(), 200);
            let new = shorten(&new.to_string(), 200);
            line(&format!("{field}: {old} → {new}"), "    ");
        }
    }
    if found.changed.len() > MAX_NAMED {
        line(&format!("~ {} more", found.changed.len() - MAX_NAMED), "");
    }
    text
}
