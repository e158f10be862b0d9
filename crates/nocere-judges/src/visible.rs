//! The text of an answer as a person sees it, with the way back to the answer's own bytes:
//! without comments, markup and hidden characters, and with look-alike characters folded.
//!
//! Checks match this text, so that a dose is found however it is set ("**500**&nbsp;mg",
//! "５００ｍｇ") and a comment that nobody sees counts for nothing. What is folded follows
//! Unicode's compatibility forms (NFKC) where they matter for numbers, units and words. It
//! deliberately does not render: unclosed comments and unknown tags stay text.

use std::{ops::Range, sync::LazyLock};

use nocere_core::text::is_invisible;
use regex::Regex;

/// The visible text, and where each byte of it comes from.
#[derive(Debug, Default)]
pub(crate) struct Visible {
    pub(crate) text: String,
    /// For each byte of `text`, the range of the source that gave it.
    sources: Vec<(u32, u32)>,
    /// Whether Chinese marks are followed by a space.
    is_spaced: bool,
}

impl Visible {
    pub(crate) fn of(source: &str) -> Self {
        Self::default().with(source)
    }

    /// As [`Self::of`], with a space after the marks of Chinese that Western texts put one after: they
    /// end a sentence, or part two numbers, and their folded forms alone do not.
    pub(crate) fn spaced(source: &str) -> Self {
        let spaced = Self {
            is_spaced: true,
            ..Self::default()
        };
        spaced.with(source)
    }

    fn with(self, source: &str) -> Self {
        let mut visible = self;
        let mut at = 0;
        for edit in edits(source) {
            if edit.range.start < at {
                continue;
            }
            visible.push_plain(source, at..edit.range.start);
            for c in edit.with.chars() {
                visible.push(c, &edit.range);
            }
            at = edit.range.end;
        }
        visible.push_plain(source, at..source.len());
        visible
    }

    /// The range of the source that shows as `range` of the visible text.
    pub(crate) fn source(&self, range: &Range<usize>) -> Range<usize> {
        let of = self.sources.get(range.clone()).unwrap_or(&[]);
        match (of.first(), of.last()) {
            (Some(first), Some(last)) => first.0 as usize..last.1 as usize,
            _ => 0..0,
        }
    }

    fn push(&mut self, c: char, source: &Range<usize>) {
        // "1½" is one and a half, not eleven halves.
        let fraction = matches!(c, '½' | '¼' | '¾' | '⅓' | '⅔');
        let apart = fraction && self.text.ends_with(|c: char| c.is_ascii_digit());
        let parts = self.is_spaced && matches!(c, '，' | '；' | '！' | '？');
        let after = parts.then_some(' ');
        for folded in apart.then_some(' ').into_iter().chain(fold(c)).chain(after) {
            // A run of spaces shows as one.
            if folded == ' ' && self.text.ends_with(' ') {
                continue;
            }
            self.text.push(folded);
            // Answers are far below 4 GiB: transcripts are limited to megabytes.
            let range = (source.start as u32, source.end as u32);
            self.sources.resize(self.text.len(), range);
        }
    }

    /// Pushes the part of the source at `range`, which has no markup.
    fn push_plain(&mut self, source: &str, range: Range<usize>) {
        let Some(part) = source.get(range.clone()) else {
            return;
        };
        for (at, c) in part.char_indices() {
            let start = range.start + at;
            let end = start + c.len_utf8();
            let rest = &source[end..];
            if c == '\n' && is_soft_break(&self.text, rest) {
                self.push(' ', &(start..end));
            } else if !is_emphasis(c, &self.text, rest) {
                self.push(c, &(start..end));
            }
        }
    }
}

/// True for a line break inside a sentence: Markdown shows it as a space.
fn is_soft_break(before: &str, rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    before
        .trim_end_matches([' ', '\t'])
        .ends_with(|c: char| c.is_alphanumeric() || c == ',')
        && rest.starts_with(char::is_lowercase)
        // "a) …" and "b. …" begin an item of a list.
        && !rest.chars().nth(1).is_some_and(|c| matches!(c, ')' | '.'))
}

/// True for a single mark of emphasis: one that touches a word on one side only, or stands
/// inside one. A list mark stands alone.
fn is_emphasis(c: char, before: &str, rest: &str) -> bool {
    let before = before
        .chars()
        .next_back()
        .is_some_and(char::is_alphanumeric);
    let after = rest.starts_with(|c: char| c.is_alphanumeric() || c == '\\');
    match c {
        '*' => before || after,
        '_' => before != after,
        _ => false,
    }
}

/// A part of the source and what shows in its place.
struct Edit {
    range: Range<usize>,
    with: String,
}

#[expect(clippy::expect_used, reason = "every pattern is compiled by a test")]
fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is fixed")
}

