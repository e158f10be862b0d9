//! 10,000 resamples over 100,000 verdicts in 20,000 clusters of five: the largest run for which
//! a report must not have to wait.

use nocere_stats::{Resampling, cluster_bootstrap_mean, cluster_bootstrap_rate};

const RESAMPLING: Resampling = Resampling {
    resamples: 10_000,
    seed: 1,
};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5)]
fn rate_over_alike_clusters(bencher: divan::Bencher) {
    let clusters: Vec<(u64, u64)> = (0..20_000).map(|n| (n * n % 6, 5)).collect();
    bencher.bench(|| cluster_bootstrap_rate(&clusters, RESAMPLING.resamples, RESAMPLING.seed));
}

#[divan::bench(sample_count = 5)]
fn mean_over_distinct_clusters(bencher: divan::Bencher) {
    let clusters: Vec<(f64, u64)> = (0..20_000).map(|n| (f64::from(n).sqrt(), 5)).collect();
    bencher.bench(|| cluster_bootstrap_mean(&clusters, RESAMPLING));
}
