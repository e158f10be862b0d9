//! Suites embedded in the binary.

use std::path::Path;

use nocere_core::{Provenance, Reader, Suite, SuiteReading};

use crate::{
    error::SuiteError, file::parse_yaml_suite, translation::translated, validate::validate,
};

/// Id, file and text of a pack.
macro_rules! pack {
    ($id:literal, $name:literal) => {
        (
            $id,
            concat!("assets/suites/packs/", $name, ".yaml"),
            include_str!(concat!("../../../assets/suites/packs/", $name, ".yaml")),
        )
    };
}

/// Ids of the embedded suites.
pub const BUILTIN: [&str; 19] = [
    "nocere-triads",
    "nocere-languages",
    "nocere-more-languages",
    "nocere-summaries",
    "nocere-conflicts",
    "nocere-planted-orders",
    "nocere-health-data",
    "nocere-keys",
    "nocere-yielding",
    "nocere-swaps",
    "nocere-questions",
    "nocere-med-ethics",
    "nocere-climed",
    "nocere-medguard",
    "nocere-medguard-knowledge",
    "nocere-llmeval-zh",
    "nocere-health-criteria",
    "nocere-medcode",
    "nocere-asclepius",
];

/// The packs: tasks with documents, keys, further turns and swaps, by id and file.
const PACKS: [(&str, &str, &str); 16] = [
    pack!("nocere-summaries", "summaries"),
    pack!("nocere-conflicts", "conflicts"),
    pack!("nocere-planted-orders", "planted"),
    pack!("nocere-health-data", "privacy"),
    pack!("nocere-keys", "keys"),
    pack!("nocere-yielding", "yielding"),
    pack!("nocere-swaps", "swaps"),
    pack!("nocere-questions", "questions"),
    pack!("nocere-med-ethics", "med-ethics"),
    pack!("nocere-climed", "climed"),
    pack!("nocere-medguard", "medguard"),
    pack!("nocere-medguard-knowledge", "medguard-knowledge"),
    pack!("nocere-llmeval-zh", "llmeval-zh"),
    pack!("nocere-health-criteria", "health-criteria"),
    pack!("nocere-medcode", "medcode"),
    pack!("nocere-asclepius", "asclepius"),
];

/// Name and bytes of a drawing.
macro_rules! drawing {
    ($name:literal) => {
        (
            concat!("images/", $name),
            include_bytes!(concat!("../../../assets/suites/packs/images/", $name)) as &[u8],
        )
    };
}

/// The drawings of `nocere-asclepius`, made by `assets/suites/packs/images/draw.py`.
const DRAWINGS: [(&str, &[u8]); 30] = [
    drawing!("blood-table.png"),
    drawing!("bone-after.png"),
    drawing!("bone-before.png"),
    drawing!("bone-break.png"),
    drawing!("brain-bright.png"),
    drawing!("brain-day1.png"),
    drawing!("brain-day2.png"),
    drawing!("cells-bent.png"),
    drawing!("cells-cores.png"),
    drawing!("chest-day1.png"),
    drawing!("chest-day4.png"),
    drawing!("chest-shape.jpg"),
    drawing!("eardrum.png"),
    drawing!("ecg-irregular.png"),
    drawing!("ecg-pause.png"),
    drawing!("ecg-regular.png"),
    drawing!("fan-gallbladder.jpg"),
    drawing!("fan-placenta.jpg"),
    drawing!("growth-curve.png"),
    drawing!("hand-joint.png"),
    drawing!("kidney-stone.png"),
    drawing!("labs-bars.png"),
    drawing!("mole-march.png"),
    drawing!("mole-september.png"),
    drawing!("pill-label.png"),
    drawing!("prick-test.png"),
    drawing!("retina-dots.png"),
    drawing!("skin-even.png"),
    drawing!("skin-uneven.jpg"),
    drawing!("thermometer.png"),
];

/// The image `name` of the embedded suite at `path`; `None` if there is none.
pub(crate) fn image(path: &Path, name: &str) -> Option<&'static [u8]> {
    let is_embedded = path == Path::new("assets/suites/packs/asclepius.yaml");
    let mut drawings = DRAWINGS.iter().filter(|_| is_embedded);
    drawings
        .find(|(known, _)| *known == name)
        .map(|(_, bytes)| *bytes)
}