/// What is not shown at all.
static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?is)<!--.*?--!?>",
        r"|<(?:script|style|template)\b[^<>]*>.*?</(?:script|style|template)\s*>",
        r#"|<[a-z][a-z0-9]*\s(?:[^<>]*[\s;"'])?(?:hidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0)[^<>]*>[^<>]*</[a-z][a-z0-9]*\s*>"#,
        r"|(?m:^[ \t]*\[(?://|comment|_metadata_)[^\]\n]*\]:[ \t]*(?:#|<>)[^\n]*$)",
    ))
});

/// What shows as something else, or as nothing. Each alternative is told by its group.
static MARKUP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(?P<block></?(?:br|p|div|li|ul|ol|tr|td|th|table|h[1-6]|hr|blockquote|section|article|pre)(?:\s[^<>]*)?/?>)",
        r"|(?P<inline></?(?:b|i|u|em|strong|span|a|sub|sup|small|big|mark|code|font|s|del|ins|kbd|abbr|tt|wbr|q|cite|var|samp|label|details|summary|center|html|body|head)(?:\s[^<>]*)?/?>)",
        r"|(?P<entity>&(?:[a-z]{2,8}[0-9]{0,2}|#[0-9]{1,7}|#x[0-9a-f]{1,6});)",
        r"|(?P<command>\\(?:text|mathrm|mathbf|textbf|textit|mathit|operatorname|boxed|emph|mathsf)\{)(?P<argument>[^{}\n]*)(?P<brace>\})",
        r"|(?P<space>\\[,;:! ]|\\quad\b)",
        r"|(?P<escape>\\)(?P<escaped>[!-/:-@\[-`{-~])",
        r"|(?P<open>\[)(?P<link>[^\[\]\n]{1,300})(?P<close>\])\([^()\n]{0,500}\)",
        r"|(?P<fence>```)|(?P<mark>\*\*|__|~~|`)",
        r"|(?P<math>[0-9}])(?P<dollar>\$)",
    ))
});

/// The edits of `source`, in order. Where two overlap, the first one counts.
fn edits(source: &str) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    if !source.contains(['<', '&', '\\', '[', '*', '_', '~', '`', '$']) {
        return edits;
    }
    let hidden: Vec<Range<usize>> = HIDDEN
        .find_iter(source)
        .map(|found| found.range())
        .collect();
    let shows = |range: &Range<usize>| {
        let at = hidden.partition_point(|hidden| hidden.end <= range.start);
        hidden
            .get(at)
            .is_none_or(|hidden| hidden.start >= range.end)
    };
    let mut from = 0;
    while let Some(captures) = MARKUP.captures_at(source, from) {
        let found = |name: &str| captures.name(name).map(|found| found.range());
        let mut put = |range: Range<usize>, with: &str| {
            from = from.max(range.end);
            if shows(&range) {
                edits.push(Edit {
                    range,
                    with: with.to_owned(),
                });
            }
        };
        if let Some(entity) = captures.name("entity") {
            put(entity.range(), &decoded(entity.as_str()));
        }
        for (group, with) in [
            ("block", "\n"),
            ("inline", ""),
            ("space", " "),
            ("mark", ""),
            ("dollar", ""),
            ("command", ""),
            ("open", ""),
        ] {
            if let Some(range) = found(group) {
                put(range, with);
            }
        }
        if let Some(escape) = found("escape") {
            put(escape, "");
            // What is escaped is text, also where it would be a mark.
            from += 1;
        }
        if let Some(range) = found("fence") {
            from = range.end;
        }
        // The search continues inside what a pair encloses, so its end is not passed.
        for (group, with) in [("brace", ""), ("close", " ")] {
            if let Some(range) = found(group).filter(&shows) {
                edits.push(Edit {
                    range,
                    with: with.to_owned(),
                });
            }
        }
    }
    edits.extend(hidden.iter().cloned().map(|range| Edit {
        range,
        with: String::new(),
    }));
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    edits
}

/// The character of an entity, or the entity itself if it is not known.
fn decoded(entity: &str) -> String {
    let name = entity.trim_start_matches('&').trim_end_matches(';');
    let by_number = name.strip_prefix('#').and_then(|number| {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        code.ok().and_then(char::from_u32)
    });
    if let Some(c) = by_number {
        return c.to_string();
    }
    let c = match name {
        "nbsp" | "ensp" | "emsp" | "thinsp" => " ",
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" | "rsquo" | "lsquo" => "'",
        "micro" | "mu" => "µ",
        "frac12" | "half" => "½",
        "frac14" => "¼",
        "frac34" => "¾",
        "ndash" | "minus" => "–",
        "mdash" => "—",
        "shy" | "zwnj" | "zwj" | "lrm" | "rlm" => "",
        "times" => "×",
        "ouml" => "ö",
        "auml" => "ä",
        "uuml" => "ü",
        "eacute" => "é",
        "egrave" => "è",
        "oacute" => "ó",
        "iacute" => "í",
        "aacute" => "á",
        _ => return entity.to_owned(),
    };
    c.to_owned()
}

