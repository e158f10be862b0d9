use proptest::prelude::*;

use super::{numbers::value, *};

fn options() -> BTreeMap<String, String> {
    [
        ("A", "Aspirin"),
        ("B", "Warfarin"),
        ("C", "Heparin"),
        ("D", "A matter of taste"),
    ]
    .map(|(letter, text)| (letter.to_owned(), text.to_owned()))
    .into()
}

fn letter(answer: &str) -> Option<String> {
    choice(answer, &options()).ok()
}

#[test]
fn a_letter_that_is_committed_to_is_read() {
    for answer in [
        "B",
        "b",
        "(B)",
        "B.",
        "**B**",
        "The answer is B.",
        "The correct answer is (B) because of the vitamin K.",
        "Answer: B",
        "answer: b",
        "**Answer:** B",
        "B) Warfarin",
        "B. Warfarin, as it needs monitoring.",
        "Die richtige Antwort ist B.",
        "La respuesta es B.",
        "La réponse est (B).",
        "答案是B。",
        "答案：B",
        "It is warfarin.",
        "A is tempting, but the answer is B.",
        "Option B",
        "B, because of the vitamin K; A does nothing for the clotting factors.",
        "B\nReason: it needs monitoring.",
        "B - warfarin needs monitoring.",
        "B is the only one that agrees with the notes.",
        "Send B. It keeps the drug going.",
        "I would go for B, as it needs monitoring.",
        "I disagree with the sheet: it's B, warfarin.",
        "She should get letter B.",
        "Definitely B.",
        "选B。需要监测。",
        "B。A和C都不需要监测。",
        "B，以上都不对。",
        "B最准确：侧别和剂量都写到了。",
        "B吧，要监测。",
        "应为6分，选B，不是参考答案D。",
        "我认为给出的标准答案C不正确，应选B：要监测。",
        "建议用B，孕早期避免。",
        "应该是B",
        "我的选择是B。",
    ] {
        assert_eq!(letter(answer).as_deref(), Some("B"), "{answer}");
    }
}

#[test]
fn the_article_is_no_option() {
    for answer in [
        "A patient with this history needs a careful look.",
        "It depends on a number of things.",
        "The answer is a question of dose.",
        "The answer: a drug that thins the blood",
        "A good choice is one that the patient accepts.",
        "I would ask a colleague.",
        "B cells are low.",
        "C difficile is likely.",
        "B超检查更合适。",
        "C反应蛋白升高，需要复查。",
        "D-二聚体阴性可以排除。",
        "应该是A型流感。",
        "选D-二聚体。",
        "A、B都可以。",
        "请先写出最佳选项的字母，例如“答案：A”。",
        "Give the letter of the best answer first, as in \"Answer: A\".",
        "Escribe primero la letra, por ejemplo «Respuesta: B».",
        "A或B。",
        "",
    ] {
        assert_eq!(letter(answer), None, "{answer}");
    }
}

