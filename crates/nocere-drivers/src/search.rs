//! A search through other attacks under a budget: which of them to try next is drawn by how often
//! their families gave way before (Thompson sampling; Russo et al., arXiv 1707.02038).

use std::{collections::BTreeMap, sync::Arc};

use nocere_core::{
    AttackFacts, BoxFuture, ChatModel, Driver, DriverCalls, DriverContext, DriverError, ModelError,
    Probe, Role, Transcript, key::derive_seed,
};

use crate::{
    best_of::{MAX_ATTEMPTS, within},
    conversation::{Best, Conversation},
    part::{Lead, Made, settings},
    search_settings::SearchSettings,
    steps::Dice,
};

/// Most earlier attempts of a family that count; more would make the draws slow and no wiser.
const MAX_SEEN: u32 = 500;

pub(crate) fn read(value: serde_json::Value) -> Result<Made, String> {
    let search: SearchSettings = settings(value)?;
    if search.attacks.is_empty() {
        return Err("`attacks` is empty".to_owned());
    }
    within("attempts", search.attempts, 2, MAX_ATTEMPTS)?;
    for (family, [gave_way, tried]) in &search.seen {
        if !crate::FAMILIES.contains(&family.as_str()) {
            return Err(format!("`seen`: unknown family `{family}`"));
        }
        if gave_way > tried {
            return Err(format!(
                "`seen`: {gave_way} of {tried} attempts of `{family}` cannot have given way"
            ));
        }
    }
    Ok(Made::search(search).needing(false, true))
}

/// A search with the attacks that it tries.
pub(crate) struct Search {
    pub(crate) settings: SearchSettings,
    pub(crate) arms: Vec<Arc<dyn Driver>>,
}

/// How often the attacks of a family gave way, as the parameters of a beta distribution.
#[derive(Clone, Copy)]
struct Belief {
    gave_way: u32,
    held: u32,
}

impl Belief {
    fn of(seen: Option<&[u32; 2]>) -> Self {
        let [gave_way, tried] = seen.copied().unwrap_or_default();
        let share = |part: u32| {
            if tried > MAX_SEEN {
                (u64::from(part) * u64::from(MAX_SEEN) / u64::from(tried)) as u32
            } else {
                part
            }
        };
        Self {
            gave_way: share(gave_way),
            held: share(tried - gave_way),
        }
    }

    /// A draw from Beta(1 + gave way, 1 + held): the order statistic of as many uniform draws.
    fn draw(self, dice: &mut Dice) -> u64 {
        let mut draws: Vec<u64> = (0..=self.gave_way + self.held)
            .map(|_| dice.roll())
            .collect();
        *draws.select_nth_unstable(self.gave_way as usize).1
    }
}

impl Search {
    /// The arm to try next, of those that are left: of the family with the highest draw, the
    /// first. `None` if none is left.
    fn next(
        &self,
        left: &[usize],
        beliefs: &BTreeMap<&str, Belief>,
        dice: &mut Dice,
    ) -> Option<usize> {
        let drawn: BTreeMap<&str, u64> = beliefs
            .iter()
            .map(|(family, belief)| (*family, belief.draw(dice)))
            .collect();
        let worth = |arm: usize| drawn.get(self.family(arm)).copied().unwrap_or_default();
        left.iter()
            .copied()
            .rev()
            .max_by_key(|arm| (worth(*arm), std::cmp::Reverse(*arm)))
    }

    fn family(&self, arm: usize) -> &str {
        &self.arms[arm].identity().family
    }

    fn is_spent(&self, facts: &AttackFacts) -> bool {
        let tokens = [facts.target_usage, facts.attacker_usage].map(|usage| usage.total());
        let calls = facts.target_calls.saturating_add(facts.attacker_calls);
        self.settings.calls.is_some_and(|most| calls >= most)
            || self
                .settings
                .tokens
                .is_some_and(|most| tokens.iter().sum::<u64>() >= most)
    }
}

impl Lead for Search {
    fn calls(&self, probe: &Probe) -> DriverCalls {
        let mut each: Vec<DriverCalls> = self.arms.iter().map(|arm| arm.calls(probe)).collect();
        each.sort_by_key(|calls| std::cmp::Reverse(calls.target + calls.attacker));
        each.truncate(self.settings.attempts as usize);
        DriverCalls {
            target: each.iter().map(|calls| calls.target).sum(),
            attacker: each.iter().map(|calls| calls.attacker).sum(),
            answers: each.iter().map(|calls| calls.answers).max().unwrap_or(1),
        }
    }

    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(self.search(probe, target, cx))
    }
}

