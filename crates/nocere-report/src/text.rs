//! Model output is hostile text: this makes it fit to be printed in a terminal.

/// `text` without control characters, escape sequences and bidirectional overrides; line
/// breaks stay.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '\n',
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

/// The first `limit` characters on one line, with an ellipsis if something was left out.
pub fn shorten(text: &str, limit: usize) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = plain(&line.join(" "));
    if line.chars().count() <= limit {
        return line;
    }
    let kept: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
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
    fn long_text_is_cut_on_a_character() {
        assert_eq!(shorten("ärger  mit\nUmlauten", 8), "ärger m…");
        assert_eq!(shorten("kurz", 8), "kurz");
    }
}
