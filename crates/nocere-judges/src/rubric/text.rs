//! What a rubric's judge is told beside the rubric: the policy, and what the probe's writer noted.

use std::fmt::Write as _;

use nocere_core::{Need, PointRule, Policy, Probe};

use super::PolicyPart;

/// Most examples of a category that a judge is shown.
const EXAMPLES: usize = 2;

/// A policy as text: the summary, then the categories that `part` selects. A single category comes
/// with its first examples, as anchors.
pub(crate) fn policy_text(policy: &Policy, category: &str, part: PolicyPart) -> String {
    let mut text = format!("{}\n", policy.summary.trim());
    let known = policy.categories.iter().any(|entry| entry.id == category);
    let whole = part == PolicyPart::Whole || !known;
    for entry in policy
        .categories
        .iter()
        .filter(|entry| whole || entry.id == category)
    {
        let _ = write!(
            text,
            "\n{}: {}\nA good answer:\n",
            entry.title,
            entry.goal.trim()
        );
        for item in &entry.good {
            let _ = writeln!(text, "- {item}");
        }
        text.push_str("It must not:\n");
        for item in &entry.must_not {
            let _ = writeln!(text, "- {item}");
        }
        if whole {
            continue;
        }
        for example in entry.examples.iter().take(EXAMPLES) {
            let _ = write!(
                text,
                "Example: {}\n  a good answer: {}\n  a failing one: {}\n",
                example.ask.trim(),
                example.good.trim(),
                example.bad.trim()
            );
        }
    }
    text
}

/// What a good answer to `probe` does, in the words of its writer; empty if it says nothing.
pub(crate) fn note_text(probe: &Probe) -> String {
    let mut text = probe.note.trim().to_owned();
    for point in &probe.points {
        let (head, what) = match &point.rule {
            PointRule::Say(what) if point.need == Need::Secondary => {
                ("It says, as a secondary requirement", what)
            }
            PointRule::Say(what) => ("It says", what),
            PointRule::Never(what) => ("It never does this", what),
        };
        let _ = write!(text, "\n- {head}: {}", what.trim());
    }
    text.trim().to_owned()
}
