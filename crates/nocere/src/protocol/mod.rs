//! A protocol says which suites, judges and sampling belong together.

mod parts;
mod settings;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_core::{ContentHash, PartState, Perspective, ProtocolRecord, Suite, TableKind};
use nocere_engine::JudgeSetup;
use nocere_suites::{BUILTIN, SuiteError, builtin, load};
use serde::Deserialize;

use crate::{config::nearest, failure::Failure};

pub(crate) use parts::of_recording;
pub(crate) use settings::Chosen;

const EMBEDDED: [(&str, &str); 3] = [
    (
        "demo",
        include_str!("../../../../assets/protocols/demo.yaml"),
    ),
    (
        "nocere-core",
        include_str!("../../../../assets/protocols/nocere-core.yaml"),
    ),
    (
        "medriskeval",
        include_str!("../../../../assets/protocols/medriskeval.yaml"),
    ),
];

/// A protocol file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Protocol {
    #[serde(rename = "nocere_protocol")]
    format: u32,
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// The paper or document that it follows.
    #[serde(default)]
    pub(crate) source: String,
    /// Suites that are all read by `judges`; give these or `parts`.
    #[serde(default)]
    pub(crate) suites: Vec<String>,
    #[serde(default)]
    pub(crate) judges: Vec<String>,
    /// Public sets, each with judges and a table of its own.
    #[serde(default)]
    pub(crate) parts: Vec<Part>,
    /// Who the deployment is for; empty where it is for everybody.
    #[serde(default)]
    intended_users: Vec<Perspective>,
    /// What it leaves open, by name.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, SettingEntry>,
    /// Named sets of values.
    #[serde(default)]
    pub(crate) presets: BTreeMap<String, Preset>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    sampling: ProtocolSampling,
    #[serde(skip)]
    hash: String,
}

/// A part of a protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) perspective: Perspective,
    /// A public set, a built-in suite or a path.
    pub(crate) set: String,
    pub(crate) scored_as: TableKind,
    /// Judges as on the command line; `{name}` stands for a setting.
    pub(crate) judges: Vec<String>,
    /// Whether the protocol is whole without it.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// Something that a protocol leaves open.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingEntry {
    pub(crate) meaning: String,
    #[serde(default)]
    pub(crate) default: Option<String>,
}

/// A named set of values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    pub(crate) title: String,
    pub(crate) values: BTreeMap<String, String>,
}

/// Sampling that a protocol asks for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProtocolSampling {
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    #[serde(default)]
    pub(crate) top_p: Option<f32>,
    #[serde(default)]
    pub(crate) max_tokens: Option<u32>,
}

/// What was named on the command line, loaded.
pub(crate) struct Loaded {
    pub(crate) suites: Vec<Suite>,
    /// Every judge once, as typed.
    pub(crate) judges: Vec<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) sampling: ProtocolSampling,
    pub(crate) intended_users: Vec<Perspective>,
    /// The protocol with its parts; none where suites were named.
    pub(crate) record: Option<ProtocolRecord>,
    /// The judges of each part, as typed.
    part_judges: Vec<Vec<String>>,
}

/// What the command line says beside the names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The folder of public sets.
    pub(crate) data: Option<PathBuf>,
    /// Preset and single settings.
    pub(crate) chosen: Chosen,
    /// Only these parts; empty for all.
    pub(crate) parts: Vec<String>,
}

impl Options {
    fn is_default(&self) -> bool {
        self.data.is_none() && self.parts.is_empty() && self.chosen.is_empty()
    }
}

impl Loaded {
    /// Says in the record where fewer probes are asked than were found.
    pub(crate) fn note_selection(&mut self) {
        for part in self.record.iter_mut().flat_map(|record| &mut record.parts) {
            let PartState::Asked { probes, notes, .. } = &mut part.state else {
                continue;
            };
            let suite = self.suites.iter().find(|suite| suite.id == part.suite);
            let kept = suite.map_or(0, |suite| suite.probes.len() as u64);
            if kept < *probes {
                notes.push(format!(
                    "{kept} of its {probes} probes were chosen for this run (--limit or --perspective)."
                ));
            }
        }
    }

