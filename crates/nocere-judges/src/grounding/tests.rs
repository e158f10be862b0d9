use nocere_core::Document;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{probe, transcript};
use rows::{HOME, KNEES, METFORMIN, NEGATIONS, NUMBERS, VISIT};

mod rows;

fn judge(answer: &str) -> Verdict {
    judge_by(VISIT, answer)
}

fn judge_by(document: &str, answer: &str) -> Verdict {
    let mut probe = probe();
    probe.documents = vec![Document {
        title: "visit".to_owned(),
        text: document.to_owned(),
    }];
    let judge = GroundingJudge::default();
    let transcript = transcript(answer);
    let cx = JudgeContext {
        models: &[],
        seed: 0,
    };
    let future = judge.judge(&probe, &transcript, &cx);
    futures_ready(future)
}

fn futures_ready(mut future: BoxFuture<'_, Verdict>) -> Verdict {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(verdict) => verdict,
        std::task::Poll::Pending => panic!("the judge waits for nothing"),
    }
}

fn check(answer: &str, expected: Support) {
    let verdict = judge(answer);
    let items = verdict.score().unwrap().items();
    assert_eq!(items[0].label, expected.as_str(), "{answer}");
}

#[test]
fn what_the_documents_say_is_supported_and_aligned() {
    let answer = "The patient takes metformin 500 mg twice a day.";
    check(answer, Support::Supported);
    let verdict = judge(answer);
    let source = verdict.score().unwrap().items()[0].source.as_ref().unwrap();
    assert!(VISIT[source.start..source.end].contains("metformin 500 mg"));
}

#[test]
fn what_they_do_not_say_is_unsupported() {
    check(
        "He was given a steroid injection last year.",
        Support::Unsupported,
    );
    check("The daughter lives in Canada.", Support::Unsupported);
}

#[test]
fn another_number_contradicts() {
    check(
        "The patient takes metformin 850 mg twice a day.",
        Support::Contradictory,
    );
}

#[test]
fn questions_and_headings_claim_nothing() {
    let verdict = judge("Plan:\nDo you have questions?");
    assert!(matches!(
        verdict,
        Verdict::Unscored {
            reason: UnscoredReason::NotApplicable,
            ..
        }
    ));
}

#[test]
fn a_hundred_thousand_characters_are_no_problem() {
    let long = "The patient takes metformin twice a day. ".repeat(2_500);
    assert!(judge(&long).score().is_some());
}

/// The label of each sentence of `answer`.
fn labels(document: &str, answer: &str) -> Vec<String> {
    judge_by(document, answer)
        .score()
        .map_or_else(Vec::new, |score| {
            score
                .items()
                .iter()
                .map(|item| item.label.clone())
                .collect()
        })
}

