//! The lines of a JSONL file with their numbers.

/// Lines that are not blank, trimmed, with their numbers from 1. Accepts CRLF.
pub fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index as u64 + 1, line.trim_end_matches('\r').trim()))
        .filter(|(_, line)| !line.is_empty())
}
