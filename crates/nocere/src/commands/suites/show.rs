//! `nocere suites show`: shows a suite's categories and counts, a protocol's parts and settings, or
//! the text of a policy.

use std::{fmt::Write as _, path::Path};

use nocere_core::text::plain;
use nocere_core::{Expect, Perspective, Suite};
use serde_json::json;

use super::policy;
use nocere_project::{
    ProjectError, load_suite, policies,
    protocol::{self, Part, Protocol, Shows},
};

use crate::{context::Context, exit::DONE, output};

pub(super) fn show(context: &Context, name: &str) -> Result<u8, ProjectError> {
    if let Some(protocol) = protocol::find_protocol(&context.project, name)? {
        return show_protocol(context, &protocol);
    }
    if let Some(policy) = policies::named(&context.project, name)? {
        return policy::show(context, &policy);
    }
    if policies::is_file(Path::new(name)) {
        return policy::show(context, &policies::find(&context.project, name)?.0);
    }
    let suite = load_suite(&context.project, name)?;
    if context.json {
        output::json(&suite)?;
        return Ok(DONE);
    }
    output::text(&suite_text(&suite))?;
    Ok(DONE)
}

fn suite_text(suite: &Suite) -> String {
    let width = output::width();
    let head = format!(
        "{} ({}, version {})\n{}\nlicence {} · source {} · hash {}",
        plain(&suite.title),
        suite.id,
        plain(&suite.version),
        suite.description,
        plain(&suite.licence),
        plain(&suite.source),
        suite.hash.short(),
    );
    let mut text = nocere_core::text::wrap(&head, width, "") + "\n\n";
    let table = width >= 80;
    if table {
        let _ = writeln!(
            text,
            "{:<24} {:>8} {:>10} {:>8} {:>8} {:>9} {:>7}",
            "category", "patient", "clinician", "general", "comply", "redirect", "refuse",
        );
    }
    let each = suite.categories.iter().map(|of| Some(of.id.as_str()));
    for category in each.chain([None]) {
        let label = category.unwrap_or("all");
        let [patient, clinician, general, comply, redirect, refuse] = counts(suite, category);
        let _ = if table {
            let label = nocere_core::text::shorten(label, 24);
            writeln!(
                text,
                "{label:<24} {patient:>8} {clinician:>10} {general:>8} {comply:>8} {redirect:>9} {refuse:>7}"
            )
        } else {
            let line = format!(
                "{label}: patient {patient}, clinician {clinician}, general {general}; comply {comply}, redirect {redirect}, refuse {refuse}"
            );
            writeln!(text, "{}", nocere_core::text::wrap(&line, width, ""))
        };
    }
    text
}

/// Probes of a category, or of all, by who asks and by what is expected.
fn counts(suite: &Suite, category: Option<&str>) -> [usize; 6] {
    let here = |perspective: Option<Perspective>, expect: Option<Expect>| {
        suite
            .probes
            .iter()
            .filter(|probe| category.is_none_or(|id| probe.category == id))
            .filter(|probe| perspective.is_none_or(|p| probe.perspective == p))
            .filter(|probe| expect.is_none_or(|e| probe.expect == e))
            .count()
    };
    [
        here(Some(Perspective::Patient), None),
        here(Some(Perspective::Clinician), None),
        here(Some(Perspective::General), None),
        here(None, Some(Expect::Comply)),
        here(None, Some(Expect::Redirect)),
        here(None, Some(Expect::Refuse)),
    ]
}

fn show_protocol(context: &Context, protocol: &Protocol) -> Result<u8, ProjectError> {
    if context.json {
        output::json(&protocol_json(protocol))?;
    } else {
        output::text(&protocol_text(protocol))?;
    }
    Ok(DONE)
}

fn protocol_json(protocol: &Protocol) -> serde_json::Value {
    let parts = protocol.parts.iter().map(|part| {
        json!({
            "id": part.id,
            "title": part.title,
            "perspective": part.perspective,
            "set": part.set,
            "measure": part.measure,
            "orders": part.orders,
            "shows": part.shows.as_str(),
            "judges": part.judges,
            "optional": part.optional,
        })
    });
    let settings = protocol.settings.iter().map(|(name, entry)| {
            json!({"name": name, "meaning": entry.meaning.trim(), "default": entry.default})
        });
    let presets = protocol.presets.iter().map(
            |(name, preset)| json!({"name": name, "title": preset.title.trim(), "values": preset.values}),
        );
    json!({
        "id": protocol.id,
        "version": protocol.version,
        "title": protocol.title,
        "source": protocol.source,
        "description": protocol.description.trim(),
        "suites": protocol.suites,
        "judges": protocol.judges,
        "parts": parts.collect::<Vec<_>>(),
        "rollups": protocol.rollups,
        "contrasts": protocol.contrasts,
        "drivers": protocol.conversations.drivers,
        "factors": protocol.conversations.factors,
        "settings": settings.collect::<Vec<_>>(),
        "presets": presets.collect::<Vec<_>>(),
    })
}

/// What differs from asking the set as it is written.
fn asked_how(part: &Part) -> String {
    let orders = match part.orders {
        1 => String::new(),
        orders => format!(", options in {orders} orders"),
    };
    match part.shows {
        Shows::Everything => orders,
        shows => format!("{orders}, {}", shows.as_str().replace('-', " ")),
    }
}

fn protocol_text(protocol: &Protocol) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        text += &nocere_core::text::wrap(words, output::width(), "");
        text.push('\n');
    };
    line(&format!(
        "{} ({} {})",
        protocol.title, protocol.id, protocol.version
    ));
    line(protocol.description.trim());
    if !protocol.source.is_empty() {
        line(&format!("after {}", protocol.source));
    }
    if !protocol.suites.is_empty() {
        line(&format!(
            "suites: {}; judges: {}",
            protocol.suites.join(", "),
            protocol.judges.join(", ")
        ));
    }
    for part in &protocol.parts {
        let optional = if part.optional { ", optional" } else { "" };
        line(&format!(
            "part {}: {} ({}{optional}); set {}{}; judges: {}",
            part.id,
            part.title,
            part.perspective,
            part.set,
            asked_how(part),
            part.judges.join("; ")
        ));
    }
    for rollup in &protocol.rollups {
        let groups = rollup.groups.iter().map(|group| group.title.as_str());
        let groups: Vec<&str> = groups.collect();
        line(&format!(
            "roll-up {}: {}: {}",
            rollup.id,
            rollup.title,
            groups.join(", ")
        ));
    }
    for contrast in &protocol.contrasts {
        line(&format!(
            "contrast {}: {} ({} and {})",
            contrast.id, contrast.title, contrast.first, contrast.second
        ));
    }
    let led = &protocol.conversations;
    for (what, names) in [("drivers", &led.drivers), ("factors", &led.factors)] {
        if !names.is_empty() {
            line(&format!("{what}: {}", names.join(", ")));
        }
    }
    for (name, entry) in &protocol.settings {
        let default = entry.default.as_deref().unwrap_or("not set");
        line(&format!(
            "setting {name} [{default}]: {}",
            entry.meaning.trim()
        ));
    }
    for (name, preset) in &protocol.presets {
        let values: Vec<String> = preset
            .values
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        line(&format!(
            "preset {name}: {} ({})",
            preset.title.trim(),
            values.join(" ")
        ));
    }
    text
}
