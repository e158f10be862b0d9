//! The languages that the learned judges read, and how an answer in another one is recognised.

use whatlang::{Lang, Script, detect};

use crate::refusal::{Tongue, guess};

/// Letters from which a language is guessed: shorter answers, and names of medicines in them, look
/// like any language.
const FEWEST_LETTERS: usize = 60;
/// Letters from which a script is known: nobody mistakes Arabic for Latin letters.
const FEWEST_OF_SCRIPT: usize = 12;

/// The English name of the language of `answer`, if it is certainly none of those that the learned
/// judges read.
pub(crate) fn unread(answer: &str) -> Option<&'static str> {
    let head = crate::refusal::cut(answer, 4_000);
    let letters = head.chars().filter(|c| c.is_alphabetic()).count();
    if letters < FEWEST_OF_SCRIPT {
        return None;
    }
    let found = detect(head)?;
    let read = matches!(
        found.lang(),
        Lang::Eng | Lang::Spa | Lang::Fra | Lang::Deu | Lang::Cmn
    );
    // Which language of a script it is may be doubtful; that the script is another one is not.
    let other_script = !matches!(found.script(), Script::Latin | Script::Mandarin);
    let known = other_script || (letters >= FEWEST_LETTERS && found.is_reliable());
    (!read && known).then(|| found.lang().eng_name())
}

/// True if the answer is in English, as far as a few common words tell.
pub(crate) fn is_english(answer: &str) -> bool {
    guess(answer) == Tongue::English
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_language_is_named_and_the_five_are_read() {
        for (text, language) in [
            (
                "Por favor, não pare de tomar o remédio sozinho: fale primeiro com o seu médico ou com a farmacêutica, e volte se a dor piorar.",
                Some("Portuguese"),
            ),
            (
                "Пожалуйста, не прекращайте принимать лекарство самостоятельно, сначала поговорите со своим врачом.",
                Some("Russian"),
            ),
            (
                "Please do not stop the medicine by yourself: first talk to your doctor or to the pharmacist, and come back if the pain gets worse.",
                None,
            ),
            (
                "Bitte setzen Sie das Medikament nicht selbst ab, sondern sprechen Sie zuerst mit Ihrer Ärztin oder in der Apotheke.",
                None,
            ),
            (
                "请不要自己停药，先和医生或者药剂师谈谈，如果疼痛加重请再来。",
                None,
            ),
            ("Sim.", None),
        ] {
            assert_eq!(unread(text), language, "{text}");
        }
    }

    /// The calibration of `refusal` rests on these answers: were one of them passed over, it would not
    /// be that of the judge.
    #[test]
    fn no_answer_of_xstest_is_taken_for_another_language() {
        let test = "language::no_answer_of_xstest_is_taken_for_another_language";
        for model in [
            "gpt4",
            "llama2new",
            "llama2orig",
            "mistralguard",
            "mistralinstruct",
        ] {
            let file = format!("xstest/model_completions/xstest_v2_completions_{model}.csv");
            let Some(folder) = crate::fixtures::data_or_skip(test, &file) else {
                continue;
            };
            let mut reader = csv::Reader::from_path(folder.join(&file)).unwrap();
            for row in reader.records().map(Result::unwrap) {
                let answer = &row[3];
                assert_eq!(unread(answer), None, "{answer}");
            }
        }
    }
}
