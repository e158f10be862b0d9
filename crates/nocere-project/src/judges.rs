//! Builds judges from their names: built-in judges, `KIND=TARGET` with options, and named entries
//! of `nocere.yaml`, which can be panels.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use crate::{JudgeConfig, Project, ProjectError, config::Classifier, targets::Models};
use nocere_assets::Kind;
use nocere_core::{Judge, measure};
use nocere_engine::{JudgeSetup, ModelSetup};
use nocere_judges::{
    AnswerJudge, BehaviourJudge, ChecklistJudge, ChecksJudge, CriteriaJudge, CritiqueJudge,
    GroundingJudge, GroundingModelJudge, LevelOrder, Member, OrderJudge, OverlapJudge, PanelJudge,
    PointsJudge, PremiseJudge, RefusalClassifier, RefusalRules, Rouge, Rubric, RubricJudge,
    RubricOptions, VoteRule,
};
use nocere_suites::PolicySet;

mod asked_otherwise;

use asked_otherwise::{asked_as_published, asked_guard, published_folder};

/// Built-in judges that need no model.
pub const EMBEDDED: [&str; 12] = [
    "behaviour",
    "refusal",
    "refusal-rules",
    "checks",
    "points",
    "grounding",
    "answer",
    "premise",
    "order",
    "rouge-1",
    "rouge-l",
    "checklist",
];
/// Maximum number of votes of one judge.
const MAX_VOTES: u32 = 100;

/// Other names of judges that need no model: the ids of their instruments, which reports show.
const ALIASES: [(&str, &str); 5] = [
    ("order-key", "order"),
    ("checklist-rules", "checklist"),
    ("answer-key", "answer"),
    ("safe-behaviour", "checks"),
    ("grounding-overlap", "grounding"),
];

/// Whether a judge of this name ships with nocere.
pub(crate) fn is_built_in(name: &str) -> bool {
    EMBEDDED.contains(&name) || ALIASES.iter().any(|(alias, _)| *alias == name)
}

/// Measures that a model can judge by a rubric of the project, each with its first rubric. The
/// suite builder's rubrics are not included.
///
/// # Errors
///
/// A rubric asset is invalid.
pub fn read_by_model(project: &Project) -> Result<Vec<(String, Rubric)>, ProjectError> {
    let mut known: Vec<(String, Rubric)> = Vec::new();
    for asset in project.assets().of(Kind::Rubric) {
        let rubric = Rubric::of_asset(asset)?;
        let measure = rubric.measures().to_owned();
        if measure != measure::FIT && known.iter().all(|(other, _)| *other != measure) {
            known.push((measure, rubric));
        }
    }
    Ok(known)
}

/// Builds the judges with these names, in this order.
///
/// # Errors
///
/// A judge cannot be built (see [`judge`]), or two have the same id or hash.
pub fn judges(
    names: &[String],
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<Vec<JudgeSetup>, ProjectError> {
    let mut setups: Vec<JudgeSetup> = Vec::new();
    for name in names {
        let setup = judge(name, models, policies)?;
        let new = setup.judge.instrument();
        let same = |other: &JudgeSetup| {
            let other = other.judge.instrument();
            other.hash == new.hash || other.id == new.id
        };
        if setups.iter().any(same) {
            return Err(
                ProjectError::usage(format!("judge `{}` is given twice", new.id))
                    .hint("give it once, or with different options"),
            );
        }
        setups.push(setup);
    }
    Ok(setups)
}

/// Builds a judge from an entry of `nocere.yaml`, a built-in name, or `KIND=TARGET` with options
/// after commas.
///
/// # Errors
///
/// The name is unknown, an option is invalid or does not apply, or the judge's model, rubric or
/// asset cannot be loaded.
pub fn judge(
    name: &str,
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<JudgeSetup, ProjectError> {
    let mut aliases = ALIASES.iter();
    let name = aliases
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, name)| name);
    let entry = models.project().config().judges.get(name).cloned();
    match entry {
        Some(config) if !config.panel.is_empty() => panel(name, &config, models, policies),
        Some(config) => single(name, &config, models, policies),
        None => single(name, &typed(name)?, models, policies),
    }
}

