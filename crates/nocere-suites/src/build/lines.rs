//! Candidates in a generator's answer.

/// Fewest words of a message, or characters where words are not parted by spaces.
const FEWEST_WORDS: usize = 3;
/// Longest message in characters; more is a broken list.
const LONGEST: usize = 1_500;

/// What an answer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The candidates, in order.
    pub candidates: Vec<String>,
    /// Lines that are no candidates: headings, remarks, fragments. Empty lines do not count.
    pub dropped: usize,
}

/// The messages in `answer`, one for each line that is one. Numbering, bullets and quotation
/// marks around a line are taken off. Of an answer that was `cut` the last line is dropped.
pub fn candidate_lines(answer: &str, cut: bool) -> Lines {
    let mut lines: Vec<&str> = answer
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let mut found = Lines::default();
    if cut && lines.pop().is_some() {
        found.dropped += 1;
    }
    for line in lines {
        match message(line) {
            Some(text) => found.candidates.push(text),
            None => found.dropped += 1,
        }
    }
    found
}

/// The message that a line holds, if it is one.
fn message(line: &str) -> Option<String> {
    let structural = line.starts_with('#')
        || line.starts_with("```")
        || line.starts_with("---")
        || line.ends_with(':')
        || line.ends_with('：')
        || (line.starts_with("**") && line.ends_with("**"));
    if structural {
        return None;
    }
    let text = unquoted(without_marker(line));
    // Control characters have no place in a message that somebody typed.
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    let spaced = text.split_whitespace().count();
    let dense = text
        .chars()
        .filter(|c| ('\u{2e80}'..='\u{9fff}').contains(c))
        .count();
    let enough = spaced >= FEWEST_WORDS || dense > FEWEST_WORDS;
    (enough && text.chars().count() <= LONGEST).then(|| text.to_owned())
}

/// The line without a number or bullet in front.
fn without_marker(line: &str) -> &str {
    for bullet in ["- ", "* ", "• ", "– ", "— "] {
        if let Some(rest) = line.strip_prefix(bullet) {
            return rest.trim_start();
        }
    }
    let line = line.strip_prefix('(').unwrap_or(line);
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - rest.len();
    if (1..=4).contains(&digits) {
        for mark in [". ", ") ", ": ", "、", "．"] {
            if let Some(rest) = rest.strip_prefix(mark) {
                return rest.trim_start();
            }
        }
    }
    line
}

/// The text without one pair of quotation marks around the whole of it.
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
        let lines = candidate_lines(answer, false);
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
        let lines = candidate_lines("May I do this?\nMay I do that and", true);
        assert_eq!(lines.candidates, ["May I do this?"]);
        assert_eq!(lines.dropped, 1);
    }

    proptest! {
        #[test]
        fn every_line_is_a_candidate_or_dropped(answer in "\\PC{0,40}(\n\\PC{0,40}){0,8}", cut in any::<bool>()) {
            let lines = candidate_lines(&answer, cut);
            let filled = answer.lines().filter(|line| !line.trim().is_empty()).count();
            prop_assert_eq!(lines.candidates.len() + lines.dropped, filled);
            for candidate in lines.candidates {
                prop_assert!(!candidate.contains('\n') && candidate.trim() == candidate);
            }
        }
    }
}