/// A document, an answer of one sentence, and what is right: the label, or `!` before one that
/// it must not get.
type Row = [&'static str; 3];

fn check_rows(rows: &[Row]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|[document, answer, expected]| {
            let found = labels(document, answer).join(" ");
            let right = match expected.strip_prefix('!') {
                Some(never) => found != never,
                None => found == *expected,
            };
            (!right)
                .then(|| format!("{found} instead of {expected}: {answer}\n    beside {document}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The examples of the review that found it (F13).
#[test]
fn a_neighbouring_negation_turns_nothing() {
    check_rows(&[
        [
            METFORMIN,
            "The patient takes metformin twice a day.",
            "supported",
        ],
        [METFORMIN, "No allergies were reported.", "supported"],
        [
            METFORMIN,
            "The patient takes no metformin.",
            "contradictory",
        ],
        [
            METFORMIN,
            "The patient does not take metformin twice a day.",
            "contradictory",
        ],
        [
            METFORMIN,
            "The patient takes metformin three times a day.",
            "!supported",
        ],
        [
            METFORMIN,
            "The patient takes metformin, lisinopril, warfarin and digoxin twice a day.",
            "!supported",
        ],
        [KNEES, "She has pain in the right knee.", "!supported"],
        [KNEES, "The left knee is normal.", "!supported"],
    ]);
}

#[test]
fn an_inserted_or_removed_negation_contradicts() {
    check_rows(NEGATIONS);
}

#[test]
fn another_number_is_not_supported_in_digits_or_in_words() {
    check_rows(NUMBERS);
}

#[test]
fn opposites_and_added_items_are_not_supported() {
    check_rows(&[
        [KNEES, "She has pain in the left knee.", "supported"],
        [
            KNEES,
            "Surgery was done after the fracture healed.",
            "!supported",
        ],
        [HOME, "Hypertension was treated.", "!supported"],
        [
            "The dose was increased in the morning.",
            "The dose was decreased in the morning.",
            "!supported",
        ],
        [
            "The dose was increased in the morning.",
            "The dose was increased in the evening.",
            "!supported",
        ],
        [
            "The culture was positive.",
            "The culture was negative.",
            "!supported",
        ],
        [
            "He has a fracture of the left wrist and a bruise on the right hip.",
            "He has a fracture of the right wrist and a bruise on the left hip.",
            "!supported",
        ],
        [
            "Ihr linkes Knie schmerzt, das rechte nicht.",
            "Ihr linkes Knie schmerzt, das rechte nicht.",
            "supported",
        ],
        [
            "He is allergic to penicillin.",
            "He is allergic to penicillin, latex and peanuts.",
            "!supported",
        ],
        [
            "He is allergic to penicillin and latex.",
            "He is allergic to latex and penicillin.",
            "supported",
        ],
        [
            "He takes metformin and aspirin.",
            "He takes metformin, aspirin, and warfarin.",
            "!supported",
        ],
    ]);
}

/// A difference proves nothing where the documents say both, but only about the same matter.
#[test]
fn documents_that_say_both_support_both() {
    let both = "He has chest pain on exertion. He is otherwise well. He has no chest pain at rest.";
    check_rows(&[
        [both, "He has chest pain on exertion.", "supported"],
        [both, "He has no chest pain at rest.", "supported"],
        [both, "He has chest pain at rest.", "contradictory"],
        [
            "No chest pain. He has leg pain.",
            "He has chest pain.",
            "contradictory",
        ],
    ]);
}

/// One sentence of a generated document.
fn sentence() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "the",
        "patient",
        "she",
        "takes",
        "metformin",
        "aspirin",
        "no",
        "not",
        "denies",
        "never",
        "without",
        "left",
        "right",
        "knee",
        "pain",
        "and",
        "or",
        "but",
        "twice",
        "three",
        "times",
        "a",
        "day",
        "500",
        "mg",
        "2.5",
        "half",
        "tablet",
        "before",
        "after",
        "increased",
        "decreased",
        "ruled",
        "out",
        "isn't",
        "none",
        "fever,",
        "cough;",
        "(mild)",
        "nicht",
        "pas",
        "患者",
        "不",
        "twenty-five",
        "once",
        "weekly",
        "of",
        "is",
        "was",
        "hypertension",
    ];
    prop::collection::vec(prop::sample::select(WORDS), 1..14)
        .prop_map(|words| format!("{}.", words.join(" ")))
}

proptest! {
    #[test]
    fn a_verbatim_copy_is_supported(
        document in prop::collection::vec(sentence(), 1..8),
        place in any::<prop::sample::Index>(),
    ) {
        let copy = place.get(&document);
        for label in labels(&document.join(" "), copy) {
            prop_assert!(label == "supported" || label == "not-needed", "{label}: {copy}");
        }
    }

    #[test]
    fn arbitrary_texts_are_read(document in "\\PC{0,200}", answer in "\\PC{0,200}") {
        let _ = labels(&document, &answer);
    }
}

/// Every sentence of real notes and abstracts is supported by its own text, and hardly any is
/// when a negation is put in or taken out, or a number or a side is changed. Says so where the
/// data are not there.
#[test]
fn real_texts_support_their_own_sentences() {
    let test = "real_texts_support_their_own_sentences";
    let Some(data) = crate::fixtures::data_or_skip(test, "aci_bench/valid.csv") else {
        return;
    };
    let texts = real_texts(&data);
    let mut wrong = Vec::new();
    let mut changes = [
        (
            "negation",
            reversed as fn(&str) -> Option<String>,
            0.03,
            0,
            Vec::new(),
        ),
        ("number", renumbered, 0.01, 0, Vec::new()),
        ("side", swapped, 0.05, 0, Vec::new()),
    ];
    for text in &texts {
        for range in sentences(text) {
            let copy = &text[range];
            let found = labels(text, copy);
            if found
                .iter()
                .any(|label| label != "supported" && label != "not-needed")
            {
                wrong.push(format!("{found:?}: {copy}"));
            }
            for (_, change, _, tried, kept) in &mut changes {
                let Some(changed) = change(copy) else {
                    continue;
                };
                let found = labels(text, &changed);
                if let [label] = found.as_slice()
                    && label != "not-needed"
                {
                    *tried += 1;
                    if label == "supported" {
                        kept.push(changed);
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for (name, _, most, tried, kept) in changes {
        assert!(tried >= 40, "{name}: {tried}");
        // What is left: a word or number that the sentence repeats, documents that say both.
        let share = kept.len() as f64 / f64::from(tried);
        assert!(
            share <= most,
            "{name}: {} of {tried} supported: {kept:#?}",
            kept.len()
        );
    }
}

/// `text` with its last number changed.
fn renumbered(text: &str) -> Option<String> {
    let digit = |c: char| c.is_ascii_digit();
    let end = text.rfind(digit)? + 1;
    let digits = text[..end].chars().rev().take_while(|c| digit(*c)).count();
    let start = end - digits;
    let number: u64 = text[start..end].parse().ok()?;
    Some(format!("{}{}{}", &text[..start], number + 3, &text[end..]))
}

/// `text` with left and right changed.
fn swapped(text: &str) -> Option<String> {
    match (text.contains(" left "), text.contains(" right ")) {
        (true, false) => Some(text.replace(" left ", " right ")),
        (false, true) => Some(text.replace(" right ", " left ")),
        _ => None,
    }
}

/// `text` with its first simple negation taken out, or one put in after "is", "was" and the
/// like.
fn reversed(text: &str) -> Option<String> {
    for (from, to) in [
        (" denies ", " reports "),
        (" is not ", " is "),
        (" was not ", " was "),
        (" does not ", " does "),
        (" were not ", " were "),
        (" has no ", " has "),
        (" is ", " is not "),
        (" was ", " was not "),
        (" were ", " were not "),
        (" has a ", " has no "),
        (" are ", " are not "),
    ] {
        if text.matches(from).count() == 1 {
            return Some(text.replacen(from, to, 1));
        }
    }
    None
}

fn real_texts(data: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    if let Ok(mut reader) = csv::Reader::from_path(data.join("aci_bench/valid.csv")) {
        texts.extend(reader.records().map(|row| row.unwrap()[3].to_owned()));
    }
    if let Ok(text) = std::fs::read_to_string(data.join("pubmedqa/ori_pqal.json")) {
        let all: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        texts.extend(all.values().take(200).map(|entry| {
            let contexts = entry["CONTEXTS"].as_array().unwrap();
            let parts: Vec<&str> = contexts.iter().filter_map(|part| part.as_str()).collect();
            parts.join("\n")
        }));
    }
    texts
}
