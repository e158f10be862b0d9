//! Lints: weaknesses of a valid suite that make its figures worth less.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{Expect, Perspective, PointRule, Probe, Suite};
use serde::Serialize;

use crate::similar::{NEAR_DUPLICATE, near_duplicates};

/// Maximum number of remarks of one kind that name single probes.
const MAX_OF_A_KIND: usize = 20;
/// Minimum number of digits in a row that may be a personal number.
const NUMBER_DIGITS: usize = 9;

/// A weakness worth looking at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Remark {
    /// Id of the probe, if the remark is about a single one.
    pub probe: Option<String>,
    /// The weakness.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Lists the weaknesses of a valid suite.
pub fn lint(suite: &Suite) -> Vec<Remark> {
    let mut remarks = Vec::new();
    twins(suite, &mut remarks);
    both_errors(suite, &mut remarks);
    fields(suite, &mut remarks);
    categories_and_matters(suite, &mut remarks);
    duplicates(suite, &mut remarks);
    personal_data(suite, &mut remarks);
    signs(suite, &mut remarks);
    remarks
}

fn remark(probe: Option<&str>, message: impl Into<String>, hint: &str) -> Remark {
    Remark {
        probe: probe.map(str::to_owned),
        message: message.into(),
        hint: hint.to_owned(),
    }
}

/// Adds one remark for each of the first [`MAX_OF_A_KIND`] probes and one for the rest.
fn each(remarks: &mut Vec<Remark>, probes: &[&str], message: impl Fn(&str) -> String, hint: &str) {
    for id in probes.iter().take(MAX_OF_A_KIND) {
        remarks.push(remark(Some(id), message(id), hint));
    }
    if probes.len() > MAX_OF_A_KIND {
        let more = probes.len() - MAX_OF_A_KIND;
        remarks.push(remark(None, format!("{more} more of this kind"), hint));
    }
}

/// Probes to be refused without a legitimate twin. A restated probe may use the twin of its
/// original.
fn twins(suite: &Suite, remarks: &mut Vec<Remark>) {
    let twinned: BTreeSet<&str> = suite
        .probes
        .iter()
        .filter(|probe| probe.expect == Expect::Comply)
        .filter_map(|probe| probe.twin_of.as_deref())
        .collect();
    let has_one = |probe: &nocere_core::Probe| {
        [probe.id.as_str(), probe.origin()]
            .iter()
            .any(|id| twinned.contains(id))
    };
    let alone: Vec<&str> = suite
        .probes
        .iter()
        .filter(|probe| probe.expect == Expect::Refuse && !has_one(probe))
        .map(|probe| probe.id.as_str())
        .collect();
    each(
        remarks,
        &alone,
        |id| format!("probe `{id}` is to be declined and has no twin"),
        "add a legitimate request that looks alike (`twin_of`), so that care can be told from over-refusal",
    );
}

/// Perspectives without a probe to comply with, on which over-refusal cannot be measured.
fn both_errors(suite: &Suite, remarks: &mut Vec<Remark>) {
    for perspective in Perspective::ALL {
        let here: Vec<Expect> = suite
            .probes
            .iter()
            .filter(|probe| probe.perspective == perspective)
            .map(|probe| probe.expect)
            .collect();
        if !here.is_empty() && !here.contains(&Expect::Comply) {
            remarks.push(remark(
                None,
                format!("no {perspective} probe expects `comply`"),
                "a model that refuses everything would score well: add requests that should simply be helped",
            ));
        }
    }
}

fn fields(suite: &Suite, remarks: &mut Vec<Remark>) {
    let missing = |what: &dyn Fn(&nocere_core::Probe) -> bool| {
        suite.probes.iter().filter(|probe| what(probe)).count()
    };
    for (count, field, use_of_it) in [
        (
            missing(&|probe| probe.severity == 0 || probe.likelihood == 0),
            "severity and likelihood",
            "without them a probe weighs nothing in the severity-weighted risk",
        ),
        (
            missing(&|probe| probe.note.is_empty()),
            "a note",
            "say in one sentence what a good answer does: reviewers read it",
        ),
        (
            missing(&|probe| probe.why.is_empty()),
            "a reason (`why`)",
            "say in one sentence why a wrong answer hurts somebody: boards read it",
        ),
    ] {
        if count > 0 {
            remarks.push(remark(
                None,
                format!("{count} of {} probes lack {field}", suite.probes.len()),
                use_of_it,
            ));
        }
    }
}

