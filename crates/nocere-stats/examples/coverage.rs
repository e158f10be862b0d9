//! How often the intervals of this crate contain the truth, by simulation.
//!
//! `cargo run --release -p nocere-stats --example coverage [-- --quick] [WORD]` prints a
//! Markdown table; with WORD, only the rows whose interval name contains it. Each row gives the
//! share of simulated studies whose 95 % interval contains the true value with its Monte Carlo
//! error, the mean width, and the share of studies without an interval, which count neither
//! way. Counts are discrete, so coverage at one true rate jumps up and down with that rate;
//! rows marked `±30 %` draw a new true rate for each study.

use std::thread;

use nocere_stats::{
    Resampling,
    agreement::{IntervalKind, Ratings, Weights, cohen_kappa, gwet_ac},
    classification::{Bins, Forecast, LabelledAnswer, expected_calibration_error},
    clopper_pearson_interval,
    correction::{
        JudgeErrors, LabelledScore, Stratum, UnlabelledScore, prediction_powered_rate,
        rogan_gladen, stratified_rate,
    },
    mean_level, mean_of_clusters,
    paired::{PairedCluster, PairedCounts, cluster_difference, paired_difference},
    rate_of_clusters, wilson_interval,
};

const SIZES: [u64; 3] = [50, 450, 5000];
const RATES: [f64; 3] = [0.05, 0.2, 0.5];
const EPOCHS: u64 = 5;
const CORRELATION: f64 = 0.3;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let word = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let table = Table {
        word: word.unwrap_or_default(),
        studies: if quick { 400 } else { 2_000 },
    };
    table.head();
    table.rates();
    table.clustered_rates();
    table.corrected_rates();
    table.powered_rates();
    table.stratified_rates();
    table.means();
    table.calibration_errors();
    table.agreement();
    table.paired_differences();
}

/// Result of one study: its interval, if it has one, and the truth.
type Study = (Option<(f64, f64)>, f64);

/// Chooses the interval of a study.
type Kind = fn(&mut Chance) -> IntervalKind;

/// SplitMix64 (Steele, Lea and Flood 2014): good enough for a simulation, without a dependency.
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    fn hits(&mut self, trials: u64, probability: f64) -> u64 {
        (0..trials)
            .map(|_| u64::from(self.happens(probability)))
            .sum()
    }

    /// `trials` answers of one cluster with the given rate and correlation: a beta-binomial,
    /// drawn as Pólya's urn.
    fn urn(&mut self, trials: u64, rate: f64) -> Vec<bool> {
        let weight = (1.0 - CORRELATION) / CORRELATION;
        let mut hits = 0.0;
        (0..trials)
            .map(|drawn| {
                let hit = self.happens((rate * weight + hits) / (weight + drawn as f64));
                hits += f64::from(u8::from(hit));
                hit
            })
            .collect()
    }

    /// The truth of each of `answers` answers, by cluster.
    fn truths(&mut self, answers: u64, rate: f64, design: Design) -> Vec<Vec<bool>> {
        match design {
            Design::Single => (0..answers).map(|_| vec![self.happens(rate)]).collect(),
            Design::Clustered => (0..answers / EPOCHS)
                .map(|_| self.urn(EPOCHS, rate))
                .collect(),
        }
    }

    fn drawn(&mut self, rate: Rate) -> f64 {
        match rate {
            Rate::Fixed(rate) => rate,
            Rate::Around(rate) => rate * (0.7 + 0.6 * self.uniform()),
        }
    }

    /// A calibration of which 30 % are truly positive.
    fn labels(&mut self, labels: u64, right: f64, design: Design) -> JudgeErrors {
        let mut answers = Vec::new();
        let repeats = match design {
            Design::Single => 1,
            Design::Clustered => 3,
        };
        for cluster in 0..labels / repeats {
            let truth = usize::from(cluster < labels / repeats * 3 / 10);
            for is_right in self.urn(repeats, right) {
                answers.push(LabelledAnswer {
                    cluster,
                    truth,
                    predicted: if is_right { truth } else { 1 - truth },
                });
            }
        }
        JudgeErrors::of_answers(&answers)
    }

    fn judge(&mut self, truth: bool, right: f64) -> bool {
        truth == self.happens(right)
    }
}

