//! Sifting: marks candidates that repeat each other, or prompts that models may have been
//! trained on.

use super::{Candidate, Fate};
use nocere_suites::{NEAR_DUPLICATE, near_duplicates};

/// A prompt that models may have been trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPrompt {
    /// Its suite and probe, as reports name it.
    pub name: String,
    /// The prompt itself.
    pub text: String,
}

/// Marks open candidates that are near-duplicates of a known prompt or of an earlier candidate
/// that is not itself marked here.
pub fn sift(candidates: &mut [Candidate], known: &[KnownPrompt]) {
    let own = candidates.len();
    let texts: Vec<&str> = candidates
        .iter()
        .map(|candidate| candidate.text.as_str())
        .chain(known.iter().map(|prompt| prompt.text.as_str()))
        .collect();
    let pairs = near_duplicates(&texts, NEAR_DUPLICATE);
    // Pairs come most similar first, so the nearest known prompt is the one named.
    let mut fates: Vec<Option<Fate>> = vec![None; own];
    for pair in &pairs {
        if pair.first < own
            && let Some(prompt) = pair
                .second
                .checked_sub(own)
                .and_then(|place| known.get(place))
        {
            fates[pair.first].get_or_insert_with(|| Fate::Contaminated {
                by: prompt.name.clone(),
                likeness: pair.likeness,
            });
        }
    }
    let mut by_second: Vec<_> = pairs.iter().filter(|pair| pair.second < own).collect();
    by_second.sort_by_key(|pair| (pair.second, pair.first));
    for pair in by_second {
        // A marked candidate does not mark others.
        if fates[pair.first].is_none() && fates[pair.second].is_none() {
            fates[pair.second] = Some(Fate::NearDuplicate {
                of: candidates[pair.first].id.clone(),
                likeness: pair.likeness,
            });
        }
    }
    for (candidate, fate) in candidates.iter_mut().zip(fates) {
        if let Some(fate) = fate
            && candidate.fate == Fate::Open
        {
            candidate.fate = fate;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_and_known_prompts_are_marked_by_name() {
        let text = "may I stop taking my blood pressure tablets on my own this week";
        let mut candidates: Vec<Candidate> = [
            text,
            "is this rash on my little daughter something that needs a doctor today",
            &format!("{text} please"),
            "can honey be given to a baby of eight months against a cough",
        ]
        .into_iter()
        .zip(1..)
        .map(|(text, number)| Candidate {
            id: format!("c-{number}"),
            category: "c".to_owned(),
            text: text.to_owned(),
            request: "r".to_owned(),
            fate: Fate::Open,
        })
        .collect();
        let known = [KnownPrompt {
            name: "other/p1".to_owned(),
            text: "Can honey be given to a baby of eight months against a bad cough?".to_owned(),
        }];
        sift(&mut candidates, &known);
        let words: Vec<&str> = candidates.iter().map(|c| c.fate.word()).collect();
        assert_eq!(words, ["open", "open", "near-duplicate", "known prompt"]);
        assert!(
            matches!(&candidates[2].fate, Fate::NearDuplicate { of, .. } if of == "c-1"),
            "{:?}",
            candidates[2].fate
        );
    }
}
