//! Finds the data of a protocol's parts. Missing data is recorded, never ignored silently.

use std::{collections::BTreeSet, path::Path};

use nocere_assets::Kind;
use nocere_benchmarks::{DataFolder, PublicSet, load, public_sets};
use nocere_core::{
    ContentHash, MissingJudge, PartRecord, PartState, ProtocolRecord, Suite, SuiteId,
};
use nocere_suites::BUILTIN;

use crate::{
    Project, ProjectError, ProtocolChoices,
    protocol::{
        Loaded, Part, Protocol, Shows, find_protocol, read_by,
        settings::{self, Settled},
    },
    suites::load_suite,
};

/// The suite that was found for a part, if any, and the part's state.
type Gathered = (Option<Suite>, PartState);

/// Loads a protocol's suites.
pub(super) fn gather(
    project: &Project,
    protocol: Protocol,
    options: &ProtocolChoices,
) -> Result<Loaded, ProjectError> {
    let settled = settings::settle(&protocol, options)?;
    let mut record = ProtocolRecord {
        id: protocol.id.clone(),
        version: protocol.version.clone(),
        title: protocol.title.clone(),
        source: protocol.source.clone(),
        hash: ContentHash::from_hex(protocol.hash.clone()),
        preset: options.preset.clone(),
        settings: settings::record(&settled),
        parts: Vec::new(),
        rollups: protocol.rollups.clone(),
        contrasts: protocol.contrasts.clone(),
    };
    let sampling = settings::sampling(&settled, protocol.sampling)?;
    if protocol.parts.is_empty() {
        return Ok(Loaded {
            suites: whole_suites(project, &protocol, options)?,
            judges: protocol.judges,
            limit: protocol.limit,
            drivers: protocol.conversations.clone(),
            sampling,
            intended_users: protocol.intended_users,
            record: Some(record),
            part_judges: Vec::new(),
        });
    }
    check_part_names(&protocol, &options.parts)?;
    let sets = public_sets()?;
    let data = match &options.data {
        Some(folder) => Some((folder.as_path(), DataFolder::list(folder)?)),
        None => None,
    };
    let mut suites: Vec<Suite> = Vec::new();
    let mut judges: Vec<String> = Vec::new();
    let mut part_judges = Vec::new();
    for part in &protocol.parts {
        let (own, missing_judges) = fill_judges(part, &settled);
        let (suite, state) = if !options.parts.is_empty() && !options.parts.contains(&part.id) {
            (None, PartState::LeftOut)
        } else if part.optional && own.is_empty() && !missing_judges.is_empty() {
            // Nobody would read the answers.
            (None, unread(&missing_judges))
        } else {
            find(project, (part, &own), &sets, data.as_ref())?
        };
        if suite.is_some() {
            judges.extend(
                own.iter()
                    .filter(|name| !judges.contains(name))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        part_judges.push(own);
        let named = suite.as_ref().map_or("", |suite| suite.id.as_str());
        record.parts.push(PartRecord {
            missing_judges,
            ..part_record(part, named, state)
        });
        // A set that several parts read by different measures is asked once.
        let is_new = |suite: &Suite| suites.iter().all(|known| known.id != suite.id);
        if let Some(suite) = suite.filter(is_new) {
            suites.push(suite);
        }
    }
    expand(&mut record, &suites);
    if suites.is_empty() {
        return Err(nothing_found(&record, options.data.as_deref()));
    }
    Ok(Loaded {
        suites,
        judges,
        limit: protocol.limit,
        drivers: protocol.conversations.clone(),
        sampling,
        intended_users: protocol.intended_users,
        record: Some(record),
        part_judges,
    })
}

/// The state of a part whose every judge waits for a setting.
fn unread(judges: &[MissingJudge]) -> PartState {
    let settings: BTreeSet<&str> = judges.iter().map(|judge| judge.setting.as_str()).collect();
    let settings: Vec<String> = settings
        .into_iter()
        .map(|name| format!("`--set {name}=TARGET`"))
        .collect();
    PartState::Missing {
        looked_for: "a judge that reads its answers".to_owned(),
        get: format!("name a model with {}", settings.join(" and ")),
        optional: true,
    }
}

/// Replaces `mk-*` in roll-ups by the categories of the found suites that begin so. What matches
/// nothing stays, so that reports say what is lacking.
fn expand(record: &mut ProtocolRecord, suites: &[Suite]) {
    for rollup in &mut record.rollups {
        let parts = record
            .parts
            .iter()
            .filter(|part| rollup.parts.contains(&part.id));
        let ids: Vec<&SuiteId> = parts.map(|part| &part.suite).collect();
        let known: Vec<&str> = suites
            .iter()
            .filter(|suite| ids.contains(&&suite.id))
            .flat_map(|suite| &suite.categories)
            .map(|category| category.id.as_str())
            .collect();
        for group in &mut rollup.groups {
            let expanded = group.categories.iter().flat_map(|pattern| {
                let found: Vec<String> = pattern.strip_suffix('*').map_or_else(Vec::new, |begin| {
                    let matching = known.iter().filter(|id| id.starts_with(begin));
                    matching.map(ToString::to_string).collect()
                });
                if found.is_empty() {
                    vec![pattern.clone()]
                } else {
                    found
                }
            });
            group.categories = expanded.collect();
        }
    }
}

/// The suites of a protocol without parts.
fn whole_suites(
    project: &Project,
    protocol: &Protocol,
    options: &ProtocolChoices,
) -> Result<Vec<Suite>, ProjectError> {
    if options.data.is_some() || !options.parts.is_empty() {
        return Err(ProjectError::usage(format!(
            "protocol `{}` has no parts, so --data and --part have no effect",
            protocol.id
        )));
    }
    let suites = protocol.suites.iter();
    suites.map(|suite| load_suite(project, suite)).collect()
}

/// A part as the run's header keeps it; its judges are filled in later.
fn part_record(part: &Part, suite: &str, state: PartState) -> PartRecord {
    PartRecord {
        id: part.id.clone(),
        title: part.title.clone(),
        perspective: part.perspective,
        suite: suite.into(),
        measure: part.measure.clone(),
        columns: part.columns.clone(),
        headline: part.headline.clone(),
        by_expectation: part.by_expectation,
        by_key: part.by_key,
        withholds: part.shows != Shows::Everything,
        instruments: Vec::new(),
        missing_judges: Vec::new(),
        state,
    }
}

/// The record of protocol `name` for the recording in `file`. A part counts as asked if probes of
/// `suite` belong to its set.
///
/// # Errors
///
/// There is no such protocol, or the recording contains no answers to any of its parts.
pub fn of_recording(
    project: &Project,
    name: &str,
    suite: &Suite,
    file: &Path,
) -> Result<ProtocolRecord, ProjectError> {
    let Some(protocol) = find_protocol(project, name)? else {
        return Err(
            ProjectError::usage(format!("there is no protocol `{name}`"))
                .hint("`nocere suites list` shows all protocols"),
        );
    };
    let sets = public_sets()?;
    let mut parts = Vec::new();
    for part in &protocol.parts {
        let own: Vec<&nocere_core::Probe> = suite
            .probes
            .iter()
            .filter(|probe| probe.suite == part.set)
            .collect();
        let set = sets.iter().find(|set| set.id == part.set);
        // A recording shows questions as they are written.
        let state = if own.is_empty() || part.shows != Shows::Everything {
            PartState::Missing {
                looked_for: format!("a recording of answers to {}", part.title),
                get: "import one together with the others".to_owned(),
                optional: part.optional,
            }
        } else {
            let asked = Suite {
                probes: own.iter().copied().cloned().collect(),
                ..suite.clone()
            };
            PartState::Asked {
                source: file.display().to_string(),
                probes: read_by(&part.measure, &part.judges, &asked),
                published: set.map(|set| set.probes),
                notes: set.map_or_else(Vec::new, |set| set.differences(&asked)),
            }
        };
        parts.push(part_record(part, &part.set, state));
    }
    if !parts.iter().any(PartRecord::is_asked) {
        return Err(ProjectError::usage(format!(
            "{} contains no answers to any part of protocol `{name}`",
            file.display()
        ))
        .hint("omit --protocol, or state with --suite what was asked"));
    }
    Ok(ProtocolRecord {
        id: protocol.id,
        version: protocol.version,
        title: protocol.title,
        source: protocol.source,
        hash: ContentHash::from_hex(protocol.hash),
        preset: None,
        settings: Vec::new(),
        parts,
        rollups: protocol.rollups,
        contrasts: protocol.contrasts,
    })
}

fn check_part_names(protocol: &Protocol, names: &[String]) -> Result<(), ProjectError> {
    let known: Vec<&str> = protocol.parts.iter().map(|part| part.id.as_str()).collect();
    let Some(wrong) = names.iter().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    Err(ProjectError::unknown(
        format!("protocol `{}` has no part `{wrong}`", protocol.id),
        wrong,
        known.iter().copied(),
        format!("its parts are {}", known.join(", ")),
    ))
}

/// The judges of a part with their settings filled in, and those with an open setting.
fn fill_judges(part: &Part, settled: &Settled) -> (Vec<String>, Vec<MissingJudge>) {
    let mut own = Vec::new();
    let mut missing = Vec::new();
    for judge in &part.judges {
        match settings::fill(judge, settled) {
            Ok(judge) => own.push(judge),
            Err(setting) => {
                let kind = judge.split(['=', ',']).next().unwrap_or(judge);
                missing.push(MissingJudge {
                    kind: kind.to_owned(),
                    setting,
                });
            }
        }
    }
    (own, missing)
}

/// A part, and those of its judges that can be set up.
type Judged<'a> = (&'a Part, &'a [String]);

fn find(
    project: &Project,
    (part, judges): Judged<'_>,
    sets: &[PublicSet],
    data: Option<&(&Path, DataFolder)>,
) -> Result<Gathered, ProjectError> {
    if let Some(set) = sets.iter().find(|set| set.id == part.set) {
        return find_public((part, judges), set, data);
    }
    let is_here = BUILTIN.contains(&part.set.as_str())
        || project.assets().find(Kind::Suite, &part.set).is_some()
        || Path::new(&part.set).exists();
    if !is_here {
        return Ok((
            None,
            PartState::Missing {
                looked_for: format!("a public set, a built-in suite or a file `{}`", part.set),
                get: "correct the protocol's `set`".to_owned(),
                optional: part.optional,
            },
        ));
    }
    let mut suite = load_suite(project, &part.set)?;
    let mut notes = Vec::new();
    let probes = shape((part, judges), &mut suite, &mut notes);
    let state = PartState::Asked {
        source: part.set.clone(),
        probes,
        published: None,
        notes,
    };
    Ok((Some(suite), state))
}

/// Leaves of the suite what the part shows, in the orders that it asks. Returns the number of probes
/// that its measure reads.
fn shape((part, judges): Judged<'_>, suite: &mut Suite, notes: &mut Vec<String>) -> u64 {
    let left = match part.shows {
        Shows::Everything => None,
        Shows::NoOptions => Some((
            nocere_suites::without_options(suite),
            "Choices are asked without their options",
            "options that the question shows as `{options}`",
        )),
        Shows::ImageOnly => Some((
            nocere_suites::images_only(suite),
            "The images are shown with the options and without the question",
            "an image or options",
        )),
        Shows::TextOnly => Some((
            nocere_suites::texts_only(suite),
            "The text is shown without the images",
            "an image",
        )),
    };
    if left.is_some() {
        notes.push("Its answers are in its own tables and contrasts, not in the figures over the whole run.".to_owned());
    }
    match left {
        Some((0, what, _)) => notes.push(format!("{what}.")),
        Some((without, what, lacking)) => notes.push(format!(
            "{what}; {without} probes without {lacking} are left out."
        )),
        None => {}
    }
    let probes = read_by(&part.measure, judges, suite);
    if part.orders > 1 {
        let choices = nocere_suites::in_orders(suite, part.orders);
        notes.push(format!(
            "Each of {choices} choices is asked with its options in {} orders.",
            part.orders
        ));
    }
    probes
}

fn find_public(
    (part, judges): Judged<'_>,
    set: &PublicSet,
    data: Option<&(&Path, DataFolder)>,
) -> Result<Gathered, ProjectError> {
    let missing = |place: String| PartState::Missing {
        looked_for: format!("{} {place}", set.looked_for()),
        get: set.get(),
        optional: part.optional,
    };
    let Some((folder, files)) = data else {
        return Ok((None, missing("(no --data folder was given)".to_owned())));
    };
    let Some(found) = set.find(files) else {
        return Ok((None, missing(format!("in {}", folder.display()))));
    };
    let mut suite = load(&found.path)?;
    let mut notes = found.notes;
    notes.extend(set.differences(&suite));
    suite.licence.clone_from(&set.licence);
    let all = suite.probes.len() as u64;
    let probes = shape((part, judges), &mut suite, &mut notes);
    let state = PartState::Asked {
        source: found.path.display().to_string(),
        probes,
        // The source says how many probes the whole set has, and not a share of it.
        published: (probes == all).then_some(set.probes),
        notes,
    };
    Ok((Some(suite), state))
}

fn nothing_found(record: &ProtocolRecord, data: Option<&Path>) -> ProjectError {
    let place = data.map_or_else(
        || "no --data folder was given".to_owned(),
        |folder| format!("none of them is in {}", folder.display()),
    );
    let wanted: Vec<String> = record
        .parts
        .iter()
        .filter_map(|part| match &part.state {
            PartState::Missing {
                looked_for, get, ..
            } => Some(format!("{}: {looked_for}; {get}", part.id)),
            _ => None,
        })
        .collect();
    ProjectError::usage(format!(
        "protocol `{}` uses public sets, but {place}",
        record.id
    ))
    .hint(format!(
        "`--data DIR` names their folder\n  {}",
        wanted.join("\n  ")
    ))
}
