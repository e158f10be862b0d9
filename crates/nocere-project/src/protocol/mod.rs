//! A protocol says which suites, judges and sampling belong together.

mod gather;
mod settings;

use std::{collections::BTreeMap, path::Path};

use nocere_assets::{Assets, Kind};
use nocere_core::{ContentHash, PartState, Perspective, ProtocolRecord, Suite, TableColumn};
use nocere_engine::JudgeSetup;
use nocere_suites::SuiteError;
use serde::Deserialize;

use crate::{Project, ProjectError, ProtocolChoices, SamplingOverrides};

pub use gather::of_recording;

/// A protocol file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    #[serde(rename = "nocere_protocol")]
    format: u32,
    pub id: String,
    pub version: String,
    pub title: String,
    pub description: String,
    /// The paper or document that it follows.
    #[serde(default)]
    pub source: String,
    /// Suites that are all read by `judges`; give these or `parts`.
    #[serde(default)]
    pub suites: Vec<String>,
    #[serde(default)]
    pub judges: Vec<String>,
    /// Public sets, each with judges and a table of its own.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Who the deployment is for; empty where it is for everybody.
    #[serde(default)]
    intended_users: Vec<Perspective>,
    /// What it leaves open, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, SettingEntry>,
    /// Named sets of values.
    #[serde(default)]
    pub presets: BTreeMap<String, Preset>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    sampling: SamplingOverrides,
    #[serde(skip)]
    hash: String,
}

/// A part of a protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub id: String,
    pub title: String,
    pub perspective: Perspective,
    /// A public set, a built-in suite or a path.
    pub set: String,
    /// What its table shows: the measure of the judges that fill it.
    pub measure: String,
    /// Columns beside those of the single labels.
    #[serde(default)]
    pub columns: Vec<TableColumn>,
    /// The column, or the label, by which published models are summed up.
    #[serde(default)]
    pub headline: Option<String>,
    /// Judges as on the command line; `{name}` stands for a setting.
    pub judges: Vec<String>,
    /// Whether the protocol is whole without it.
    #[serde(default)]
    pub optional: bool,
}

/// Something that a protocol leaves open.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingEntry {
    pub meaning: String,
    #[serde(default)]
    pub default: Option<String>,
}

/// A named set of values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    pub title: String,
    pub values: BTreeMap<String, String>,
}

/// What was named on the command line, loaded.
pub struct Loaded {
    pub suites: Vec<Suite>,
    /// Every judge once, as typed.
    pub judges: Vec<String>,
    pub limit: Option<usize>,
    pub sampling: SamplingOverrides,
    pub intended_users: Vec<Perspective>,
    /// The protocol with its parts; none where suites were named.
    pub record: Option<ProtocolRecord>,
    /// The judges of each part, as typed.
    part_judges: Vec<Vec<String>>,
}

impl Loaded {
    /// Says in the record where fewer probes are asked than were found.
    pub fn note_selection(&mut self) {
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
    pub fn bind(&mut self, names: &[String], setups: &mut [JudgeSetup], overridden: bool) {
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
pub fn scope(setups: &mut [JudgeSetup], record: Option<&ProtocolRecord>) {
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

/// Removes entries of `missing_judges` that a newly added judge of the same kind covers.
pub(crate) fn note_judges(record: Option<&mut ProtocolRecord>, setups: &[JudgeSetup]) {
    for part in record.into_iter().flat_map(|record| &mut record.parts) {
        part.missing_judges.retain(|missing| {
            !setups.iter().any(|setup| {
                let instrument = setup.judge.instrument();
                instrument.measure == missing.kind
                    && instrument.model.is_some()
                    && !setup.passes_over.contains(&part.suite)
            })
        });
    }
}

/// The protocols of a project, by name: the shipped ones, or its own in their place.
pub fn all(project: &Project) -> Result<Vec<Protocol>, ProjectError> {
    of_assets(project.assets())
}

fn of_assets(assets: &Assets) -> Result<Vec<Protocol>, ProjectError> {
    let protocols = assets.of(Kind::Protocol);
    protocols
        .map(|asset| {
            let protocol = parse(&asset.path, asset.text())?;
            if protocol.id != asset.name {
                return Err(ProjectError::usage(format!(
                    "{}: `id` is `{}` and the file's name `{}`",
                    asset.path, protocol.id, asset.name
                ))
                .hint("give both the same name"));
            }
            Ok(protocol)
        })
        .collect()
}

fn parse(path: &str, text: &str) -> Result<Protocol, ProjectError> {
    let fault = |what: String| ProjectError::usage(format!("{path}: {what}"));
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
            return Err(fault(format!("part `{}` is given twice", part.id)));
        }
    }
    settings::check(&protocol).map_err(fault)?;
    ContentHash::of_bytes(text.as_bytes())
        .as_str()
        .clone_into(&mut protocol.hash);
    Ok(protocol)
}

/// Loads what `names` say: one protocol, or suites by name or path.
pub fn resolve(
    project: &Project,
    names: &[String],
    options: &ProtocolChoices,
) -> Result<Loaded, ProjectError> {
    if let [name] = names
        && let Some(protocol) = find_protocol(project, name)?
    {
        return gather::gather(project, protocol, options);
    }
    if *options != ProtocolChoices::default() {
        return Err(ProjectError::usage(
            "--data, --preset, --set, --judge-model and --part belong to a protocol, and none is named",
        ));
    }
    let mut suites: Vec<Suite> = Vec::new();
    for name in names {
        if find_protocol(project, name)?.is_some() {
            return Err(ProjectError::usage(format!(
                "`{name}` is a protocol; it cannot be combined with others"
            )));
        }
        let suite = crate::suites::load_suite(project, name)?;
        if suites.iter().any(|known| known.id == suite.id) {
            return Err(ProjectError::usage(format!(
                "suite `{}` is given twice",
                suite.id
            )));
        }
        suites.push(suite);
    }
    Ok(Loaded {
        suites,
        judges: default_judges(),
        limit: None,
        sampling: SamplingOverrides::default(),
        intended_users: Vec::new(),
        record: None,
        part_judges: Vec::new(),
    })
}

/// The judges of suites that are named without a protocol.
pub(crate) fn default_judges() -> Vec<String> {
    vec!["refusal".to_owned(), "checks".to_owned()]
}

/// A protocol by its name or path.
pub fn find_protocol(project: &Project, name: &str) -> Result<Option<Protocol>, ProjectError> {
    if let Some(protocol) = all(project)?.into_iter().find(|known| known.id == name) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_protocols_are_in_order() {
        let all = of_assets(&Assets::shipped()).unwrap();
        assert_eq!(all.len(), 3);
        let medriskeval = all.iter().find(|p| p.id == "medriskeval").unwrap();
        assert!(medriskeval.presets.contains_key("paper"));
        for part in &medriskeval.parts {
            let mut sets = nocere_benchmarks::public_sets().unwrap().into_iter();
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
                "parts: [{id: a, title: A, perspective: patient, set: s, measure: harm, judges: ['harm={jugde}']}]\n",
                "`{jugde}` is not a setting",
            ),
            (
                "suites: [x]\njudges: [refusal]\npresets: {a: {title: t, values: {nothing: '1'}}}\n",
                "`nothing` is not a setting",
            ),
        ] {
            let failure = parse("p.yaml", &format!("{head}{rest}")).unwrap_err();
            assert!(failure.message().contains(wanted), "{}", failure.message());
            assert!(failure.message().starts_with("p.yaml"));
        }
    }
}
