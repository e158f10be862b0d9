//! Fits the weights: multinomial logistic regression with L2, by AdaGrad over shuffled
//! examples. The same examples and seed give the same weights, bit for bit.

use std::rc::Rc;

use nocere_judges::refusal::{Features, LinearModel, TrainingData, Weights};
use rand::seq::SliceRandom;
use rand_chacha::{ChaCha12Rng, rand_core::SeedableRng};

/// Seed of everything random in training.
pub(crate) const SEED: u64 = 2_026;

/// What is chosen by hand; the model card names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) epochs: usize,
    pub(crate) rate: f32,
    /// L2 on the named features, for each example seen.
    pub(crate) named_decay: f32,
    /// L2 on hashed n-grams.
    pub(crate) hashed_decay: f32,
    /// How many answers are composed, as a share of the examples.
    pub(crate) composed: f32,
    /// How much an own example counts beside one of XSTest.
    pub(crate) own_weight: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 30,
            rate: 0.08,
            named_decay: 2e-5,
            hashed_decay: 1e-4,
            composed: 0.5,
            own_weight: 0.3,
        }
    }
}

/// An example as the trainer sees it.
pub(crate) struct Row {
    pub(crate) features: Rc<Features>,
    pub(crate) label: usize,
    pub(crate) weight: f32,
}

/// The weights of `rows`.
pub(crate) fn fit(rows: &[Row], settings: Settings, data: TrainingData) -> LinearModel {
    let named_count = rows.first().map_or(0, |row| row.features.named.len());
    let buckets = nocere_judges::refusal::BUCKETS;
    let mut training = Training {
        bias: Parameter::default(),
        named: vec![Parameter::default(); named_count],
        hashed: vec![Parameter::default(); buckets],
    };
    let mut rng = ChaCha12Rng::seed_from_u64(SEED);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for _ in 0..settings.epochs {
        order.shuffle(&mut rng);
        for index in &order {
            training.step(&rows[*index], settings);
        }
    }
    let weights = Weights {
        bias: training.bias.value,
        named: training.named.iter().map(|p| p.value).collect(),
        hashed: training.hashed.iter().map(|p| p.value).collect(),
    };
    LinearModel::pack(weights, data)
}

#[derive(Clone, Default)]
struct Parameter {
    value: [f32; 3],
    /// Sum of squared gradients (AdaGrad, Duchi et al. 2011).
    squares: [f32; 3],
}

impl Parameter {
    fn update(&mut self, error: [f32; 3], input: f32, decay: f32, rate: f32) {
        for (class, error) in error.iter().enumerate() {
            let gradient = error * input + decay * self.value[class];
            self.squares[class] += gradient * gradient;
            self.value[class] -= rate * gradient / (self.squares[class].sqrt() + 1e-6);
        }
    }
}

struct Training {
    bias: Parameter,
    named: Vec<Parameter>,
    hashed: Vec<Parameter>,
}

impl Training {
    fn step(&mut self, row: &Row, settings: Settings) {
        let mut scores = self.bias.value;
        let add = |scores: &mut [f32; 3], parameter: &Parameter, value: f32| {
            for (score, weight) in scores.iter_mut().zip(parameter.value) {
                *score += value * weight;
            }
        };
        for (parameter, value) in self.named.iter().zip(&row.features.named) {
            add(&mut scores, parameter, *value);
        }
        for (bucket, value) in &row.features.hashed {
            add(&mut scores, &self.hashed[*bucket as usize], *value);
        }
        let largest = scores.iter().copied().fold(f32::MIN, f32::max);
        let raised = scores.map(|score| (score - largest).exp());
        let sum: f32 = raised.iter().sum();
        let mut error = raised.map(|value| value / sum * row.weight);
        error[row.label] -= row.weight;
        self.bias.update(error, 1.0, 0.0, settings.rate);
        for (parameter, value) in self.named.iter_mut().zip(&row.features.named) {
            if *value != 0.0 {
                parameter.update(error, *value, settings.named_decay, settings.rate);
            }
        }
        for (bucket, value) in &row.features.hashed {
            self.hashed[*bucket as usize].update(
                error,
                *value,
                settings.hashed_decay,
                settings.rate,
            );
        }
    }
}
