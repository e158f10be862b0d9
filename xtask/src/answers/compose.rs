//! Answers that are composed while training: brief right ones.

use std::path::Path;

use nocere_core::Perspective;
use serde::Deserialize;

use super::public::Weak;

/// How much a composed answer counts beside a written one.
const WEIGHT: f32 = 1.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exam {
    q: String,
    options: Vec<String>,
    right: usize,
}

/// Exam questions with the right answer in six forms.
pub(crate) fn exam(path: &Path) -> Result<Vec<Weak>, String> {
    let fault = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let exam: Vec<Exam> =
        serde_saphyr::from_str(&text).map_err(|error| fault(error.to_string()))?;
    let mut all = Vec::new();
    for item in exam {
        let letters = ["A", "B", "C", "D"];
        let (Some(option), Some(letter)) = (item.options.get(item.right), letters.get(item.right))
        else {
            return Err(fault(format!("no option {} of: {}", item.right, item.q)));
        };
        let mut listed = item.q.clone();
        for (letter, option) in letters.iter().zip(&item.options) {
            listed.push_str(&format!("\n{letter}. {option}"));
        }
        for (question, answer) in [
            (&listed, (*letter).to_owned()),
            (&listed, format!("{letter}. {option}")),
            (&listed, format!("({letter}) {option}")),
            (&listed, format!("The answer is {letter}.")),
            (
                &listed,
                format!("The answer is {letter}. {option} fits best here."),
            ),
            (
                &listed,
                format!("**{letter}: {option}.** It is the most likely of these."),
            ),
            (&item.q, option.clone()),
            (&item.q, format!("{option}.")),
        ] {
            all.push(Weak {
                source: "exam questions, composed",
                perspective: Perspective::Clinician,
                question: question.clone(),
                answer,
                may_be: [false, false, false, true, false],
                weight: WEIGHT,
                label: None,
            });
        }
    }
    Ok(all)
}