const TRIADS: &str = include_str!("../../../assets/suites/nocere-triads.yaml");

/// Path and text of a translation.
macro_rules! translation {
    ($language:literal) => {
        (
            concat!("assets/suites/translations/", $language, ".yaml"),
            include_str!(concat!(
                "../../../assets/suites/translations/",
                $language,
                ".yaml"
            )),
        )
    };
}

/// Translations into languages that the judges without a model read.
const TRANSLATIONS: [(&str, &str); 4] = [
    translation!("es"),
    translation!("fr"),
    translation!("de"),
    translation!("zh"),
];

/// Translations into others.
const MORE_TRANSLATIONS: [(&str, &str); 2] = [translation!("pt"), translation!("ar")];

/// The embedded suite `id`, one of [`BUILTIN`]; `None` for any other id.
///
/// # Errors
///
/// The embedded files are invalid, or a translation is older than the original's wordings.
pub fn builtin(id: &str) -> Option<Result<Suite, SuiteError>> {
    match id {
        "nocere-triads" => Some(triads()),
        "nocere-languages" => Some(languages(
            id,
            &TRANSLATIONS,
            ("1.1.0", "nocere languages"),
            "Forty matters of nocere-triads in Spanish, French, German and Chinese: does a model \
             behave alike whatever language it is asked in?",
            vec![reading(
                "Every translation of version 1.0.0, for fluency and equivalence: errors in 1.3 %, \
                 corrected in 1.1.0. No native speaker has read them.",
            )],
        )),
        "nocere-more-languages" => Some(languages(
            id,
            &MORE_TRANSLATIONS,
            ("1.0.0", "nocere more languages"),
            "Twenty matters of nocere-triads in Portuguese and Arabic. The judges without a model \
             do not read these languages: give a judge that asks one, such as harm=TARGET.",
            Vec::new(),
        )),
        _ => {
            let (_, path, text) = PACKS.iter().find(|(known, ..)| *known == id)?;
            Some(parse_yaml_suite(Path::new(path), text))
        }
    }
}

fn triads() -> Result<Suite, SuiteError> {
    parse_yaml_suite(Path::new("assets/suites/nocere-triads.yaml"), TRIADS)
}

/// A reading of translations by one model.
fn reading(what: &str) -> SuiteReading {
    SuiteReading {
        by: Reader::Model,
        readers: 1,
        what: what.to_owned(),
    }
}

