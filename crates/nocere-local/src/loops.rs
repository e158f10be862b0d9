//! Models that say the same over and over.

/// Fewest tokens of a loop, over all its rounds.
const LOOP_TOKENS: usize = 96;
/// Fewest rounds of a loop.
const LOOP_ROUNDS: usize = 4;
/// Longest round of a loop, in tokens.
const LONGEST_ROUND: usize = 48;

/// If `ids` end in a loop, the number of ids up to the end of its second round.
///
/// A loop is the same round of at most [`LONGEST_ROUND`] tokens said at least [`LOOP_ROUNDS`] times
/// and for at least [`LOOP_TOKENS`] tokens. Small models that take the most likely token never
/// leave one; what they would go on saying up to the token limit says nothing more.
pub(crate) fn looped(ids: &[i32]) -> Option<usize> {
    (1..=LONGEST_ROUND).find_map(|round| {
        let span = LOOP_TOKENS.max(LOOP_ROUNDS * round);
        let start = ids.len().checked_sub(span)?;
        let repeats = (start + round..ids.len()).all(|at| ids[at] == ids[at - round]);
        repeats.then(|| {
            // The loop may have begun before the span that proves it.
            let mut first = start;
            while first > 0 && ids[first - 1] == ids[first - 1 + round] {
                first -= 1;
            }
            first + 2 * round
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_found_and_kept_for_two_rounds() {
        let with_loop = |round: usize, rounds: usize| -> Vec<i32> {
            let said = 1_000..1_020;
            let again = (0..round * rounds).map(|at| (at % round) as i32);
            said.chain(again).collect()
        };
        // Twelve tokens eight times are 96.
        assert_eq!(looped(&with_loop(12, 8)), Some(20 + 24));
        assert_eq!(looped(&with_loop(12, 7)), None);
        assert_eq!(looped(&with_loop(48, 4)), Some(20 + 96));
        assert_eq!(looped(&with_loop(48, 3)), None);
        assert_eq!(
            looped(&with_loop(60, 9)),
            None,
            "too long a round to be sure"
        );
        // The same token on and on.
        assert_eq!(looped(&vec![7; LOOP_TOKENS]), Some(2));
        assert_eq!(looped(&vec![7; LOOP_TOKENS - 1]), None);
        // A list has something new in every line.
        let list: Vec<i32> = (0..400)
            .map(|at| if at % 5 == 0 { at } else { at % 5 })
            .collect();
        assert_eq!(looped(&list), None);
        assert_eq!(looped(&[]), None);
    }
}
