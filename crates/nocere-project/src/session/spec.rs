//! The specification of a run: names and numbers, nothing loaded yet.

use std::{path::PathBuf, time::Duration};

use nocere_core::{Budget, Money, Perspective};
use nocere_drivers::Design;
use serde::{Deserialize, Serialize};

use crate::{ProjectError, SamplingOverrides};

/// The specification of a run, as given on the command line of `nocere run`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// One protocol, or one or more suites: names or paths.
    pub what: Vec<String>,
    /// Targets: entries of `nocere.yaml`, or `provider:model`.
    pub targets: Vec<String>,
    /// Guards to put each target behind, one after the other: `none`, a name, or several joined by
    /// `+`; empty for the targets as they are.
    #[serde(default)]
    pub guards: Vec<String>,
    /// Judges; empty for the protocol's own, or for `refusal` and `checks`.
    #[serde(default)]
    pub judges: Vec<String>,
    /// Who leads the conversations: `direct`, an attack, several attacks joined by `+`, or
    /// `family:NAME`; empty for the protocol's choice, or for `direct`.
    #[serde(default)]
    pub drivers: Vec<String>,
    /// Circumstances to cross the probes with, as `NAME` or `NAME=LEVEL,LEVEL`; empty for the
    /// protocol's choice.
    #[serde(default)]
    pub factors: Vec<String>,
    /// Which combinations of levels are asked; `None` for the protocol's choice, or for all.
    #[serde(default)]
    pub design: Option<Design>,
    /// The target that writes for attacks.
    #[serde(default)]
    pub attacker: Option<String>,
    /// The judge that attacks ask; `None` for the embedded one.
    #[serde(default)]
    pub scorer: Option<String>,
    /// Choices for the protocol.
    #[serde(default)]
    pub protocol: ProtocolChoices,
    /// Perspectives whose probes are asked; empty for all.
    #[serde(default)]
    pub perspectives: Vec<Perspective>,
    /// Whom the system under test is for; empty for the protocol's choice, or for everyone.
    #[serde(default)]
    pub intended_users: Vec<Perspective>,
    /// Maximum number of probes, chosen evenly over suites and categories.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Seed of everything random in the run.
    #[serde(default)]
    pub seed: u64,
    /// Number of times that each probe is asked, at least 1.
    #[serde(default = "once")]
    pub epochs: u32,
    /// Whether to refuse models that are not on this machine.
    #[serde(default)]
    pub local_only: bool,
    /// Sampling that takes precedence over that of targets and the protocol.
    #[serde(default)]
    pub sampling: SamplingOverrides,
    /// Ids of runs whose replies are reused where the identical call was made.
    #[serde(default)]
    pub reuse: Vec<String>,
    /// Budget of the run.
    #[serde(default)]
    pub limits: RunLimits,
}

/// The user's choices for what a protocol leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolChoices {
    /// Folder with public sets.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// Name of a preset.
    #[serde(default)]
    pub preset: Option<String>,
    /// Settings as `NAME=VALUE`; the last one for each name applies.
    #[serde(default)]
    pub set: Vec<String>,
    /// Value of the setting `judge`, unless `set` has one.
    #[serde(default)]
    pub judge_model: Option<String>,
    /// Ids of the parts to ask; empty for all.
    #[serde(default)]
    pub parts: Vec<String>,
}

/// Limits on what a run may spend. A spent budget stops the run, which can then be resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLimits {
    /// Maximum cost in US dollars, over all sessions of the run.
    #[serde(default)]
    pub max_cost: Option<f64>,
    /// Maximum number of requests over all sessions, retries and judges included.
    #[serde(default)]
    pub max_requests: Option<u64>,
    /// Maximum time of this session.
    #[serde(default)]
    pub max_time: Option<Duration>,
}

fn once() -> u32 {
    1
}

impl RunSpec {
    /// A run that asks `target` everything in `what`, with the defaults of `nocere run`.
    pub fn new(what: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            what: vec![what.into()],
            targets: vec![target.into()],
            guards: Vec::new(),
            judges: Vec::new(),
            drivers: Vec::new(),
            factors: Vec::new(),
            design: None,
            attacker: None,
            scorer: None,
            protocol: ProtocolChoices::default(),
            perspectives: Vec::new(),
            intended_users: Vec::new(),
            limit: None,
            seed: 0,
            epochs: once(),
            local_only: false,
            sampling: SamplingOverrides::default(),
            reuse: Vec::new(),
            limits: RunLimits::default(),
        }
    }

    /// The shell command that repeats the run.
    pub fn command_line(&self) -> String {
        // Destructured without `..`, so that a new field cannot be forgotten here.
        let Self {
            what,
            targets,
            guards,
            judges,
            drivers,
            factors,
            design,
            attacker,
            scorer,
            protocol,
            perspectives,
            intended_users,
            limit,
            seed,
            epochs,
            local_only,
            sampling,
            reuse,
            limits,
        } = self;
        let mut line = CommandLine::new("nocere run");
        line.words(what);
        line.flag("--target", targets);
        if !guards.is_empty() {
            line.words(["--guards".to_owned(), guards.join(",")]);
        }
        line.flag("--judge", judges);
        line.flag("--driver", drivers);
        line.flag("--factor", factors);
        line.flag("--design", design.map(Design::as_str));
        line.flag("--attacker", attacker);
        line.flag("--scorer", scorer);
        add_protocol(&mut line, protocol);
        line.flag("--intended-users", intended_users);
        line.flag("--reuse", reuse);
        line.flag("--perspective", perspectives);
        line.flag("--limit", limit);
        line.flag("--seed", Some(seed).filter(|seed| **seed != 0));
        line.flag("--epochs", Some(epochs).filter(|epochs| **epochs != once()));
        add_sampling(&mut line, sampling);
        add_limits(&mut line, limits);
        if *local_only {
            line.text += " --local-only";
        }
        line.text
    }
}

