//! Text for people: makes model output safe to print, shortens and wraps it.
//!
//! Model output is hostile. The list of invisible characters is kept only here, so that
//! terminals, pages, judge prompts and the suite builder agree on it.

/// A number with its noun, as "1 answer" or "2 answers"; the plural is regular.
pub fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// True for invisible characters, which can smuggle text past a reader into a model: zero-width
/// and bidirectional controls, soft hyphens, fillers, variation selectors, tag characters.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// True for invisible characters that ordinary spelling needs: the joiners of Persian, Indic
/// scripts and emoji, and the variation selectors of emoji and Mongolian.
pub fn is_spelling(c: char) -> bool {
    matches!(
        c,
        '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'
    )
}

/// True for a text in which a reader sees nothing: white space, controls and invisible characters.
pub fn shows_nothing(text: &str) -> bool {
    let hidden =
        |c: char| c.is_whitespace() || c.is_control() || is_invisible(c) || c == '\u{2800}';
    text.chars().all(hidden)
}

/// True if a spreadsheet might compute a cell with this text (OWASP, "CSV injection"). Some
/// spreadsheets skip white space and characters that show nothing in front of a formula, so these
/// are skipped here, too; a tab or a line break in front is itself a way in.
pub fn is_formula(cell: &str) -> bool {
    // ASCII, the wide letters of East Asian input, and the small forms.
    const STARTS: [char; 12] = [
        '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫',
    ];
    if cell.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let blank = |c: &char| {
        c.is_whitespace() || c.is_control() || is_invisible(*c) || matches!(c, '\u{2800}')
    };
    let first = cell.chars().find(|c| !blank(c));
    first.is_some_and(|c| STARTS.contains(&c))
}

/// True for marks that are drawn on the character before them.
fn is_combining(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5bd}'
            | '\u{610}'..='\u{61a}'
            | '\u{64b}'..='\u{65f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Most marks that are left on one character. No spelling needs more; a pile of them paints over
/// the lines around.
const MOST_MARKS: usize = 4;

/// `text` with each control character, escape and invisible character replaced by U+FFFD, so
/// that it can be shown in a terminal, a page or a sheet. Line breaks stay; a tab becomes a space.
/// Characters for which [`is_spelling`] holds stay where they can belong to spelling: after a
/// character that is not ASCII. Of the marks piled on one character, four stay.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut marks = 0;
    for c in text.chars() {
        marks = if is_combining(c) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            continue;
        }
        let spells = is_spelling(c) && !before.is_ascii();
        shown.push(match c {
            '\n' => '\n',
            '\t' => ' ',
            c if c.is_control() || (is_invisible(c) && !spells) => '\u{fffd}',
            c => c,
        });
        before = c;
    }
    shown
}

/// JSON with every control and invisible character in it written as an escape, so that a terminal
/// that shows it obeys nothing. The values are the same.
pub fn visible_json(json: &str) -> std::borrow::Cow<'_, str> {
    let hidden = |c: char| (c.is_control() && c != '\n') || is_invisible(c);
    if !json.contains(hidden) {
        return json.into();
    }
    let mut shown = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

/// `text` for a cell of a table in Markdown: it stays in its cell, is not read as markup, and calls
/// nobody by name.
pub fn markdown_cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push(' '),
            '@' => out.push_str("@\u{2060}"),
            c => out.push(c),
        }
    }
    out
}

/// `text` on one line, made [`plain`], and cut to `limit` characters. Ends with an ellipsis if
/// something was cut.
pub fn shorten(text: &str, limit: usize) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = plain(&line.join(" "));
    if line.chars().count() <= limit {
        return line;
    }
    let kept: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Makes `text` [`plain`] and breaks it at spaces into lines of at most `width` characters, each