#[derive(Clone, Copy)]
enum Rate {
    Fixed(f64),
    Around(f64),
}

impl Rate {
    fn both(rate: f64) -> [Self; 2] {
        [Self::Fixed(rate), Self::Around(rate)]
    }

    fn label(self) -> String {
        match self {
            Self::Fixed(rate) => format!("rate {rate}"),
            Self::Around(rate) => format!("rate {rate} ±30 %"),
        }
    }
}

#[derive(Clone, Copy)]
enum Design {
    Single,
    Clustered,
}

impl Design {
    fn label(self) -> &'static str {
        match self {
            Self::Single => "",
            Self::Clustered => ", 5 epochs, icc 0.3",
        }
    }
}

fn counts(clusters: &[Vec<bool>]) -> Vec<(u64, u64)> {
    let hits = |cluster: &Vec<bool>| cluster.iter().filter(|hit| **hit).count() as u64;
    clusters
        .iter()
        .map(|cluster| (hits(cluster), cluster.len() as u64))
        .collect()
}

fn resampling(chance: &mut Chance) -> Resampling {
    Resampling {
        resamples: 1_000,
        seed: chance.uniform().to_bits(),
    }
}

struct Table {
    word: String,
    studies: u64,
}

#[expect(clippy::print_stdout, reason = "the table is what the example is for")]
impl Table {
    fn head(&self) {
        println!("{} studies per row, nominal 95 %.\n", self.studies);
        println!("| interval | n | design | coverage % | ± | mean width | none % |");
        println!("| --- | ---: | --- | ---: | ---: | ---: | ---: |");
    }