/// A command as one would type it.
struct CommandLine {
    text: String,
}

impl CommandLine {
    fn new(command: &str) -> Self {
        Self {
            text: command.to_owned(),
        }
    }

    fn words<T: ToString>(&mut self, words: impl IntoIterator<Item = T>) {
        for word in words {
            self.text += " ";
            self.text += &quote(&word.to_string());
        }
    }

    /// The flag once for each value.
    fn flag<T: ToString>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        for value in values {
            self.words([name.to_owned(), value.to_string()]);
        }
    }
}

fn add_protocol(line: &mut CommandLine, choices: &ProtocolChoices) {
    let ProtocolChoices {
        data,
        preset,
        set,
        judge_model,
        parts,
    } = choices;
    line.flag("--data", data.iter().map(|data| data.display()));
    line.flag("--preset", preset);
    line.flag("--judge-model", judge_model);
    line.flag("--set", set);
    line.flag("--part", parts);
}

fn add_sampling(line: &mut CommandLine, sampling: &SamplingOverrides) {
    let SamplingOverrides {
        temperature,
        top_p,
        max_tokens,
    } = sampling;
    line.flag("--temperature", temperature);
    line.flag("--top-p", top_p);
    line.flag("--max-tokens", max_tokens);
}

fn add_limits(line: &mut CommandLine, limits: &RunLimits) {
    let RunLimits {
        max_cost,
        max_requests,
        max_time,
    } = limits;
    line.flag("--max-cost", max_cost);
    line.flag("--max-requests", max_requests);
    let time = max_time.map(|time| format!("{}s", time.as_secs_f64()));
    line.flag("--max-time", time);
}

/// A word quoted for the shell, if needed.
fn quote(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:@=,".contains(c));
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

impl RunLimits {
    /// The budget of a run: these limits, or else those in `recorded`.
    ///
    /// # Errors
    ///
    /// The cost is not positive, or is a billion dollars or more.
    pub(crate) fn budget(&self, recorded: Budget) -> Result<Budget, ProjectError> {
        if let Some(dollars) = self.max_cost
            && !(dollars > 0.0 && dollars < 1e9)
        {
            return Err(ProjectError::usage(format!(
                "--max-cost must be a positive number of dollars, got {dollars}"
            )));
        }
        Ok(Budget {
            max_cost: self.max_cost.map(Money::from_usd).or(recorded.max_cost),
            max_requests: self.max_requests.or(recorded.max_requests),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_says_everything_that_was_asked_for() {
        let spec = RunSpec {
            guards: vec!["none".to_owned(), "prompt".to_owned()],
            judges: vec!["harm=judge,votes=3".to_owned()],
            drivers: vec!["claimed-credential".to_owned(), "direct".to_owned()],
            factors: vec!["sex".to_owned()],
            design: Some(Design::Fraction),
            attacker: Some("a".to_owned()),
            scorer: Some("refusal".to_owned()),
            protocol: ProtocolChoices {
                data: Some("my data".into()),
                preset: Some("paper".to_owned()),
                set: vec!["rounds=2".to_owned()],
                judge_model: Some("j".to_owned()),
                parts: vec!["psb".to_owned()],
            },
            perspectives: vec![Perspective::Patient],
            intended_users: vec![Perspective::General],
            limit: Some(5),
            seed: 7,
            epochs: 2,
            local_only: true,
            sampling: SamplingOverrides {
                temperature: Some(0.5),
                top_p: Some(0.9),
                max_tokens: Some(64),
            },
            reuse: vec!["r1".to_owned()],
            limits: RunLimits {
                max_cost: Some(1.5),
                max_requests: Some(9),
                max_time: Some(Duration::from_secs(90)),
            },
            ..RunSpec::new("medriskeval", "t")
        };
        assert_eq!(
            spec.command_line(),
            "nocere run medriskeval --target t --guards none,prompt --judge harm=judge,votes=3 \
             --driver claimed-credential --driver direct --factor sex --design fraction \
             --attacker a --scorer refusal --data 'my data' \
             --preset paper --judge-model j --set rounds=2 --part psb --intended-users general \
             --reuse r1 --perspective patient --limit 5 --seed 7 --epochs 2 --temperature 0.5 \
             --top-p 0.9 --max-tokens 64 --max-cost 1.5 --max-requests 9 --max-time 90s \
             --local-only"
        );
        assert_eq!(
            RunSpec::new("a", "it's").command_line(),
            "nocere run a --target 'it'\\''s'"
        );
    }
}
