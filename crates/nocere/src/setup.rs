//! Settles how targets are asked.

use nocere_core::Sampling;
use nocere_engine::TargetSetup;
use nocere_store::TargetRecord;

use crate::{failure::Failure, models::Resolved, protocol::ProtocolSampling};

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
