//! Every secret that this process has read, so that none is stored or shown again.
//!
//! A server may repeat a key, in whole or in part, in its reply, in an error, or in a header; a
//! program may print it. Whatever reads a secret [`register`]s it here, and whatever stores or
//! shows text that came from outside passes it through [`redact`]. Search the decoded text: in
//! raw JSON a key can be escaped or cut in two.

use std::{
    borrow::Cow,
    sync::{PoisonError, RwLock},
};

/// What stands in place of a secret.
pub const REMOVED: &str = "[key removed]";

/// Length from which a secret is searched for as it is, in bytes. Shorter ones would also match
/// ordinary text.
const LONG: usize = 6;
/// Length from which a secret is searched for as a word, in bytes.
const WORD: usize = 4;
/// Most secrets that are kept. Tokens that are renewed every minute for weeks stay below.
const MOST: usize = 4_096;

static KNOWN: RwLock<Vec<Needle>> = RwLock::new(Vec::new());

/// A text to search for.
#[derive(PartialEq, Eq)]
struct Needle {
    text: String,
    /// Only matches that stand alone count.
    word: bool,
}

/// Remembers `secret` until the process ends, in its common encodings. If it consists of several
/// words, such as `Bearer sk-…`, the long ones are remembered each: servers repeat the bare key.
///
/// Secrets shorter than four characters are not remembered, nor are short ones of small letters
/// only, such as `none` or `test`: they cannot be told from ordinary words.
pub fn register(secret: &str) {
    let mut needles = Vec::new();
    let whole = secret.trim();
    add(whole, &mut needles);
    for word in whole.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"')) {
        add(word, &mut needles);
        // `scheme=value` and `user:password`.
        for (_, value) in [word.split_once('='), word.split_once(':')]
            .into_iter()
            .flatten()
        {
            add(value, &mut needles);
        }
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for needle in needles {
        if known.len() < MOST && !known.contains(&needle) {
            known.push(needle);
        }
    }
    // A longer needle may contain a shorter one, and must be replaced first.
    known.sort_by_key(|needle| std::cmp::Reverse(needle.text.len()));
}

/// `text` without any registered secret.
pub fn redact(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for needle in known.iter() {
        if text.contains(&needle.text) {
            let cleaned = if needle.word {
                replace_word(&text, &needle.text)
            } else {
                text.replace(&needle.text, REMOVED)
            };
            text = Cow::Owned(cleaned);
        }
    }
    text
}

/// Removes registered secrets from `text` in place.
pub fn clean(text: &mut String) {
    if let Cow::Owned(cleaned) = redact(text) {
        *text = cleaned;
    }
}

fn add(secret: &str, needles: &mut Vec<Needle>) {
    if secret.len() < LONG {
        let plain_word = secret.chars().all(|c| c.is_ascii_lowercase());
        if secret.len() >= WORD && !plain_word {
            needles.push(Needle {
                text: secret.to_owned(),
                word: true,
            });
        }
        return;
    }
    if matches!(secret.to_ascii_lowercase().as_str(), "bearer" | "basic") {
        return;
    }
    let forms = [
        secret.to_owned(),
        escaped(secret, |c| c == '/'),
        escaped(secret, |c| matches!(c, '"' | '\\')),
        escaped(secret, |c| matches!(c, '"' | '\\' | '/')),
        unicode_escaped(secret, |c| !c.is_ascii_alphanumeric()),
        unicode_escaped(secret, |_| true),
        percent(secret, false),
        percent(secret, true),
        html(secret),
        hex(secret, false),
        hex(secret, true),
        base32(secret),
        percent(&percent(secret, false), false),
        html(&html(secret)),
    ];
    let encoded = (0..3).flat_map(|offset| base64(secret, offset));
    let twice = base64(&base64(secret, 0)[0], 0);
    // A password such as `Medicine` in small letters would be any medicine.
    let telling = secret.len() >= 16 || secret.contains(|c: char| c.is_ascii_digit());
    let cases = [secret.to_uppercase(), secret.to_lowercase()]
        .into_iter()
        .filter(|_| telling);
    let ends = long_ends(secret).into_iter().flatten();
    let all = forms.into_iter().chain(encoded).chain(twice);
    for text in all.chain(cases).chain(ends) {
        if text.len() >= LONG && !needles.iter().any(|needle| needle.text == text) {
            needles.push(Needle { text, word: false });
        }
    }
}