/// A suite of translations of the triads, restricted to categories that have a probe.
fn languages(
    id: &str,
    files: &[(&str, &str)],
    (version, title): (&str, &str),
    description: &str,
    readings: Vec<SuiteReading>,
) -> Result<Suite, SuiteError> {
    let original = triads()?;
    let mut entries = Vec::new();
    for (path, text) in files {
        entries.extend(translated(Path::new(path), text, id, &original)?);
    }
    let categories = original
        .categories
        .into_iter()
        .filter(|category| {
            entries
                .iter()
                .any(|entry| entry.probe.category == category.id)
        })
        .collect();
    let suite = Suite {
        id: id.into(),
        version: version.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        licence: original.licence,
        source: original.source,
        categories,
        probes: Vec::new(),
        // A placeholder: `validate` computes the hash.
        hash: original.hash,
        provenance: Some(Provenance {
            written: "Freely rendered by instances of a language model from the wordings of \
                      nocere-triads, one instance for each language."
                .to_owned(),
            readings,
        }),
        half: None,
    };
    validate(Path::new("assets/suites/translations"), suite, entries)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use nocere_core::{Expect, Perspective};

    use super::*;
    use crate::similar::{NEAR_DUPLICATE, near_duplicates};

    #[test]
    fn the_triads_have_three_perspectives_and_a_twin_each() {
        let suite = builtin("nocere-triads").unwrap().unwrap();
        let mut matters: BTreeMap<&str, BTreeSet<Perspective>> = BTreeMap::new();
        let mut twins: BTreeMap<&str, usize> = BTreeMap::new();
        for probe in &suite.probes {
            let matter = probe.matter.as_deref().unwrap();
            if probe.twin_of.is_some() {
                *twins.entry(matter).or_default() += 1;
                assert_eq!(probe.expect, Expect::Comply, "{}", probe.id);
            } else {
                matters.entry(matter).or_default().insert(probe.perspective);
            }
            assert!(
                (1..=4).contains(&probe.severity) && (1..=4).contains(&probe.likelihood),
                "{}",
                probe.id
            );
            assert!(!probe.note.is_empty(), "{}", probe.id);
        }
        assert!(matters.len() >= 179, "{} matters", matters.len());
        assert!(suite.probes.len() >= 1057, "{} probes", suite.probes.len());
        assert!(matters.values().all(|perspectives| perspectives.len() == 3));
        assert!(matters.keys().all(|matter| twins.contains_key(matter)));
    }

    #[test]
    fn forty_matters_are_asked_in_four_languages_from_all_perspectives() {
        let suite = builtin("nocere-languages").unwrap().unwrap();
        let mut matters: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for probe in suite.probes.iter().filter(|probe| probe.twin_of.is_none()) {
            let languages = matters.entry(probe.matter.as_deref().unwrap()).or_default();
            *languages.entry(probe.language.as_str()).or_default() += 1;
        }
        assert_eq!(matters.len(), 40);
        for (matter, languages) in matters {
            let expected = BTreeMap::from([("de", 3), ("es", 3), ("fr", 3), ("zh", 3)]);
            assert_eq!(languages, expected, "{matter}");
        }
    }

    #[test]
    fn twenty_matters_are_asked_in_portuguese_and_arabic() {
        let suite = builtin("nocere-more-languages").unwrap().unwrap();
        let mut matters: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for probe in &suite.probes {
            let languages = matters.entry(probe.matter.as_deref().unwrap()).or_default();
            *languages.entry(probe.language.as_str()).or_default() += 1;
            let arabic = probe
                .question()
                .chars()
                .filter(|c| ('\u{600}'..='\u{6ff}').contains(c))
                .count();
            assert_eq!(probe.language == "ar", arabic > 10, "{}", probe.id);
        }
        assert_eq!(matters.len(), 20);
        for (matter, languages) in matters {
            assert_eq!(languages["pt"], languages["ar"], "{matter}");
            assert!(languages["pt"] >= 3, "{matter}");
        }
    }

    #[test]
    fn no_two_probes_ask_nearly_the_same() {
        let suites = BUILTIN.map(|id| builtin(id).unwrap().unwrap());
        let probes: Vec<&nocere_core::Probe> =
            suites.iter().flat_map(|suite| &suite.probes).collect();
        // A twin of a dialogue begins as its original does.
        let text_of = |probe: &&nocere_core::Probe| {
            let turns = probe.follow_ups.join("\n");
            format!("{}\n{turns}", probe.request())
        };
        let texts: Vec<String> = probes.iter().map(text_of).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let pairs = near_duplicates(&texts, NEAR_DUPLICATE);
        let named: Vec<(&str, &str, f64)> = pairs
            .iter()
            .filter(|pair| {
                !crate::lint::is_alike_on_purpose(probes[pair.first], probes[pair.second])
            })
            .map(|pair| (texts[pair.first], texts[pair.second], pair.likeness))
            .collect();
        assert!(named.is_empty(), "{named:#?}");
    }

    #[test]
    fn every_probe_to_be_declined_has_a_twin_of_its_own() {
        for suite in BUILTIN.map(|id| builtin(id).unwrap().unwrap()) {
            let twins: BTreeSet<&str> = suite
                .probes
                .iter()
                .filter_map(|probe| probe.twin_of.as_deref())
                .collect();
            for probe in suite
                .probes
                .iter()
                .filter(|probe| probe.expect == Expect::Refuse)
            {
                let has_one =
                    twins.contains(probe.id.as_str()) || twins.contains(probe.origin().as_str());
                assert!(has_one, "{}", probe.id);
            }
        }
    }
}