/// starting with `indent`. Words longer than a line are split.
pub fn wrap(text: &str, width: usize, indent: &str) -> String {
    // At least eight characters a line: with none, the loop below would never end.
    let room = width.saturating_sub(indent.chars().count()).max(8);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in plain(text).lines() {
        let mut current = String::new();
        for word in paragraph.split(' ') {
            let mut word = word;
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > room {
                lines.push(std::mem::take(&mut current));
            }
            while word.char_indices().nth(room).is_some() {
                let end = word
                    .char_indices()
                    .nth(room)
                    .map_or(word.len(), |(at, _)| at);
                lines.push(word[..end].to_owned());
                word = &word[end..];
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
        .iter()
        .map(|line| format!("{indent}{line}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns true for characters of Chinese and Japanese, which are written without spaces.
pub fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(
            plain("a\u{1b}[31mred\u{7}\u{202e}x"),
            "a\u{fffd}[31mred\u{fffd}\u{fffd}x"
        );
    }

    #[test]
    fn what_shows_nothing_is_shown_and_spelling_is_left_alone() {
        for hidden in ['\u{61c}', '\u{200b}', '\u{2028}', '\u{feff}', '\u{e0041}'] {
            assert_eq!(plain(&format!("a{hidden}b")), "a\u{fffd}b");
        }
        for spelling in ["می\u{200c}خواهم", "👩\u{200d}⚕\u{fe0f}"] {
            assert_eq!(plain(spelling), spelling);
        }
    }

    #[test]
    fn formulas_are_known_behind_what_shows_nothing() {
        for lead in [
            "",
            " ",
            "  ",
            "\t",
            "\r\n",
            "\u{a0}",
            "\u{3000}",
            "\u{200b}",
            "\u{200d}",
            "\u{feff}",
            "\u{ad}",
            "\u{2060}",
            "\u{180e}",
            "\u{61c}",
            "\u{fe0f}",
            "\u{e0020}",
            "\u{0}",
            "\u{1b}",
            "\u{85}",
            "\u{2028}",
            "\u{2800}",
            "\u{3164}",
            " \u{200b} \u{feff}",
        ] {
            for start in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "－1", "﹦1"] {
                assert!(is_formula(&format!("{lead}{start}")), "{lead:?} {start}");
            }
        }
        for text in ["", " ", "Take 2 = fine", "1-2", "\u{200b}a=1", "'=1"] {
            assert!(!is_formula(text), "{text:?}");
        }
        assert!(is_formula("\ttext"));
    }

    #[test]
    fn joiners_in_plain_letters_and_piles_of_marks_are_not_spelling() {
        assert_eq!(plain("do\u{200d}se"), "do\u{fffd}se");
        assert_eq!(plain("do\u{200c}se"), "do\u{fffd}se");
        assert_eq!(plain("क्\u{200d}ष"), "क्\u{200d}ष");
        assert_eq!(
            plain(&format!("a{}b", "\u{301}".repeat(300))),
            "a\u{301}\u{301}\u{301}\u{301}b"
        );
    }

    #[test]
    fn json_shows_what_is_hidden_and_keeps_its_value() {
        let value = "a\u{9b}31m\u{7f}\u{202e}\u{e0041}ü\n";
        let json = serde_json::to_string_pretty(&[value]).unwrap_or_default();
        let shown = visible_json(&json);
        assert!(
            shown
                .chars()
                .all(|c| !is_invisible(c) && (!c.is_control() || c == '\n'))
        );
        let back: Vec<String> = serde_json::from_str(&shown).unwrap_or_default();
        assert_eq!(back, [value]);
    }

    #[test]
    fn long_text_is_cut_on_a_character() {
        assert_eq!(shorten("ärger  mit\nUmlauten", 8), "ärger m…");
        assert_eq!(shorten("kurz", 8), "kurz");
    }

    #[test]
    fn wrapped_lines_fit() {
        let text = wrap(
            "a hospital safety officer reads supercalifragilisticexpialidocious words",
            20,
            "  ",
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 20),
            "{text}"
        );
        assert_eq!(wrap("", 20, "  "), "");
    }
}
