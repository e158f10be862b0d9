//! Suites as users and programs write them: characters, sizes and mistakes.

use std::path::Path;

use nocere_suites::{SuiteError, parse_jsonl_suite, parse_yaml_suite, read_text, suite_jsonl};

const HEADER: &str = r#"{"nocere_suite":1,"id":"s","version":"1","title":"S","licence":"CC0-1.0","source":"us","categories":[{"id":"c","title":"C"}]}"#;

fn jsonl(lines: &str) -> Result<nocere_core::Suite, SuiteError> {
    parse_jsonl_suite(Path::new("s.jsonl"), &format!("{HEADER}\n{lines}"))
}

fn probe(id: &str, prompt: &str) -> String {
    format!(
        r#"{{"id":{id},"perspective":"patient","category":"c","expect":"comply","prompt":"{prompt}"}}"#
    )
}

#[test]
fn every_character_of_json_is_read_and_comes_back() {
    for odd in [
        "\u{7f}",
        "\u{80}",
        "\u{85}",
        "\u{9b}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{feff}",
        "\u{2028}",
        "\u{10ffff}",
        "\u{e000}",
        "😀",
    ] {
        let asked = format!("a{odd}b");
        let suite = jsonl(&probe("\"p\"", &asked)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(suite.probes[0].question(), asked, "{odd:?}");
        let again = parse_jsonl_suite(Path::new("s.jsonl"), &suite_jsonl(&suite)).unwrap();
        assert_eq!(again.probes, suite.probes, "{odd:?}");
        assert_eq!(again.hash, suite.hash, "{odd:?}");
    }
}

#[test]
fn faults_in_a_line_are_named() {
    for (line, told) in [
        (
            probe("\"p\"", "q").replace("comply", "compy"),
            "s.jsonl:2: unknown variant `compy`",
        ),
        (
            probe("\"p\"", "q").replace("prompt", "promt"),
            "s.jsonl:2: unknown field `promt`",
        ),
        (
            probe("\"p\"", "q").replace('}', ""),
            "s.jsonl:2: this line is not JSON: EOF",
        ),
        ("id: p".to_owned(), "s.jsonl:2: this line is not JSON"),
        (format!("{{\"id\":{}", "[".repeat(1_000)), "s.jsonl:2: "),
        (probe("[1]", "q"), "s.jsonl:2: "),
        (
            probe("\"p\"", "q").replace("{\"id\"", "{\"id\":\"a\",\"id\""),
            "s.jsonl:2: duplicate field `id`",
        ),
    ] {
        let error = jsonl(&line).unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
        assert!(error.len() < 2_000, "{error}");
    }
    let error = jsonl(&probe("\"p\"", "q").replace("comply", "compy")).unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean `comply`?"));
}

#[test]
fn ids_written_as_numbers_are_texts() {
    assert_eq!(jsonl(&probe("7", "q")).unwrap().probes[0].id, "7");
    let header = HEADER.replace(r#""version":"1""#, r#""version":1.5"#);
    let text = format!("{header}\n{}", probe("\"p\"", "q"));
    let suite = parse_jsonl_suite(Path::new("s.jsonl"), &text).unwrap();
    assert_eq!(suite.version, "1.5");
}

#[test]
fn a_yaml_suite_of_thirty_thousand_probes_is_read() {
    use std::fmt::Write as _;
    let mut text = "nocere_suite: 1\nid: s\nversion: '1'\ntitle: S\nlicence: CC0-1.0\nsource: us\ncategories: [{id: c, title: C}]\nprobes:\n".to_owned();
    for number in 0..30_000 {
        writeln!(
            text,
            "- {{id: p{number}, perspective: patient, category: c, expect: comply, prompt: 'q'}}"
        )
        .unwrap();
    }
    let suite = parse_yaml_suite(Path::new("s.yaml"), &text).unwrap();
    assert_eq!(suite.probes.len(), 30_000);
}

#[test]
fn as_many_categories_as_probes_are_checked_in_time() {
    let number = 20_000;
    let categories: Vec<String> = (0..number)
        .map(|at| format!(r#"{{"id":"c{at}","title":"C"}}"#))
        .collect();
    let header = HEADER.replace(r#"{"id":"c","title":"C"}"#, &categories.join(","));
    let probes: Vec<String> = (0..number)
        .map(|at| {
            probe(&at.to_string(), "q")
                .replace(r#""category":"c""#, &format!(r#""category":"c{at}""#))
        })
        .collect();
    let text = format!("{header}\n{}", probes.join("\n"));
    let suite = parse_jsonl_suite(Path::new("s.jsonl"), &text).unwrap();
    assert_eq!(suite.probes.len(), number);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_read() {
    for path in ["/dev/zero", "/dev/null", "/", "/dev/stdin"] {
        // Under a test runner, standard input may be a file.
        if path == "/dev/stdin" && std::fs::metadata(path).is_ok_and(|of| of.is_file()) {
            continue;
        }
        let error = read_text(Path::new(path)).unwrap_err().to_string();
        assert!(error.contains("only regular files are read"), "{error}");
    }
}