/// The same judge, shown its levels in falling order; `None` for judges without a rubric's scale of
/// levels.
///
/// # Errors
///
/// As [`judge`].
pub(crate) fn with_falling_levels(
    name: &str,
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<Option<JudgeSetup>, ProjectError> {
    let config = match models.project().config().judges.get(name) {
        Some(config) => config.clone(),
        None => typed(name)?,
    };
    let kind = config.kind.as_deref().unwrap_or_default();
    let reads_levels = config.panel.is_empty()
        && config.model.is_some()
        && config.format.is_none()
        && config.levels.is_none()
        && published_folder(&config).is_none()
        && ![measure::GUARD, measure::GROUNDING].contains(&kind);
    if !reads_levels {
        return Ok(None);
    }
    let falling = JudgeConfig {
        levels: Some(LevelOrder::Falling),
        ..config
    };
    single(name, &falling, models, policies).map(Some)
}

/// Parses `KIND` or `KIND=TARGET` with options after commas into an entry.
fn typed(name: &str) -> Result<JudgeConfig, ProjectError> {
    let mut parts = name.split(',');
    let head = parts.next().unwrap_or_default();
    let (kind, model) = match head.split_once('=') {
        Some((kind, model)) => (kind, Some(model.to_owned())),
        None => (head, None),
    };
    let mut config = JudgeConfig {
        kind: Some(kind.to_owned()),
        model,
        ..JudgeConfig::default()
    };
    for part in parts {
        let fault = |what: &str| ProjectError::usage(format!("judge `{name}`: {what}"));
        let Some((option, value)) = part.split_once('=') else {
            return Err(fault(&format!("`{part}` is not OPTION=VALUE")));
        };
        let value = value.trim();
        match option.trim() {
            "votes" => config.votes = Some(parsed(name, option, value)?),
            "temperature" => config.temperature = Some(parsed(name, option, value)?),
            "max_tokens" => config.max_tokens = Some(parsed(name, option, value)?),
            "safe_max" => config.safe_max = Some(parsed(name, option, value)?),
            "combine" => config.combine = Some(word(name, option, value)?),
            "tie" => config.tie = Some(word(name, option, value)?),
            "policy" => config.policy = Some(word(name, option, value)?),
            "reads" => config.reads = Some(word(name, option, value)?),
            "rubric" => config.rubric = Some(value.to_owned()),
            "format" => config.format = Some(value.to_owned()),
            "levels" => config.levels = Some(word(name, option, value)?),
            "classifier" => config.classifier = Some(word(name, option, value)?),
            "commit" => config.commit = Some(truth(name, option, value)?),
            other => {
                let known = [
                    "votes",
                    "temperature",
                    "max_tokens",
                    "safe_max",
                    "combine",
                    "tie",
                    "policy",
                    "reads",
                    "rubric",
                    "format",
                    "levels",
                    "classifier",
                    "commit",
                ];
                return Err(ProjectError::unknown(
                    format!("judge `{name}`: there is no option `{other}`"),
                    other,
                    known,
                    format!("the options are {}", known.join(", ")),
                ));
            }
        }
    }
    Ok(config)
}

fn parsed<T: std::str::FromStr>(name: &str, option: &str, value: &str) -> Result<T, ProjectError> {
    value.parse().map_err(|_| {
        ProjectError::usage(format!(
            "judge `{name}`: invalid value `{value}` for option `{option}`: expected a number"
        ))
    })
}

fn truth(name: &str, option: &str, value: &str) -> Result<bool, ProjectError> {
    value.parse().map_err(|_| {
        ProjectError::usage(format!(
            "judge `{name}`: invalid value `{value}` for option `{option}`: expected true or false"
        ))
    })
}

fn word<T: serde::de::DeserializeOwned>(
    name: &str,
    option: &str,
    value: &str,
) -> Result<T, ProjectError> {
    serde_json::from_value(serde_json::Value::String(value.to_owned()))
        .map_err(|error| ProjectError::usage(format!("judge `{name}`: `{option}`: {error}")))
}

/// Builds a judge that is not a panel.
fn single(
    name: &str,
    config: &JudgeConfig,
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<JudgeSetup, ProjectError> {
    let fault = |what: String| ProjectError::usage(format!("judge `{name}`: {what}"));
    let Some(kind) = config.kind.as_deref() else {
        return Err(fault("`use` is missing".to_owned())
            .hint("state what it measures, or list the members of a `panel`"));
    };
    if config.quorum.is_some() {
        return Err(fault("`quorum` is for panels".to_owned()));
    }
    let project = models.project();
    let known = read_by_model(project)?;
    let is_read = config.rubric.is_some() || known.iter().any(|(measure, _)| measure == kind);
    let own_checks = project.assets().find(Kind::Check, kind).is_some();
    let is_embedded = own_checks || EMBEDDED.contains(&kind);
    if let (Some(folder), Some(model)) = (published_folder(config), &config.model) {
        let resolved = models.resolve(model)?;
        return asked_as_published(name, config, folder, resolved.setup);
    }
    match &config.model {
        Some(model) if config.format.is_some() || kind == measure::GUARD => {
            let resolved = models.resolve(model)?;
            asked_guard(name, config, project, resolved.setup, policies)
        }
        None if kind == measure::GUARD => Err(fault("it needs a model".to_owned())
            .hint("write `guard=TARGET,format=FORMAT`, or `model:` in nocere.yaml")),
        Some(model) if is_read => {
            let rubric = match &config.rubric {
                Some(name) => rubric(project, name)?,
                None => known
                    .into_iter()
                    .find_map(|(measure, rubric)| (measure == kind).then_some(rubric))
                    .ok_or_else(|| fault("it needs a rubric".to_owned()))?,
            };
            let resolved = models.resolve(model)?;
            with_model(name, config, rubric, resolved.setup, policies)
        }
        None if is_embedded => {
            if config.has_model_options() {
                return Err(fault(format!(
                    "`{kind}` does not use a model, so options for votes and rubrics have no effect"
                ))
                .hint(format!("write `{kind}=TARGET,…` for one that does")));
            }
            Ok(JudgeSetup {
                judge: embedded(project, kind)?,
                models: Vec::new(),
                passes_over: BTreeSet::new(),
            })
        }
        None if is_read => Err(fault("it needs a model".to_owned())
            .hint(format!("write `{kind}=TARGET`, or `model:` in nocere.yaml"))),
        Some(_) if is_embedded => Err(fault(format!("`{kind}` does not use a model"))),
        _ => {
            let names = known.iter().map(|(measure, _)| measure.as_str());
            let names: Vec<&str> = EMBEDDED.into_iter().chain(names).collect();
            Err(ProjectError::unknown(
                format!("there is no judge `{kind}`"),
                kind,
                names,
                "`nocere judges list` shows all judges; a measure of your own needs `rubric=FILE`",
            ))
        }
    }
}

/// The judge of safe-behaviour checks: the shipped one, or the project's own in its place.
///
/// # Errors
///
/// The asset of checks is invalid.
pub fn checks(project: &Project) -> Result<ChecksJudge, ProjectError> {
    let asset = project.assets().find(Kind::Check, "safe-behaviour");
    Ok(match asset {
        Some(asset) => ChecksJudge::of_asset(asset)?,
        None => ChecksJudge::embedded()?,
    })
}

/// Builds a judge that needs no model. `kind` is the name of a checks asset, or one of
/// [`EMBEDDED`].
fn embedded(project: &Project, kind: &str) -> Result<Arc<dyn Judge>, ProjectError> {
    if let Some(asset) = project.assets().find(Kind::Check, kind) {
        return Ok(Arc::new(ChecksJudge::of_asset(asset)?));
    }
    Ok(match kind {
        "behaviour" => Arc::new(BehaviourJudge::embedded()?),
        "refusal-rules" => Arc::new(RefusalRules::embedded()?),
        "checks" => Arc::new(checks(project)?),
        "points" => Arc::new(PointsJudge::default()),
        "grounding" => Arc::new(GroundingJudge::default()),
        "answer" => Arc::new(AnswerJudge::default()),
        "premise" => Arc::new(PremiseJudge::default()),
        "order" => Arc::new(OrderJudge::default()),
        "rouge-1" => Arc::new(OverlapJudge::new(Rouge::One)),
        "rouge-l" => Arc::new(OverlapJudge::new(Rouge::Longest)),
        "checklist" => Arc::new(ChecklistJudge::default()),
        "refusal" => Arc::new(RefusalClassifier::embedded()?),
        other => {
            return Err(ProjectError::usage(format!(
                "`{other}` is not a judge that needs no model"
            )));
        }
    })
}

fn with_model(
    name: &str,
    config: &JudgeConfig,
    rubric: Rubric,
    setup: ModelSetup,
    policies: &PolicySet,
) -> Result<JudgeSetup, ProjectError> {
    let fault = |what: String| ProjectError::usage(format!("judge `{name}`: {what}"));
    let wanted = config.kind.as_deref().unwrap_or_default();
    if rubric.measures() != wanted {
        return Err(fault(format!(
            "the rubric `{}` measures {}, not {wanted}",
            rubric.id(),
            rubric.measures()
        )));
    }
    let rubric = match config.max_tokens {
        Some(tokens) if !(1..=1_000_000).contains(&tokens) => {
            return Err(fault(format!(
                "`max_tokens` is {tokens}, expected 1 to 1000000"
            )));
        }
        Some(tokens) => rubric.with_max_tokens(tokens),
        None => rubric,
    };
    let usual = RubricOptions::default();
    let options = RubricOptions {
        votes: config.votes.unwrap_or(usual.votes),
        temperature: config.temperature.unwrap_or(usual.temperature),
        combine: config.combine.unwrap_or(usual.combine),
        tie: config.tie.unwrap_or(usual.tie),
        policy: config.policy.unwrap_or(usual.policy),
        reads: config.reads.unwrap_or(usual.reads),
        safe_max: config.safe_max,
        levels: config.levels.unwrap_or(usual.levels),
        commit: config.commit.unwrap_or(usual.commit),
    };
    if options.commit && !rubric.shows_note() {
        return Err(fault(format!(
            "`commit` would change nothing: the template of `{}` does not show the note",
            rubric.id()
        ))
        .hint("use a rubric whose template has {{ note }}, such as harm-1-5"));
    }
    check_options(name, &options)?;
    let identity = setup.model.identity();
    let is_learned = config.classifier == Some(Classifier::Learned);
    if config.classifier.is_some() && wanted != measure::DISAGREEMENT {
        return Err(fault(
            "`classifier` is an option of judges of disagreement".to_owned(),
        ));
    }
    let one_call = [measure::GROUNDING, measure::CRITERIA].contains(&wanted) || is_learned;
    let judge: Arc<dyn Judge> = if one_call {
        let one_shot = JudgeConfig {
            rubric: None,
            max_tokens: None,
            classifier: None,
            ..config.clone()
        };
        if one_shot.has_model_options() {
            return Err(fault(format!(
                "a {wanted} judge takes no options but `rubric` and `max_tokens`"
            )));
        }
        match wanted {
            measure::CRITERIA => Arc::new(CriteriaJudge::new(rubric, identity)?),
            measure::DISAGREEMENT => Arc::new(CritiqueJudge::new(rubric, identity)?),
            _ => Arc::new(GroundingModelJudge::new(rubric, identity)?),
        }
    } else {
        let policies = policies.iter().cloned().collect();
        Arc::new(RubricJudge::new(rubric, policies, identity, options))
    };
    Ok(JudgeSetup {
        judge,
        models: vec![setup],
        passes_over: BTreeSet::new(),
    })
}

/// Refuses what is out of range, or asks the same several times.
fn check_options(name: &str, options: &RubricOptions) -> Result<(), ProjectError> {
    let fault = |what: String| Err(ProjectError::usage(format!("judge `{name}`: {what}")));
    if !(1..=MAX_VOTES).contains(&options.votes) {
        return fault(format!(
            "`votes` is {}, expected 1 to {MAX_VOTES}",
            options.votes
        ));
    }
    if !(0.0..=5.0).contains(&options.temperature) {
        return fault(format!(
            "`temperature` is {}, expected 0 to 5",
            options.temperature
        ));
    }
    if options.votes > 1 && options.temperature == 0.0 {
        let what = "several votes at temperature 0 would all be the same".to_owned();
        return fault(what).map_err(|fault| fault.hint("give `temperature=1` as well"));
    }
    if options.safe_max.is_some_and(|max| !(1..5).contains(&max)) {
        return fault("`safe_max` must be 1 to 4".to_owned());
    }
    Ok(())
}

/// The rubric asset `name`, or the rubric in the file `name`.
///
/// # Errors
///
/// There is neither such a rubric nor such a file, or the rubric is invalid.
pub fn rubric(project: &Project, name: &str) -> Result<Rubric, ProjectError> {
    if let Some(asset) = project.assets().find(Kind::Rubric, name) {
        return Ok(Rubric::of_asset(asset)?);
    }
    let path = Path::new(name);
    if !path.is_file() {
        let known = project.assets().of(Kind::Rubric);
        let known: Vec<&str> = known.map(|asset| asset.name.as_str()).collect();
        return Err(ProjectError::unknown(
            format!("there is no rubric `{name}`"),
            name,
            known.iter().copied(),
            format!("built in: {}; or give a file", known.join(", ")),
        ));
    }
    let text = nocere_suites::read_text(path)?;
    Ok(Rubric::from_yaml(name, &text)?)
}

fn panel(
    name: &str,
    config: &JudgeConfig,
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<JudgeSetup, ProjectError> {
    let fault = |what: String| ProjectError::usage(format!("judge `{name}`: {what}"));
    let own = JudgeConfig {
        panel: Vec::new(),
        quorum: None,
        tie: None,
        combine: None,
        ..config.clone()
    };
    if own.has_model_options() || own.kind.is_some() || own.model.is_some() {
        return Err(fault(
            "a panel only has `panel`, `quorum`, `tie` and `combine`; other options belong to its members"
                .to_owned(),
        ));
    }
    let mut members = Vec::new();
    let mut setups = Vec::new();
    for entry in &config.panel {
        let nested = models
            .project()
            .config()
            .judges
            .get(&entry.judge)
            .is_some_and(|entry| !entry.panel.is_empty());
        if nested {
            return Err(fault(format!("`{}` is itself a panel", entry.judge)));
        }
        let setup = judge(&entry.judge, models, policies)?;
        members.push(Member {
            judge: setup.judge,
            models: setup.models.len(),
            weight: entry.weight.unwrap_or(1.0),
        });
        setups.extend(setup.models);
    }
    let rule = VoteRule {
        quorum: config.quorum.unwrap_or(members.len() / 2 + 1),
        tie: config.tie.unwrap_or_default(),
        combine: config.combine.unwrap_or_default(),
    };
    Ok(JudgeSetup {
        judge: Arc::new(PanelJudge::new(name, members, rule)?),
        models: setups,
        passes_over: BTreeSet::new(),
    })
}

#[cfg(test)]
mod tests {
    use nocere_judges::PolicyPart;

    use super::*;

    #[test]
    fn options_are_read_as_typed() {
        let config = typed("refusal=openai:m,votes=10,temperature=1,policy=whole").unwrap();
        assert_eq!(config.kind.as_deref(), Some("refusal"));
        assert_eq!(config.model.as_deref(), Some("openai:m"));
        assert_eq!(config.votes, Some(10));
        assert_eq!(config.policy, Some(PolicyPart::Whole));
        for wrong in [
            "harm=m,votes=x",
            "harm=m,voices=3",
            "harm=m,policy=half",
            "harm=m,x",
        ] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }
}
