//! Extracts candidates from a generator's answer.

use nocere_core::text::{is_invisible, is_spelling};

use nocere_suites::stands_alone;

/// Minimum number of words in a message. In scripts without spaces, more characters than this.
const FEWEST_WORDS: usize = 3;
/// Maximum length of a message in characters. A longer line means a broken list.
const LONGEST: usize = 1_500;

/// Contents of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The candidates, in order.
    pub candidates: Vec<String>,
    /// Number of lines that are not candidates: headings, remarks, fragments, and messages
    /// beyond the number requested. Blank lines do not count.
    pub dropped: usize,
}

/// The first `wanted` messages in `answer`: its lines, or its entries if it is a JSON list.
/// Numbering, bullets and quotation marks around a line are removed, and the model's
/// thoughts are skipped. If the answer was `cut` off, its last line is dropped.
pub fn candidate_lines(answer: &str, cut: bool, wanted: usize) -> Lines {
    let answer = nocere_core::split_thoughts(answer).answer;
    let listed = listed(&answer);
    let mut lines: Vec<&str> = match &listed {
        Some(list) => list.iter().map(String::as_str).collect(),
        None => answer.lines().collect(),
    };
    lines.retain(|line| !line.trim().is_empty());
    let mut found = Lines::default();
    if cut && lines.pop().is_some() {
        found.dropped += 1;
    }
    for line in lines {
        match message(line) {
            Some(text) if found.candidates.len() < wanted => found.candidates.push(text),
            _ => found.dropped += 1,
        }
    }
    found
}

/// The entries of an answer that is a JSON list of texts, with or without a code fence.
fn listed(answer: &str) -> Option<Vec<String>> {
    let text = answer.trim();
    let text = text
        .strip_prefix("```json")
        .or_else(|| text.strip_prefix("```"))
        .unwrap_or(text);
    let text = text.strip_suffix("```").unwrap_or(text);
    serde_json::from_str(text.trim()).ok()
}

/// The message in a line; `None` if the line is structure, too short or too long.
fn message(line: &str) -> Option<String> {
    let line = visible(line);
    let line = line.trim();
    let structural = line.starts_with(['#', '<', '[', '{', ']', '}'])
        || line.starts_with("```")
        || line.starts_with("---")
        || line.ends_with(':')
        || line.ends_with('：')
        || (line.starts_with("**") && line.ends_with("**"))
        // A field of a broken JSON object.
        || (line.starts_with('"') && line.contains("\": "));
    if structural {
        return None;
    }
    let text = without_marker(line);
    // An entry of a broken JSON list.
    let text = if text.starts_with('"') {
        text.trim_end_matches(',')
    } else {
        text
    };
    let text = unquoted(text);
    let spaced = text.split_whitespace().count();
    let dense = text.chars().filter(|c| stands_alone(*c)).count();
    let enough = spaced >= FEWEST_WORDS || dense > FEWEST_WORDS;
    (enough && text.chars().count() <= LONGEST).then(|| text.to_owned())
}

/// The line without escape sequences, control characters, and characters that hide text or
/// reverse its direction.
fn visible(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' && rest.peek() == Some(&'[') {
            // Skip to the letter that ends the sequence.
            for part in rest.by_ref() {
                if part.is_ascii_alphabetic() {
                    break;
                }
            }
        } else if matches!(character, '\t' | '\n' | '\r') {
            text.push(' ');
        } else if !character.is_control() && (!is_invisible(character) || is_spelling(character)) {
            text.push(character);
        }
    }
    text
}

/// The line without a leading bullet or number (of up to four digits).
fn without_marker(line: &str) -> &str {
    for bullet in ["- ", "* ", "• ", "– ", "— "] {
        if let Some(rest) = line.strip_prefix(bullet) {
            return rest.trim_start();
        }
    }
    let bold = line.starts_with("**");
    let inner = line.strip_prefix("**").unwrap_or(line);
    let inner = inner.strip_prefix('(').unwrap_or(inner);
    let rest = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    if !(1..=4).contains(&(inner.len() - rest.len())) {
        return line;
    }
    for mark in [".", ")", ":", "、", "．"] {
        if let Some(rest) = rest.strip_prefix(mark) {
            let rest = if bold {
                rest.strip_prefix("**").unwrap_or(rest)
            } else {
                rest
            };
            // A decimal number is not a marker.
            if rest.starts_with(|c: char| !c.is_ascii_digit()) {
                return rest.trim_start();
            }
        }
    }
    line
}

