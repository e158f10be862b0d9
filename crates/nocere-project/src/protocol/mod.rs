//! Protocols: which suites, judges and sampling belong together.

mod gather;
mod settings;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use nocere_analysis::Gate;
use nocere_assets::{Assets, Kind};
use nocere_core::{
    ContentHash, Contrast, Material, PartState, Perspective, Probe, ProtocolRecord, Rollup, Suite,
    TableColumn,
};
use nocere_drivers::Design;
use nocere_engine::JudgeSetup;
use nocere_suites::SuiteError;
use serde::Deserialize;

use crate::{Project, ProjectError, ProtocolChoices, SamplingOverrides};

pub use gather::of_recording;

/// A protocol, as written in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    #[serde(rename = "nocere_protocol")]
    format: u32,
    /// Kebab-case id, the same as the name of the asset.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// Title in reports.
    pub title: String,
    /// What the protocol measures, in a few sentences.
    pub description: String,
    /// The paper or document that it follows; empty for nocere's own.
    #[serde(default)]
    pub source: String,
    /// Suites whose answers are judged by all of `judges`. A protocol has either these or `parts`.
    #[serde(default)]
    pub suites: Vec<String>,
    /// Judges of `suites`, in the notation of `nocere run --judge`.
    #[serde(default)]
    pub judges: Vec<String>,
    /// Parts, each with a set, judges and a table of its own.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Tables that sum categories of the parts.
    #[serde(default)]
    pub rollups: Vec<Rollup>,
    /// Figures that are set against each other.
    #[serde(default)]
    pub contrasts: Vec<Contrast>,
    /// Whom the system under test is for; empty if it is for everyone.
    #[serde(default)]
    intended_users: Vec<Perspective>,
    /// Settings that the protocol leaves open, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, SettingEntry>,
    /// Presets, that is sets of values for `settings`, by name.
    #[serde(default)]
    pub presets: BTreeMap<String, Preset>,
    /// Who leads the conversations; left out for `direct`.
    #[serde(default)]
    pub conversations: ProtocolDrivers,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    sampling: SamplingOverrides,
    /// Limits on figures, which `nocere gate` and `nocere run --gate` hold its runs against.
    #[serde(default)]
    pub gates: Vec<Gate>,
    #[serde(skip)]
    hash: String,
}

/// Who leads the conversations of a protocol.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolDrivers {
    /// Drivers, as `nocere run --driver` names them; empty for `direct`.
    #[serde(default)]
    pub drivers: Vec<String>,
    /// Attacks that are added where `--attacker` names a model that writes for them.
    #[serde(default)]
    pub with_attacker: Vec<String>,
    /// Circumstances to cross the probes with, as `nocere run --factor` names them.
    #[serde(default)]
    pub factors: Vec<String>,
    /// Which combinations of levels are asked.
    #[serde(default)]
    pub design: Option<Design>,
}

/// A part of a protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Kebab-case id, unique in the protocol.
    pub id: String,
    /// Title in reports.
    pub title: String,
    /// Who asks.
    pub perspective: Perspective,
    /// Id of a public set or a built-in suite, or a path.
    pub set: String,
    /// The measure that its table shows, such as `harm`.
    pub measure: String,
    /// Columns that its table has in addition to one column per label.
    #[serde(default)]
    pub columns: Vec<TableColumn>,
    /// Title of the column, or the label, that summarises published models.
    #[serde(default)]
    pub headline: Option<String>,
    /// True if it has a table for each expectation: for sets that hold legitimate look-alikes.
    #[serde(default)]
    pub by_expectation: bool,
    /// True if it has a table for each kind of key: choices, yes or no, and so on.
    #[serde(default)]
    pub by_key: bool,
    /// Number of times that each choice is asked, with its options in another order each time; 1 asks
    /// it as it is written.
    #[serde(default = "once")]
    pub orders: usize,
    /// What is shown of its probes.
    #[serde(default)]
    pub shows: Shows,
    /// Judges in the notation of `nocere run --judge`; `{name}` is replaced by the value of a setting.
    pub judges: Vec<String>,
    /// True if the protocol is complete without the part.
    #[serde(default)]
    pub optional: bool,
}

