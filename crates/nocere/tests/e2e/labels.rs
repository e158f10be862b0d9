//! Blind sheets, their way back, and the calibration from them.

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, small_suite};

/// A run of 60 answers that all comply, judged by rules.
fn with_run() -> Project {
    let provider = FakeProvider::saying("Sure, I can help you with that. First, open the chart.");
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(60));
    let target = format!("openai:secret-model@{}", provider.url);
    project.judged(&suite, &target);
    project
}

/// Fills the column `label` of a sheet: `fill` gets the number of the row, from 0.
fn filled(
    project: &Project,
    sheet: &str,
    rater: &str,
    fill: impl Fn(usize) -> &'static str,
) -> Vec<String> {
    let text = std::fs::read_to_string(project.path.join(sheet)).unwrap();
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    for (number, line) in lines.iter_mut().skip(1).enumerate() {
        let start = line.strip_suffix(",,").unwrap_or_else(|| panic!("{line}"));
        let start = start.strip_suffix(',').unwrap_or(start);
        *line = format!("{start},{rater},{},", fill(number));
    }
    lines
}

#[test]
fn a_sheet_is_blind_and_its_labels_calibrate_the_judge() {
    let project = with_run();
    let args = [
        "label",
        "--judge",
        "refusal-rules",
        "-n",
        "48",
        "-o",
        "sheet.csv",
    ];
    let said = project.nocere(&args);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("comply, partial, refuse"), "{}", said.out);
    let text = std::fs::read_to_string(project.path.join("sheet.csv")).unwrap();
    // Neither the model, nor the probe's id, nor what is due.
    for hidden in ["secret-model", "openai", ",p1,", ",refuse,", ",comply,"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    assert_eq!(text.lines().count(), 49);
    // Two raters; the second one's copy went through a spreadsheet: semicolons, a mark, other rows.
    let first = filled(&project, "sheet.csv", "ann", |number| {
        if number % 2 == 0 { "comply" } else { "Refuse" }
    });
    project.write("ann.csv", first.join("\n"));
    let mut second = filled(&project, "sheet.csv", "", |number| {
        if number % 2 == 0 { "comply" } else { "refuse" }
    });
    let head = second
        .remove(0)
        .trim_start_matches('\u{feff}')
        .replace(',', ";");
    second.reverse();
    let rows: Vec<String> = second
        .iter()
        .map(|line| {
            // The texts hold no comma; the quotation marks stay.
            line.replace("that. First, open", "that. First; open")
                .replace(',', ";")
                .replace("First; open", "First, open")
        })
        .collect();
    project.write(
        "ben.csv",
        format!("\u{feff}{head}\r\n{}", rows.join("\r\n")),
    );
    let read = project.json(&["label", "--judge", "refusal-rules", "--in", "ann.csv"]);
    assert_eq!(read["added"], 48, "{read}");
    let no_rater = project.nocere(&["label", "--judge", "refusal-rules", "--in", "ben.csv"]);
    assert_eq!(no_rater.code, 2, "{}", no_rater.err);
    assert!(
        no_rater.err.contains("ben.csv:2") && no_rater.err.contains("--rater"),
        "{}",
        no_rater.err
    );
    let read = project.json(&[
        "label",
        "--judge",
        "refusal-rules",
        "--in",
        "ben.csv",
        "--rater",
        "ben",
    ]);
    assert_eq!(read["added"], 48, "{read}");
    let again = project.json(&[
        "label",
        "--judge",
        "refusal-rules",
        "--in",
        "ben.csv",
        "--rater",
        "ben",
    ]);
    assert_eq!(
        (again["added"].as_u64(), again["known"].as_u64()),
        (Some(0), Some(48))
    );
    let needs = project.json(&["label", "--judge", "refusal-rules"]);
    for need in needs.as_array().unwrap() {
        assert_eq!(need["waiting"], 24, "{needs}");
        assert_eq!(need["unlabelled"], 6, "{needs}");
        assert_eq!(need["missing"], 0, "{needs}");
    }
    let calibrated = project.nocere(&["calibrate", "refusal-rules", "--run", "latest"]);
    assert_eq!(calibrated.code, 0, "{}{}", calibrated.out, calibrated.err);
    // The judge calls everything compliance, people half of it: no better than chance.
    let shown = project.nocere(&["show", "--full"]).out;
    assert!(shown.contains("no better than chance"), "{shown}");
    assert!(
        project
            .nocere(&["verify"])
            .out
            .contains("as it was written")
    );
}

