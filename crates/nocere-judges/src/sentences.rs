//! Splits text into sentences, in any language with the usual stops.

use std::ops::Range;

/// Brackets, quotation marks and emphasis that may follow a stop.
const CLOSERS: [char; 9] = [')', ']', '"', '\'', '”', '’', '»', '*', '_'];

/// Byte ranges of the sentences of `text`, without surrounding white space.
///
/// A sentence ends at a line break, at the full-width stops of Chinese and Japanese, and at
/// `.`, `!` or `?` before white space, with closing brackets and quotes in between.
/// Abbreviations are not recognised: "e.g. this" is split, which costs a check some context
/// but never adds any.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let mut end = index + c.len_utf8();
        let ends = match c {
            '\n' => true,
            '.' | '!' | '?' | '。' | '！' | '？' => {
                // Closing brackets and quotes belong to the sentence.
                while let Some((at, next)) = chars.next_if(|(_, next)| CLOSERS.contains(next)) {
                    end = at + next.len_utf8();
                }
                !matches!(c, '.' | '!' | '?')
                    || chars.peek().is_none_or(|(_, next)| next.is_whitespace())
            }
            _ => false,
        };
        if ends {
            push(text, start..end, &mut ranges);
            start = end;
        }
    }
    push(text, start..text.len(), &mut ranges);
    ranges
}

fn push(text: &str, range: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let Some(slice) = text.get(range.clone()) else {
        return;
    };
    let trimmed = slice.trim();
    if !trimmed.is_empty() {
        let start = range.start + (slice.len() - slice.trim_start().len());
        ranges.push(start..start + trimmed.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = sentences(text)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn stops_and_line_breaks_end_sentences() {
        check(
            "Take 2.5 mg. Really?\n- yes",
            &["Take 2.5 mg.", "Really?", "- yes"],
        );
        check("不要停药。请看医生！", &["不要停药。", "请看医生！"]);
        check(
            "(He said \"no.\") Then: **go!** Yes.",
            &["(He said \"no.\")", "Then: **go!**", "Yes."],
        );
        check("  ", &[]);
    }

    proptest! {
        #[test]
        fn ranges_are_ordered_and_on_character_bounds(text in "\\PC{0,200}") {
            let mut last = 0;
            for range in sentences(&text) {
                prop_assert!(range.start >= last && range.end > range.start);
                prop_assert!(text.get(range.clone()).is_some());
                last = range.end;
            }
        }
    }
}