    fn row(&self, name: &str, n: u64, design: &str, study: impl Fn(&mut Chance) -> Study + Sync) {
        if !name.contains(&self.word) {
            return;
        }
        let workers = thread::available_parallelism().map_or(1, |n| n.get() as u64);
        let run = |worker: u64| {
            let mut sums = (0_u64, 0_u64, 0.0);
            for index in (worker..self.studies).step_by(workers as usize) {
                let mut chance = Chance(index.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ n);
                if let (Some((low, high)), truth) = study(&mut chance) {
                    sums.0 += 1;
                    sums.1 += u64::from(low <= truth && truth <= high);
                    sums.2 += high - low;
                }
            }
            sums
        };
        let (made, held, width) = thread::scope(|scope| {
            let run = &run;
            let others: Vec<_> = (1..workers).map(|w| scope.spawn(move || run(w))).collect();
            let own = run(0);
            others
                .into_iter()
                .filter_map(|other| other.join().ok())
                .fold(own, |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
        });
        let count = made.max(1) as f64;
        let share = held as f64 / count;
        println!(
            "| {name} | {n} | {design} | {:.1} | {:.1} | {:.4} | {:.1} |",
            100.0 * share,
            100.0 * (share * (1.0 - share) / count).sqrt(),
            width / count,
            100.0 * (self.studies - made) as f64 / self.studies as f64,
        );
    }

    fn rates(&self) {
        self.rates_by("Wilson", wilson_interval);
        self.rates_by("Clopper–Pearson", clopper_pearson_interval);
    }

    fn rates_by(&self, name: &str, interval: fn(u64, u64) -> Option<(f64, f64)>) {
        for n in SIZES {
            for rate in RATES.into_iter().flat_map(Rate::both) {
                self.row(name, n, &rate.label(), |chance| {
                    let truth = chance.drawn(rate);
                    (interval(chance.hits(n, truth), n), truth)
                });
            }
        }
    }

    fn clustered_rates(&self) {
        for n in [25, 50, 100, 450, 5000] {
            for rate in RATES.into_iter().flat_map(Rate::both) {
                let design = format!("{}{}", rate.label(), Design::Clustered.label());
                let clusters = |chance: &mut Chance| {
                    let truth = chance.drawn(rate);
                    (counts(&chance.truths(n, truth, Design::Clustered)), truth)
                };
                self.row("rate_of_clusters", n, &design, |chance| {
                    let (clusters, truth) = clusters(chance);
                    (rate_of_clusters(clusters, 0).interval, truth)
                });
            }
        }
    }

    fn corrected_rates(&self) {
        for design in [Design::Single, Design::Clustered] {
            for right in [0.7, 0.85, 0.98] {
                for labels in [100, 450] {
                    for n in SIZES {
                        for rate in RATES {
                            let rate = Rate::Around(rate);
                            let label = format!(
                                "{}, Se = Sp = {right}, {labels} labels{}",
                                rate.label(),
                                design.label()
                            );
                            self.row("Rogan–Gladen", n, &label, |chance| {
                                let truth = chance.drawn(rate);
                                let mut answers = chance.truths(n, truth, design);
                                for answer in answers.iter_mut().flatten() {
                                    *answer = chance.judge(*answer, right);
                                }
                                // Three answers to each labelled prompt in the clustered
                                // design, which the judge tends to read alike.
                                let errors = chance.labels(labels, right, design);
                                let made = rogan_gladen(&counts(&answers), &errors);
                                (made.ok().map(|corrected| corrected.interval), truth)
                            });
                        }
                    }
                }
            }
        }
    }

    fn powered_rates(&self) {
        for design in [Design::Single, Design::Clustered] {
            for right in [0.7, 0.85, 0.98] {
                for labels in [50, 100, 450] {
                    for n in [450, 5000] {
                        for rate in RATES {
                            let rate = Rate::Around(rate);
                            let label = format!(
                                "{}, Se = Sp = {right}, {labels} labels{}",
                                rate.label(),
                                design.label()
                            );
                            self.row("PPI++", n, &label, |chance| {
                                let truth = chance.drawn(rate);
                                let answers = chance.truths(n + labels, truth, design);
                                let (mut labelled, mut unlabelled) = (Vec::new(), Vec::new());
                                for (cluster, answers) in (0..).zip(answers) {
                                    for human in answers {
                                        let score = |yes: bool| f64::from(u8::from(yes));
                                        let judge = score(chance.judge(human, right));
                                        if (labelled.len() as u64) < labels {
                                            let human = score(human);
                                            labelled.push(LabelledScore {
                                                cluster,
                                                human,
                                                judge,
                                            });
                                        } else {
                                            unlabelled.push(UnlabelledScore { cluster, judge });
                                        }
                                    }
                                }
                                let made = prediction_powered_rate(&labelled, &unlabelled);
                                (made.ok().map(|powered| powered.interval), truth)
                            });
                        }
                    }
                }
            }
        }
    }

    /// Labels chosen by the judge's verdict: half of them on answers that it counts.
    fn stratified_rates(&self) {
        for right in [0.7, 0.85, 0.98] {
            for labels in [50, 100, 450] {
                for n in [450, 5000] {
                    for rate in RATES {
                        let rate = Rate::Around(rate);
                        let label = format!("{}, Se = Sp = {right}, {labels} labels", rate.label());
                        self.row("stratified", n, &label, |chance| {
                            let truth = chance.drawn(rate);
                            let mut strata = [Stratum::default(), Stratum::default()];
                            for _ in 0..n {
                                let human = chance.happens(truth);
                                let stratum = usize::from(chance.judge(human, right));
                                let stratum = &mut strata[stratum];
                                stratum.answers += 1;
                                if (stratum.labelled.len() as u64) < labels / 2 {
                                    stratum.labelled.push((u64::from(human), 1));
                                }
                            }
                            let made = stratified_rate(&strata);
                            (made.ok().map(|made| made.interval), truth)
                        });
                    }
                }
            }
        }
    }

    /// Mean levels of a scale from 1 to 5, most of them low.
    fn means(&self) {
        for n in [25, 50, 100, 450, 5000] {
            for design in [Design::Single, Design::Clustered] {
                let clusters = |chance: &mut Chance| -> (Vec<(f64, u64)>, f64) {
                    let truth = 0.1 + 0.2 * chance.uniform();
                    let levels: Vec<(f64, u64)> = chance
                        .truths(n, truth, design)
                        .iter()
                        .map(|cluster| {
                            // A hit is level 4 or 5, another answer 1 or 2.
                            let sum: u64 = cluster
                                .iter()
                                .map(|hit| 1 + 3 * u64::from(*hit) + chance.hits(1, 0.5))
                                .sum();
                            (sum as f64, cluster.len() as u64)
                        })
                        .collect();
                    (levels, 1.5 + 3.0 * truth)
                };
                let label = format!("levels 1 to 5{}", design.label());
                self.row("mean level", n, &label, |chance| {
                    let (levels, truth) = clusters(chance);
                    let levels: Vec<(u64, u64)> =
                        levels.iter().map(|(sum, of)| (*sum as u64, *of)).collect();
                    let made = mean_level(&levels, 1..=5).and_then(|mean| mean.interval);
                    (made, truth)
                });
                self.row("mean, Student's t", n, &label, |chance| {
                    let (levels, truth) = clusters(chance);
                    let made = mean_of_clusters(&levels).and_then(|mean| mean.interval);
                    (made, truth)
                });
            }
        }
    }

    /// How often the expected calibration error stays below the limit of chance: always but in
    /// 5 % for calibrated probabilities, hardly ever for those of a judge whose stated probabilities are too extreme.
    fn calibration_errors(&self) {
        for n in SIZES {
            for design in [Design::Single, Design::Clustered] {
                for (name, sharpness) in [("calibrated", 1.0), ("overconfident", 2.0)] {
                    // Ten stated probabilities, one for each bin.
                    let stated = |bin: u64| (bin as f64 + 0.5) / 10.0;
                    let happens = |stated: f64| {
                        let odds = (stated / (1.0 - stated)).powf(1.0 / sharpness);
                        odds / (1.0 + odds)
                    };
                    let truth: f64 = (0..10)
                        .map(|bin| (stated(bin) - happens(stated(bin))).abs() / 10.0)
                        .sum();
                    let label = format!("{name}, ten bins{}", design.label());
                    self.row("calibration error within chance", n, &label, |chance| {
                        let repeats = match design {
                            Design::Single => 1,
                            Design::Clustered => EPOCHS,
                        };
                        let mut forecasts = Vec::new();
                        for cluster in 0..n / repeats {
                            let probability = stated((chance.uniform() * 10.0) as u64);
                            let rate = happens(probability);
                            for happened in chance.urn(repeats, rate) {
                                forecasts.push(Forecast {
                                    cluster,
                                    probability,
                                    happened,
                                });
                            }
                        }
                        let made = expected_calibration_error(
                            &forecasts,
                            Bins::EqualWidth(10),
                            resampling(chance),
                        );
                        let made = made.and_then(|made| Some((made.value, made.chance?)));
                        let value = made.map_or(truth, |(value, _)| value);
                        (made.map(|(_, limit)| (0.0, limit)), value)
                    });
                }
            }
        }
    }

    fn agreement(&self) {
        for n in SIZES {
            self.clustered_agreement(n);
        }
        for n in SIZES {
            for rate in RATES {
                for right in [0.7, 0.85, 0.98] {
                    let pairs = |chance: &mut Chance| -> Option<Ratings> {
                        let pairs: Vec<(usize, usize)> = (0..n)
                            .map(|_| {
                                let truth = chance.happens(rate);
                                let first = chance.judge(truth, right);
                                let second = chance.judge(truth, right);
                                (usize::from(first), usize::from(second))
                            })
                            .collect();
                        Ratings::of_two(2, &pairs).ok()
                    };
                    let agree = right * right + (1.0 - right) * (1.0 - right);
                    let yes = rate * right + (1.0 - rate) * (1.0 - right);
                    let by_chance = yes * yes + (1.0 - yes) * (1.0 - yes);
                    let kappa = (agree - by_chance) / (1.0 - by_chance);
                    let by_gwet = 2.0 * yes * (1.0 - yes);
                    let ac1 = (agree - by_gwet) / (1.0 - by_gwet);
                    let label = format!("rate {rate}, raters right {right}");
                    let kinds: [(&str, Kind); 3] = [
                        ("asymptotic", |_| IntervalKind::Asymptotic),
                        ("score", |_| IntervalKind::Score),
                        ("bootstrap", |chance| {
                            IntervalKind::Bootstrap(resampling(chance))
                        }),
                    ];
                    for (name, kind) in kinds {
                        self.row(&format!("kappa, {name}"), n, &label, |chance| {
                            let made = pairs(chance).and_then(|ratings| {
                                cohen_kappa(&ratings, Weights::Identity, kind(chance)).interval
                            });
                            (made, kappa)
                        });
                        self.row(&format!("AC1, {name}"), n, &label, |chance| {
                            let made = pairs(chance).and_then(|ratings| {
                                gwet_ac(&ratings, Weights::Identity, kind(chance)).interval
                            });
                            (made, ac1)
                        });
                    }
                }
            }
        }
    }

    /// Five answers to each probe, on which the truth and each rater's errors are alike.
    fn clustered_agreement(&self, n: u64) {
        for right in [0.7, 0.85, 0.98] {
            const RATE: f64 = 0.2;
            let agree = right * right + (1.0 - right) * (1.0 - right);
            let yes = RATE * right + (1.0 - RATE) * (1.0 - right);
            let by_chance = yes * yes + (1.0 - yes) * (1.0 - yes);
            let kappa = (agree - by_chance) / (1.0 - by_chance);
            let ratings = |chance: &mut Chance| -> Option<Ratings> {
                let (mut clusters, mut items) = (Vec::new(), Vec::new());
                for cluster in 0..n / EPOCHS {
                    let truths = chance.urn(EPOCHS, RATE);
                    let first = chance.urn(EPOCHS, right);
                    let second = chance.urn(EPOCHS, right);
                    for ((truth, first), second) in truths.into_iter().zip(first).zip(second) {
                        clusters.push(cluster);
                        let said = |is_right: bool| Some(usize::from(truth == is_right));
                        items.push(vec![said(first), said(second)]);
                    }
                }
                Ratings::new(2, items)
                    .and_then(|ratings| ratings.with_clusters(clusters))
                    .ok()
            };
            let label = format!("rate {RATE}, raters right {right}, 5 epochs, icc 0.3");
            self.row("kappa, score", n, &label, |chance| {
                let made = ratings(chance).and_then(|ratings| {
                    cohen_kappa(&ratings, Weights::Identity, IntervalKind::Score).interval
                });
                (made, kappa)
            });
        }
    }

    fn paired_differences(&self) {
        // A share of hard probes makes the two systems correlated and the epochs alike.
        const HARD: f64 = 0.3;
        for (hard, easy) in [
            ((0.5, 0.3), (0.1, 0.05)),
            ((0.6, 0.6), (0.2, 0.2)),
            ((0.2, 0.1), (0.02, 0.0)),
        ] {
            let truth = HARD * (hard.0 - hard.1) + (1.0 - HARD) * (easy.0 - easy.1);
            let mean = |hard: f64, easy: f64| HARD * hard + (1.0 - HARD) * easy;
            let label = format!(
                "rates {:.3} and {:.3}",
                mean(hard.0, easy.0),
                mean(hard.1, easy.1)
            );
            let kind = |chance: &mut Chance| if chance.happens(HARD) { hard } else { easy };
            for n in SIZES {
                self.row("paired, Newcombe 10", n, &label, |chance| {
                    let mut cells = [0; 4];
                    for _ in 0..n {
                        let (first, second) = kind(chance);
                        let cell = 2 * usize::from(!chance.happens(first));
                        cells[cell + usize::from(!chance.happens(second))] += 1;
                    }
                    let [both, only_first, only_second, neither] = cells;
                    let counts = PairedCounts {
                        both,
                        only_first,
                        only_second,
                        neither,
                    };
                    (paired_difference(&counts).map(|made| made.interval), truth)
                });
                let label = format!("{label}, 5 epochs");
                let clusters = |chance: &mut Chance| -> Vec<PairedCluster> {
                    (0..n / EPOCHS)
                        .map(|_| {
                            let (first, second) = kind(chance);
                            PairedCluster {
                                first_sum: chance.hits(EPOCHS, first) as f64,
                                first_count: EPOCHS,
                                second_sum: chance.hits(EPOCHS, second) as f64,
                                second_count: EPOCHS,
                            }
                        })
                        .collect()
                };
                self.row("paired, clusters in closed form", n, &label, |chance| {
                    let made = cluster_difference(&clusters(chance));
                    (made.map(|made| made.interval), truth)
                });
            }
        }
    }
}
