//! What a planned run will take: calls, tokens, money and time, before anything is asked.

use std::collections::BTreeMap;

use nocere_core::{DriverCalls, Judge, Locality, Money, Probe, SuiteId, Usage};
use nocere_engine::{DriverSetup, GuardKind, ModelSetup, TargetSetup};
use serde::{Serialize, Serializer};

use crate::PlannedRun;

/// Tokens of an answer that are expected where the limit is higher.
const ANSWER_TOKENS: u64 = 350;
/// Tokens of what a judge is told beside the conversation, and of its reply.
const JUDGE_TOKENS: (u64, u64) = (1_500, 150);
/// Tokens of an attack's own message, about.
const FOLLOW_UP_TOKENS: u64 = 40;
/// Tokens of what an attacker is told and of its message, about and at most.
const ATTACK_TOKENS: (u64, u64) = (500, 100);
const ATTACK_MOST: (u64, u64) = (2_000, 500);
/// Tokens of a judge's longest reply.
const JUDGE_MOST: u64 = 1_000;
/// Seconds that a hosted model takes before the first token, and for each token.
const HOSTED_SECONDS: (f64, f64) = (1.0, 0.015);
/// Tokens per second of a model in the process, over all conversations of a group, for each core
/// and each gigabyte of weights less: measured with SmolLM2-135M (0.1 GB) on two cores at some 290.
const LOCAL_RATE: f64 = 14.0;

/// Calls of one kind that a run will make.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlannedCalls {
    /// The suite whose probes they are for.
    pub suite: SuiteId,
    /// The target that answers.
    pub target: String,
    /// The judge whose calls they are, or `attacks` for those of the attacker; `None` for the
    /// target's own.
    pub judge: Option<String>,
    /// The model that is asked.
    pub model: String,
    /// Number of calls, without retries and repairs.
    pub calls: u64,
    /// Tokens of all requests, about.
    pub input_tokens: u64,
    /// Tokens of all answers, about.
    pub output_tokens: u64,
    /// What they cost, about; `None` if no price is known and the model is not free.
    #[serde(rename = "cost_usd", serialize_with = "usd_if_known")]
    pub cost: Option<Money>,
}

/// What a planned run will take. Everything but the number of calls is a guess: tokens are a quarter
/// of the characters, answers have 350 tokens or as many as the limit allows, judges are told 1,500
/// tokens beside the conversation and reply with 150.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunEstimate {
    /// Calls by suite, target and judge.
    pub calls: Vec<PlannedCalls>,
    /// What all calls with a price cost, about.
    #[serde(rename = "cost_usd", serialize_with = "usd")]
    pub cost: Money,
    /// What they cost if every answer is as long as its limit, and a judge's reply has 1,000 tokens;
    /// retries and repairs come on top.
    #[serde(rename = "most_cost_usd", serialize_with = "usd")]
    pub most_cost: Money,
    /// Models that may cost money and have no price.
    pub unpriced: Vec<String>,
    /// Dates of the list prices that were used.
    pub price_dates: Vec<String>,
    /// Minutes, about: those of the slowest account.
    pub minutes: f64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn usd<S: Serializer>(cost: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(cost.usd())
}

#[expect(clippy::ref_option, reason = "serde hands over references")]
fn usd_if_known<S: Serializer>(cost: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    cost.map(Money::usd).serialize(serializer)
}

/// Time and work of one account.
#[derive(Default)]
struct Load {
    calls: u64,
    tokens: u64,
    seconds: f64,
}

