//! How the page leads to the samples behind its figures.

use nocere_analysis::Figure;
use nocere_core::{JudgeId, Perspective};

/// A figure by one of its judges, as links and the index name it.
pub(crate) fn figure_of_judge(figure: &str, judge: &JudgeId) -> String {
    format!("{figure} by {judge}")
}

/// Where the samples behind a figure are: the browser, filtered.
pub(crate) fn samples_link(target: &str, who: Perspective, figure: &Figure) -> String {
    let value = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    format!(
        "samples/index.html#figure={}&who={who}&target={}",
        value(&figure_of_judge(&figure.figure, &figure.judge)),
        value(target)
    )
}