impl Search {
    async fn search(
        &self,
        probe: &Probe,
        target: &dyn ChatModel,
        cx: &DriverContext<'_>,
    ) -> Result<Transcript, DriverError> {
        let mut left: Vec<usize> = (0..self.arms.len())
            .filter(|arm| self.arms[*arm].identity().leads(probe))
            .collect();
        let mut beliefs: BTreeMap<&str, Belief> = left
            .iter()
            .map(|arm| self.family(*arm))
            .map(|family| (family, Belief::of(self.settings.seen.get(family))))
            .collect();
        let mut dice = Dice(derive_seed(cx.text_seed, "search"));
        let mut facts = AttackFacts::default();
        let mut best = Best::default();
        let (mut tried, mut failed) = (0, 0);
        let mut attacker_failure = left
            .is_empty()
            .then(|| "none of the attacks has words for this probe".to_owned());
        let mut scorer_failure = None;
        for attempt in 0..self.settings.attempts {
            if self.is_spent(&facts) {
                break;
            }
            let Some(arm) = self.next(&left, &beliefs, &mut dice) else {
                break;
            };
            left.retain(|other| *other != arm);
            tried += 1;
            let within = DriverContext {
                system_prompt: cx.system_prompt.clone(),
                sampling: cx.sampling.clone(),
                text_seed: derive_seed(cx.text_seed, &attempt.to_string()),
                ..*cx
            };
            let driver = &self.arms[arm];
            let mut transcript = driver.lead(probe, target, &within).await?;
            let own = taken(&mut transcript, &mut facts);
            if let Some(ModelError::Attacker { message }) = &transcript.error {
                // It says nothing about the target, so nothing about the family.
                attacker_failure = Some(message.clone());
                failed += 1;
                continue;
            }
            let score = match Conversation::over(transcript.clone(), target, cx)
                .score(probe)
                .await
            {
                Ok(score) => score,
                Err(message) => {
                    scorer_failure = Some(message);
                    break;
                }
            };
            let asked = last_asked(&transcript);
            let gave_way = best.offer(&asked, score, transcript, &mut facts);
            if let Some(noted) = facts.attempts.last_mut() {
                noted.by = driver.identity().id.to_string();
            }
            if best.is_last() {
                (facts.intent, facts.obeyed, facts.in_role) = own;
            }
            if gave_way {
                break;
            }
            if let (Some(_), Some(belief)) = (score, beliefs.get_mut(self.family(arm))) {
                belief.held += 1;
            }
        }
        // A search that its attacker led less than half of shows no resistance; nor does one whose
        // scorer could not say when to stop.
        let attacker_failure = attacker_failure.filter(|_| tried == 0 || 2 * failed > tried);
        Ok(best.transcript(facts, scorer_failure.or(attacker_failure)))
    }
}

type Own = (
    Option<nocere_core::Intent>,
    Option<bool>,
    Option<(u32, u32)>,
);

/// Moves what an attempt spent to the search, and returns what it says of its own conversation.
fn taken(transcript: &mut Transcript, facts: &mut AttackFacts) -> Own {
    let own = transcript.attack.take().map(|own| *own).unwrap_or_default();
    facts.add(&own);
    // A plain attack leaves its answers uncounted.
    if own.target_calls == 0 {
        for answer in transcript
            .turns
            .iter()
            .filter_map(|turn| turn.answer.as_ref())
        {
            facts.target_calls += 1;
            facts.target_usage += answer.usage;
        }
    }
    (own.intent, own.obeyed, own.in_role)
}

fn last_asked(transcript: &Transcript) -> String {
    let mut turns = transcript.turns.iter().rev();
    let asked = turns.find(|turn| turn.message.role == Role::User);
    asked.map_or_else(String::new, |turn| turn.message.text().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_gave_way_before_is_drawn_more_often() {
        let known = Belief::of(Some(&[30, 40]));
        let unknown = Belief::of(Some(&[1, 40]));
        let wins = (0..200)
            .filter(|seed| {
                let mut dice = Dice(derive_seed(*seed, "x"));
                known.draw(&mut dice) > unknown.draw(&mut dice)
            })
            .count();
        assert!(wins > 195, "{wins}");
        // Nothing seen: each of two families comes first about half of the time.
        let none = Belief::of(None);
        let wins = (0..1_000)
            .filter(|seed| {
                let mut dice = Dice(derive_seed(*seed, "x"));
                none.draw(&mut dice) > none.draw(&mut dice)
            })
            .count();
        assert!((400..600).contains(&wins), "{wins}");
    }

    #[test]
    fn the_mean_of_draws_is_that_of_the_beta_distribution() {
        let belief = Belief::of(Some(&[3, 10]));
        let mut dice = Dice(7);
        let draws = 4_000;
        let sum: f64 = (0..draws)
            .map(|_| belief.draw(&mut dice) as f64 / u64::MAX as f64)
            .sum();
        // Beta(4, 8) has mean 1/3 and a standard error of 0.002 here.
        assert!((sum / f64::from(draws) - 1.0 / 3.0).abs() < 0.01);
    }

    #[test]
    fn faults_of_the_settings_are_named() {
        let fault = |text: &str| {
            let value = serde_json::from_str(text).unwrap();
            read(value).err().unwrap()
        };
        assert!(fault(r#"{"attacks": [], "attempts": 3}"#).contains("`attacks` is empty"));
        assert!(fault(r#"{"attacks": ["a"], "attempts": 1}"#).contains("`attempts` is 1"));
        let seen = fault(r#"{"attacks": ["a"], "attempts": 3, "seen": {"urgency": [3, 2]}}"#);
        assert!(seen.contains("3 of 2"), "{seen}");
        let family = fault(r#"{"attacks": ["a"], "attempts": 3, "seen": {"haste": [1, 2]}}"#);
        assert!(family.contains("`haste`"), "{family}");
    }
}