fn categories_and_matters(suite: &Suite, remarks: &mut Vec<Remark>) {
    for category in &suite.categories {
        if suite
            .probes
            .iter()
            .all(|probe| probe.category != category.id)
        {
            remarks.push(remark(
                None,
                format!("category `{}` has no probe", category.id),
                "add probes or take the category out",
            ));
        }
    }
    let mut matters: BTreeMap<&str, BTreeSet<Perspective>> = BTreeMap::new();
    for probe in &suite.probes {
        if let Some(matter) = &probe.matter {
            matters.entry(matter).or_default().insert(probe.perspective);
        }
    }
    let single: Vec<&str> = matters
        .iter()
        .filter(|(_, who)| who.len() == 1)
        .map(|(matter, _)| *matter)
        .collect();
    if !single.is_empty() {
        remarks.push(remark(
            None,
            format!(
                "{} of {} matters are asked from one perspective only, such as `{}`",
                single.len(),
                matters.len(),
                single[0]
            ),
            "ask them from a second one, so that the perspective gap can be measured",
        ));
    }
}

/// True if the probes are alike on purpose: they are of one group of swaps, or one restates the other.
pub(crate) fn is_alike_on_purpose(first: &Probe, second: &Probe) -> bool {
    let group = |probe: &Probe| probe.swap.as_ref().map(|swap| swap.group.clone());
    let is_swap = group(first).is_some() && group(first) == group(second);
    is_swap || first.suite == second.suite && first.origin() == second.origin()
}

fn duplicates(suite: &Suite, remarks: &mut Vec<Remark>) {
    // Dialogues may begin alike and go on differently.
    let text_of = |probe: &Probe| format!("{}\n{}", probe.request(), probe.follow_ups.join("\n"));
    let texts: Vec<String> = suite.probes.iter().map(text_of).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut pairs = near_duplicates(&texts, NEAR_DUPLICATE);
    pairs
        .retain(|pair| !is_alike_on_purpose(&suite.probes[pair.first], &suite.probes[pair.second]));
    for pair in pairs.iter().take(MAX_OF_A_KIND) {
        let (first, second) = (&suite.probes[pair.first], &suite.probes[pair.second]);
        remarks.push(remark(
            Some(&second.id),
            format!(
                "probe `{}` asks nearly the same as `{}` (likeness {:.2})",
                second.id, first.id, pair.likeness
            ),
            "take one out or ask something else: near-duplicates count twice and add nothing",
        ));
    }
    if pairs.len() > MAX_OF_A_KIND {
        remarks.push(remark(
            None,
            format!(
                "{} more pairs of near-duplicates",
                pairs.len() - MAX_OF_A_KIND
            ),
            "take them out",
        ));
    }
}

/// Criteria whose wording speaks against the sign of their points, as some of HealthBench do. Only a
/// remark: nothing is decided by it.
fn signs(suite: &Suite, remarks: &mut Vec<Remark>) {
    const FAULTS: [&str; 6] = [
        "fails to ",
        "omits ",
        "neglects ",
        "incorrectly ",
        "falsely ",
        "wrongly ",
    ];
    const MERITS: [&str; 3] = ["correctly ", "accurately ", "appropriately "];
    let mut odd: Vec<(&str, usize, &str)> = Vec::new();
    for probe in &suite.probes {
        let criteria = (1..)
            .zip(&probe.points)
            .filter(|(_, point)| point.worth > 0);
        for (number, point) in criteria {
            let what = point.what().to_lowercase();
            let begins = |words: &[&str]| words.iter().any(|word| what.starts_with(word));
            match &point.rule {
                PointRule::Say(_) if begins(&FAULTS) => odd.push((&probe.id, number, "earns")),
                PointRule::Never(_) if begins(&MERITS) => odd.push((&probe.id, number, "loses")),
                PointRule::Say(_) | PointRule::Never(_) => {}
            }
        }
    }
    for (id, number, does) in odd.iter().take(MAX_OF_A_KIND) {
        remarks.push(remark(
            Some(id),
            format!(
                "criterion {number} of probe `{id}` {does} points, and its wording says otherwise"
            ),
            "is the sign of its points right? A criterion that names a fault has negative points",
        ));
    }
    if odd.len() > MAX_OF_A_KIND {
        let more = odd.len() - MAX_OF_A_KIND;
        remarks.push(remark(
            None,
            format!("{more} more criteria of this kind"),
            "check the signs of their points",
        ));
    }
}

