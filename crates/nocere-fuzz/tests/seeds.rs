//! Replays the seeds of every target, and a bounded number of mutations of each that are the same
//! every time. The long way is `fuzz/run.sh`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, path::PathBuf};

use nocere_core::clock::Stopwatch;
use nocere_fuzz::{Target, all, mutation::mutated};

/// Seconds that a target may take, about.
const SECONDS: u32 = 3;
/// Longest time for one input, in seconds: an input of some kilobytes is read at once.
const HANG: u64 = 10;

fn seeds_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds"))
}

/// The seeds of a target, in the order of their names.
fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = seeds_folder().join(target.name);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn check(name: &str) {
    let target = all().find(|target| target.name == name).unwrap();
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    let each = u64::from(target.per_second * SECONDS) / seeds.len() as u64 + 1;
    for (place, seed) in seeds.iter().enumerate() {
        (target.run)(seed);
        let other = &seeds[(place + 1) % seeds.len()];
        for number in 0..each {
            let input = mutated(seed, other, number * 1_000 + place as u64);
            let stopwatch = Stopwatch::start();
            (target.run)(&input);
            let seconds = stopwatch.elapsed().as_secs();
            assert!(seconds < HANG, "{}: {seconds} s for {input:?}", target.name);
        }
    }
}

macro_rules! replayed {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*

        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

replayed!(
    replies,
    events,
    archive_bytes,
    archives,
    recordings,
    labels,
    tables,
    suites,
    assets,
    rubrics,
    chat_templates,
    gguf,
    journals,
    text,
    secrets,
    judges,
);

#[test]
fn every_target_is_replayed_and_has_seeds_and_a_binary() {
    let targets: BTreeSet<String> = all().map(|target| target.name.to_owned()).collect();
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| {
                let path = entry.unwrap().path();
                path.file_stem().unwrap().to_str().unwrap().to_owned()
            })
            .collect()
    };
    let replayed: BTreeSet<String> = REPLAYED.iter().map(ToString::to_string).collect();
    assert_eq!(replayed, targets);
    assert_eq!(names(seeds_folder()), targets);
    assert_eq!(names(seeds_folder().join("../fuzz_targets")), targets);
}
