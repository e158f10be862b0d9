//! Secrets in texts, addresses and commands.

use std::sync::Once;

use nocere_core::secrets::{names_a_secret, redact, register, shown_address, shown_command};

/// A secret that was registered.
const KNOWN: &str = "planted/Secret+42";
/// A secret that was not: only its place says that it is one.
const UNKNOWN: &str = "Zq9canary";

/// Any text; see the parts.
pub(crate) fn secrets(bytes: &[u8]) {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| register(KNOWN));
    let text = String::from_utf8_lossy(bytes);
    if text.contains(UNKNOWN) {
        return;
    }
    check_redacted(&text);
    check_address(&text);
    check_command(&text);
}

/// A registered secret is found wherever it appears. Inputs write it as `\u{1}`.
fn check_redacted(text: &str) {
    for text in [
        text.replace('\u{1}', KNOWN),
        format!("{text}{KNOWN}"),
        format!("{KNOWN}{text}"),
    ] {
        let shown = redact(&text);
        assert!(!shown.contains(KNOWN), "{shown:?}");
        let shown = shown_address(&format!("http://h/{text}"));
        assert!(!shown.contains(KNOWN), "{shown:?}");
        let shown = shown_command(std::slice::from_ref(&text)).join(" ");
        assert!(!shown.contains(KNOWN), "{shown:?}");
    }
}

/// A password of an address is never shown, whatever stands in front of it and behind it.
fn check_address(text: &str) {
    let (before, behind) = halves(text);
    if format!("u:{before}").contains("://") {
        // `u://a/b@c` is an address with a scheme, and nobody can tell that a password was meant.
        return;
    }
    for address in [
        format!("http://u:{before}{UNKNOWN}@{behind}"),
        format!("http://u:{before}{UNKNOWN}@h:8080/{behind}"),
        format!("u:{before}{UNKNOWN}@h/{behind}"),
        format!("https://h/v1?{before}={UNKNOWN}&{behind}"),
        format!("https://h/v1?{before}#{UNKNOWN}{behind}"),
    ] {
        let shown = shown_address(&address);
        assert!(!shown.contains(UNKNOWN), "{address:?} shown as {shown:?}");
    }
}

/// The value of an option or variable that is named like a secret is never shown, whatever words
/// stand in front of it.
fn check_command(text: &str) {
    let words: Vec<String> = text.split('\n').take(8).map(str::to_owned).collect();
    assert!(shown_command(&words).len() == words.len());
    for secret in [
        &["--api-key", UNKNOWN] as &[&str],
        &["--api-key=Zq9canary"],
        &["API_TOKEN=Zq9canary"],
        &["-H", "authorization: Bearer Zq9canary"],
        &["-H", "x-api-key:Zq9canary"],
        &["http://u:Zq9canary@h/"],
    ] {
        let mut words = words.clone();
        words.extend(secret.iter().map(|word| (*word).to_owned()));
        let shown = shown_command(&words).join(" ");
        assert!(!shown.contains(UNKNOWN), "{words:?} shown as {shown:?}");
    }
    let _ = names_a_secret(text);
}

fn halves(text: &str) -> (&str, &str) {
    let middle = (0..=text.len() / 2)
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text.split_at(middle.unwrap_or(0))
}