impl PlannedRun<'_> {
    /// What the run will take. Asks nobody.
    pub fn estimate(&self) -> RunEstimate {
        let mut estimate = RunEstimate {
            price_dates: self.price_dates.clone(),
            ..RunEstimate::default()
        };
        let mut loads: BTreeMap<String, (Load, ModelSetup)> = BTreeMap::new();
        let mut by_suite: BTreeMap<&SuiteId, Vec<&Probe>> = BTreeMap::new();
        for probe in &self.plan.probes {
            by_suite.entry(&probe.suite).or_default().push(probe);
        }
        let epochs = u64::from(self.plan.header.epochs.max(1));
        let drivers = &self.drivers;
        for (suite, probes) in &by_suite {
            for target in &self.targets {
                let limit = u64::from(target.record.sampling.max_tokens);
                let answer = ANSWER_TOKENS.min(limit);
                let system = target.record.system_prompt.as_deref().map_or(0, tokens);
                let system = system + shown_tokens(target);
                let talk = Talk::of(drivers, probes, epochs, system, answer);
                if let Some(model) = &target.model {
                    let most = Most {
                        input: Talk::of(drivers, probes, epochs, system, limit).input,
                        output: talk.turns * limit,
                    };
                    let calls = PlannedCalls {
                        suite: (*suite).clone(),
                        target: target.id.to_string(),
                        judge: None,
                        model: model.model.identity().name.clone(),
                        calls: talk.turns,
                        input_tokens: talk.input,
                        output_tokens: talk.turns * answer,
                        cost: None,
                    };
                    add(&mut estimate, &mut loads, calls, model, &most);
                }
                let longest = Talk::of(drivers, probes, epochs, system, limit);
                self.add_attacker(&mut estimate, &mut loads, suite, target, probes);
                for judge in &self.judges {
                    if judge.passes_over.contains(*suite) {
                        continue;
                    }
                    let each = calls_of_all(&*judge.judge, probes);
                    for (model, each) in judge.models.iter().zip(each) {
                        let number = talk.answers * each / (probes.len() as u64).max(1);
                        let read = |talk: &Talk| {
                            number * (talk.read / talk.answers.max(1) + JUDGE_TOKENS.0)
                        };
                        let calls = PlannedCalls {
                            suite: (*suite).clone(),
                            target: target.id.to_string(),
                            judge: Some(judge.judge.instrument().id.to_string()),
                            model: model.model.identity().name.clone(),
                            calls: number,
                            input_tokens: read(&talk),
                            output_tokens: number * JUDGE_TOKENS.1,
                            cost: None,
                        };
                        let most = Most {
                            input: read(&longest),
                            output: number * JUDGE_MOST,
                        };
                        add(&mut estimate, &mut loads, calls, model, &most);
                    }
                }
            }
        }
        estimate.minutes = loads
            .values()
            .map(|(load, model)| self.minutes(load, model))
            .fold(0.0, f64::max);
        estimate
    }

    /// Adds the calls of the model that writes for attacks, without repairs.
    fn add_attacker(
        &self,
        estimate: &mut RunEstimate,
        loads: &mut BTreeMap<String, (Load, ModelSetup)>,
        suite: &SuiteId,
        target: &TargetSetup,
        probes: &[&Probe],
    ) {
        for driver in &self.drivers {
            let Some((_, model)) = driver.models.first() else {
                continue;
            };
            let led = probes
                .iter()
                .filter(|probe| driver.driver.identity().leads(probe));
            let epochs = u64::from(self.plan.header.epochs.max(1));
            let number: u64 = led
                .map(|probe| driver.driver.calls(probe).attacker * epochs)
                .sum();
            let calls = PlannedCalls {
                suite: suite.clone(),
                target: target.id.to_string(),
                judge: Some("attacks".to_owned()),
                model: model.model.identity().name.clone(),
                calls: number,
                input_tokens: number * ATTACK_TOKENS.0,
                output_tokens: number * ATTACK_TOKENS.1,
                cost: None,
            };
            let most = Most {
                input: number * ATTACK_MOST.0,
                output: number * ATTACK_MOST.1,
            };
            add(estimate, loads, calls, model, &most);
        }
    }

    /// Minutes of an account: by its limits, its window and how fast such models are.
    fn minutes(&self, load: &Load, model: &ModelSetup) -> f64 {
        let identity = model.model.identity();
        if identity.locality == Locality::InProcess {
            let gigabytes = self.weights.get(&identity.name).copied().unwrap_or(1.0);
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let rate = LOCAL_RATE * cores as f64 / gigabytes.max(0.05);
            return load.tokens as f64 / rate / 60.0;
        }
        let limits = model.account.limits();
        let by_window = load.seconds / limits.concurrency.max(1) as f64 / 60.0;
        let by = |limit: Option<u32>, amount: u64| {
            limit.map_or(0.0, |limit| amount as f64 / f64::from(limit.max(1)))
        };
        by_window
            .max(by(limits.requests_per_minute, load.calls))
            .max(by(limits.tokens_per_minute, load.tokens))
    }
}

/// Tokens if every answer is as long as its limit.
struct Most {
    input: u64,
    output: u64,
}