fn once() -> usize {
    1
}

/// What a part shows of its probes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shows {
    /// All that the suite says.
    #[default]
    Everything,
    /// Choices without their options: open questions.
    NoOptions,
    /// The images, and of the text only the options and how to answer.
    ImageOnly,
    /// The text: what can be answered without the image.
    TextOnly,
}

impl Shows {
    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::NoOptions => "no-options",
            Self::ImageOnly => "image-only",
            Self::TextOnly => "text-only",
        }
    }
}

/// A setting that a protocol leaves open.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingEntry {
    /// What the setting decides, for people.
    pub meaning: String,
    /// Value unless the user or a preset sets one; `None` leaves it open.
    #[serde(default)]
    pub default: Option<String>,
}

/// A preset: a set of values for a protocol's settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What the preset is for.
    pub title: String,
    /// Values by the names of settings; an empty value leaves the setting open.
    pub values: BTreeMap<String, String>,
}

/// Suites and judges of a protocol, or of suites that were named one by one, loaded.
pub struct Loaded {
    /// The suites that were found.
    pub suites: Vec<Suite>,
    /// All judges, each once, in the notation of `nocere run --judge`.
    pub judges: Vec<String>,
    /// Maximum number of probes, if the protocol sets one.
    pub limit: Option<usize>,
    /// Sampling that the protocol sets.
    pub sampling: SamplingOverrides,
    /// Whom the system under test is for; empty if it is for everyone.
    pub intended_users: Vec<Perspective>,
    /// The protocol with its parts; `None` if suites were named one by one.
    pub record: Option<ProtocolRecord>,
    /// Who leads the conversations.
    pub drivers: ProtocolDrivers,
    /// The judges of each part, in the notation of `nocere run --judge`.
    part_judges: Vec<Vec<String>>,
}

impl Loaded {
    /// Adds a note to each part of which fewer probes are asked than were found.
    pub fn note_selection(&mut self) {
        let parts = self.record.iter_mut().flat_map(|record| &mut record.parts);
        for (part, judges) in parts.zip(&self.part_judges) {
            let PartState::Asked { probes, notes, .. } = &mut part.state else {
                continue;
            };
            let suite = self.suites.iter().find(|suite| suite.id == part.suite);
            let kept = suite.map_or(0, |suite| read_by(&part.measure, judges, suite));
            if kept < *probes {
                notes.push(format!(
                    "{kept} of its {probes} probes were selected for this run (--limit or --perspective)."
                ));
            }
        }
    }