    /// Notes which instruments read which part, and limits them to their parts. `overridden`
    /// says that the judges were named on the command line and read everything.
    pub(crate) fn bind(&mut self, names: &[String], setups: &mut [JudgeSetup], overridden: bool) {
        let Some(record) = &mut self.record else {
            return;
        };
        for (part, judges) in record.parts.iter_mut().zip(&self.part_judges) {
            part.instruments = names
                .iter()
                .zip(setups.iter())
                .filter(|(name, _)| overridden || judges.contains(name))
                .map(|(_, setup)| setup.judge.instrument().id.clone())
                .collect();
            if overridden {
                part.missing_judges.clear();
            }
        }
        scope(setups, Some(record));
    }
}

/// Has each judge pass over the parts that are not its own.
pub(crate) fn scope(setups: &mut [JudgeSetup], record: Option<&ProtocolRecord>) {
    let Some(record) = record else {
        return;
    };
    for setup in setups {
        let id = &setup.judge.instrument().id;
        let suites = record.parts.iter().map(|part| &part.suite);
        setup.passes_over = suites
            .filter(|suite| !record.reads(id, suite))
            .cloned()
            .collect();
    }
}

/// A judge that was missing is no longer, once another of its kind reads the answers.
pub(crate) fn note_judges(record: Option<&mut ProtocolRecord>, setups: &[JudgeSetup]) {
    for part in record.into_iter().flat_map(|record| &mut record.parts) {
        part.missing_judges.retain(|missing| {
            let kind = missing.split(':').next().unwrap_or_default();
            !setups.iter().any(|setup| {
                let instrument = setup.judge.instrument();
                instrument.kind.as_str() == kind
                    && instrument.model.is_some()
                    && !setup.passes_over.contains(&part.suite)
            })
        });
    }
}

/// The embedded protocols.
pub(crate) fn embedded() -> Result<Vec<Protocol>, Failure> {
    EMBEDDED
        .into_iter()
        .map(|(name, text)| parse(&format!("assets/protocols/{name}.yaml"), text))
        .collect()
}

fn parse(path: &str, text: &str) -> Result<Protocol, Failure> {
    let fault = |what: String| Failure::usage(format!("{path}: {what}"));
    let mut protocol: Protocol = serde_saphyr::from_str(text)
        .map_err(|error| SuiteError::from_yaml(Path::new(path), &error))?;
    if protocol.format != 1 {
        return Err(fault("`nocere_protocol` must be 1".to_owned()));
    }
    match (protocol.suites.is_empty(), protocol.parts.is_empty()) {
        (true, true) => return Err(fault("give `suites` or `parts`".to_owned())),
        (false, false) => {
            return Err(fault(
                "`suites` and `parts` cannot both be given".to_owned(),
            ));
        }
        (true, false) if !protocol.judges.is_empty() => {
            return Err(fault(
                "with `parts`, each part has its own `judges`".to_owned(),
            ));
        }
        (false, true) if protocol.judges.is_empty() => {
            return Err(fault("`judges` is empty".to_owned()));
        }
        _ => {}
    }
    for (at, part) in protocol.parts.iter().enumerate() {
        if protocol.parts[..at].iter().any(|other| other.id == part.id) {
            return Err(fault(format!("part `{}` stands twice", part.id)));
        }
    }
    settings::check(&protocol).map_err(fault)?;
    ContentHash::of_bytes(text.as_bytes())
        .as_str()
        .clone_into(&mut protocol.hash);
    Ok(protocol)
}