/// The text without a pair of quotation marks around all of it.
fn unquoted(text: &str) -> &str {
    for (open, close) in [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('「', '」')]
    {
        if let Some(inner) = text
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            && !inner.contains(open)
        {
            return inner.trim();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markers_and_quotes_come_off_and_remarks_are_dropped() {
        let answer = "Here are three messages:\n\n1. \"May I stop my tablets today?\"\n2) 41 degrees and no water, what now\n- **bold** is part of it\n## More\nok\n“Can I double it tonight?”\n我可以自己停药吗？";
        let lines = candidate_lines(answer, false, 50);
        assert_eq!(
            lines.candidates,
            [
                "May I stop my tablets today?",
                "41 degrees and no water, what now",
                "**bold** is part of it",
                "Can I double it tonight?",
                "我可以自己停药吗？",
            ]
        );
        assert_eq!(lines.dropped, 3);
    }

    #[test]
    fn the_last_line_of_a_cut_answer_is_not_whole() {
        let lines = candidate_lines("May I do this?\nMay I do that and", true, 50);
        assert_eq!(lines.candidates, ["May I do this?"]);
        assert_eq!(lines.dropped, 1);
    }

    #[test]
    fn what_hides_or_turns_round_is_taken_out() {
        let answer = "(asking for a friend) may I stop?\n**3.** May I double it?\n\u{1b}[31mred\u{1b}[0m and \u{202e}blue pills\u{200b} now?\n3.5 mg or more, may I?\nผมหยุดยาเองได้ไหมครับ";
        assert_eq!(
            candidate_lines(answer, false, 9).candidates,
            [
                "(asking for a friend) may I stop?",
                "May I double it?",
                "red and blue pills now?",
                "3.5 mg or more, may I?",
                "ผมหยุดยาเองได้ไหมครับ",
            ]
        );
    }

    #[test]
    fn lists_thoughts_and_overlong_answers_are_read() {
        let list = "```json\n[\"May I stop it?\", \"Can I double it?\", \"ok\"]\n```";
        let lines = candidate_lines(list, false, 9);
        assert_eq!(lines.candidates, ["May I stop it?", "Can I double it?"]);
        assert_eq!(lines.dropped, 1);
        let thoughts = "<think>I need two lines here\nhm well</think>\nMay I stop it?";
        assert_eq!(
            candidate_lines(thoughts, false, 9).candidates,
            ["May I stop it?"]
        );
        assert_eq!(
            candidate_lines("<think>on and on it goes", true, 9),
            Lines::default()
        );
        let many = "May I stop it?\n".repeat(50);
        let lines = candidate_lines(&many, false, 9);
        assert_eq!((lines.candidates.len(), lines.dropped), (9, 41));
        let broken =
            "[\n  \"May I stop it now?\",\n  \"message\": \"May I double it?\",\n  \"Can I do";
        assert_eq!(
            candidate_lines(broken, true, 9).candidates,
            ["May I stop it now?"]
        );
        let wrapped = "[\"May I\\nstop it?\"]";
        assert_eq!(
            candidate_lines(wrapped, false, 9).candidates,
            ["May I stop it?"]
        );
    }

    proptest! {
        #[test]
        fn every_line_is_a_candidate_or_dropped(answer in "[^<\\[\\]`\\p{C}]{0,40}(\n[^<\\[\\]`\\p{C}]{0,40}){0,8}", cut in any::<bool>(), wanted in 0_usize..9) {
            let lines = candidate_lines(&answer, cut, wanted);
            let filled = answer.lines().filter(|line| !line.trim().is_empty()).count();
            prop_assert_eq!(lines.candidates.len() + lines.dropped, filled);
            prop_assert!(lines.candidates.len() <= wanted);
            for candidate in lines.candidates {
                prop_assert!(!candidate.contains('\n') && candidate.trim() == candidate);
            }
        }
    }
}
