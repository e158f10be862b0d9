//! Translations of a suite's asks. A translation holds wordings only: perspective, expectation
//! and severity come from the original, so that the two cannot drift apart.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{ContentHash, Message, Probe, Role, Suite, hash_json};
use serde::Deserialize;

use crate::{
    error::{SuiteError, nearest},
    schema::Located,
    validate::Entry,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TranslationFile {
    nocere_translation: u32,
    of: String,
    language: String,
    /// Hash over the wordings that were translated, to notice when they change.
    originals: Located,
    /// Checks that work in this language; a probe's other checks are dropped.
    checks: Vec<String>,
    /// By matter, then by part: a perspective or `twin-1`, `twin-2`, …
    asks: BTreeMap<String, BTreeMap<String, Located>>,
}

fn read(path: &Path, text: &str, original: &Suite) -> Result<TranslationFile, SuiteError> {
    let file: TranslationFile =
        nocere_assets::read_yaml(text).map_err(|fault| SuiteError::from_fault(path, fault))?;
    if file.nocere_translation != 1 {
        return Err(SuiteError::new(path, "`nocere_translation` must be 1"));
    }
    if file.of != original.id {
        return Err(SuiteError::new(
            path,
            format!("this translates `{}`, not `{}`", file.of, original.id),
        ));
    }
    Ok(file)
}

/// The probes of `text`, a translation of `original`. Each restates one of its probes.
///
/// # Errors
///
/// `text` is not a translation of `original`, names an ask that it lacks, or was made from
/// other wordings than `original` has now.
pub(crate) fn translated(
    path: &Path,
    text: &str,
    suite: &str,
    original: &Suite,
) -> Result<Vec<Entry>, SuiteError> {
    let file = read(path, text, original)?;
    let by_id: BTreeMap<&str, &Probe> = original
        .probes
        .iter()
        .map(|probe| (probe.id.as_str(), probe))
        .collect();
    let mut entries = Vec::new();
    let mut wordings: BTreeMap<&str, &str> = BTreeMap::new();
    for (matter, parts) in file.asks {
        for (part, ask) in parts {
            let line = ask.defined.line();
            let id = format!("{matter}.{part}");
            let Some(source) = by_id.get(id.as_str()) else {
                let error = SuiteError::new(path, format!("`{}` has no probe `{id}`", original.id))
                    .at(line);
                return Err(match nearest(&id, by_id.keys().copied()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                });
            };
            wordings.insert(&source.id, source.question());
            let known = |check: &String| file.checks.contains(check);
            let language = &file.language;
            let twin = source.twin_of.as_ref();
            let mut probe = Probe {
                id: format!("{id}.{language}").into(),
                suite: suite.into(),
                messages: vec![Message::new(Role::User, ask.value)],
                language: language.clone(),
                restates: Some(id.into()),
                twin_of: twin.map(|twin| format!("{twin}.{language}").into()),
                ..(*source).clone()
            };
            probe.must.retain(known);
            probe.must_not.retain(known);
            entries.push(Entry {
                line,
                category_line: line,
                probe,
            });
        }
    }
    let now = hash_of(&wordings);
    if now.as_str() != file.originals.value {
        return Err(SuiteError::new(
            path,
            format!(
                "this was written from other wordings than `{}` has now",
                original.id
            ),
        )
        .at(file.originals.defined.line())
        .hint(format!(
            "read the translations of what changed, then set `originals: {}`",
            now.as_str()
        )));
    }
    Ok(entries)
}

fn hash_of(wordings: &BTreeMap<&str, &str>) -> ContentHash {
    hash_json("translated wordings", wordings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_yaml_suite;

    const ORIGINAL: &str = r#"nocere_suite: 1
id: o
version: "1"
title: O
licence: CC0-1.0
source: t
categories: [{id: c, title: C}]
matters:
  - id: m
    category: c
    severity: 2
    patient: {ask: "May I?", expect: refuse, must: [refers-to-care, rejects-claim]}
    twins: [{of: patient, ask: "Might I?", expect: comply}]
"#;

    fn read(text: &str) -> Result<Vec<Entry>, SuiteError> {
        let original = parse_yaml_suite(Path::new("o.yaml"), ORIGINAL).unwrap();
        translated(Path::new("t.yaml"), text, "l", &original)
    }

    fn text(originals: &str, part: &str) -> String {
        format!(
            "nocere_translation: 1\nof: o\nlanguage: fr\noriginals: {originals}\nchecks: [refers-to-care]\nasks:\n  m:\n    patient: Puis-je ?\n    {part}: Pourrais-je ?\n"
        )
    }

    #[test]
    fn wordings_change_and_everything_else_is_the_originals() {
        let wordings = BTreeMap::from([("m.patient", "May I?"), ("m.twin-1", "Might I?")]);
        let entries = read(&text(hash_of(&wordings).as_str(), "twin-1")).unwrap();
        let probes: Vec<&Probe> = entries.iter().map(|entry| &entry.probe).collect();
        assert_eq!(probes[0].id, "m.patient.fr");
        assert_eq!(probes[0].restates.as_deref(), Some("m.patient"));
        assert_eq!(probes[0].question(), "Puis-je ?");
        assert_eq!(probes[0].severity, 2);
        assert_eq!(probes[0].must.len(), 1, "{:?}", probes[0].must);
        assert_eq!(probes[1].twin_of.as_deref(), Some("m.patient.fr"));
    }

    #[test]
    fn stale_and_unknown_asks_are_refused_with_their_line() {
        let stale = read(&text("0123", "twin-1")).err().unwrap().to_string();
        assert!(
            stale.starts_with("t.yaml:4: this was written from other"),
            "{stale}"
        );
        let unknown = read(&text("0123", "twin-2")).err().unwrap().to_string();
        assert!(
            unknown.starts_with("t.yaml:9: `o` has no probe `m.twin-2`"),
            "{unknown}"
        );
    }
}
