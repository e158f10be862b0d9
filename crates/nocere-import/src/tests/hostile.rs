//! Broken and hostile files give a clear error or a recording, never a panic.

use proptest::prelude::*;

use super::{
    bad,
    formats::{LM_EVAL, MEDRISKEVAL, PROMPTFOO},
    good,
    inspect_logs::eval,
    read,
};
use crate::{Format, Options};

fn as_format(format: Format) -> Options {
    Options {
        format: Some(format),
        ..Options::default()
    }
}

#[test]
fn broken_files_get_one_clear_error() {
    for (name, bytes, told) in [
        ("x.jsonl", &b""[..], "x.jsonl: the file is empty"),
        ("x.csv", b"\xef\xbb\xbf \n", "x.csv: the file is empty"),
        (
            "x.jsonl",
            b"\x7fELF\0\0",
            "x.jsonl: the file holds NUL bytes\n  hint: this looks like a binary file",
        ),
        (
            "x.jsonl",
            b"{\"prompt\":\n\"\xe9\"}",
            "x.jsonl:2: the file is not UTF-8 text",
        ),
        (
            "x.txt",
            b"hello",
            "x.txt: cannot tell the format of this file\n  hint: name it; the formats are medriskeval",
        ),
        (
            "x.json",
            b"{\"a\": 1}",
            "x.json: cannot tell the format of this file",
        ),
        (
            "x.eval",
            b"PK\x03\x04rest",
            "x.eval: failed to read the zip archive",
        ),
        ("x.jsonl", b"[]", "x.jsonl: cannot tell the format"),
        (
            "x.json",
            b"{\"results\":{\"results\":[]}}",
            "x.json: the file holds no answers",
        ),
        (
            "x.json",
            b"{\"results\":{\"results\":[{}]}}",
            "x.json (result 1): field `prompt.raw` is missing",
        ),
        (
            "x.json",
            b"{\n \"a\": {}\n}",
            "x.json: cannot tell the format of this file",
        ),
        (
            "x.jsonl",
            b"{\"prompt\": \"a\", \"resp",
            "x.jsonl:1: this is not valid JSON: EOF",
        ),
    ] {
        let error = bad(name, bytes, &Options::default());
        assert!(error.starts_with(told), "{error}");
    }
    assert!(
        bad("x.zip", eval(), &as_format(Format::Csv))
            .starts_with("x.zip: this is a zip archive, and format csv is text")
    );
    let missing = crate::read_recording(std::path::Path::new("/nowhere/x"), &Options::default());
    assert!(
        missing
            .unwrap_err()
            .message
            .starts_with("failed to read the file")
    );
}

#[test]
fn fields_of_ten_megabytes_are_read() {
    let long = "x".repeat(10_000_000);
    let text = format!("{{\"prompt\":\"{long}\",\"response\":\"{long}\"}}");
    assert_eq!(good("x.jsonl", text, &Options::default()).samples.len(), 1);
    let text = format!("prompt,response\n{long},{long}\n");
    assert_eq!(good("x.csv", text, &Options::default()).samples.len(), 1);
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = format!("{{\"prompt\":{}", "[".repeat(100_000));
    assert!(bad("x.jsonl", deep, &as_format(Format::Jsonl)).contains("nested more than"));
}

#[test]
fn archives_cut_anywhere_are_errors() {
    let bytes = eval();
    for end in 0..bytes.len() {
        assert!(read("x.eval", &bytes[..end], &as_format(Format::Inspect)).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read("x.bin", &bytes, &Options::default());
        for format in Format::ALL {
            let _ = read("x.bin", &bytes, &as_format(format));
        }
        let zip = [b"PK\x03\x04", bytes.as_slice()].concat();
        let _ = read("x.bin", &zip, &Options::default());
    }

    /// Files that are almost right: one piece is replaced by something else.
    #[test]
    fn changed_files_never_panic(
        which in 0_usize..4,
        at in any::<prop::sample::Index>(),
        length in 0_usize..30,
        instead in "(null|\\[\\]|\\{\\}|-1|NaN|\"\"|,|\"|\\\\u d800|.{0,8})",
    ) {
        let text = [MEDRISKEVAL, PROMPTFOO, LM_EVAL, "id,prompt,response,score,label,epoch\na,q,A,1,comply,1\na,q,B,2,x,2\n"][which];
        let format = [Format::MedRiskEval, Format::Promptfoo, Format::LmEval, Format::Csv][which];
        let mut bytes = text.as_bytes().to_vec();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, instead.bytes());
        let _ = read("x.bin", &bytes, &as_format(format));
        let _ = read("x.bin", &bytes, &as_format(Format::Jsonl));
        let _ = read("x.jsonl", &bytes, &Options::default());
    }

    #[test]
    fn changed_archives_never_panic(
        at in any::<prop::sample::Index>(),
        instead in proptest::collection::vec(any::<u8>(), 1..4),
    ) {
        let mut bytes = eval();
        let start = at.index(bytes.len());
        let end = (start + instead.len()).min(bytes.len());
        bytes.splice(start..end, instead);
        let _ = read("x.eval", &bytes, &as_format(Format::Inspect));
    }
}
