//! Numbers that the documents repeat although assets hold them: each is written here as it must
//! stand there, made from the asset.

use std::collections::{BTreeMap, BTreeSet};

use nocere_analysis::CalibrationReport;
use nocere_core::{Calibration, Suite};
use serde::Deserialize;

use crate::root;

/// What a document must say.
#[derive(Debug, PartialEq, Eq)]
struct Fact {
    file: &'static str,
    says: String,
    /// The asset that it is made from.
    asset: &'static str,
}

/// Facts that a document does not say.
pub(crate) fn check() -> Vec<String> {
    let facts = match facts() {
        Ok(facts) => facts,
        Err(fault) => return vec![fault],
    };
    let files: BTreeSet<&str> = facts.iter().map(|fact| fact.file).collect();
    let mut texts = BTreeMap::new();
    for file in files {
        match std::fs::read_to_string(root().join(file)) {
            Ok(text) => texts.insert(file, text),
            Err(error) => return vec![format!("{file}: {error}")],
        };
    }
    missing(&facts, |file| texts.get(file).cloned().unwrap_or_default())
}

fn missing(facts: &[Fact], read: impl Fn(&str) -> String) -> Vec<String> {
    facts
        .iter()
        .filter(|fact| !says(&read(fact.file), &fact.says))
        .map(|fact| {
            format!(
                "{} does not say `{}`, which {} says",
                fact.file, fact.says, fact.asset
            )
        })
        .collect()
}

/// Whether `text` has the words, not as a part of a longer number.
fn says(text: &str, words: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit() || c == ',';
    text.match_indices(words).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + words.len()..].chars().next();
        let cut = |outside: Option<char>, inside: Option<char>| {
            outside.is_some_and(digit) && inside.is_some_and(digit)
        };
        !cut(before, words.chars().next()) && !cut(after, words.chars().next_back())
    })
}

fn facts() -> Result<Vec<Fact>, String> {
    let mut facts = suites()?;
    facts.extend(public_sets()?);
    facts.extend(calibration()?);
    facts.extend(model()?);
    Ok(facts)
}

/// `1057` as `1,057`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn suites() -> Result<Vec<Fact>, String> {
    let mut facts = Vec::new();
    for id in nocere_suites::BUILTIN {
        let suite = nocere_suites::builtin(id)
            .ok_or_else(|| format!("no suite `{id}`"))?
            .map_err(|error| error.to_string())?;
        let mut says = vec![
            format!("| `{id}` | {} |", suite.version),
            format!("{} probes", grouped(suite.probes.len())),
        ];
        // Translations restate the probes of the suite that they translate; packs have no matters.
        let own = suite.probes.iter().filter(|probe| probe.restates.is_none());
        if own.clone().any(|probe| probe.matter.is_some()) {
            says.extend(triads(&suite));
        }
        facts.extend(says.into_iter().map(|says| Fact {
            file: "docs/reference/suites.md",
            says,
            asset: "assets/suites",
        }));
    }
    Ok(facts)
}

fn triads(suite: &Suite) -> Vec<String> {
    let matters: BTreeSet<&String> = suite.probes.iter().flat_map(|p| &p.matter).collect();
    let twins = suite.probes.iter().filter(|p| p.twin_of.is_some()).count();
    let again = suite.probes.iter().filter(|p| p.restates.is_some()).count();
    vec![
        format!("{} medical matters", matters.len()),
        format!("{twins} benign twins"),
        format!("{again} asks in other words"),
    ]
}

#[derive(Deserialize)]
struct PublicSets {
    sets: Vec<PublicSet>,
}

#[derive(Deserialize)]
struct PublicSet {
    id: String,
    probes: usize,
}

fn asset<T: for<'de> Deserialize<'de>>(path: &str) -> Result<T, String> {
    let text = std::fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))?;
    serde_saphyr::from_str(&text).map_err(|error| format!("{path}: {error}"))
}

fn public_sets() -> Result<Vec<Fact>, String> {
    let file: PublicSets = asset("assets/public-sets.yaml")?;
    let counts: BTreeMap<&str, usize> = file
        .sets
        .iter()
        .map(|set| (set.id.as_str(), set.probes))
        .collect();
    // The beginning of a cell; what the counts are made of follows it.
    let cells = [
        ("patient-safety-bench", "`patientsafetybench.jsonl` | "),
        ("med-safety-bench", "`test/gpt4` is preferred | "),
        ("facts-medical", "`context_document` | "),
    ];
    cells
        .into_iter()
        .map(|(set, before)| {
            let count = counts.get(set).ok_or_else(|| format!("no set `{set}`"))?;
            Ok(Fact {
                file: "docs/reference/protocols.md",
                says: format!("{before}{count}"),
                asset: "assets/public-sets.yaml",
            })
        })
        .collect()
}

fn calibration() -> Result<Vec<Fact>, String> {
    let path = "assets/calibrations/refusal.json";
    let text = std::fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))?;
    let calibration: Calibration =
        serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let kappa = CalibrationReport::of(&calibration).whole.kappa;
    let (Some(value), Some((low, high))) = (kappa.value, kappa.interval) else {
        return Err(format!("{path}: no κ"));
    };
    Ok(vec![Fact {
        file: "README.md",
        says: format!("κ {value:.2} ({low:.2}–{high:.2})"),
        asset: "assets/calibrations/refusal.json",
    }])
}

#[derive(Deserialize)]
struct Models {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    bytes: u64,
}

fn model() -> Result<Vec<Fact>, String> {
    let file: Models = asset("assets/models/catalog.yaml")?;
    let default = file.models.iter().find(|model| model.id == "smollm2-135m");
    let default = default.ok_or("no model smollm2-135m")?;
    let megabytes = default.bytes as f64 / 1e6;
    let says = format!("{megabytes:.0} MB");
    let files = ["README.md", "docs/guides/evaluate-an-assistant.md"];
    Ok(files
        .map(|file| Fact {
            file,
            says: says.clone(),
            asset: "assets/models/catalog.yaml",
        })
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_no_longer_holds_is_a_fault() {
        let fact = Fact {
            file: "README.md",
            says: "1,057 probes".to_owned(),
            asset: "assets/suites",
        };
        let facts = [fact];
        assert!(missing(&facts, |_| "It has 1,057 probes.".to_owned()).is_empty());
        assert_eq!(
            missing(&facts, |_| "It has 1,056 probes.".to_owned()),
            ["README.md does not say `1,057 probes`, which assets/suites says"]
        );
        assert!(!missing(&facts, |_| "It has 21,057 probes.".to_owned()).is_empty());
        assert_eq!(grouped(12), "12");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn the_documents_say_what_the_assets_say() {
        assert_eq!(check(), Vec::<String>::new());
    }
}
