//! The confusion table: true categories against predicted ones.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Measure;
use crate::{Estimate, Method, rate_of_clusters};

/// One answer with its true and its predicted category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelledAnswer {
    /// Cluster id. Answers with the same id are not independent: usually the probe, over
    /// epochs.
    pub cluster: u64,
    /// Index of the true category.
    pub truth: usize,
    /// Index of the predicted category.
    pub predicted: usize,
}

/// Counts of true (rows) against predicted (columns) categories.
///
/// Every rate is an [`Estimate`]: Wilson's interval if each cluster has one answer in the
/// denominator, otherwise as in [`rate_of_clusters`]. A rate has no value if its denominator is
/// 0 or the table does not have its category. The caller leaves out answers without a truth or
/// a prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    categories: usize,
    /// Per cluster: number of answers for each (truth, predicted).
    clusters: Vec<BTreeMap<(usize, usize), u64>>,
    grouping: Grouping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grouping {
    /// The only map holds independent answers.
    Independent,
    /// One map per cluster.
    Clustered,
}

/// Why a confusion table cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfusionError {
    /// A row does not have one count per category.
    #[error("row {row} has {found} counts for {expected} categories")]
    NotSquare {
        /// Index of the row, from 0.
        row: usize,
        /// Number of counts in the row.
        found: usize,
        /// Number of rows.
        expected: usize,
    },
    /// A category index is not below the number of categories.
    #[error("category {category} of answer {answer} is not below the number of categories")]
    CategoryOutOfRange {
        /// Index of the answer, from 0.
        answer: usize,
        /// The index that was given.
        category: usize,
    },
}

impl Confusion {
    /// Builds a table of independent answers from a square matrix, `counts[truth][predicted]`.
    ///
    /// # Errors
    ///
    /// [`ConfusionError::NotSquare`] if a row does not have one count per category.
    pub fn new(counts: &[Vec<u64>]) -> Result<Self, ConfusionError> {
        let mut cells = BTreeMap::new();
        for (truth, row) in counts.iter().enumerate() {
            if row.len() != counts.len() {
                return Err(ConfusionError::NotSquare {
                    row: truth,
                    found: row.len(),
                    expected: counts.len(),
                });
            }
            for (predicted, count) in row.iter().enumerate() {
                cells.insert((truth, predicted), *count);
            }
        }
        Ok(Self {
            categories: counts.len(),
            clusters: vec![cells],
            grouping: Grouping::Independent,
        })
    }

    /// Builds a table from answers with the categories `0..categories`.
    ///
    /// # Errors
    ///
    /// [`ConfusionError::CategoryOutOfRange`] if a true or predicted category is not below
    /// `categories`.
    pub fn of_answers(
        categories: usize,
        answers: &[LabelledAnswer],
    ) -> Result<Self, ConfusionError> {
        let mut clusters: BTreeMap<u64, BTreeMap<(usize, usize), u64>> = BTreeMap::new();
        for (index, answer) in answers.iter().enumerate() {
            let largest = answer.truth.max(answer.predicted);
            if largest >= categories {
                return Err(ConfusionError::CategoryOutOfRange {
                    answer: index,
                    category: largest,
                });
            }
            let cells = clusters.entry(answer.cluster).or_default();
            *cells.entry((answer.truth, answer.predicted)).or_default() += 1;
        }
        Ok(Self {
            categories,
            clusters: clusters.into_values().collect(),
            grouping: Grouping::Clustered,
        })
    }

    /// Number of categories.
    pub fn categories(&self) -> usize {
        self.categories
    }

