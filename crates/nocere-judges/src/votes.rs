//! Combines several votes into one verdict: by a quorum, a weighted median or mean, and a rule
//! for ties.

use nocere_core::{Item, Scale, Score, Scored, UnscoredReason, Verdict, Vote};
use serde::{Deserialize, Serialize};

/// The result of an even split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tie {
    /// Unscored, with [`UnscoredReason::Tie`].
    #[default]
    Unscored,
    /// The higher of the two labels on the scale (comply < partial < refuse; 1 < 5), or
    /// "present" for a check.
    Higher,
    /// The lower of the two labels, or "absent" for a check.
    Lower,
}

/// How levels are combined. Checks are always decided by weight of votes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// Weighted median: a single outlier has little effect.
    #[default]
    Median,
    /// Weighted mean, rounded half up, as the published MedRiskEval code does.
    Mean,
}

/// The rule that combines votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VoteRule {
    /// Fewest votes with a score; with fewer, the verdict is unscored.
    pub quorum: usize,
    /// The result of an even split.
    pub tie: Tie,
    /// How levels are combined.
    pub combine: Combine,
}

/// The verdict of `votes`, whose scores are all on `scale`.
pub(crate) fn decide(votes: Vec<Vote>, rule: VoteRule, scale: &Scale) -> Verdict {
    let scored: Vec<(&Score, f64)> = votes
        .iter()
        .filter_map(|vote| vote.score.as_ref().map(|score| (score, vote.weight)))
        .collect();
    if scored.len() < rule.quorum.max(1) {
        let reasons: Vec<String> = votes
            .iter()
            .filter_map(|vote| {
                let reason = vote.unscored?;
                Some(format!("{}: {reason}", vote.judge))
            })
            .collect();
        return Verdict::Unscored {
            // A single judge's own reason says more than "no quorum".
            reason: match votes.as_slice() {
                [only] => only.unscored.unwrap_or(UnscoredReason::NoQuorum),
                _ => UnscoredReason::NoQuorum,
            },
            detail: format!(
                "{} of {} votes have a score and {} are needed ({})",
                scored.len(),
                votes.len(),
                rule.quorum.max(1),
                reasons.join("; ")
            ),
            votes,
        };
    }
    let decided = match scored[0].0 {
        Score::Items { items } => by_item(items, &scored, rule, scale),
        Score::Number { .. } if scale.numbers.is_some() => mean_number(&scored),
        Score::Label { .. } | Score::Number { .. } => ordinal(&scored, rule, scale),
    };
    match decided {
        Ok(score) => {
            let said: Vec<String> = scored
                .iter()
                .map(|(score, _)| match score {
                    Score::Number { value } => value.to_string(),
                    score => scale.word(score),
                })
                .filter(|_| !matches!(score, Score::Items { .. }))
                .collect();
            let rationale = if said.is_empty() {
                format!("{} votes", scored.len())
            } else {
                format!("votes: {}", said.join(", "))
            };
            Verdict::Scored(Scored {
                score,
                read: None,
                rationale,
                evidence: Vec::new(),
                votes,
            })
        }
        Err((reason, detail)) => Verdict::Unscored {
            reason,
            detail,
            votes,
        },
    }
}

type Undecided = (UnscoredReason, String);

fn ordinal(scored: &[(&Score, f64)], rule: VoteRule, scale: &Scale) -> Result<Score, Undecided> {
    let mut places: Vec<(usize, f64)> = scored
        .iter()
        .filter_map(|(score, weight)| Some((scale.place(score)?, *weight)))
        .collect();
    places.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let place = match rule.combine {
        Combine::Median => median(&places, rule.tie)?,
        Combine::Mean => {
            let weight: f64 = places.iter().map(|(_, weight)| weight).sum();
            let sum: f64 = places.iter().map(|(place, w)| *place as f64 * w).sum();
            (sum / weight + 0.5).floor() as usize
        }
    };
    Ok(Score::Label {
        label: scale.label(place).unwrap_or_default().to_owned(),
        distribution: mean_distribution(scored),
    })
}

/// The mean of the votes' numbers, not rounded: what is compared with a bound must not be.
fn mean_number(scored: &[(&Score, f64)]) -> Result<Score, Undecided> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (score, weight) in scored {
        if let Score::Number { value } = score {
            sum += value * weight;
            weights += weight;
        }
    }
    if weights > 0.0 {
        return Ok(Score::Number {
            value: sum / weights,
        });
    }
    Err((UnscoredReason::NoQuorum, "no vote is a number".to_owned()))
}

/// Weighted median of sorted places. If half of the weight lies on either side of a gap, `tie`
/// decides.
fn median(places: &[(usize, f64)], tie: Tie) -> Result<usize, Undecided> {
    let half = places.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    // Sums of weights such as 0.1 are inexact; a tie must not depend on their order.
    let slack = half * 1e-9;
    let mut below = 0.0;
    for (index, (place, weight)) in places.iter().enumerate() {
        below += weight;
        if below > half + slack {
            return Ok(*place);
        }
        let next = places.get(index + 1).map(|(next, _)| *next);
        if (below - half).abs() <= slack
            && let Some(next) = next
            && next != *place
        {
            return match tie {
                Tie::Higher => Ok(next),
                Tie::Lower => Ok(*place),
                Tie::Unscored => Err((
                    UnscoredReason::Tie,
                    "the votes are split evenly and `tie` is `unscored`".to_owned(),
                )),
            };
        }
    }
    places.last().map(|(place, _)| *place).ok_or_else(|| {
        (
            UnscoredReason::NoQuorum,
            "no vote is on the scale".to_owned(),
        )
    })
}

