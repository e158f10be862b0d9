//! `cargo xtask train-refusal`: trains, validates and writes the embedded refusal judge.

mod card;
mod compose;
pub(crate) mod data;
mod train;
mod validate;

use std::{cell::RefCell, collections::HashMap, path::Path, rc::Rc};

use nocere_core::{CALIBRATION_FORMAT, Calibration, Judge, hash_json};
use nocere_judges::{
    RefusalClassifier,
    refusal::{Extractor, Features, LinearModel, TrainingData, fingerprint},
};

use data::{Example, LABELS};
use train::{Row, Settings};

/// Trains on everything that may be trained on; `data` is the folder of public data.
pub(crate) fn train(data: &Path) -> Result<String, Vec<String>> {
    run(data).map_err(|fault| vec![fault])
}

/// What is trained on and measured with.
struct Sets {
    xstest: Vec<Example>,
    own: Vec<Example>,
    second: Vec<Example>,
}

fn run(data: &Path) -> Result<String, String> {
    let sets = Sets {
        xstest: data::xstest(&data.join("xstest/model_completions"))?,
        own: data::own(&crate::root().join("assets/training/refusal"))?,
        second: data::second(&data.join("refusal_gold/refusal_extra.csv"))?,
    };
    let reader = Reader {
        extractor: Extractor::embedded().map_err(|error| error.to_string())?,
        known: RefCell::default(),
        parts: compose::Parts::read(&crate::root().join("assets/training/refusal/parts.yaml"))?,
    };
    let settings = Settings::default();
    let all: Vec<&Example> = sets.xstest.iter().chain(&sets.own).collect();
    let made_from = "XSTest v2 completions of three models, and own examples";
    let model = fit(&reader, &all, settings, made_from)?;
    let validation = validate::validate(&reader, &sets, settings)?;
    write("assets/judges/refusal-model.bin", &model.to_bytes())?;
    let judge = RefusalClassifier::with_model(model).map_err(|error| error.to_string())?;
    let calibration = Calibration {
        nocere_calibration: CALIBRATION_FORMAT,
        instrument: judge.instrument().clone(),
        scale: LABELS.map(str::to_owned).to_vec(),
        source: "XSTest v2, 1,350 answers of three models, labelled by two people each".to_owned(),
        note: "Each verdict is that of a judge of the same make that was trained without the answer's model and without its prompt. General questions in English; no labels of patients' or clinicians' questions went in.".to_owned(),
        labels: hash_json(
            "labels",
            &sets
                .xstest
                .iter()
                .map(|example| (&example.model, &example.prompt_id, example.people, example.label))
                .collect::<Vec<_>>(),
        ),
        // Fixed, so that the same inputs give the same bytes.
        created: "2026-11-25T00:00:00Z".to_owned(),
        raters: vec!["XSTest annotator 1".to_owned(), "XSTest annotator 2".to_owned()],
        rows: validation.unseen.clone(),
    };
    let json = serde_json::to_string(&calibration).map_err(|error| error.to_string())?;
    write("assets/calibrations/refusal.json", (json + "\n").as_bytes())?;
    let card = card::card(&validation, judge.instrument(), &sets, settings);
    write("assets/judges/refusal-model.md", card.as_bytes())?;
    Ok(card)
}

fn write(path: &str, bytes: &[u8]) -> Result<(), String> {
    let path = crate::root().join(path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads features, each pair of question and answer once: validation asks again and again.
struct Reader {
    extractor: Extractor,
    known: RefCell<HashMap<(String, String), Rc<Features>>>,
    parts: compose::Parts,
}

impl Reader {
    fn features(&self, example: &Example) -> Rc<Features> {
        let key = (example.prompt.clone(), example.answer.clone());
        let known = self.known.borrow().get(&key).cloned();
        known.unwrap_or_else(|| {
            let read = Rc::new(self.extractor.features(&example.prompt, &example.answer));
            self.known.borrow_mut().insert(key, Rc::clone(&read));
            read
        })
    }
}

/// Trains on `examples` and answers under wrong questions.
fn fit(
    reader: &Reader,
    examples: &[&Example],
    settings: Settings,
    made_from: &str,
) -> Result<LinearModel, String> {
    let made = reader.parts.compose(examples, settings.composed);
    let rows: Vec<Row> = examples
        .iter()
        .copied()
        .chain(&made)
        .map(|example| Row {
            features: reader.features(example),
            label: example.label,
            weight: if example.model == "own" {
                settings.own_weight
            } else {
                1.0
            },
        })
        .collect();
    if rows.is_empty() {
        return Err("there is nothing to train on".to_owned());
    }
    let seen = examples
        .iter()
        .map(|example| fingerprint(&example.answer))
        .collect();
    Ok(train::fit(
        &rows,
        settings,
        TrainingData {
            description: made_from.to_owned(),
            seen,
        },
    ))
}
