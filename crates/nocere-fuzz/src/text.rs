//! Text of models: thoughts, finish words, and what is shown to people.

use nocere_core::{
    Ending, Finish, Split, split_opened, split_thoughts,
    text::{is_formula, plain, shorten, wrap},
};

/// The first byte is a width; the rest is the text.
pub(crate) fn text(bytes: &[u8]) {
    let (width, rest) = bytes
        .split_first()
        .map_or((0, bytes), |(w, rest)| (*w, rest));
    let text = String::from_utf8_lossy(rest);
    check_split(&text, &split_thoughts(&text));
    check_split(&text, &split_opened(&text, true));
    check_finish(&text);
    check_shown(&text, usize::from(width));
    let _ = is_formula(&text);
}

fn check_split(text: &str, split: &Split<'_>) {
    let thoughts = split.thoughts.as_deref().unwrap_or("");
    // What joins pieces of thoughts is ours.
    let joints = 2 * (text.matches(['<', '[', '&', '\u{25c1}']).count() + 1);
    let length = split.answer.len() + thoughts.len();
    assert!(length <= text.len() + joints, "{length} of {}", text.len());
    // Of a text in channels that holds an answer only, nothing but its marks is left out.
    let channels = text.contains("<|channel|>");
    if split.thoughts.is_none() && !split.unsure && !channels {
        assert!(split.answer.trim() == text.trim(), "a part is lost");
    }
}

fn check_finish(word: &str) {
    let whole = Ending::of(word) == Some(Ending::Whole);
    assert_eq!(Finish::of_word(word) == Finish::Stop, whole, "{word:?}");
    if let Finish::Other(word) = Finish::of_word(word) {
        assert!(word.chars().count() <= 80 && !word.chars().any(char::is_control));
    }
}

fn check_shown(text: &str, width: usize) {
    let safe = plain(text);
    let mut controls = safe.chars().filter(|c| c.is_control());
    assert!(controls.all(|c| c == '\n'), "control characters are shown");
    assert!(plain(&safe) == safe, "made plain twice, it changes");
    for limit in [0, 1, width] {
        let short = shorten(text, limit);
        let length = short.chars().count();
        assert!(length <= limit.max(1), "{length} characters for {limit}");
        assert!(!short.contains('\n'), "a line break in {short:?}");
    }
    for indent in ["", "  ", "          "] {
        let most = width.max(indent.len() + 8);
        for line in wrap(text, width, indent).lines() {
            let length = line.chars().count();
            assert!(length <= most, "{length} characters for {most}: {line:?}");
        }
    }
}
