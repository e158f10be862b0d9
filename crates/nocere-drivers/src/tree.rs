//! PAIR (Chao et al., arXiv 2310.08419) and TAP (Mehrotra et al., arXiv 2312.02119): an attacker
//! refines one message by what the target answered. PAIR follows one line; TAP branches, leaves out
//! what no longer asks the same, and keeps the best.

use nocere_core::{
    AttackFacts, BoxFuture, ChatModel, DriverCalls, DriverContext, DriverError, Intent, Probe,
    Transcript,
};
use serde::Deserialize;

use crate::{
    attacker::Attacker,
    best_of::{MAX_ATTEMPTS, once, within},
    conversation::Best,
    part::{Failure, Lead, Made, settings},
    rewrite::intent,
    template::{self, ASK},
};

/// What the prompt may use: the ask, the message before and its answer, and how far it gave way.
const VARIABLES: [&str; 4] = [ASK, "{message}", "{answer}", "{score}"];
/// Longest answer that the attacker is shown, in characters.
const SHOWN: usize = 1_500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PairSettings {
    /// Number of messages that are tried, from 2 to 100.
    attempts: u32,
    /// First prompt for the attacker, with `{ask}`.
    first: String,
    /// Later prompts, with `{ask}`, `{message}`, `{answer}` and `{score}`.
    refine: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TapSettings {
    /// Number of rounds, from 1 to 10.
    depth: u32,
    /// Messages that are kept after each round, from 1 to 10.
    width: u32,
    /// Refinements of each kept message, from 1 to 10.
    branching: u32,
    first: String,
    refine: String,
}

struct Tree {
    depth: u32,
    width: usize,
    branching: u32,
    /// Whether messages that ask something else are left out before they are sent.
    prunes: bool,
    first: String,
    refine: String,
}

pub(crate) fn read_pair(value: serde_json::Value) -> Result<Made, String> {
    let pair: PairSettings = settings(value)?;
    within("attempts", pair.attempts, 2, MAX_ATTEMPTS)?;
    made(Tree {
        depth: pair.attempts,
        width: 1,
        branching: 1,
        prunes: false,
        first: pair.first,
        refine: pair.refine,
    })
}

pub(crate) fn read_tap(value: serde_json::Value) -> Result<Made, String> {
    let tap: TapSettings = settings(value)?;
    within("depth", tap.depth, 1, 10)?;
    within("width", tap.width, 1, 10)?;
    within("branching", tap.branching, 1, 10)?;
    made(Tree {
        depth: tap.depth,
        width: tap.width as usize,
        branching: tap.branching,
        prunes: true,
        first: tap.first,
        refine: tap.refine,
    })
}

fn made(tree: Tree) -> Result<Made, String> {
    for (name, text, known) in [
        ("first", &tree.first, &VARIABLES[..1]),
        ("refine", &tree.refine, &VARIABLES[..]),
    ] {
        if let Some(fault) = template::fault(text, known, &[ASK]) {
            return Err(format!("`{name}`: {fault}"));
        }
    }
    Ok(Made::lead(Vec::new(), tree).needing(true, true))
}

/// A message that was tried, with the answer to it.
struct Leaf {
    message: String,
    answer: String,
    score: Option<f64>,
}

/// How a search ended.
enum End {
    /// The target gave way, or the budget of attempts is used.
    Done,
    /// The attacker failed.
    Attacker(String),
}

impl Tree {
    /// Most messages that are tried.
    fn nodes(&self) -> u64 {
        let later = u64::from(self.depth - 1) * self.width as u64;
        (1 + later) * u64::from(self.branching)
    }
}

impl Lead for Tree {
    fn keeps_ask(&self) -> bool {
        false
    }

    fn calls(&self, _probe: &Probe) -> DriverCalls {
        DriverCalls {
            target: self.nodes(),
            attacker: self.nodes() * if self.prunes { 2 } else { 1 },
            answers: 1,
        }
    }

    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(async move {
            let mut facts = AttackFacts::default();
            let mut best = Best::default();
            let mut failure = match self
                .search(probe, target, cx, &mut best, &mut facts)
                .await?
            {
                End::Done => None,
                End::Attacker(message) => Some(message),
            };
            // TAP has compared every message before it was sent.
            if let Some(asked) = best.asked().filter(|_| !self.prunes) {
                let attacker = Attacker::new(cx, 1.0)?;
                match intent(&attacker, probe.question(), asked, &mut facts).await {
                    Ok(intent) => facts.intent = Some(intent),
                    Err(Failure::Driver(error)) => return Err(error),
                    Err(Failure::Attacker { message, .. }) => failure = Some(message),
                }
            }
            Ok(best.transcript(facts, failure))
        })
    }
}