/// Both ends of a long secret: servers say which key they were sent by a part of it, and cut
/// messages where a key stands. Longer than the prefixes that all keys of a provider share.
fn long_ends(secret: &str) -> Option<[String; 2]> {
    const END: usize = 16;
    if secret.len() < 24 || !secret.is_ascii() {
        return None;
    }
    let (first, last) = (&secret[..END], &secret[secret.len() - END..]);
    Some([first.to_owned(), last.to_owned()])
}

fn replace_word(text: &str, word: &str) -> String {
    let stands_alone = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        free(before) && free(after)
    };
    let mut cleaned = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in text.match_indices(word) {
        if stands_alone(at) {
            cleaned.push_str(&text[from..at]);
            cleaned.push_str(REMOVED);
            from = at + found.len();
        }
    }
    cleaned.push_str(&text[from..]);
    cleaned
}

fn escaped(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if special(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn unicode_escaped(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if special(c) {
            escaped.push_str(&format!("\\u{:04x}", c as u32));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn percent(text: &str, small: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte if small => encoded.push_str(&format!("%{byte:02x}")),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn hex(text: &str, capital: bool) -> String {
    text.bytes()
        .map(|byte| {
            if capital {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        })
        .collect()
}

/// `text` in base32 (RFC 4648, section 6), without the last characters, which depend on what
/// follows.
fn base32(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bits = 0_u32;
    let mut held = 0;
    let mut encoded = String::new();
    for byte in text.bytes() {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            encoded.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
        bits &= (1 << held) - 1;
    }
    encoded
}

/// The characters of `text`'s base64 form (plain and URL-safe) that do not depend on what
/// surrounds it, if `offset` bytes stand before it.
fn base64(text: &str, offset: usize) -> [String; 2] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0_u32;
    let mut held = 0;
    let mut plain = String::new();
    for byte in std::iter::repeat_n(0, offset).chain(text.bytes()) {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 6 {
            held -= 6;
            plain.push(char::from(ALPHABET[(bits >> held) as usize & 63]));
        }
    }
    // The first characters hold bits of what stands before.
    let plain: String = plain.chars().skip([0, 2, 3][offset % 3]).collect();
    let safe = plain.replace('+', "-").replace('/', "_");
    [plain, safe]
}

/// An address as it may be shown and stored: without user name, password, query and fragment,
/// and without parts of the path that look like a key.
///
/// A password may hold a character that ends the name of a host, such as `/`. What may be a part
/// of one is left out: more than needed rather than less.
pub fn shown_address(address: &str) -> String {
    let (scheme, rest) = scheme_of(address);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let before_at = |text: &str| text.rsplit_once('@').map(|(_, after)| after.to_owned());
    let (host, path) = match port_of(host) {
        // A user name or a password, or half of one.
        _ if host.is_empty() || host.contains('@') => without_user(rest),
        Some(port) if port.is_empty() || !port.chars().all(|c| c.is_ascii_digit()) => {
            let name = &host[..host.len() - port.len()];
            match before_at(rest) {
                Some(_) => without_user(rest),
                None => (format!("{name}[removed]"), path.to_owned()),
            }
        }
        // A port, or the beginning of a password.
        Some(_) => match before_at(path) {
            Some(after) => (host.to_owned(), format!("/[removed]@{after}")),
            None => (host.to_owned(), path.to_owned()),
        },
        None => (host.to_owned(), path.to_owned()),
    };
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| {
            if looks_like_a_key(part) {
                "[removed]"
            } else {
                part
            }
        })
        .collect();
    let separator = if scheme.is_empty() { "" } else { "://" };
    redact(&format!("{scheme}{separator}{host}{}", parts.join("/"))).into_owned()
}

/// The scheme of an address, with what may stand before it (`openai:m@http`, `--url=http`), and the
/// rest. A `://` inside a path or a password begins nothing.
fn scheme_of(address: &str) -> (&str, &str) {
    let is_scheme = |text: &str| {
        let name = text.rsplit(['@', '=']).next().unwrap_or(text);
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '+')
            && !text.contains(['/', '?', '#'])
    };
    match address.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", address),
    }
}

/// What stands behind the last colon of a host; `None` without one. The colons of an IPv6 address
/// stand in brackets.
fn port_of(host: &str) -> Option<&str> {
    let name_end = if host.starts_with('[') {
        host.find(']').unwrap_or(0)
    } else {
        0
    };
    let (_, port) = host[name_end..].rsplit_once(':')?;
    Some(port)
}

/// Host and path of an address after its last `@`.
fn without_user(rest: &str) -> (String, String) {
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    (host.to_owned(), path.to_owned())
}

/// True for a word that is probably a secret: it begins as keys do, or is long and mixes digits
/// and letters without the marks of a name.
pub fn looks_like_a_key(word: &str) -> bool {
    let begins = [
        "sk-", "sk_", "pk_", "hf_", "gsk_", "xai-", "AIza", "Bearer", "ghp_", "eyJ", "key-",
        "token-",
    ]
    .iter()
    .any(|mark| word.starts_with(mark));
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let mixed = word.len() >= 24
        && digits >= 4
        && letters >= 4
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '~' | '='))
        && word.matches(['-', '_']).count() <= 2;
    (begins && word.len() >= 8) || mixed
}