    /// Number of answers of category `truth` that were predicted as `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        let cells = self.clusters.iter();
        cells
            .filter_map(|cells| cells.get(&(truth, predicted)))
            .sum()
    }

    /// Number of answers.
    pub fn total(&self) -> u64 {
        self.clusters.iter().flat_map(BTreeMap::values).sum()
    }

    /// Accuracy: share of answers whose predicted category is the true one.
    pub fn accuracy(&self) -> Estimate {
        self.rate(|_, _| true, |truth, predicted| truth == predicted)
    }

    /// Sensitivity (recall): share of the truly `positive` answers predicted as such,
    /// `TP / (TP + FN)`.
    pub fn sensitivity(&self, positive: usize) -> Estimate {
        self.rate(
            |truth, _| truth == positive,
            |_, predicted| predicted == positive,
        )
    }

    /// Specificity: share of the answers not truly `positive` that were not predicted as such,
    /// `TN / (TN + FP)`. No value for a category that the table does not have.
    pub fn specificity(&self, positive: usize) -> Estimate {
        self.rate(
            |truth, _| truth != positive && positive < self.categories,
            |_, predicted| predicted != positive,
        )
    }

    /// Positive predictive value (precision): share of the answers predicted `positive` that
    /// are truly so, `TP / (TP + FP)`. Valid only for the share of positives in these data.
    pub fn positive_predictive_value(&self, positive: usize) -> Estimate {
        self.rate(
            |_, predicted| predicted == positive,
            |truth, _| truth == positive,
        )
    }

    /// Negative predictive value: share of the answers not predicted `positive` that are truly
    /// not so, `TN / (TN + FN)`. Valid only for the share of positives in these data.
    pub fn negative_predictive_value(&self, positive: usize) -> Estimate {
        self.rate(
            |_, predicted| predicted != positive && positive < self.categories,
            |truth, _| truth != positive,
        )
    }

    /// F1: `2 TP / (2 TP + FP + FN)`, the harmonic mean of sensitivity and PPV, in [0, 1].
    ///
    /// The Jaccard index `J = TP / (TP + FP + FN)` is a plain rate among the answers that are
    /// or were predicted `positive`. `F1 = 2 J / (1 + J)` grows with J, so the bounds of J
    /// carry over. No value if no answer is, or was predicted, positive.
    pub fn f1(&self, positive: usize) -> Estimate {
        let jaccard = self.rate(
            |truth, predicted| truth == positive || predicted == positive,
            |truth, predicted| truth == positive && predicted == positive,
        );
        let carry = |j: f64| 2.0 * j / (1.0 + j);
        Estimate {
            value: jaccard.value.map(carry),
            interval: jaccard
                .interval
                .map(|(low, high)| (carry(low), carry(high))),
            numerator: 2 * jaccard.numerator,
            denominator: jaccard.denominator + jaccard.numerator,
            ..jaccard
        }
    }

    /// Balanced accuracy: the mean of sensitivity and specificity, in [0, 1]; 0.5 is chance.
    ///
    /// The interval combines those of the two rates (MOVER: Zou and Donner 2008, Stat. Med.
    /// 27:1693–1702, eq. 9): `θ − ½ sqrt((Se − l₁)² + (Sp − l₂)²)`, and correspondingly above.
    /// It assumes that the two rates are independent; clusters that hold both kinds of answers
    /// can violate this. No value if either rate has none.
    pub fn balanced_accuracy(&self, positive: usize) -> Measure {
        let (first, second) = (self.sensitivity(positive), self.specificity(positive));
        let observations = first.denominator + second.denominator;
        let (Some(p), Some(q), Some((p_low, p_high)), Some((q_low, q_high))) =
            (first.value, second.value, first.interval, second.interval)
        else {
            return Measure {
                value: None,
                interval: None,
                observations,
                method: Method::NoData,
            };
        };
        let value = f64::midpoint(p, q);
        let low = value - (p - p_low).hypot(q - q_low) / 2.0;
        let high = value + (p_high - p).hypot(q_high - q) / 2.0;
        Measure {
            value: Some(value),
            interval: Some((low.max(0.0), high.min(1.0))),
            observations,
            // Plain Wilson is reported only if both intervals are.
            method: if first.method == Method::Wilson {
                second.method
            } else {
                first.method
            },
        }
    }

    /// Rate of `hit` among the cells that `counts` selects.
    fn rate(
        &self,
        counts: impl Fn(usize, usize) -> bool,
        hit: impl Fn(usize, usize) -> bool,
    ) -> Estimate {
        let clusters = self.clusters.iter().map(|cells| {
            let mut sums = (0, 0);
            for ((truth, predicted), count) in cells {
                if counts(*truth, *predicted) {
                    sums.1 += count;
                    if hit(*truth, *predicted) {
                        sums.0 += count;
                    }
                }
            }
            sums
        });
        match self.grouping {
            Grouping::Clustered => rate_of_clusters(clusters.collect(), 0),
            Grouping::Independent => {
                let (hits, total) =
                    clusters.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                Estimate::of_independent(hits, total)
            }
        }
    }
}