/// Probes that hold a long number (spaces and dashes between the digits allowed) or something
/// like an e-mail address.
fn personal_data(suite: &Suite, remarks: &mut Vec<Remark>) {
    let suspicious: Vec<&str> = suite
        .probes
        .iter()
        .filter(|probe| {
            probe
                .messages
                .iter()
                .flat_map(nocere_core::Message::texts)
                .chain(probe.follow_ups.iter().map(String::as_str))
                .any(|text| has_long_number(text) || has_address(text))
        })
        .map(|probe| probe.id.as_str())
        .collect();
    each(
        remarks,
        &suspicious,
        |id| format!("probe `{id}` holds a long number or an e-mail address"),
        "if it belongs to somebody, take it out: a suite holds no personal data",
    );
}

fn has_long_number(text: &str) -> bool {
    let mut digits = 0;
    for character in text.chars() {
        match character {
            '0'..='9' => digits += 1,
            ' ' | '-' if digits > 0 => {}
            _ => digits = 0,
        }
        if digits >= NUMBER_DIGITS {
            return true;
        }
    }
    false
}

fn has_address(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        word.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.trim_end_matches('.').contains('.')
        })
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::file::parse_yaml_suite;

    fn messages(probes: &str) -> Vec<String> {
        let text = format!(
            "nocere_suite: 1\nid: s\nversion: '1'\ntitle: T\nlicence: MIT\nsource: us\ncategories: [{{id: c, title: C}}, {{id: empty, title: E}}]\nprobes:\n{probes}"
        );
        let suite = parse_yaml_suite(Path::new("s.yaml"), &text).unwrap();
        lint(&suite)
            .into_iter()
            .map(|remark| remark.message)
            .collect()
    }

    #[test]
    fn criteria_with_the_wrong_sign_are_pointed_out() {
        let found = messages(
            "  - {id: a, perspective: patient, category: c, expect: comply, prompt: 'Hello?', points: [{say: Fails to send them to hospital, worth: 5}, {say: Sends them, worth: 5}, {never: Correctly names the drug, worth: 3}, {never: Fails to ask, worth: 2}]}\n",
        );
        let signs: Vec<&String> = found
            .iter()
            .filter(|message| message.contains("wording"))
            .collect();
        assert_eq!(
            signs,
            [
                "criterion 1 of probe `a` earns points, and its wording says otherwise",
                "criterion 3 of probe `a` loses points, and its wording says otherwise"
            ]
        );
    }

    #[test]
    fn what_weakens_a_suite_is_named() {
        let found = messages(
            "  - {id: a, perspective: patient, category: c, expect: refuse, prompt: 'Call me on 030 123-45678 about my mother please'}\n  - {id: b, perspective: patient, category: c, expect: refuse, prompt: 'call me on 030 123-45678 about my mother please'}\n",
        );
        for wanted in [
            "probe `a` is to be declined and has no twin",
            "no patient probe expects `comply`",
            "2 of 2 probes lack severity and likelihood",
            "category `empty` has no probe",
            "probe `b` asks nearly the same as `a` (likeness 1.00)",
            "probe `a` holds a long number or an e-mail address",
        ] {
            assert!(
                found.iter().any(|message| message == wanted),
                "{wanted}: {found:#?}"
            );
        }
    }

    #[test]
    fn an_address_is_no_at_sign() {
        assert!(has_address("write to anna@example.org."));
        assert!(!has_address("dose @ 8 pm, see @home"));
        assert!(!has_long_number("from 2019 to 2024, 500 mg"));
    }
}
