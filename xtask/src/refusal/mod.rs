//! `cargo xtask train-refusal`: trains, validates and writes the embedded refusal judge.

mod compose;
mod data;
mod train;
mod validate;

use std::{cell::RefCell, collections::HashMap, path::Path, rc::Rc};

use nocere_judges::refusal::{Extractor, Features};

use data::Example;
use train::{Row, Settings};

/// Trains on everything that may be trained on; `data` is the folder of public data.
pub(crate) fn train(data: &Path) -> Result<String, Vec<String>> {
    run(data).map_err(|fault| vec![fault])
}

fn run(data: &Path) -> Result<String, String> {
    let xstest = data::xstest(&data.join("xstest/model_completions"))?;
    let second = data::second(&data.join("refusal_gold/refusal_extra.csv"))?;
    let own = data::own(&crate::root().join("assets/training/refusal"))?;
    let extractor = Reader {
        extractor: Extractor::embedded().map_err(|error| error.to_string())?,
        known: RefCell::default(),
        parts: compose::Parts::read(&crate::root().join("assets/training/refusal/parts.yaml"))?,
    };
    let settings = Settings::default();
    let report = validate::validate(&extractor, &xstest, &own, &second, settings);
    let all: Vec<&Example> = xstest.iter().chain(&own).collect();
    let model = fit(
        &extractor,
        &all,
        settings,
        "XSTest v2 completions and own examples",
    );
    let bytes = model.to_bytes();
    let path = crate::root().join("assets/judges/refusal-model.bin");
    std::fs::write(&path, &bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(format!(
        "{report}\n{} bytes, {}",
        bytes.len(),
        model.hash().short()
    ))
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
) -> nocere_judges::refusal::LinearModel {
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
    train::fit(&rows, settings, made_from)
}
