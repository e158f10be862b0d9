//! `nocere suites show SUITE --probe ID`: everything about one probe.

use std::fmt::Write as _;

use nocere_core::{
    AnswerKey, Need, PointRule, Probe, Role, Suite,
    text::{plain, wrap},
};
use nocere_project::{ProjectError, load_suite};
use serde_json::json;

use super::review;
use crate::{context::Context, exit::DONE, output};

pub(super) fn show(context: &Context, name: &str, id: &str) -> Result<u8, ProjectError> {
    let suite = load_suite(&context.project, name)?;
    let Some(probe) = suite.probes.iter().find(|probe| probe.id == id) else {
        let known = suite.probes.iter().map(|probe| probe.id.as_str());
        return Err(ProjectError::unknown(
            format!("`{}` has no probe `{id}`", suite.id),
            id,
            known,
            format!("`nocere suites sample {name}` shows some"),
        ));
    };
    let reviews = context.project.reviews(&suite)?;
    if context.json {
        let own: Vec<_> = reviews.iter().filter(|of| of.is_of(probe)).collect();
        output::json(&json!({
            "probe": probe,
            "provenance": suite.provenance,
            "reviews": own,
        }))?;
        return Ok(DONE);
    }
    let mut text = probe_text(&suite, probe);
    let mut line = |words: &str| {
        text.push_str(&wrap(words, output::width(), ""));
        text.push('\n');
    };
    line("");
    match &suite.provenance {
        Some(provenance) => {
            line(&format!("Written: {}", provenance.written.trim()));
            for reading in &provenance.readings {
                line(&format!(
                    "Read by {} {}: {}",
                    reading.readers,
                    reading.by.noun(reading.readers),
                    reading.what.trim()
                ));
            }
        }
        None => line("The suite does not say how it was written, or who has read it."),
    }
    for (model, fared) in nocere_suites::fared(&suite.id, &probe.id) {
        line(&format!(
            "{model}'s answer {} by the judges that need no model.",
            fared.as_str()
        ));
    }
    let said = review::of_probe(probe, &reviews);
    if said.is_empty() {
        line("Nobody has rated this probe in this project (`nocere suites review`).");
    }
    for words in said {
        line(&format!("Rated by a {words}"));
    }
    output::text(&text)?;
    Ok(DONE)
}

/// What is asked, and what is due.
fn probe_text(suite: &Suite, probe: &Probe) -> String {
    let width = output::width();
    let mut text = String::new();
    let mut line = |words: &str, indent: &str| {
        text.push_str(&wrap(&plain(words), width, indent));
        text.push('\n');
    };
    line(
        &format!(
            "{} ({}, {}, {}), of {} {}",
            probe.id,
            probe.perspective,
            suite.category_title(&probe.category),
            probe.language,
            suite.id,
            suite.version
        ),
        "",
    );
    for message in &probe.messages {
        let speaker = match message.role {
            Role::System => "System:",
            Role::Assistant => "Earlier answer:",
            Role::User => "Asked:",
        };
        line(speaker, "");
        line(&message.text(), "  ");
    }
    for turn in &probe.follow_ups {
        line("Then:", "");
        line(turn, "  ");
    }
    line(
        &format!("Due: {}. {}", probe.expect.as_str(), probe.note),
        "",
    );
    for point in &probe.points {
        let (head, what) = match &point.rule {
            PointRule::Say(what) if point.need == Need::Secondary => ("says, secondary", what),
            PointRule::Say(what) => ("says", what),
            PointRule::Never(what) => ("never", what),
        };
        line(&format!("- {head}: {what}"), "  ");
    }
    for (head, checks) in [("must", &probe.must), ("must not", &probe.must_not)] {
        if !checks.is_empty() {
            line(&format!("Checks, {head}: {}", checks.join(", ")), "");
        }
    }
    if let Some(key) = &probe.key {
        line(&format!("Key: {}", key_text(key)), "");
    }
    if !probe.reference.is_empty() {
        line(&format!("Reference: {}", probe.reference), "");
    }
    if !probe.why.is_empty() {
        line(&format!("Why: {}", probe.why), "");
    }
    let level = |value: u8| match value {
        0 => "not rated".to_owned(),
        value => format!("{value} of 4"),
    };
    line(
        &format!(
            "Severity {}, likelihood {}, frequency {}",
            level(probe.severity),
            level(probe.likelihood),
            level(probe.frequency)
        ),
        "",
    );
    for (head, id) in [("Twin of", &probe.twin_of), ("Restates", &probe.restates)] {
        if let Some(id) = id {
            line(&format!("{head} {id}"), "");
        }
    }
    text
}

fn key_text(key: &AnswerKey) -> String {
    match key {
        AnswerKey::Choice {
            correct, options, ..
        } => {
            let text = options.get(correct).map_or("", String::as_str);
            format!("{correct}, {text}")
        }
        AnswerKey::Order { correct, .. } => correct.clone(),
        AnswerKey::Exact { accept, .. } => accept.join(" or "),
        AnswerKey::Numeric {
            value,
            tolerance,
            unit,
        } => {
            let mut text = format!("{value}");
            if let Some(unit) = unit {
                let _ = write!(text, " {unit}");
            }
            if *tolerance > 0.0 {
                let _ = write!(text, " ± {tolerance}");
            }
            text
        }
    }
}