/// The characters that `c` shows as: none for hidden ones, the plain form of look-alikes.
fn fold(c: char) -> impl Iterator<Item = char> {
    let text: &'static str = match c {
        '㎎' => "mg",
        '㎍' => "µg",
        '㎏' => "kg",
        '㎖' | '㎘' => "ml",
        '㎗' => "dl",
        '㏄' => "cc",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        '⅓' => "1/3",
        '⅔' => "2/3",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬀ' => "ff",
        _ => "",
    };
    let single = text.is_empty().then(|| folded(c)).flatten();
    text.chars().chain(single)
}

/// The plain form of one character, or `None` if it is hidden.
fn folded(c: char) -> Option<char> {
    let letter = |first: char, offset: u32| char::from_u32(first as u32 + offset);
    let code = c as u32;
    match c {
        '\n' => Some('\n'),
        // Line and paragraph separators are hidden characters that show as a break.
        '\u{2028}' | '\u{2029}' | '\r' | '\t' => Some(' '),
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Some(' ')
        }
        c if is_invisible(c) || c.is_control() => None,
        // Combining marks: "é" in two characters, or a number struck out.
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20f0}' => None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(code - 0xfee0),
        '‘' | '’' | 'ʼ' | '′' | '´' => Some('\''),
        '‐' | '‑' | '‒' | '−' | '﹣' => Some('-'),
        '⁄' | '∕' => Some('/'),
        '⁰' | '₀' | '⓪' => Some('0'),
        '¹' => Some('1'),
        '²' => Some('2'),
        '³' => Some('3'),
        '⁴'..='⁹' => letter('4', code - 0x2074),
        '₁'..='₉' => letter('1', code - 0x2081),
        '①'..='⑨' => letter('1', code - 0x2460),
        '\u{660}'..='\u{669}' => letter('0', code - 0x660),
        '\u{6f0}'..='\u{6f9}' => letter('0', code - 0x6f0),
        '\u{966}'..='\u{96f}' => letter('0', code - 0x966),
        '\u{1d7ce}'..='\u{1d7ff}' => letter('0', (code - 0x1d7ce) % 10),
        // Bold, italic, script and other mathematical letters, in blocks of 52.
        '\u{1d400}'..='\u{1d6a3}' => match (code - 0x1d400) % 52 {
            upper @ 0..26 => letter('A', upper),
            lower => letter('a', lower - 26),
        },
        'Ⓐ'..='Ⓩ' => letter('A', code - 0x24b6),
        'ⓐ'..='ⓩ' => letter('a', code - 0x24d0),
        'ɡ' => Some('g'),
        'μ' => Some('µ'),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(source: &str, expected: &str) {
        assert_eq!(Visible::of(source).text, expected, "{source}");
    }

    #[test]
    fn markup_and_hidden_characters_do_not_show() {
        check("Take <!-- see your doctor --> care", "Take care");
        check("a<!-- x -->b<!--y--!>c", "abc");
        check("<b>500</b>&nbsp;mg", "500 mg");
        check(
            "**500** *mg* and _mg_, snake_case",
            "500 mg and mg, snake_case",
        );
        check("* item\n* other", "* item\n* other");
        check("5\u{200b}00 m\u{ad}g", "500 mg");
        check(
            "５００ｍｇ, 500㎎, 𝟓𝟎𝟎 𝗺𝗴, ⁵⁰⁰",
            "500mg, 500mg, 500 mg, 500",
        );
        check("$500\\,\\text{mg}$ or \\textbf{two}", "$500 mg or two");
        check(
            "see [your doctor](https://x.org/a)",
            "see your doctor (https://x.org/a)",
        );
        check(
            "Take 500\nmg daily.\n\nNext\n- item",
            "Take 500 mg daily.\n\nNext\n- item",
        );
        check("&#53;00 &#x6d;g &bogus; 5 &lt; 6", "500 mg &bogus; 5 < 6");
        check("<span style=\"display:none\">call 988</span>ok", "ok");
        check("[//]: # (call 988)\nok", "\nok");
        check(
            "less <10 mg and <your doctor>",
            "less <10 mg and <your doctor>",
        );
        check("<!-- not closed", "<!-- not closed");
        check("1½ e\u{301}", "1 1/2 e");
        check("```\n500\n```", "```\n500\n```");
        check("`500`\\-`1000` mg", "500-1000 mg");
    }

    #[test]
    fn places_lead_back_to_the_source() {
        let source = "Take **５００** m\u{200b}g <!-- x -->now";
        let visible = Visible::of(source);
        let start = visible.text.find("500").unwrap();
        let end = visible.text.find("mg").unwrap() + 2;
        assert_eq!(
            &source[visible.source(&(start..end))],
            "５００** m\u{200b}g"
        );
    }

    proptest! {
        #[test]
        fn any_text_leads_back(source in "(\\PC|<!--|-->|<b>|&#5;|\\\\text\\{|\\}|\\[|\\]\\(|\\)|\\*|\n|`){0,60}") {
            let visible = Visible::of(&source);
            for (start, c) in visible.text.char_indices() {
                let range = visible.source(&(start..start + c.len_utf8()));
                prop_assert!(source.get(range.clone()).is_some_and(|part| !part.is_empty()), "{range:?}");
            }
        }
    }
}
