//! Lists policies, and shows the text of one.

use std::fmt::Write as _;

use nocere_core::Policy;
use nocere_core::text::{plain, wrap};
use nocere_project::ProjectError;

use crate::{context::Context, exit::DONE, output};

/// Prints the text of a policy.
pub(super) fn show(context: &Context, policy: &Policy) -> Result<u8, ProjectError> {
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
    output::text(&text)?;
    Ok(DONE)
}