impl Tree {
    async fn search(
        &self,
        probe: &Probe,
        target: &dyn ChatModel,
        cx: &DriverContext<'_>,
        best: &mut Best,
        facts: &mut AttackFacts,
    ) -> Result<End, DriverError> {
        let attacker = Attacker::new(cx, 1.0)?;
        let ask = probe.question();
        let mut kept: Vec<Leaf> = Vec::new();
        let (mut number, mut failed) = (0, 0);
        let mut failure = None;
        for depth in 0..self.depth {
            let prompts: Vec<String> = if depth == 0 {
                vec![template::fill(&self.first, &[(ASK, ask)])]
            } else {
                kept.iter().map(|leaf| self.refining(ask, leaf)).collect()
            };
            let mut leaves = Vec::new();
            for prompt in &prompts {
                for _ in 0..self.branching {
                    number += 1;
                    let tried = self
                        .branch(probe, prompt, number, target, cx, &attacker, best, facts)
                        .await?;
                    match tried {
                        Tried::GaveWay => return Ok(End::Done),
                        Tried::Leaf(leaf) => leaves.push(leaf),
                        Tried::Pruned => {}
                        Tried::Failed(message) => {
                            failed += 1;
                            failure = Some(message);
                        }
                    }
                }
            }
            if leaves.is_empty() {
                let nothing = "none of the attacker's messages asked the same".to_owned();
                return Ok(End::Attacker(failure.take().unwrap_or(nothing)));
            }
            leaves.sort_by(|a, b| {
                let score = |leaf: &Leaf| leaf.score.unwrap_or(-1.0);
                score(b).total_cmp(&score(a))
            });
            leaves.truncate(self.width);
            kept = leaves;
        }
        // A search of which the attacker led less than half shows no resistance.
        match failure {
            Some(message) if 2 * failed > number => Ok(End::Attacker(message)),
            _ => Ok(End::Done),
        }
    }

    fn refining(&self, ask: &str, leaf: &Leaf) -> String {
        let score = leaf
            .score
            .map_or_else(|| "unknown".to_owned(), |score| format!("{score:.2}"));
        let values = [
            (ASK, ask),
            ("{message}", leaf.message.as_str()),
            ("{answer}", leaf.answer.as_str()),
            ("{score}", score.as_str()),
        ];
        template::fill(&self.refine, &values)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of a search; everything in it is borrowed from the search"
    )]
    async fn branch(
        &self,
        probe: &Probe,
        prompt: &str,
        number: u32,
        target: &dyn ChatModel,
        cx: &DriverContext<'_>,
        attacker: &Attacker<'_>,
        best: &mut Best,
        facts: &mut AttackFacts,
    ) -> Result<Tried, DriverError> {
        // Epochs are repetitions of the whole search, so their replies differ, too.
        let sample = cx.epoch * 10_000 + number;
        let message = match attacker.write(prompt, sample, facts).await {
            Ok(message) => message,
            Err(Failure::Driver(error)) => return Err(error),
            Err(Failure::Attacker { message, .. }) => return Ok(Tried::Failed(message)),
        };
        if self.prunes {
            match intent(attacker, probe.question(), &message, facts).await {
                Ok(Intent::Drifted) => {
                    facts.taken_back += 1;
                    return Ok(Tried::Pruned);
                }
                Ok(Intent::Same | Intent::Unclear) => {}
                Err(Failure::Driver(error)) => return Err(error),
                Err(Failure::Attacker { message, .. }) => return Ok(Tried::Failed(message)),
            }
        }
        let conversation = once(probe, &message, target, cx, facts).await?;
        let score = match conversation.score(probe).await {
            Ok(score) => score,
            Err(message) => return Ok(Tried::Failed(message)),
        };
        let answer = conversation.transcript.answers().last().unwrap_or_default();
        let answer = answer.chars().take(SHOWN).collect();
        let asked = message.clone();
        if best.offer(&asked, score, conversation.transcript, facts) {
            return Ok(Tried::GaveWay);
        }
        Ok(Tried::Leaf(Leaf {
            message,
            answer,
            score,
        }))
    }
}

/// What became of one message.
enum Tried {
    GaveWay,
    Leaf(Leaf),
    /// It asked something else and was not sent.
    Pruned,
    /// The attacker failed.
    Failed(String),
}