/// The words of a command line as they may be shown and stored: the values of options, variables
/// and headers that are named like secrets are left out, and so are words that look like keys.
pub fn shown_command(words: &[String]) -> Vec<String> {
    let mut secret_next = false;
    words
        .iter()
        .map(|word| {
            let hide = std::mem::take(&mut secret_next);
            // An option whose value is missing must not use up the next one's place.
            secret_next = word.starts_with('-') && names_a_secret(word);
            if hide {
                return "[removed]".to_owned();
            }
            if looks_like_a_key(word) {
                return "[removed]".to_owned();
            }
            let shown = if word.contains("://") {
                shown_address(word)
            } else {
                word.clone()
            };
            redact(&without_value(shown)).into_owned()
        })
        .collect()
}

/// `word` up to the first name of a secret: `--token=…`, `KEY=…`, `authorization: …`.
fn without_value(word: String) -> String {
    let mut marks = word.match_indices(['=', ':']);
    let end = marks.find(|(at, _)| names_a_secret(&word[..*at]));
    match end {
        Some((at, mark)) => format!("{}{mark}[removed]", &word[..at]),
        None => word,
    }
}

/// True if an option, variable, header or field with this name usually holds a secret.
pub fn names_a_secret(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    [
        "key",
        "token",
        "secret",
        "password",
        "passwd",
        "auth",
        "authorization",
        "credential",
        "credentials",
        "bearer",
        "cookie",
        "signature",
    ]
    .iter()
    .any(|end| name.ends_with(end))
        && !name.ends_with("maxtoken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_its_common_encodings() {
        register("Bearer sk-pl/ant\"ed+42&1");
        let key = "sk-pl/ant\"ed+42&1";
        for text in [
            key.to_owned(),
            "sk-pl\\/ant\"ed+42&1".to_owned(),
            "sk-pl\\/ant\\\"ed+42&1".to_owned(),
            "sk\\u002dpl\\u002fant\\u0022ed\\u002b42\\u00261".to_owned(),
            percent(key, false),
            percent(key, true),
            html(key),
            hex(key, false),
            hex(key, true),
            "c2stcGwvYW50ImVkKzQyJjE".to_owned(),
            base64(&format!("user:{key}"), 0)[0].clone(),
            base64(&format!("u:{key}"), 0)[1].clone(),
            key.to_uppercase(),
            format!("{}E====", base32(key)),
            percent(&percent(key, false), false),
            base64(&base64(key, 0)[0], 0)[0].clone(),
        ] {
            let shown = redact(&text);
            assert!(shown.contains(REMOVED), "{text} -> {shown}");
            assert!(!shown.contains("ant\"ed"), "{shown}");
        }
        assert_eq!(redact("Bearer of news"), "Bearer of news");
        assert_eq!(base32("foobar"), "MZXW6YTBO");
        register("Medicine");
        assert_eq!(redact("a medicine"), "a medicine");
        register("sk-ant-api03-Planted-9876543210abcdef");
        for (cut, found) in [
            ("sk-ant-api03-Planted-98…", true),
            ("…-9876543210abcdef", true),
            ("key …43210abcdef", false),
        ] {
            assert_eq!(redact(cut).contains(REMOVED), found, "{cut}");
        }
    }

    #[test]
    fn short_secrets_are_words_and_dummies_are_left_alone() {
        for dummy in ["x", "none", "test", "key"] {
            register(dummy);
        }
        register("Zq9!");
        assert_eq!(redact("none of the test keys x"), "none of the test keys x");
        assert_eq!(
            redact("is Zq9! yours? aZq9!b"),
            format!("is {REMOVED} yours? aZq9!b")
        );
    }

    #[test]
    fn a_password_that_is_cut_by_a_mark_of_addresses_is_not_shown() {
        for (address, shown) in [
            ("http://u:pa/ss@h/v1", "http://h/v1"),
            ("http://u:pa/ss@word@h/v1", "http://h/v1"),
            ("http://u:pa?ss@h/v1", "http://u:[removed]"),
            ("http://u:pa#ss@h/v1", "http://u:[removed]"),
            ("http://u:12/ss@h/v1", "http://u:12/[removed]@h/v1"),
            ("http://u:p@x/ss@h", "http://h"),
            ("u:pass@h/next=http://x", "h/next=http://x"),
            ("u:a://pass@h", "h"),
            ("http:///pass@h", "http://h"),
            // Text that is not a password is kept.
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
            ("http://[::1]/v1", "http://[::1]/v1"),
            ("https://h/models/a@1", "https://h/models/a@1"),
            ("openai:m@http://u:p@h/v1", "openai:m@http://h/v1"),
        ] {
            assert_eq!(shown_address(address), shown, "{address}");
        }
    }

    #[test]
    fn values_of_secret_names_are_hidden_in_any_place_and_form() {
        for (line, shown) in [
            ("--token|--api-key|K", "[removed] [removed]"),
            ("-H|authorization: Bearer K", "-H authorization:[removed]"),
            ("-H|x-api-key:K", "-H x-api-key:[removed]"),
            (
                "--header=Authorization: K",
                "--header=Authorization:[removed]",
            ),
            ("http://u:K@h/?token=K", "http://h/"),
            ("--url=http://u:K@h/", "--url=http://h/"),
            ("-v|a:b=c", "-v a:b=c"),
        ] {
            let words: Vec<String> = line.split('|').map(str::to_owned).collect();
            let said = shown_command(&words).join(" ");
            assert!(said.ends_with(shown), "{line}: {said}");
        }
    }

    #[test]
    fn addresses_and_commands_are_shown_without_secrets() {
        for (address, shown) in [
            ("http://u:KEYKEYKEY@h:999999/v1", "http://h:999999/v1"),
            ("https://h/x?token=KEY", "https://h/x"),
            ("https://h/v1#KEY", "https://h/v1"),
            ("https://h/sk-abcdef123456/v1", "https://h/[removed]/v1"),
            (
                "https://h/a1b2c3d4e5f6a7b8c9d0e1f2a3b4/v1",
                "https://h/[removed]/v1",
            ),
            (
                "https://h/v1/openai/gpt-4.1-mini",
                "https://h/v1/openai/gpt-4.1-mini",
            ),
        ] {
            assert_eq!(shown_address(address), shown);
        }
        let words: Vec<String> = [
            "run",
            "--key",
            "K1",
            "API_KEY=K2",
            "--n",
            "3",
            "hf_abcdefgh",
            "https://u:p@h/x",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(
            shown_command(&words).join(" "),
            "run --key [removed] API_KEY=[removed] --n 3 [removed] https://h/x"
        );
    }
}
