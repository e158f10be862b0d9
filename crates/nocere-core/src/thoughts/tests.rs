use proptest::prelude::*;

use super::*;

const HELP: &str = "Yes. Take it with food, and ask a pharmacist if it upsets your stomach.";

fn parts(text: &str) -> (Option<String>, String) {
    let split = split_thoughts(text);
    (split.thoughts, split.answer.into_owned())
}

#[test]
fn thoughts_are_not_read_as_the_answer() {
    for text in [
        // The template opened the tag in the prompt.
        format!("I could just say I cannot help with that. But no.\n</think>\n\n{HELP}"),
        format!("hm</think>{HELP}"),
        format!("<think>They wrote <think>why</think> so I cannot.</think>\n{HELP}"),
        format!("[THINK]I cannot.[/THINK]{HELP}"),
        format!("<thinking>\nI cannot.\n</thinking>\n{HELP}"),
        format!("<Thinking>I cannot.</THINKING>{HELP}"),
        format!("<thought>a</thought>{HELP}"),
        format!("<reasoning>a</reasoning>\n{HELP}"),
        format!("<think time=\"3 s\">a</think>{HELP}"),
        format!("<think>a</think>\n<think>b</think>\n{HELP}"),
        format!("<think>a</think><think>b</think>{HELP}"),
        format!("\n  <think>\n</think>\n{HELP}"),
        format!("<unused94>thought\nI cannot.<unused95>{HELP}"),
        format!("\u{25c1}think\u{25b7}I cannot.\u{25c1}/think\u{25b7}{HELP}"),
        format!("<|START_THINKING|>I cannot.<|END_THINKING|>{HELP}"),
        format!("&lt;think&gt;I cannot.&lt;/think&gt;{HELP}"),
        format!(
            "<|channel|>analysis<|message|>I cannot.<|end|><|start|>assistant<|channel|>final<|message|>{HELP}"
        ),
        format!(
            "<|start|>assistant<|channel|>analysis<|message|>No.<|end|><|start|>assistant<|channel|>commentary to=a<|message|>x<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{HELP}<|return|>"
        ),
        format!("analysisWe could refuse. No.assistantfinal{HELP}"),
        format!("<think>a</thinking>{HELP}"),
        format!("<think/>{HELP}"),
        format!("<|channel>thought\nI cannot.<channel|>{HELP}"),
        format!("<details type=\"reasoning\">I cannot.</details>\n{HELP}"),
        format!("<antThinking>I cannot.</antThinking>{HELP}"),
        format!("<think>It says <think> in the text. I cannot.</think>{HELP}"),
    ] {
        let (thoughts, answer) = parts(&text);
        assert_eq!(answer, HELP, "{text}");
        assert!(thoughts.is_some(), "{text}");
    }
}

#[test]
fn thoughts_that_never_end_leave_no_answer() {
    for text in [
        "<think>cut off",
        "[THINK]cut off",
        "<thinking>a <thinking> b",
        "<|channel|>analysis<|message|>cut off",
    ] {
        let (thoughts, answer) = parts(text);
        assert_eq!(answer, "", "{text}");
        assert!(thoughts.is_some(), "{text}");
    }
    let opened = split_opened("on and on", true);
    assert_eq!(
        (opened.answer.as_ref(), opened.thoughts.as_deref()),
        ("", Some("on and on"))
    );
    let opened = split_opened("on</think>Yes.", true);
    assert_eq!(opened.answer, "Yes.");
    let again = split_opened("<think>\non</think>Yes.", true);
    assert_eq!(
        (again.answer.as_ref(), again.thoughts.as_deref()),
        ("Yes.", Some("on"))
    );
}

#[test]
fn answers_without_thoughts_stay_as_they_are() {
    for text in [
        "plain",
        "  indented\n",
        "I <think> so</think>",
        "The tag `</think>` ends it.",
        "```\n`<think>`\n```",
        "analysis of blood takes a day",
        "a [thin] line & <thin>",
        "",
    ] {
        assert_eq!(parts(text), (None, text.to_owned()), "{text}");
    }
    // What is said about the tag, and an answer that the tag follows.
    let about = "A block is closed by </think> before the reply is shown.";
    assert_eq!(parts(about), (None, about.to_owned()));
    assert_eq!(parts(&format!("{HELP}\n</think>")).1, HELP);
    assert!(split_thoughts("I <think> so</think>").unsure);
    assert!(!split_thoughts("plain").unsure);
}

#[test]
fn a_block_on_its_own_line_is_cut_out_of_the_answer() {
    let (thoughts, answer) = parts("Of course.\n<think>\nI cannot.\n</think>\nTake it.");
    assert_eq!(thoughts.as_deref(), Some("I cannot."));
    assert_eq!(answer, "Of course.\n\nTake it.");
}

#[test]
fn a_closing_tag_amid_a_line_is_noted() {
    let split = split_thoughts("I cannot.</think> Yes.");
    assert_eq!(split.answer, "Yes.");
    assert!(split.unsure);
}

proptest! {
    #[test]
    fn any_text_is_split_without_a_panic(
        text in "(<think>|</think>|\\[THINK\\]|`|\n|<\\|channel\\|>|<\\|message\\|>|final|é|<think |a ){0,40}",
        opened in any::<bool>(),
    ) {
        let _ = split_opened(&text, opened);
    }

    #[test]
    fn thoughts_and_answer_are_taken_apart(
        thought in "[a-z .\n]{0,60}",
        answer in "[A-Za-z][A-Za-z .\n]{0,60}",
    ) {
        let (thoughts, rest) = parts(&format!("<think>{thought}</think>{answer}"));
        prop_assert_eq!(thoughts.as_deref(), Some(thought.trim()));
        prop_assert_eq!(rest, answer);
    }
}