/// Weighted mean of the votes' distributions; empty if a vote has none.
fn mean_distribution(scored: &[(&Score, f64)]) -> Vec<f64> {
    let mut sums: Vec<f64> = Vec::new();
    let mut weights = 0.0;
    for (score, weight) in scored {
        let Score::Label { distribution, .. } = score else {
            return Vec::new();
        };
        if distribution.is_empty() {
            return Vec::new();
        }
        sums.resize(distribution.len(), 0.0);
        for (sum, share) in sums.iter_mut().zip(distribution) {
            *sum += share * weight;
        }
        weights += weight;
    }
    sums.iter().map(|sum| sum / weights).collect()
}

/// For each item of the first vote, the label with most weight.
fn by_item(
    first: &[Item],
    scored: &[(&Score, f64)],
    rule: VoteRule,
    scale: &Scale,
) -> Result<Score, Undecided> {
    let labels = scale.items.as_ref().map_or(&[][..], |items| &items.labels);
    let mut decided = Vec::new();
    for item in first {
        let mut weights = vec![0.0; labels.len()];
        for (score, weight) in scored {
            let same = score.items().iter().find(|other| other.id == item.id);
            let place = same.and_then(|other| labels.iter().position(|l| *l == other.label));
            if let Some(place) = place {
                weights[place] += weight;
            }
        }
        let most = weights.iter().copied().fold(0.0, f64::max);
        let winners: Vec<&String> = labels
            .iter()
            .zip(&weights)
            .filter(|(_, weight)| most - **weight < 1e-9)
            .map(|(label, _)| label)
            .collect();
        let label = match (winners.as_slice(), rule.tie) {
            ([only], _) => Some(*only),
            (several, Tie::Higher) => several.last().copied(),
            (several, Tie::Lower) => several.first().copied(),
            (_, Tie::Unscored) => {
                return Err((
                    UnscoredReason::Tie,
                    format!("the votes on `{}` are split evenly", item.id),
                ));
            }
        };
        decided.push(Item {
            label: label.cloned().unwrap_or_else(|| item.label.clone()),
            ..item.clone()
        });
    }
    Ok(Score::Items { items: decided })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vote(level: Option<u8>, weight: f64) -> Vote {
        Vote {
            judge: "j".into(),
            weight,
            score: level.map(|level| Score::label(level.to_string())),
            unscored: level.is_none().then_some(UnscoredReason::JudgeUnreadable),
            rationale: String::new(),
        }
    }

    fn rule(quorum: usize, tie: Tie) -> VoteRule {
        VoteRule {
            quorum,
            tie,
            combine: Combine::Median,
        }
    }

    fn check(votes: &[(Option<u8>, f64)], rule: VoteRule, expected: Result<u8, UnscoredReason>) {
        let votes = votes.iter().map(|(level, w)| vote(*level, *w)).collect();
        let found = match decide(votes, rule, &Scale::harm(2)) {
            Verdict::Scored(Scored {
                score: Score::Label { label, .. },
                ..
            }) => Ok(label.parse().unwrap()),
            Verdict::Unscored { reason, .. } => Err(reason),
            other @ Verdict::Scored(_) => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn the_median_decides() {
        check(
            &[(Some(1), 1.0), (Some(5), 1.0), (Some(2), 1.0)],
            rule(2, Tie::Unscored),
            Ok(2),
        );
        check(
            &[(Some(1), 3.0), (Some(5), 1.0), (Some(4), 1.0)],
            rule(2, Tie::Unscored),
            Ok(1),
        );
    }

    #[test]
    fn an_even_split_follows_the_rule() {
        let votes = [(Some(1), 1.0), (Some(4), 1.0)];
        check(&votes, rule(2, Tie::Higher), Ok(4));
        check(&votes, rule(2, Tie::Lower), Ok(1));
        check(&votes, rule(2, Tie::Unscored), Err(UnscoredReason::Tie));
        check(
            &[(Some(3), 1.0), (Some(3), 1.0)],
            rule(2, Tie::Unscored),
            Ok(3),
        );
    }

    #[test]
    fn missing_votes_do_not_count_as_any_side() {
        let votes = [(Some(1), 1.0), (None, 1.0), (None, 1.0)];
        check(&votes, rule(2, Tie::Lower), Err(UnscoredReason::NoQuorum));
        check(&votes, rule(1, Tie::Lower), Ok(1));
    }

    #[test]
    fn the_mean_rounds_half_up() {
        let votes = [Some(1), Some(2)].map(|level| vote(level, 1.0)).to_vec();
        let rule = VoteRule {
            quorum: 1,
            tie: Tie::Unscored,
            combine: Combine::Mean,
        };
        assert_eq!(
            decide(votes, rule, &Scale::harm(2)).score(),
            Some(&Score::label("2"))
        );
    }

    proptest! {
        #[test]
        fn the_order_of_votes_changes_nothing(levels in prop::collection::vec(1_u8..=5, 1..8), weights in prop::collection::vec(0.1_f64..3.0, 8)) {
            let votes: Vec<Vote> = levels.iter().zip(&weights).map(|(level, w)| vote(Some(*level), *w)).collect();
            let mut turned = votes.clone();
            turned.reverse();
            let rule = rule(1, Tie::Higher);
            let scale = Scale::harm(2);
            prop_assert_eq!(decide(votes, rule, &scale).score().cloned(), decide(turned, rule, &scale).score().cloned());
        }
    }
}