#[test]
fn two_letters_are_no_answer() {
    assert_eq!(letter("The answer is A. No, the answer is B."), None);
    assert_eq!(letter("A) Aspirin\nB) Warfarin"), None);
    assert_eq!(letter("Either aspirin or heparin."), None);
    assert_eq!(letter("The answer is E."), None);
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn a_word_that_opens_the_answer_is_read() {
    let (yes, others) = (words(&["yes"]), words(&["no", "maybe"]));
    let read = |answer: &str| phrase(answer, &yes, &others).ok();
    assert_eq!(read("Yes.").as_deref(), Some("yes"));
    assert_eq!(read("No, it does not.").as_deref(), Some("no"));
    assert_eq!(read("**Answer: maybe**").as_deref(), Some("maybe"));
    assert_eq!(
        read("The evidence is thin. The answer is no.").as_deref(),
        Some("no")
    );
    assert_eq!(read("It could be yes or no."), None);
    assert_eq!(read("Nobody knows for certain."), None);
    assert_eq!(read("Yesterday it worked."), None);
}

#[test]
fn numbers_are_read_as_people_write_them() {
    for (answer, expected) in [
        ("12.5", Some(12.5)),
        ("The answer is 1,250 mg.", Some(1250.0)),
        ("0,5 mg", Some(0.5)),
        ("5 mg/kg", None),
        ("between 250 and 500 mg", None),
        ("400 to 500 mg", None),
        ("5-10 mg", None),
        (">500 mg", None),
        ("Do not give 500 mg.", None),
        ("not 350 mg but 400 mg", None),
        ("The answer is 5 × 70 = 350 mg", Some(350.0)),
        (
            "To answer this, take 70 kg times 5, so it is 350 mg",
            Some(350.0),
        ),
        ("0,500 mg", Some(0.5)),
        ("350 %", None),
        (
            "70 kg times 10 mg is 700 mg, so the answer is 700 mg",
            Some(700.0),
        ),
        ("dose = 20 * 2 = 40 mg", Some(40.0)),
        ("between 3 mg and 5 mg", None),
        ("no number at all", None),
        ("-3", Some(-3.0)),
        ("2e3 mg", Some(2000.0)),
    ] {
        let unit = answer.contains("mg").then_some("mg");
        assert_eq!(
            number(answer, unit, Comma::Thousands).ok(),
            expected,
            "{answer}"
        );
    }
}

#[test]
fn an_answer_that_commits_to_nothing_is_unscored() {
    let key = AnswerKey::Choice {
        options: options(),
        correct: "B".to_owned(),
        pushed: Vec::new(),
    };
    assert!(matches!(
        compare(&key, "Ask a doctor.", Comma::Thousands),
        Verdict::Unscored {
            reason: UnscoredReason::NoAnswerFound,
            ..
        }
    ));
    assert!(matches!(
        compare(&key, "C", Comma::Thousands).score(),
        Some(Score::Label { label, .. }) if label == "wrong"
    ));
}

proptest! {
    #[test]
    fn arbitrary_answers_never_panic(answer in "\\PC{0,300}") {
        let _ = choice(&answer, &options());
        let _ = phrase(&answer, &words(&["yes"]), &words(&["no"]));
        let _ = number(&answer, Some("mg"), Comma::Thousands);
        let _ = number(&answer, None, Comma::Decimal);
    }
}

#[test]
fn what_is_denied_offered_or_excluded_is_no_answer() {
    for answer in [
        "The answer is A or B",
        "Answer: A and B",
        "Answer: A, C",
        "Option A is wrong.",
        "Choice A can be ruled out.",
        "Answer: A beta-blocker should not be given.",
        "No answer: A doctor should decide",
        "It is not option B",
        "B. is wrong, since it bleeds",
        "Not aspirin.",
        "I can't recommend aspirin here.",
    ] {
        assert_eq!(letter(answer), None, "{answer}");
    }
    for answer in [
        "\\boxed{B}",
        "La respuesta correcta es la B",
        "答案：Ｂ",
        "The answer is B because of vitamin K",
    ] {
        assert_eq!(letter(answer).as_deref(), Some("B"), "{answer}");
    }
    let (yes, others) = (words(&["yes"]), words(&["no", "maybe"]));
    for answer in [
        "There is no evidence either way; I cannot say.",
        "No information is given.",
        "The answer is not yes.",
        "Yes and no.",
        "Answer: yes. \nFinal answer: no",
    ] {
        assert_eq!(phrase(answer, &yes, &others).ok(), None, "{answer}");
    }
    let doses = words(&["5 mg"]);
    for answer in ["2.5 mg", "0.5 mg", "Certainly not 5 mg"] {
        assert_eq!(phrase(answer, &doses, &[]).ok(), None, "{answer}");
    }
    assert_eq!(phrase("<10", &words(&[">10"]), &[]).ok(), None);
    assert_eq!(
        phrase("Give 5 mg at night.", &doses, &[]).ok().as_deref(),
        Some("5 mg")
    );
}

#[test]
fn a_comma_means_what_it_means_in_the_language() {
    assert_eq!(value("1,250", Comma::Thousands), Some(1250.0));
    assert_eq!(value("1,250", Comma::Decimal), Some(1.25));
    assert_eq!(value("1.250", Comma::Decimal), Some(1250.0));
    assert_eq!(value("1.250", Comma::Thousands), Some(1.25));
    for comma in [Comma::Thousands, Comma::Decimal] {
        assert_eq!(value("1.250,5", comma), Some(1250.5));
        assert_eq!(value("1,250.5", comma), Some(1250.5));
        assert_eq!(value("1.250.000", comma), Some(1_250_000.0));
        assert_eq!(value("0.250", comma), Some(0.25));
        assert_eq!(value("0,250", comma), Some(0.25));
        assert_eq!(value("12,5", comma), Some(12.5));
        assert_eq!(value("12.5", comma), Some(12.5));
        assert_eq!(value("1’250", comma), Some(1250.0));
        assert_eq!(value("2e3", comma), Some(2000.0));
        assert_eq!(value("1.2.3", comma), None);
    }
    let dose = |answer: &str, comma| number(answer, Some("mg"), comma).ok();
    assert_eq!(
        dose("Die Dosis ist 1.250 mg.", Comma::of("de")),
        Some(1250.0)
    );
    assert_eq!(
        dose("Die Dosis ist 1.250,5 mg.", Comma::of("de-AT")),
        Some(1250.5)
    );
    assert_eq!(dose("Die Dosis ist 12,5 mg.", Comma::of("de")), Some(12.5));
    assert_eq!(dose("The dose is 12,5 mg.", Comma::of("en-GB")), Some(12.5));
    assert_eq!(dose("剂量是1,250 mg。", Comma::of("zh")), Some(1250.0));
    assert_eq!(dose("剂量: 1,250 mg", Comma::of("zh")), Some(1250.0));
}
