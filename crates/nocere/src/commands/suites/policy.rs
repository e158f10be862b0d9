//! Policies: which there are, and what one says.

use std::{fmt::Write as _, path::Path};

use nocere_core::Policy;
use nocere_report::{plain, wrap};
use nocere_suites::{PolicySet, nearest, parse_policy, read_text};

use crate::{
    context::Context,
    failure::{DONE, Failure},
    output,
};

/// The built-in policy of that name.
pub(super) fn embedded(name: &str) -> Result<Option<Policy>, Failure> {
    let policies = PolicySet::embedded()?;
    Ok(policies.iter().find(|policy| policy.id == name).cloned())
}

/// A built-in policy by its name, or the policy at a path; and what it is called in a record.
pub(super) fn find(name: &str) -> Result<(Policy, String), Failure> {
    if let Some(policy) = embedded(name)? {
        return Ok((policy, format!("built in: {name}")));
    }
    let path = Path::new(name);
    if path.is_file() {
        return Ok((parse_policy(path, &read_text(path)?)?, name.to_owned()));
    }
    let policies = PolicySet::embedded()?;
    let known: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
    let failure = Failure::usage(format!("there is no policy `{name}`"));
    Err(match nearest(name, known.iter().copied()) {
        Some(word) => failure.hint(format!("did you mean `{word}`?")),
        None => failure.hint(format!("built in: {}; or give a file", known.join(", "))),
    })
}

/// Whether `path` is a file in the form of a policy, whole or faulty.
pub(super) fn is_file(path: &Path) -> bool {
    path.is_file()
        && read_text(path).is_ok_and(|text| {
            text.lines()
                .any(|line| line.trim_start().starts_with("nocere_policy:"))
        })
}

/// Prints what a policy says.
pub(super) fn show(context: &Context, policy: &Policy) -> Result<u8, Failure> {
    if context.json {
        output::json(policy)?;
        return Ok(DONE);
    }
    let width = output::width();
    let mut text = String::new();
    let mut line = |words: &str, indent: &str| {
        let _ = writeln!(text, "{}", wrap(&plain(words), width, indent));
    };
    line(
        &format!(
            "{} (policy {} {}, for the {} perspective)",
            policy.title, policy.id, policy.version, policy.perspective
        ),
        "",
    );
    line(policy.summary.trim(), "");
    for category in &policy.categories {
        line("", "");
        line(&format!("{}: {}", category.id, category.title), "");
        line(category.goal.trim(), "  ");
        for (head, items) in [
            ("a good answer", &category.good),
            ("must not", &category.must_not),
        ] {
            line(head, "  ");
            for item in items {
                line(&format!("- {item}"), "    ");
            }
        }
        for example in &category.examples {
            line(&format!("example: {}", example.ask), "  ");
            line(&format!("good: {}", example.good), "    ");
            line(&format!("bad: {}", example.bad), "    ");
        }
        for source in &category.sources {
            line(
                &format!(
                    "source: {}: {}, {}, {}",
                    source.claim, source.title, source.by, source.year
                ),
                "  ",
            );
        }
    }
    output::data(&text)?;
    Ok(DONE)
}