    /// Records which instruments judge which part, and limits them to their parts. `names` are the
    /// judges' names in the order of `setups`. With `overridden`, the user named the judges, and
    /// they judge everything.
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

/// Limits each judge to its own parts of the protocol, by setting `passes_over`.
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

/// The protocols of a project: the shipped ones, or the project's own in their place.
///
/// # Errors
///
/// A protocol asset is invalid, or its id is not the name of its file.
pub fn all(project: &Project) -> Result<Vec<Protocol>, ProjectError> {
    of_assets(project.assets())
}

fn of_assets(assets: &Assets) -> Result<Vec<Protocol>, ProjectError> {
    let protocols = assets.of(Kind::Protocol);
    protocols
        .map(|asset| {
            let protocol = parse(&asset.path, asset.text())?;
            let fault = |what| ProjectError::usage(format!("{}: {what}", asset.path));
            asset.check_id(&protocol.id).map_err(fault)?;
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
    check_rollups(&protocol).map_err(fault)?;
    check_contrasts(&protocol).map_err(fault)?;
    settings::check(&protocol).map_err(fault)?;
    ContentHash::of_bytes(text.as_bytes())
        .as_str()
        .clone_into(&mut protocol.hash);
    Ok(protocol)
}

/// Number of probes of `suite` that `judges` of `measure` have something to say about.
fn read_by(measure: &str, judges: &[String], suite: &Suite) -> u64 {
    // As in `answer=TARGET,votes=3`; options of a judge without a model stand behind its name.
    let names = judges.iter().filter_map(|judge| judge.split(',').next());
    let asks_model = names.into_iter().any(|name| name.contains('='));
    let material = Material::of_measure(measure, asks_model);
    let mut probes = 0;
    for probe in &suite.probes {
        probes += u64::from(material.is_none_or(|material| material.is_in(probe)));
    }
    probes
}

/// Checks that roll-ups sum parts that there are, and no category twice.
fn check_rollups(protocol: &Protocol) -> Result<(), String> {
    for rollup in &protocol.rollups {
        let known = |id: &String| protocol.parts.iter().any(|part| part.id == *id);
        if let Some(other) = rollup.parts.iter().find(|id| !known(id)) {
            return Err(format!(
                "the roll-up `{}` names the part `{other}`, which the protocol lacks",
                rollup.title
            ));
        }
        let mut seen = BTreeSet::new();
        let mut categories = rollup.groups.iter().flat_map(|group| &group.categories);
        if let Some(twice) = categories.find(|category| !seen.insert(*category)) {
            return Err(format!(
                "the roll-up `{}` names the category `{twice}` twice",
                rollup.title
            ));
        }
    }
    for part in &protocol.parts {
        if !(1..=26).contains(&part.orders) {
            return Err(format!("part `{}`: `orders` is not from 1 to 26", part.id));
        }
    }
    Ok(())
}

fn check_contrasts(protocol: &Protocol) -> Result<(), String> {
    let parts = protocol.parts.iter().map(|part| part.id.as_str());
    let rollups = protocol.rollups.iter().map(|rollup| rollup.id.as_str());
    let mut known: BTreeSet<&str> = BTreeSet::new();
    if let Some(twice) = parts.chain(rollups).find(|id| !known.insert(id)) {
        return Err(format!("two parts or roll-ups are named `{twice}`"));
    }
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for contrast in &protocol.contrasts {
        if !ids.insert(&contrast.id) {
            return Err(format!("two contrasts are named `{}`", contrast.id));
        }
        if contrast.first == contrast.second {
            return Err(format!(
                "the contrast `{}` names `{}` twice",
                contrast.id, contrast.first
            ));
        }
        let sides = [&contrast.first, &contrast.second];
        if let Some(other) = sides.into_iter().find(|id| !known.contains(id.as_str())) {
            return Err(format!(
                "the contrast `{}` names `{other}`, which is neither a part nor a roll-up",
                contrast.id
            ));
        }
    }
    Ok(())
}

/// Loads one protocol, or suites by name or path.
///
/// # Errors
///
/// A name is neither a protocol nor a suite, a file is invalid, a setting, preset or part is
/// unknown, or no part's data was found.
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
            "--data, --preset, --set, --judge-model and --part belong to a protocol, but none is named",
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
    let judges = default_judges(suites.iter().flat_map(|suite| &suite.probes));
    Ok(Loaded {
        suites,
        judges,
        limit: None,
        sampling: SamplingOverrides::default(),
        intended_users: Vec::new(),
        record: None,
        drivers: ProtocolDrivers::default(),
        part_judges: Vec::new(),
    })
}

/// The judges of probes that were named without a protocol: those of behaviour, and those for
/// which the probes bring material.
pub(crate) fn default_judges<'a>(probes: impl IntoIterator<Item = &'a Probe>) -> Vec<String> {
    let mut judges = vec!["behaviour".to_owned(), "checks".to_owned()];
    let brought = [
        (Material::PointsToSay, "points"),
        (Material::PointsToAvoid, "points"),
        (Material::Key, "answer"),
        (Material::PushedOption, "premise"),
        (Material::Order, "order"),
    ];
    let mut found = [false; 5];
    for probe in probes {
        for (found, (material, _)) in found.iter_mut().zip(brought) {
            *found = *found || material.is_in(probe);
        }
    }
    for (_, (_, judge)) in found.into_iter().zip(brought).filter(|(found, _)| *found) {
        if !judges.iter().any(|known| known == judge) {
            judges.push(judge.to_owned());
        }
    }
    judges
}

/// The protocol with this id, or in the YAML file at this path; `None` if there is neither.
///
/// # Errors
///
/// As for [`all`], or the file at the path is an invalid protocol.
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
        assert_eq!(all.len(), 15);
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
