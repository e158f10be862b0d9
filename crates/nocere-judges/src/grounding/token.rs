//! The words of a sentence in order, with the stops between them: what negation, numbers and
//! sides are read from.

use nocere_core::text::is_invisible;

use crate::words::is_cjk;

/// One word, number or stop.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word in lower case, or one Chinese or Japanese character.
    Word(String),
    /// A number in digits.
    Number(f64),
    /// A comma, bracket, dash or other stop inside a sentence.
    Stop(char),
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Number(_) | Self::Stop(_) => None,
        }
    }
}

/// Cuts `text` into tokens. A unit that touches its number ("500mg") is a word of its own;
/// digits after letters ("B12") belong to the word.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = folded(chars[at]);
        if c.is_ascii_digit() {
            let end = number_end(&chars, at);
            let written: String = chars[at..end].iter().map(|c| folded(*c)).collect();
            tokens.extend(number(&written).map(Token::Number));
            at = end;
        } else if let Some(part) = fraction(c) {
            // "2½" is one number.
            match tokens.last_mut() {
                Some(Token::Number(whole)) if at > 0 && chars[at - 1].is_numeric() => {
                    *whole += part;
                }
                _ => tokens.push(Token::Number(part)),
            }
            at += 1;
        } else if is_cjk(c) || c == '%' {
            tokens.push(Token::Word(c.to_string()));
            at += 1;
        } else if c.is_alphanumeric() {
            let end = word_end(&chars, at);
            let word: String = chars[at..end]
                .iter()
                .flat_map(|c| folded(*c).to_lowercase())
                .collect();
            tokens.push(Token::Word(word));
            at = end;
        } else {
            if !c.is_whitespace() {
                tokens.push(Token::Stop(c));
            }
            at += 1;
        }
    }
    tokens
}

/// Full-width letters, digits and signs as their ASCII forms, and typographic apostrophes as
/// the plain one.
fn folded(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '’' | 'ʼ' | '‘' => '\'',
        'μ' => 'µ',
        other => other,
    }
}

fn fraction(c: char) -> Option<f64> {
    match c {
        '½' => Some(0.5),
        '¼' => Some(0.25),
        '¾' => Some(0.75),
        '⅓' => Some(1.0 / 3.0),
        '⅔' => Some(2.0 / 3.0),
        _ => None,
    }
}

fn number_end(chars: &[char], start: usize) -> usize {
    let digit = |at: usize| chars.get(at).is_some_and(|c| folded(*c).is_ascii_digit());
    let mut at = start;
    while digit(at)
        || (digit(at + 1)
            && chars
                .get(at)
                .is_some_and(|c| matches!(folded(*c), '.' | ',')))
    {
        at += 1;
    }
    at
}

fn word_end(chars: &[char], start: usize) -> usize {
    let mut at = start;
    while let Some(c) = chars.get(at).map(|c| folded(*c)) {
        let joins = c == '\'' && chars.get(at + 1).is_some_and(|next| next.is_alphabetic());
        if !(c.is_alphanumeric() || joins) || is_cjk(c) || fraction(c).is_some() {
            break;
        }
        at += 1;
    }
    at
}

/// The value of digits with points and commas: a comma before exactly three digits separates
/// thousands, any other is a decimal comma.
fn number(written: &str) -> Option<f64> {
    let groups: Vec<&str> = written.split(',').collect();
    let thousands = groups.len() > 1
        && groups[0].len() <= 3
        && groups[0] != "0"
        && groups[1..].iter().all(|group| {
            group
                .split('.')
                .next()
                .is_some_and(|digits| digits.len() == 3)
        });
    let plain = if thousands {
        written.replace(',', "")
    } else {
        written.replace(',', ".")
    };
    // A date or version ("1.2.2020") is not a number; its first part represents it.
    plain
        .parse()
        .ok()
        .or_else(|| plain.split('.').next().and_then(|first| first.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        tokens(text)
            .iter()
            .map(|token| match token {
                Token::Word(word) => word.clone(),
                Token::Number(value) => format!("#{value}"),
                Token::Stop(c) => c.to_string(),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn numbers_words_and_stops_are_told_apart() {
        assert_eq!(said("Take 500mg, twice."), "take #500 mg , twice .");
        assert_eq!(said("B12 isn’t low"), "b12 isn't low");
        assert_eq!(
            said("1,250.5 and 0,5 and 2½ ５００"),
            "#1250.5 and #0.5 and #2.5 #500"
        );
        assert_eq!(said("52-year-old"), "#52 - year - old");
        assert_eq!(said("met\u{200b}formin 服用3片"), "metformin 服 用 #3 片");
    }
}
