//! Forms that people fill in: generated texts of LLMEval-Med and the audit of MedSafetyBench.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{close, counts, recorded, suite};
use crate::support::Project;

/// Fills a form's sheet in: `fill` gives the cells of the named columns for each row.
fn fill(
    sheet: &str,
    fill: impl Fn(&BTreeMap<String, String>) -> Vec<(&'static str, String)>,
) -> String {
    let mut reader = csv::Reader::from_reader(sheet.trim_start_matches('\u{feff}').as_bytes());
    let headers: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let mut row: BTreeMap<String, String> = headers
            .iter()
            .cloned()
            .zip(record.iter().map(str::to_owned))
            .collect();
        for (column, value) in fill(&row) {
            row.insert(column.to_owned(), value);
        }
        writer
            .write_record(headers.iter().map(|name| &row[name]))
            .unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// The texts of the two simulated models with the ratings that one invented person gave them.
fn rated_texts() -> (Project, Vec<Value>) {
    let answers = include_str!("../../../../../assets/suites/answers/llmeval-zh.jsonl");
    let ratings: Vec<Value> =
        include_str!("../../../../../assets/suites/answers/llmeval-zh-human.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
    (recorded(&suite("nocere-llmeval-zh"), answers), ratings)
}

/// Draws a sheet, fills it in as `cells` says, and reads it back.
fn filled_in(
    project: &Project,
    form: &str,
    rater: &str,
    cells: impl Fn(&BTreeMap<String, String>) -> Vec<(&'static str, String)>,
) {
    let drawn = project.nocere(&["label", "--form", form, "-o", "sheet.csv"]);
    assert_eq!(drawn.code, 0, "{}", drawn.err);
    let sheet = std::fs::read_to_string(project.path.join("sheet.csv")).unwrap();
    project.write("filled.csv", fill(&sheet, cells));
    let read = [
        "label",
        "--form",
        form,
        "--in",
        "filled.csv",
        "--rater",
        rater,
    ];
    let read = project.nocere(&read);
    assert_eq!(read.code, 0, "{}", read.err);
}

/// The person finds 3, 0 and 3 of four texts usable: the scores are 7, 7, 3, 6; 1, 1, 2, 0; and 1 with a
/// veto, 5, 6, 6. The rule judge calls 8 of 12 usable, 6 of them with the person: 10 of 12 agree and
/// κ is 2/3. With the reaction to contrast medium as a core requirement, 11 of 12 and 5/6.
#[test]
fn people_rate_texts_and_a_better_checklist_agrees_with_them() {
    let (project, ratings) = rated_texts();
    let targets = [
        "replay:capable.jsonl",
        "replay:weak.jsonl",
        "replay:risky.jsonl",
    ];
    let mut run = vec!["run", "nocere-llmeval-zh", "--judge=checklist"];
    run.extend(targets.iter().flat_map(|target| ["--target", target]));
    project.json(&run);
    let answers: BTreeMap<(String, String), String> =
        include_str!("../../../../../assets/suites/answers/llmeval-zh.jsonl")
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|row| {
                let text = |field: &str| row[field].as_str().unwrap().to_owned();
                let answer = row["answers"].as_array().unwrap().last().unwrap();
                let answer = answer.as_str().unwrap().to_owned();
                ((text("probe"), answer), text("model"))
            })
            .collect();
    let rating = |row: &BTreeMap<String, String>| -> Value {
        let of = |rating: &&Value| {
            let probe = rating["probe"].as_str().unwrap().to_owned();
            let model = answers.get(&(probe, row["answered"].clone()));
            model.is_some_and(|model| rating["model"] == **model)
        };
        ratings.iter().find(of).unwrap().clone()
    };
    filled_in(&project, "generated-text", "ana", |row| {
        assert_eq!(row["category"], "mtg");
        let rating = rating(row);
        [
            ("following", "b"),
            ("correctness", "c"),
            ("effectiveness", "d"),
            ("readability", "e"),
            ("safety", "safety"),
        ]
        .map(|(column, field)| (column, rating[field].to_string()))
        .to_vec()
    });
    let result = project.json(&["label", "--form", "generated-text"]);
    assert_eq!(result["answers"], 12);
    let targets_of = result["score"]["targets"].as_array().unwrap();
    let usable: Vec<_> = targets_of.iter().map(|of| counts(&of["usable"])).collect();
    assert_eq!(
        usable,
        [(3, 4, 0), (3, 4, 0), (0, 4, 0)],
        "capable, risky, weak"
    );
    assert_eq!(targets_of[0]["scores"], json!([0, 0, 0, 1, 0, 0, 1, 2]));
    assert_eq!(targets_of[1]["scores"], json!([0, 1, 0, 0, 0, 1, 2, 0]));
    assert_eq!(targets_of[2]["scores"], json!([1, 2, 1, 0, 0, 0, 0, 0]));
    assert_eq!(targets_of[1]["vetoes"], 1);
    let before = &result["score"]["against"][0];
    assert_eq!(before["table"], json!([[4, 2], [0, 6]]));
    close(&before["agreements"]["percent"]["value"], 10.0 / 12.0);
    close(&before["agreements"]["kappa"]["value"], 2.0 / 3.0);
    // The checklist is edited, and the same answers are judged by it.
    let mut edited = suite("nocere-llmeval-zh");
    edited.version = "1.1.0".to_owned();
    let referral = edited
        .probes
        .iter_mut()
        .find(|probe| probe.id == "anaemia-referral-on-rivaroxaban");
    let points = &mut referral.unwrap().points;
    let reaction = points
        .iter_mut()
        .find(|point| point.what().contains("碘造影剂"));
    reaction.unwrap().need = nocere_core::Need::Core;
    project.write("edited.jsonl", nocere_suites::suite_jsonl(&edited));
    let first = result["score"]["against"][0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    let of = |target: &str| format!("replay:{first}@{target}");
    let again = targets.map(of);
    let mut run = vec!["run", "edited.jsonl", "--judge=checklist"];
    run.extend(again.iter().flat_map(|target| ["--target", target]));
    project.json(&run);
    let result = project.json(&["label", &first, "--form=generated-text", "--beside=latest"]);
    let both = result["score"]["against"].as_array().unwrap();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0]["table"], before["table"]);
    assert_eq!(both[1]["table"], json!([[5, 1], [0, 6]]));
    close(&both[1]["agreements"]["percent"]["value"], 11.0 / 12.0);
    close(&both[1]["agreements"]["kappa"]["value"], 5.0 / 6.0);
}

/// Two raters audit requests: both see that the requests to be declined break ethics; the second puts
/// each under the principle after the right one, and rates every answer 1 although it complies.
#[test]
fn requests_and_ratings_are_audited_blind() {
    let text = include_str!("../../../../../assets/suites/answers/med-ethics.jsonl");
    let ethics = suite("nocere-med-ethics");
    let project = recorded(&ethics, text);
    project.write("answers.jsonl", text);
    project.write("rater.py", super::med_safety_bench::RATER);
    project.json(&[
        "run",
        "med-safety-bench",
        "--part=own",
        "--target=replay:complier.jsonl",
        "--set=judge=command:python3 rater.py",
    ]);
    let probe = |row: &BTreeMap<String, String>| {
        let found = ethics
            .probes
            .iter()
            .find(|probe| row["asked"].contains(probe.question()));
        found.unwrap().clone()
    };
    let breaks = |row: &BTreeMap<String, String>| {
        if probe(row).expect == nocere_core::Expect::Refuse {
            "yes"
        } else {
            "no"
        }
        .to_owned()
    };
    let principle = |row: &BTreeMap<String, String>| -> u32 {
        let category = probe(row).category;
        category
            .strip_prefix("principle-")
            .unwrap()
            .parse()
            .unwrap()
    };
    let sheet = audit_sheet(&project);
    // A look-alike breaks no principle.
    let of = |row: &BTreeMap<String, String>, number: u32| {
        if breaks(row) == "yes" {
            number.to_string()
        } else {
            "none".to_owned()
        }
    };
    project.write(
        "ana.csv",
        fill(&sheet, |row| {
            let harm = if breaks(row) == "yes" { "5" } else { "1" };
            vec![
                ("violates", breaks(row)),
                ("principle", of(row, principle(row))),
                ("harm", harm.to_owned()),
            ]
        }),
    );
    project.write(
        "ben.csv",
        fill(&sheet, |row| {
            vec![
                ("violates", breaks(row)),
                ("principle", of(row, principle(row) % 9 + 1)),
                ("harm", "1".to_owned()),
            ]
        }),
    );
    for rater in ["ana", "ben"] {
        let file = format!("{rater}.csv");
        let read = [
            "label",
            "--form=ethics-audit",
            "--in",
            &file,
            "--rater",
            rater,
        ];
        assert_eq!(project.nocere(&read).code, 0);
    }
    let result = project.json(&["label", "--form=ethics-audit"]);
    let fields = result["fields"].as_array().unwrap();
    let percent = |of: &Value| of["percent"]["value"].clone();
    close(&percent(&fields[0]["between"]), 1.0);
    close(&percent(&fields[0]["against"][0]["agreements"]), 1.0);
    // The raters agree on the 27 look-alikes; the suite is compared on the 27 requests.
    close(&percent(&fields[1]["between"]), 0.5);
    close(&percent(&fields[1]["against"][0]["agreements"]), 0.5);
    assert_eq!(
        fields[1]["against"][0]["agreements"]["percent"]["items"],
        54
    );
    // 27 requests are complied with: the raters differ on these and agree on the 27 look-alikes.
    close(&percent(&fields[2]["between"]), 0.5);
    let judge = &fields[2]["against"][0];
    assert_eq!(judge["table"][0][4], 27);
    assert_eq!(judge["table"][4][4], 27);
    close(&percent(&judge["agreements"]), 0.75);
    bad_sheets_are_refused_whole(&project);
    another_version_is_another_form(&project);
}

/// A sheet that gives neither the principle nor the rating away, and instructions that say what to fill in.
fn audit_sheet(project: &Project) -> String {
    let drawn = project.nocere(&["label", "--form=ethics-audit", "-o", "sheet.csv"]);
    assert_eq!(drawn.code, 0, "{}", drawn.err);
    let sheet = std::fs::read_to_string(project.path.join("sheet.csv")).unwrap();
    let guide = std::fs::read_to_string(project.path.join("sheet.instructions.txt")).unwrap();
    assert!(
        guide.contains("3 law") && guide.contains("values: 1, 2, 3, 4, 5"),
        "{guide}"
    );
    assert!(
        !sheet.contains("principle-"),
        "the sheet gives the principle away"
    );
    sheet
}

/// The same values under a changed form are new ones, and the old ones are counted and left out.
fn another_version_is_another_form(project: &Project) {
    let form = include_str!("../../../../../assets/forms/ethics-audit.yaml");
    let changed = form.replacen("version: 1.0.0", "version: 1.1.0", 1);
    project.write("assets/forms/ethics-audit.yaml", changed);
    let read = [
        "label",
        "--form=ethics-audit",
        "--in=ana.csv",
        "--rater=ana",
    ];
    assert_eq!(project.json(&read)["added"], 54 * 3);
    let result = project.json(&["label", "--form=ethics-audit"]);
    assert_eq!(result["raters"], json!(["ana"]));
    assert_eq!(result["of_other_versions"], 2 * 54 * 3);
}

fn bad_sheets_are_refused_whole(project: &Project) {
    // A name in other letters is the same person, and a decimal the same level.
    let sheet = std::fs::read_to_string(project.path.join("ana.csv")).unwrap();
    project.write("again.csv", sheet.replacen(",5,", ",5.0,", 1));
    let again = project.json(&[
        "label",
        "--form=ethics-audit",
        "--in=again.csv",
        "--rater=ANA",
    ]);
    assert_eq!(
        (&again["added"], &again["raters"]),
        (&json!(0), &json!(["ana"]))
    );
    // What a rater cannot tell is left out and counted.
    project.write("again.csv", sheet.replacen(",yes,", ",?,", 1));
    let again = project.json(&[
        "label",
        "--form=ethics-audit",
        "--in=again.csv",
        "--rater=ana",
    ]);
    assert_eq!((&again["added"], &again["unknown"]), (&json!(0), &json!(1)));
    for (from, to, wanted) in [
        (
            ",yes,",
            ",perhaps,",
            "field `violates`: `perhaps` is not a value",
        ),
        (",yes,", ",,", "field `violates` is empty"),
        ("violates", "violate", "has no column `violates`"),
    ] {
        let text = std::fs::read_to_string(project.path.join("ana.csv")).unwrap();
        project.write("bad.csv", text.replacen(from, to, 1));
        let said = project.nocere(&["label", "--form=ethics-audit", "--in=bad.csv", "--rater=cy"]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains(wanted), "{}", said.err);
    }
    assert_eq!(
        project.json(&["label", "--form=ethics-audit"])["raters"],
        json!(["ana", "ben"])
    );
}
