//! Judges that ask a model in a form that is not a rubric: guard models, and the published prompts.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use nocere_assets::Kind;
use nocere_engine::{JudgeSetup, ModelSetup};
use nocere_judges::{
    PublishedJudge, PublishedOptions, PublishedPrompts, RubricOptions,
    guard::{Guard, GuardJudge, GuardOptions},
};
use nocere_suites::PolicySet;

use super::check_options;
use crate::{JudgeConfig, Project, ProjectError};

/// The folder of `rubric=published:FOLDER`.
pub(super) fn published_folder(config: &JudgeConfig) -> Option<&Path> {
    let rubric = config.rubric.as_deref()?;
    rubric.strip_prefix("published:").map(Path::new)
}

/// Builds a judge that asks with the published prompts in `folder`.
pub(super) fn asked_as_published(
    name: &str,
    config: &JudgeConfig,
    folder: &Path,
    setup: ModelSetup,
) -> Result<JudgeSetup, ProjectError> {
    let fault = |what: String| ProjectError::usage(format!("judge `{name}`: {what}"));
    let other = JudgeConfig {
        rubric: None,
        // There is one policy, and it is whole.
        policy: None,
        votes: None,
        temperature: None,
        combine: None,
        tie: None,
        ..config.clone()
    };
    if other.has_model_options() {
        return Err(fault(
            "the published prompts take no options but `votes`, `temperature`, `combine` and `tie`"
                .to_owned(),
        ));
    }
    let usual = RubricOptions::default();
    let options = RubricOptions {
        votes: config.votes.unwrap_or(usual.votes),
        temperature: config.temperature.unwrap_or(usual.temperature),
        combine: config.combine.unwrap_or(usual.combine),
        tie: config.tie.unwrap_or(usual.tie),
        ..usual
    };
    check_options(name, &options)?;
    let prompts = PublishedPrompts::read(folder)?;
    let published = PublishedOptions {
        votes: options.votes,
        temperature: options.temperature,
        combine: options.combine,
        tie: options.tie,
    };
    let kind = config.kind.as_deref().unwrap_or_default();
    let judge = PublishedJudge::new(kind, prompts, setup.model.identity(), published)?;
    Ok(JudgeSetup {
        judge: Arc::new(judge),
        models: vec![setup],
        passes_over: BTreeSet::new(),
    })
}

/// Builds a judge that asks a guard model.
pub(super) fn asked_guard(
    name: &str,
    config: &JudgeConfig,
    project: &Project,
    setup: ModelSetup,
    policies: &PolicySet,
) -> Result<JudgeSetup, ProjectError> {
    let fault = |what: String| ProjectError::usage(format!("judge `{name}`: {what}"));
    let formats: Vec<&str> = project
        .assets()
        .of(Kind::Guard)
        .map(|asset| asset.name.as_str())
        .collect();
    let Some(format) = config.format.as_deref() else {
        return Err(fault("it needs a `format`".to_owned()).hint(format!(
            "write `guard=TARGET,format=FORMAT` with one of {}",
            formats.join(", ")
        )));
    };
    let Some(asset) = project.assets().find(Kind::Guard, format) else {
        return Err(ProjectError::unknown(
            format!("judge `{name}`: there is no guard format `{format}`"),
            format,
            formats.iter().copied(),
            format!("the formats are {}", formats.join(", ")),
        ));
    };
    let guard = Guard::of_asset(asset)?;
    let wanted = config.kind.as_deref().unwrap_or_default();
    if guard.measures() != wanted {
        return Err(fault(format!(
            "the format `{format}` measures {}, not {wanted}",
            guard.measures()
        )));
    }
    let other = JudgeConfig {
        reads: None,
        policy: None,
        max_tokens: None,
        format: None,
        ..config.clone()
    };
    if other.has_model_options() {
        return Err(fault(
            "a guard takes no options but `format`, `reads`, `policy` and `max_tokens`".to_owned(),
        ));
    }
    if config
        .max_tokens
        .is_some_and(|tokens| !(1..=100_000).contains(&tokens))
    {
        return Err(fault("`max_tokens` must be 1 to 100000".to_owned()));
    }
    let options = GuardOptions {
        reads: config.reads.unwrap_or_default(),
        policy: config.policy.unwrap_or_default(),
        max_tokens: config.max_tokens,
    };
    let policies = policies.iter().cloned().collect();
    let judge = GuardJudge::new(guard, policies, setup.model.identity(), options);
    Ok(JudgeSetup {
        judge: Arc::new(judge),
        models: vec![setup],
        passes_over: BTreeSet::new(),
    })
}
