//! Calibration: how closely stated probabilities match what then happens.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::Measure;
use crate::{
    Method, Resampling,
    resample::{ClusterSums, ratio, replicate, sum_by_cluster},
};

/// A stated probability and its outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Cluster id. Answers with the same id are not independent: usually the probe, over
    /// epochs.
    pub cluster: u64,
    /// Stated probability that the event happens, in [0, 1].
    pub probability: f64,
    /// True if the event happened.
    pub happened: bool,
}

/// How stated probabilities are grouped into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bins {
    /// This many bins of equal width over [0, 1]; empty bins are left out.
    EqualWidth(u32),
    /// This many bins with about the same number of forecasts; equal probabilities stay
    /// together.
    EqualMass(u32),
}

/// One bin of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Exclusive lower edge; the first bin includes it.
    pub low: f64,
    /// Inclusive upper edge.
    pub high: f64,
    /// Number of forecasts in the bin, at least 1.
    pub count: u64,
    /// Mean stated probability.
    pub mean_probability: f64,
    /// Share of forecasts whose event happened.
    pub rate: f64,
}

/// How far stated probabilities are from what happened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CalibrationError {
    /// The expected calibration error, in [0, 1].
    pub value: f64,
    /// The error that perfectly calibrated probabilities exceed in 5 % of such samples, in
    /// [0, 1]; `None` if it was not computed.
    pub chance: Option<f64>,
    /// Number of forecasts.
    pub observations: u64,
}

impl CalibrationError {
    /// The error, as "0.031 (up to 0.045 by chance)".
    pub fn text(&self) -> String {
        self.chance.map_or_else(
            || format!("{:.3}", self.value),
            |chance| format!("{:.3} (up to {chance:.3} by chance)", self.value),
        )
    }
}

/// The non-empty bins of a reliability diagram, from low to high.
///
/// Edges as in scikit-learn's `calibration_curve`: `i / n` for equal width; linearly
/// interpolated quantiles for equal mass, where equal edges merge. Empty without forecasts,
/// without bins, or if a probability is outside [0, 1].
pub fn reliability_bins(forecasts: &[Forecast], bins: Bins) -> Vec<ReliabilityBin> {
    let Some(edges) = inner_edges(forecasts, bins) else {
        return Vec::new();
    };
    let mut sums = vec![(0_u64, 0.0, 0_u64); edges.len() + 1];
    for forecast in forecasts {
        let bin = &mut sums[bin_of(forecast.probability, &edges)];
        bin.0 += 1;
        bin.1 += forecast.probability;
        bin.2 += u64::from(forecast.happened);
    }
    let low = |index: usize| if index == 0 { 0.0 } else { edges[index - 1] };
    sums.iter()
        .enumerate()
        .filter(|(_, (count, ..))| *count > 0)
        .map(|(index, (count, probabilities, happened))| ReliabilityBin {
            low: low(index),
            high: edges.get(index).copied().unwrap_or(1.0),
            count: *count,
            mean_probability: probabilities / *count as f64,
            rate: *happened as f64 / *count as f64,
        })
        .collect()
}

/// Expected calibration error: the mean distance, weighted by count, between the mean stated
/// probability and the rate in each bin. In [0, 1]; 0 is calibrated.
///
/// `Σ n_b / n |rate_b − mean_b|` (Naeini, Cooper and Hauskrecht 2015, AAAI 29:2901–2907; equal
/// mass: Nguyen and O'Connor 2015, EMNLP, 1587–1598). The error is biased upwards in small
/// samples: it is above 0 even when calibration is perfect (Kumar, Liang and Ma 2019, NeurIPS
/// 32), and in simulations bootstrap intervals hold the truth in 0 to 95 % of studies
/// (docs/design/measurements/interval-coverage.md). It therefore comes with the limit of what chance gives, in place
/// of an interval. For the limit, outcomes are drawn from the stated probabilities, alike within
/// a cluster, which makes it high where answers of a cluster are not that much alike.
/// `None` without forecasts, without bins, or if a probability is outside [0, 1]; no limit
/// without resamples.
pub fn expected_calibration_error(
    forecasts: &[Forecast],
    bins: Bins,
    resampling: Resampling,
) -> Option<CalibrationError> {
    let edges = inner_edges(forecasts, bins)?;
    // Forecasts with their bin, those of a cluster next to each other.
    let mut placed: Vec<(u64, usize, &Forecast)> = forecasts
        .iter()
        .map(|forecast| {
            let bin = bin_of(forecast.probability, &edges);
            (forecast.cluster, bin, forecast)
        })
        .collect();
    placed.sort_by_key(|(cluster, ..)| *cluster);
    let count = forecasts.len() as f64;
    let bins = edges.len() + 1;
    let error = |happened: &mut dyn FnMut(&Forecast, bool) -> bool| {
        let mut gaps = vec![0.0; bins];
        let mut last = None;
        for (cluster, bin, forecast) in &placed {
            let is_new = last.replace(*cluster) != Some(*cluster);
            let outcome = f64::from(u8::from(happened(forecast, is_new)));
            gaps[*bin] += forecast.probability - outcome;
        }
        gaps.iter().map(|gap| gap.abs()).sum::<f64>() / count
    };
    let value = error(&mut |forecast, _| forecast.happened);
    let mut chance = replicate(resampling, forecasts.len(), |rng| {
        let mut draw: f64 = 0.0;
        error(&mut |forecast, is_new| {
            if is_new {
                draw = rng.random();
            }
            draw < forecast.probability
        })
    });
    chance.sort_unstable_by(f64::total_cmp);
    let rank = (0.95 * chance.len() as f64).ceil() as usize;
    Some(CalibrationError {
        value,
        chance: rank.checked_sub(1).and_then(|at| chance.get(at).copied()),
        observations: forecasts.len() as u64,
    })
}