#[test]
fn few_labels_change_nothing_and_say_how_many_are_missing() {
    let project = with_run();
    project.nocere(&[
        "label",
        "--judge",
        "refusal-rules",
        "-n",
        "6",
        "-o",
        "sheet.csv",
    ]);
    let lines = filled(&project, "sheet.csv", "ann", |number| {
        if number == 0 { "refuse" } else { "comply" }
    });
    project.write("ann.csv", lines.join("\n"));
    project.json(&["label", "--judge", "refusal-rules", "--in", "ann.csv"]);
    let calibrated = project.nocere(&["calibrate", "refusal-rules", "--run", "latest"]);
    assert_eq!(calibrated.code, 0, "{}", calibrated.err);
    let shown = project.nocere(&["show", "--full"]).out;
    assert!(shown.contains("3 of 20 labels"), "{shown}");
    let needs = project.json(&["label", "--judge", "refusal-rules"]);
    // Three are labelled and calibrated, and count once.
    assert_eq!(needs[0]["missing"], 17, "{needs}");
}

#[test]
fn sheets_that_do_not_fit_are_refused_whole() {
    let project = with_run();
    project.nocere(&[
        "label",
        "--judge",
        "refusal-rules",
        "-n",
        "4",
        "-o",
        "sheet.csv",
    ]);
    let lines = filled(&project, "sheet.csv", "ann", |_| "comply");
    for (change, problem) in [
        (
            lines.join("\n").replace("comply", "fine"),
            "not a label of the scale",
        ),
        (
            format!(
                "{}\n{}",
                lines.join("\n"),
                lines[1].replace("comply", "refuse")
            ),
            "gives one answer two labels",
        ),
        (
            format!(
                "{}\nffffffffff,patient,x,en,,a,b,ann,comply,",
                lines.join("\n")
            ),
            "matches no answer of this run",
        ),
        ("a,b\n1,2".to_owned(), "columns `code` and `label`"),
    ] {
        project.write("wrong.csv", change);
        let said = project.nocere(&["label", "--judge", "refusal-rules", "--in", "wrong.csv"]);
        assert_eq!(said.code, 2, "{problem}: {}", said.err);
        assert!(said.err.contains(problem), "{problem}: {}", said.err);
    }
    let none = project.nocere(&["calibrate", "refusal-rules", "--run", "latest"]);
    assert_eq!(none.code, 2, "nothing was kept: {}", none.err);
    assert!(none.err.contains("nocere label"), "{}", none.err);
}

#[test]
fn probes_of_one_name_in_two_suites_keep_their_own_labels() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let one = project.write("one.yaml", small_suite(12));
    let other = small_suite(12)
        .replace("id: small", "id: other")
        .replace("chart number", "record number");
    let other = project.write("other.yaml", other);
    let target = format!("openai:fake@{}", provider.url);
    project.json(&[
        "run",
        &one,
        &other,
        "--target",
        &target,
        "--judge",
        "refusal-rules",
    ]);
    project.nocere(&[
        "label",
        "--judge",
        "refusal-rules",
        "-n",
        "24",
        "-o",
        "sheet.csv",
    ]);
    // Answers about charts are labelled otherwise than those about records.
    let text = std::fs::read_to_string(project.path.join("sheet.csv")).unwrap();
    let asks: Vec<bool> = text
        .lines()
        .skip(1)
        .map(|line| line.contains("chart number"))
        .collect();
    assert_eq!(asks.iter().filter(|chart| **chart).count(), 12);
    let lines = filled(&project, "sheet.csv", "ann", |number| {
        if asks[number] { "refuse" } else { "comply" }
    });
    project.write("ann.csv", lines.join("\n"));
    project.json(&["label", "--judge", "refusal-rules", "--in", "ann.csv"]);
    let calibrated = project.json(&["calibrate", "refusal-rules", "--run", "latest"]);
    let shown = calibrated.to_string();
    assert!(shown.contains("24"), "{shown}");
}
