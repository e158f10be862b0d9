//! Settings that a protocol leaves open: defaults, presets, and the user's choices.

use std::collections::BTreeMap;

use nocere_core::Setting;

use crate::{ProjectError, ProtocolChoices, SamplingOverrides, protocol::Protocol};

/// Names of settings that are sampling parameters of the target.
const SAMPLING: [&str; 3] = ["temperature", "top_p", "max_tokens"];

/// Meaning and value of each setting, by name.
pub(super) type Settled = BTreeMap<String, (String, Option<String>)>;

/// Checks that every setting that judges and presets refer to exists.
pub(super) fn check(protocol: &Protocol) -> Result<(), String> {
    let known = |name: &str| protocol.settings.contains_key(name);
    for judge in protocol.parts.iter().flat_map(|part| &part.judges) {
        if let Some(name) = placeholders(judge).into_iter().find(|name| !known(name)) {
            return Err(format!("judge `{judge}`: `{{{name}}}` is not a setting"));
        }
    }
    for (preset, values) in &protocol.presets {
        if let Some(name) = values.values.keys().find(|name| !known(name)) {
            return Err(format!("preset `{preset}`: `{name}` is not a setting"));
        }
    }
    Ok(())
}

/// Determines the values: the default, unless the preset sets one, unless the user does.
pub(super) fn settle(
    protocol: &Protocol,
    chosen: &ProtocolChoices,
) -> Result<Settled, ProjectError> {
    let mut settled: Settled = protocol
        .settings
        .iter()
        .map(|(name, entry)| (name.clone(), (entry.meaning.clone(), entry.default.clone())))
        .collect();
    if let Some(name) = &chosen.preset {
        let Some(preset) = protocol.presets.get(name) else {
            let known: Vec<&str> = protocol.presets.keys().map(String::as_str).collect();
            let failure =
                ProjectError::usage(format!("protocol `{}` has no preset `{name}`", protocol.id));
            return Err(if known.is_empty() {
                failure.hint("it has no presets")
            } else {
                failure.hint(format!("its presets are {}", known.join(", ")))
            });
        };
        for (name, value) in &preset.values {
            if let Some(entry) = settled.get_mut(name) {
                entry.1 = (!value.is_empty()).then(|| value.clone());
            }
        }
    }
    let short = chosen
        .judge_model
        .iter()
        .map(|model| format!("judge={model}"));
    for pair in short.chain(chosen.set.iter().cloned()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(ProjectError::usage(format!(
                "--set `{pair}` is not NAME=VALUE"
            )));
        };
        let Some(entry) = settled.get_mut(name) else {
            let known: Vec<&str> = protocol.settings.keys().map(String::as_str).collect();
            let otherwise = if known.is_empty() {
                "it has no settings".to_owned()
            } else {
                format!("its settings are {}", known.join(", "))
            };
            return Err(ProjectError::unknown(
                format!("protocol `{}` has no setting `{name}`", protocol.id),
                name,
                known.iter().copied(),
                otherwise,
            ));
        };
        entry.1 = (!value.is_empty()).then(|| value.to_owned());
    }
    Ok(settled)
}

/// Sampling from the settings, or else from the protocol's own `sampling`.
pub(super) fn sampling(
    settled: &Settled,
    own: SamplingOverrides,
) -> Result<SamplingOverrides, ProjectError> {
    fn read<T: std::str::FromStr>(
        settled: &Settled,
        name: &str,
    ) -> Result<Option<T>, ProjectError> {
        let Some(value) = settled.get(name).and_then(|(_, value)| value.as_ref()) else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|_| {
            ProjectError::usage(format!(
                "invalid value `{value}` for setting `{name}`: expected a number"
            ))
        })
    }
    Ok(SamplingOverrides {
        temperature: read(settled, SAMPLING[0])?.or(own.temperature),
        top_p: read(settled, SAMPLING[1])?.or(own.top_p),
        max_tokens: read(settled, SAMPLING[2])?.or(own.max_tokens),
    })
}

/// A judge with its settings filled in. `Err` is the name of the first open setting.
pub(super) fn fill(judge: &str, settled: &Settled) -> Result<String, String> {
    let mut filled = judge.to_owned();
    for name in placeholders(judge) {
        match settled.get(&name).and_then(|(_, value)| value.as_ref()) {
            Some(value) => filled = filled.replace(&format!("{{{name}}}"), value),
            None => return Err(name),
        }
    }
    Ok(filled)
}

/// The names in braces.
fn placeholders(text: &str) -> Vec<String> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The settings as recorded in a run.
pub(super) fn record(settled: &Settled) -> Vec<Setting> {
    settled
        .iter()
        .map(|(name, (meaning, value))| Setting {
            name: name.clone(),
            meaning: meaning.clone(),
            value: value.clone(),
        })
        .collect()
}
