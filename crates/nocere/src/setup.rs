//! Turns the names of judges into instruments, and settles how targets sample.

use std::sync::Arc;

use nocere_core::Sampling;
use nocere_engine::{JudgeSetup, TargetSetup};
use nocere_judges::{ChecksJudge, HarmJudge, RefusalJudge, Rubric};
use nocere_store::TargetRecord;
use nocere_suites::PolicySet;

use crate::{
    config::nearest,
    failure::Failure,
    models::{Models, Resolved},
    protocol::ProtocolSampling,
};

/// Sampling: the command line before the target's entry before the protocol.
pub(crate) fn sampling(
    command: ProtocolSampling,
    target: ProtocolSampling,
    protocol: ProtocolSampling,
    seed: u64,
) -> Result<Sampling, Failure> {
    let default = Sampling::default();
    let pick = |f: fn(&ProtocolSampling) -> Option<f32>, other: f32| {
        f(&command).or(f(&target)).or(f(&protocol)).unwrap_or(other)
    };
    let sampling = Sampling {
        temperature: pick(|s| s.temperature, default.temperature),
        top_p: pick(|s| s.top_p, default.top_p),
        max_tokens: command
            .max_tokens
            .or(target.max_tokens)
            .or(protocol.max_tokens)
            .unwrap_or(default.max_tokens),
        seed,
        stop: Vec::new(),
    };
    if !(0.0..=5.0).contains(&sampling.temperature) {
        return Err(Failure::usage(format!(
            "temperature {} is not between 0 and 5",
            sampling.temperature
        )));
    }
    if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
        return Err(Failure::usage(format!(
            "top_p {} is not above 0 and at most 1",
            sampling.top_p
        )));
    }
    if sampling.max_tokens == 0 {
        return Err(Failure::usage("max_tokens is 0: there would be no answers"));
    }
    Ok(sampling)
}

/// A target as the engine wants it.
pub(crate) fn target(name: &str, resolved: Resolved, mut sampling: Sampling) -> TargetSetup {
    sampling.stop = resolved.stop;
    TargetSetup {
        id: name.to_owned(),
        record: TargetRecord {
            identity: resolved.setup.model.identity().clone(),
            system_prompt: resolved.system_prompt,
            sampling,
        },
        model: Some(resolved.setup),
    }
}

/// Judges by name.
pub(crate) fn judges(
    names: &[String],
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<Vec<JudgeSetup>, Failure> {
    let mut setups: Vec<JudgeSetup> = Vec::new();
    for name in names {
        let setup = match name.split_once('=') {
            None if name == "refusal" => JudgeSetup {
                judge: Arc::new(RefusalJudge::embedded()?),
                model: None,
            },
            None if name == "checks" => JudgeSetup {
                judge: Arc::new(ChecksJudge::embedded()?),
                model: None,
            },
            None if name == "harm" => {
                return Err(Failure::usage("the harm judge needs a model")
                    .hint("write `--judge harm=TARGET`"));
            }
            Some(("harm", model)) => {
                let resolved = models.resolve(model)?;
                let rubric = Rubric::embedded()?;
                let policies = policies.iter().cloned().collect();
                let judge = HarmJudge::new(rubric, policies, resolved.setup.model.identity());
                JudgeSetup {
                    judge: Arc::new(judge),
                    model: Some(resolved.setup),
                }
            }
            _ => {
                let failure = Failure::usage(format!("there is no judge `{name}`"));
                return Err(match nearest(name, ["refusal", "checks", "harm"]) {
                    Some(word) => failure.hint(format!("did you mean `{word}`?")),
                    None => failure.hint("the judges are refusal, checks and harm=TARGET"),
                });
            }
        };
        let kind = setup.judge.instrument().kind;
        if setups
            .iter()
            .any(|other| other.judge.instrument().kind == kind)
        {
            return Err(Failure::usage(format!(
                "two judges of kind `{}` in one run",
                kind.as_str()
            ))
            .hint("give one; comparing judges comes with calibration"));
        }
        setups.push(setup);
    }
    Ok(setups)
}