/// The conversations with one target about one suite.
#[derive(Default)]
struct Talk {
    /// Answers that judges read.
    answers: u64,
    /// Calls to the target.
    turns: u64,
    /// Tokens of all requests to the target: each holds what was said before.
    input: u64,
    /// Tokens of all conversations up to each answer that judges read.
    read: u64,
}

impl Talk {
    fn of(
        drivers: &[DriverSetup],
        probes: &[&Probe],
        epochs: u64,
        system: u64,
        answer: u64,
    ) -> Self {
        let mut talk = Self::default();
        for driver in drivers {
            let driver = driver.driver.as_ref();
            for probe in probes.iter().filter(|probe| driver.identity().leads(probe)) {
                talk.add(probe, driver.calls(probe), epochs, system, answer);
            }
        }
        talk
    }

    fn add(&mut self, probe: &Probe, calls: DriverCalls, epochs: u64, system: u64, answer: u64) {
        let opening = probe.messages.iter().map(|of| tokens(&of.text()));
        let mut said = system + opening.sum::<u64>();
        // Attempts are conversations of their own, of which judges read one.
        let attempts = calls.target.div_ceil(calls.answers.max(1));
        for turn in 0..calls.answers {
            if let Some(before) = turn.checked_sub(1) {
                let follow_up = probe.follow_ups.get(before as usize);
                said += answer + follow_up.map_or(FOLLOW_UP_TOKENS, |text| tokens(text));
            }
            self.turns += epochs * attempts;
            self.input += epochs * attempts * said;
            self.answers += epochs;
            self.read += epochs * (said + answer);
        }
    }
}

fn add(
    estimate: &mut RunEstimate,
    loads: &mut BTreeMap<String, (Load, ModelSetup)>,
    mut calls: PlannedCalls,
    model: &ModelSetup,
    most: &Most,
) {
    let identity = model.model.identity();
    let usage = |input_tokens, output_tokens| Usage {
        input_tokens,
        output_tokens,
        ..Usage::default()
    };
    if let Some(price) = &model.price {
        let cost = price.cost(&usage(calls.input_tokens, calls.output_tokens));
        estimate.cost += cost;
        estimate.most_cost += price.cost(&usage(most.input, most.output));
        calls.cost = Some(cost);
    } else if identity.locality == Locality::InProcess {
        calls.cost = Some(Money::ZERO);
    } else if !estimate.unpriced.contains(&identity.name) {
        estimate.unpriced.push(identity.name.clone());
    }
    let (load, _) = loads
        .entry(model.account.name().to_owned())
        .or_insert_with(|| (Load::default(), model.clone()));
    load.calls += calls.calls;
    load.tokens += calls.input_tokens + calls.output_tokens;
    load.seconds +=
        calls.calls as f64 * HOSTED_SECONDS.0 + calls.output_tokens as f64 * HOSTED_SECONDS.1;
    estimate.calls.push(calls);
}

/// Tokens of a text, about: four letters of Latin script, or one and a half others.
fn tokens(text: &str) -> u64 {
    let (ascii, others) = text.chars().fold((0_u64, 0_u64), |(ascii, others), c| {
        if c.is_ascii() {
            (ascii + 1, others)
        } else {
            (ascii, others + 1)
        }
    });
    (ascii.div_ceil(4) + others * 2 / 3).max(1)
}

/// Calls to each of a judge's models for one verdict on each of `probes`, summed.
fn calls_of_all(judge: &dyn Judge, probes: &[&Probe]) -> Vec<u64> {
    let mut sums: Vec<u64> = Vec::new();
    for probe in probes {
        let calls = judge.calls_for(probe);
        sums.resize(calls.len().max(sums.len()), 0);
        for (sum, calls) in sums.iter_mut().zip(calls) {
            *sum += u64::from(calls);
        }
    }
    sums
}

/// Tokens of the examples that a target's guards show with every call.
fn shown_tokens(target: &TargetSetup) -> u64 {
    let shown = target.guards.iter().filter_map(|guard| match &guard.kind {
        GuardKind::Examples { turns } => Some(turns),
        _ => None,
    });
    let turns = shown.flat_map(|turns| turns.iter());
    turns.map(|turn| tokens(&turn.text())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_a_quarter_of_the_letters() {
        assert_eq!(tokens("abcd efgh"), 3);
        assert_eq!(tokens(""), 1);
        assert_eq!(tokens("用药安全吗？"), 4);
    }
}
