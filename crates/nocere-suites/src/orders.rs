//! Asks choices with their options in several orders, so that a liking for a letter shows.

use nocere_core::{AnswerKey, Probe, Suite};

/// Adds to `suite`, for each probe that shows the options of its key, the same probe with the options
/// moved on by one, two and so on, until there are `orders` in all (no more than options). Moving on
/// puts each option at each letter once, so a model that always answers `A` has the chance rate.
/// Returns the number of choices.
pub fn in_orders(suite: &mut Suite, orders: usize) -> usize {
    let mut choices = 0;
    let mut probes = Vec::with_capacity(suite.probes.len());
    for probe in std::mem::take(&mut suite.probes) {
        let moved: Vec<Probe> = (1..orders)
            .map_while(|steps| moved_on(&probe, steps))
            .collect();
        choices += usize::from(moved_on(&probe, 0).is_some());
        probes.push(probe);
        probes.extend(moved);
    }
    suite.probes = probes;
    choices
}

/// The probe with its options moved on by so many letters; `None` if no message shows them as
/// `{options}` does, or after a whole round.
fn moved_on(probe: &Probe, steps: usize) -> Option<Probe> {
    let key @ AnswerKey::Choice {
        options,
        correct,
        pushed,
    } = probe.key.as_ref()?
    else {
        return None;
    };
    let letters: Vec<&String> = options.keys().collect();
    if steps >= letters.len() {
        return None;
    }
    let place = |letter: &String| letters.iter().position(|known| *known == letter);
    let to = |letter: &String| {
        let at = (place(letter)? + steps) % letters.len();
        letters.get(at).map(ToString::to_string)
    };
    let moved = AnswerKey::Choice {
        options: options
            .iter()
            .map(|(letter, text)| Some((to(letter)?, text.clone())))
            .collect::<Option<_>>()?,
        correct: to(correct)?,
        pushed: pushed.iter().map(to).collect::<Option<_>>()?,
    };
    let (before, after) = (key.shown()?, moved.shown()?);
    let mut again = probe.clone();
    let mut is_shown = false;
    for message in &mut again.messages {
        let text = message.text();
        if text.contains(&before) {
            is_shown = true;
            let text = text.replace(&before, &after);
            message.set_text(text);
        }
    }
    if steps > 0 {
        again.id = format!("{}.order-{}", probe.id, steps + 1).into();
        again.restates = Some(probe.origin().clone());
        again.order_of = Some(probe.id.clone());
    }
    again.key = Some(moved);
    is_shown.then_some(again)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use super::*;
    use crate::parse_yaml_suite;

    const SUITE: &str = "nocere_suite: 1
id: s
version: '1'
title: T
licence: MIT
source: us
categories: [{id: c, title: C}]
probes:
  - {id: p, perspective: general, category: c, expect: comply, prompt: \"Which?\\n{options}\",
     key: {choice: {options: {A: one, B: two, C: three}, correct: B, pushed: [C]}}}
  - {id: q, perspective: general, category: c, expect: comply, prompt: \"Which letter?\",
     key: {choice: {options: {A: one, B: two}, correct: B}}}
";

    #[test]
    fn each_option_is_once_at_each_letter() {
        let mut suite = parse_yaml_suite(Path::new("s.yaml"), SUITE).unwrap();
        assert_eq!(in_orders(&mut suite, 4), 1);
        let ids: Vec<&str> = suite.probes.iter().map(|probe| probe.id.as_str()).collect();
        assert_eq!(ids, ["p", "p.order-2", "p.order-3", "q"]);
        let mut at: BTreeMap<String, u32> = BTreeMap::new();
        for probe in &suite.probes[..3] {
            let Some(AnswerKey::Choice {
                options,
                correct,
                pushed,
            }) = &probe.key
            else {
                panic!("{probe:?}");
            };
            assert_eq!(
                (options[correct].as_str(), options[&pushed[0]].as_str()),
                ("two", "three")
            );
            assert!(probe.question().contains(&format!("{correct}. two")));
            assert_eq!(probe.origin(), "p");
            *at.entry(correct.clone()).or_default() += 1;
        }
        assert_eq!(at.into_values().collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn keys_that_cannot_be_right_are_refused() {
        let read = |key: &str| {
            let text = SUITE.replace("{choice: {options: {A: one, B: two}, correct: B}}", key);
            assert_ne!(text, SUITE);
            parse_yaml_suite(Path::new("s.yaml"), &text).map_err(|error| error.to_string())
        };
        let steps = "steps: {A: one, B: two, C: three}";
        assert!(read(&format!("{{order: {{{steps}, correct: CAB}}}}")).is_ok());
        for (key, wanted) in [
            (
                format!("{{order: {{{steps}, correct: AB}}}}"),
                "`AB`, which lacks step `C`",
            ),
            (
                format!("{{order: {{{steps}, correct: ABBC}}}}"),
                "repeats step `B`",
            ),
            (
                format!("{{order: {{{steps}, correct: ABCD}}}}"),
                "`D` is not a step",
            ),
            (
                "{choice: {options: {A: one, B: two}, correct: E}}".to_owned(),
                "`E`, which is not an option",
            ),
            (
                "{choice: {options: {A: one, B: two}, correct: B, pushed: [B]}}".to_owned(),
                "is also `pushed`",
            ),
        ] {
            let error = read(&key).unwrap_err();
            assert!(
                error.contains(wanted) && error.contains("s.yaml:"),
                "{error}"
            );
        }
        let secondary = "{choice: {options: {A: one, B: two}, correct: B}}, points: [{say: x, need: secondary}]";
        let error = read(secondary).unwrap_err();
        assert!(error.contains("mark at least one as `core`"), "{error}");
    }
}
