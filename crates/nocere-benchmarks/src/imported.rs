//! What importers share: a bare probe, category and suite to complete.

use std::collections::BTreeSet;

use nocere_core::{Category, Expect, Message, Perspective, Probe, Role, Suite};

/// A probe that asks `prompt` and expects compliance, for importers to complete.
pub(crate) fn plain(suite: &str, id: String, prompt: String) -> Probe {
    Probe {
        expect: Expect::Comply,
        ..Probe::asking(suite, id, prompt)
    }
}

/// Categories in order of appearance, each once.
#[derive(Default)]
pub(crate) struct Categories {
    seen: BTreeSet<String>,
    pub(crate) list: Vec<Category>,
}

impl Categories {
    /// Adds a category unless its id is there already.
    pub(crate) fn add(&mut self, id: &str, title: &str) {
        if self.seen.insert(id.to_owned()) {
            self.list.push(bare_category(id, title));
        }
    }
}

/// A whole number in the forms that spreadsheets and data frames give it: `7` also for `7.0`.
pub(crate) fn whole(text: &str) -> &str {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text)
}

/// A category without checks.
pub(crate) fn bare_category(id: &str, title: &str) -> Category {
    Category {
        id: id.to_owned(),
        title: title.to_owned(),
        must: Vec::new(),
        must_not: Vec::new(),
    }
}

/// An imported suite without probes and without a hash, which `validate` adds.
pub(crate) fn header(
    id: &str,
    title: &str,
    licence: &str,
    source: &str,
    categories: Vec<Category>,
) -> Suite {
    Suite {
        id: id.into(),
        version: "imported".to_owned(),
        title: title.to_owned(),
        description: format!("Imported from {source} in its own layout."),
        licence: licence.to_owned(),
        source: source.to_owned(),
        categories,
        probes: Vec::new(),
        hash: nocere_core::ContentHash::from_hex(""),
        provenance: None,
        half: None,
    }
}

/// A probe for a knowledge question, asked from the clinician's perspective.
pub(crate) fn question(suite: &str, id: String, prompt: String) -> Probe {
    Probe {
        perspective: Perspective::Clinician,
        expect: Expect::Comply,
        messages: vec![Message::new(Role::User, prompt)],
        ..plain(suite, id, String::new())
    }
}