/// Loads what `names` say: one protocol, or suites by name or path.
pub(crate) fn resolve(names: &[String], options: &Options) -> Result<Loaded, Failure> {
    if let [name] = names
        && let Some(protocol) = find_protocol(name)?
    {
        return parts::gather(protocol, options);
    }
    if !options.is_default() {
        return Err(Failure::usage(
            "--data, --preset, --set, --judge-model and --part belong to a protocol, and none is named",
        ));
    }
    let mut suites: Vec<Suite> = Vec::new();
    for name in names {
        if find_protocol(name)?.is_some() {
            return Err(Failure::usage(format!(
                "`{name}` is a protocol; it cannot be combined with others"
            )));
        }
        let suite = load_suite(name)?;
        if suites.iter().any(|known| known.id == suite.id) {
            return Err(Failure::usage(format!(
                "suite `{}` is given twice",
                suite.id
            )));
        }
        suites.push(suite);
    }
    Ok(Loaded {
        suites,
        judges: vec!["refusal".to_owned(), "checks".to_owned()],
        limit: None,
        sampling: ProtocolSampling::default(),
        intended_users: Vec::new(),
        record: None,
        part_judges: Vec::new(),
    })
}

/// A protocol by its built-in name or path.
pub(crate) fn find_protocol(name: &str) -> Result<Option<Protocol>, Failure> {
    if let Some(protocol) = embedded()?.into_iter().find(|protocol| protocol.id == name) {
        return Ok(Some(protocol));
    }
    let path = Path::new(name);
    let is_yaml = path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml");
    if is_yaml && path.is_file() {
        let text = nocere_suites::read_text(path)?;
        if text
            .lines()
            .any(|line| line.starts_with("nocere_protocol:"))
        {
            return parse(name, &text).map(Some);
        }
    }
    Ok(None)
}

/// A built-in suite by name, or the suite at a path.
pub(crate) fn load_suite(name: &str) -> Result<Suite, Failure> {
    if let Some(suite) = builtin(name) {
        return Ok(suite?);
    }
    let path = Path::new(name);
    if path.exists() {
        return Ok(load(path)?);
    }
    let known: Vec<&str> = BUILTIN
        .into_iter()
        .chain(EMBEDDED.iter().map(|(id, _)| *id))
        .collect();
    let failure = Failure::usage(format!("there is no suite, protocol or file `{name}`"));
    Err(match nearest(name, known.iter().copied()) {
        Some(word) => failure.hint(format!("did you mean `{word}`?")),
        None => failure.hint(format!("built in: {}; or give a path", known.join(", "))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_protocols_are_in_order() {
        let all = embedded().unwrap();
        assert_eq!(all.len(), EMBEDDED.len());
        let medriskeval = all.iter().find(|p| p.id == "medriskeval").unwrap();
        assert!(medriskeval.presets.contains_key("paper"));
        for part in &medriskeval.parts {
            let mut sets = nocere_suites::public_sets().unwrap().into_iter();
            assert!(sets.any(|set| set.id == part.set), "{}", part.set);
        }
    }

    #[test]
    fn wrong_protocols_are_refused_with_file_and_line() {
        let head = "nocere_protocol: 1\nid: p\nversion: '1'\ntitle: T\ndescription: D\n";
        for (rest, wanted) in [
            ("", "give `suites` or `parts`"),
            ("suites: [x]\n", "`judges` is empty"),
            (
                "suites: [x]\njudges: [refusal]\nsuits: 1\n",
                "unknown field `suits`",
            ),
            (
                "parts: [{id: a, title: A, perspective: patient, set: s, scored_as: levels, judges: ['harm={jugde}']}]\n",
                "`{jugde}` is no setting",
            ),
            (
                "suites: [x]\njudges: [refusal]\npresets: {a: {title: t, values: {nothing: '1'}}}\n",
                "`nothing` is no setting",
            ),
        ] {
            let failure = parse("p.yaml", &format!("{head}{rest}")).unwrap_err();
            assert!(failure.message().contains(wanted), "{}", failure.message());
            assert!(failure.message().starts_with("p.yaml"));
        }
    }
}