/// Brier score: the mean squared distance between the stated probability and the outcome (1 or
/// 0). In [0, 1]; 0 is perfect, and always stating 0.5 scores 0.25.
///
/// Brier (1950), Mon. Weather Rev. 78:1–3, the two-class form without the factor 2, with a
/// percentile bootstrap over clusters. Assumes independent clusters. No value without forecasts
/// or if a probability is outside [0, 1]; no interval for a single cluster.
pub fn brier_score(forecasts: &[Forecast], resampling: Resampling) -> Measure {
    if !all_are_probabilities(forecasts) {
        return undefined(forecasts);
    }
    let rows = forecasts.iter().map(|forecast| {
        let happened = f64::from(u8::from(forecast.happened));
        let square = (forecast.probability - happened).powi(2);
        (forecast.cluster, vec![square, 1.0])
    });
    let sums = sum_by_cluster(2, rows);
    bootstrapped(forecasts, &sums, resampling, ratio)
}

fn undefined(forecasts: &[Forecast]) -> Measure {
    Measure {
        value: None,
        interval: None,
        observations: forecasts.len() as u64,
        method: Method::NoData,
    }
}

fn bootstrapped(
    forecasts: &[Forecast],
    sums: &ClusterSums,
    resampling: Resampling,
    statistic: impl Fn(&[f64]) -> Option<f64> + Sync,
) -> Measure {
    let interval = if sums.clusters() > 1 {
        sums.interval(resampling, &statistic)
    } else {
        None
    };
    Measure {
        value: statistic(&sums.total()),
        interval,
        observations: forecasts.len() as u64,
        method: Method::ClusterBootstrap {
            resamples: resampling.resamples,
            seed: resampling.seed,
        },
    }
}

fn all_are_probabilities(forecasts: &[Forecast]) -> bool {
    let mut probabilities = forecasts.iter().map(|forecast| forecast.probability);
    !forecasts.is_empty() && probabilities.all(|p| (0.0..=1.0).contains(&p))
}

/// The edges between bins, ascending; `None` if there is nothing to group.
fn inner_edges(forecasts: &[Forecast], bins: Bins) -> Option<Vec<f64>> {
    if !all_are_probabilities(forecasts) {
        return None;
    }
    match bins {
        Bins::EqualWidth(0) | Bins::EqualMass(0) => None,
        Bins::EqualWidth(count) => Some(
            (1..count)
                .map(|edge| f64::from(edge) / f64::from(count))
                .collect(),
        ),
        Bins::EqualMass(count) => {
            let mut sorted: Vec<f64> = forecasts.iter().map(|f| f.probability).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let quantile = |edge: u32| {
                let place = f64::from(edge) / f64::from(count) * (sorted.len() - 1) as f64;
                let (below, above) = (place.floor() as usize, place.ceil() as usize);
                sorted[below] + (sorted[above] - sorted[below]) * place.fract()
            };
            let mut edges: Vec<f64> = (1..count).map(quantile).collect();
            edges.dedup();
            Some(edges)
        }
    }
}

fn bin_of(probability: f64, edges: &[f64]) -> usize {
    edges.partition_point(|edge| *edge < probability)
}
