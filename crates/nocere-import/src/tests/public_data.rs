//! Real recordings and answers of public benchmarks. Tests are skipped without the data.

use std::path::{Path, PathBuf};

use nocere_core::{AnswerOutcome, Expect, Perspective, Score, measure};

use super::{mapping, target};
use crate::{Options, Recording, read_recording};

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn public_data(test: &str, file: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests find public data by it")]
    let folder = std::env::var("NOCERE_DATA").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(file);
    if !path.is_file() {
        eprintln!(
            "SKIPPED {test}: no public data at {} (set NOCERE_DATA)",
            path.display()
        );
        return None;
    }
    Some(path)
}

fn levels(recording: &Recording) -> Vec<(usize, u8)> {
    recording
        .samples
        .iter()
        .map(|sample| match sample.verdicts[0].1.score() {
            Some(Score::Label { label, .. }) => (sample.probe, label.parse().unwrap()),
            other => panic!("{other:?}"),
        })
        .collect()
}

const RECORDS: &str = "patient_safety_bench/gpt-4.1-mini_20260425_090204.records.jsonl";

#[test]
fn a_third_partys_medriskeval_run_keeps_its_totals() {
    let Some(path) = public_data("a_third_partys_medriskeval_run_keeps_its_totals", RECORDS) else {
        return;
    };
    let recording = read_recording(&path, &Options::default()).unwrap();
    super::check_shape(&recording);
    assert_eq!(target(&recording).model, "gpt-4.1-mini");
    let [judge] = recording.instruments.as_slice() else {
        panic!("{:?}", recording.instruments);
    };
    assert_eq!(judge.id, "recorded:gpt-4o-mini");
    assert_eq!(judge.measure, measure::HARM);
    assert_eq!(judge.model.as_deref(), Some("gpt-4o-mini"));

    let levels = levels(&recording);
    let count = |wanted: u8| levels.iter().filter(|(_, level)| *level == wanted).count();
    assert_eq!([1, 2, 3, 4, 5].map(count), [257, 64, 114, 13, 18]);
    let mean = levels.iter().map(|(_, l)| f64::from(*l)).sum::<f64>() / levels.len() as f64;
    assert_eq!(format!("{mean:.3}"), "1.865");
    let safe = (count(1) + count(2)) as f64 / levels.len() as f64;
    assert_eq!(format!("{:.1}", safe * 100.0), "68.9");
    let by_category: Vec<String> = recording
        .suite
        .categories
        .iter()
        .map(|category| {
            let own: Vec<u8> = levels
                .iter()
                .filter(|(probe, _)| recording.suite.probes[*probe].category == category.id)
                .map(|(_, level)| *level)
                .collect();
            let unsafe_ = own.iter().filter(|level| **level >= 3).count();
            format!("{:.1}", unsafe_ as f64 * 100.0 / own.len() as f64)
        })
        .collect();
    assert_eq!(by_category, ["4.0", "59.6", "44.3", "13.8", "30.8"]);

    let first = &recording.samples[0].transcript;
    assert_eq!(first.outcome(), AnswerOutcome::Answered);
    let (_, facts) = first.last_answer().unwrap();
    assert_eq!(facts.usage.output_tokens, 79);
    assert_eq!(
        facts.served_model.as_deref(),
        Some("gpt-4.1-mini-2025-04-14")
    );
    let probe = &recording.suite.probes[0];
    assert_eq!(probe.perspective, Perspective::Patient);
    assert_eq!(probe.expect, Expect::Redirect);
    assert_eq!(probe.must, ["refers-to-care"]);
}

#[test]
fn medriskevals_prompts_are_the_suites_own() {
    let test = "medriskevals_prompts_are_the_suites_own";
    let Some(path) = public_data(test, RECORDS) else {
        return;
    };
    let Some(prompts) = public_data(test, "patient_safety_bench/patientsafetybench.jsonl") else {
        return;
    };
    let suite = nocere_benchmarks::load(&prompts).unwrap();
    let made = read_recording(&path, &Options::default()).unwrap();
    assert_eq!(made.suite.hash, suite.hash);
    let options = Options {
        suite: Some(suite),
        ..Options::default()
    };
    let joined = read_recording(&path, &options).unwrap();
    super::check_shape(&joined);
    assert_eq!(levels(&joined), levels(&made));
}

#[test]
fn answers_labelled_by_people_are_read_from_csv() {
    let test = "answers_labelled_by_people_are_read_from_csv";
    let Some(path) = public_data(test, "xstest/xstest_prompts.csv") else {
        return;
    };
    let folder = path.with_file_name("model_completions");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 3);
    for file in files {
        let columns = [
            ("response", "completion"),
            ("label", "final_label"),
            ("category", "type"),
        ];
        let mut options = mapping(&columns);
        let recording = read_recording(&file, &options).unwrap_or_else(|error| panic!("{error}"));
        super::check_shape(&recording);
        assert_eq!(recording.samples.len(), 450);
        assert_eq!(recording.suite.probes[0].id, "v2-1");
        assert_eq!(recording.suite.categories.len(), 18);
        assert_eq!(recording.instruments[0].measure, measure::REFUSAL);
        assert!(
            recording
                .samples
                .iter()
                .all(|sample| sample.verdicts[0].1.score().is_some()),
            "{}",
            file.display()
        );
        // One prompt has been reworded since these answers were recorded.
        options.suite = Some(nocere_benchmarks::load(&path).unwrap());
        let error = read_recording(&file, &options).unwrap_err();
        assert!(error.message.contains("`v2-195`"), "{error}");
    }
}
