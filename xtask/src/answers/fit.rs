//! Fits linear models: logistic regression with L2, to its minimum, by L-BFGS (Liu and Nocedal
//! 1989). Nothing in it is random: the same examples give the same weights.

use std::collections::VecDeque;

use nocere_judges::learned::{BUCKETS, Features};

/// What is chosen by hand; the model card names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Inverse of the strength of L2, as usual for C: the loss of each example counts so much beside
    /// half the squared length of the weights.
    pub(crate) c: f32,
    /// Most steps.
    pub(crate) steps: usize,
}

/// How the outputs of a model belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// One of them is right (softmax).
    OneOf,
    /// Each is right or wrong by itself (logistic).
    Each,
}

/// An example as the trainer sees it.
pub(crate) struct Row<'a> {
    pub(crate) features: &'a Features,
    /// For each output whether it is right; `None` if that is not known. Of outputs of which one
    /// is right, several may be marked: then one of them is.
    pub(crate) right: Vec<Option<bool>>,
    /// How much the example counts for each output.
    pub(crate) weight: Vec<f32>,
}

/// Weights without names: `[output]`, `[output][feature]`, `[output][bucket]`.
pub(crate) struct Fitted {
    pub(crate) bias: Vec<f32>,
    pub(crate) named: Vec<Vec<f32>>,
    pub(crate) hashed: Vec<Vec<f32>>,
}

/// An example's features as places in the list of parameters.
struct Sparse {
    at: Vec<u32>,
    value: Vec<f32>,
}

/// The weights of `rows`.
pub(crate) fn fit(rows: &[Row<'_>], link: Link, settings: Settings) -> Fitted {
    let outputs = rows.first().map_or(0, |row| row.right.len());
    let names = rows.first().map_or(0, |row| row.features.named.len());
    let rarity = rarity(rows);
    let kept: Vec<u32> = (0..BUCKETS as u32)
        .filter(|bucket| rarity[*bucket as usize] > 0.0)
        .collect();
    let mut place = vec![u32::MAX; BUCKETS];
    for (at, bucket) in kept.iter().enumerate() {
        place[*bucket as usize] = (1 + names + at) as u32;
    }
    let size = 1 + names + kept.len();
    let sparse: Vec<Sparse> = rows
        .iter()
        .map(|row| {
            let mut at = vec![0];
            let mut value = vec![1.0];
            for (feature, amount) in row.features.named.iter().enumerate() {
                if *amount != 0.0 {
                    at.push(1 + feature as u32);
                    value.push(*amount);
                }
            }
            for (bucket, amount) in &row.features.hashed {
                if place[*bucket as usize] != u32::MAX {
                    at.push(place[*bucket as usize]);
                    value.push(amount * rarity[*bucket as usize]);
                }
            }
            Sparse { at, value }
        })
        .collect();
    let weights: Vec<Vec<f32>> = match link {
        Link::Each => each(rows, &sparse, size, outputs, settings),
        Link::OneOf => {
            let problem = |w: &[f32], g: &mut [f32]| one_of(rows, &sparse, size, w, g, settings.c);
            let all = minimise(size * outputs, settings.steps, problem);
            all.chunks(size).map(<[f32]>::to_vec).collect()
        }
    };
    let mut fitted = Fitted {
        bias: Vec::new(),
        named: Vec::new(),
        hashed: Vec::new(),
    };
    for weights in weights {
        let mut hashed = vec![0.0; BUCKETS];
        for (at, bucket) in kept.iter().enumerate() {
            hashed[*bucket as usize] = weights[1 + names + at] * rarity[*bucket as usize];
        }
        fitted.bias.push(weights[0]);
        fitted.named.push(weights[1..=names].to_vec());
        fitted.hashed.push(hashed);
    }
    fitted
}

/// How much each n-gram counts: more if fewer examples have it (inverse document frequency), and
/// nothing if only one has.
fn rarity(rows: &[Row<'_>]) -> Vec<f32> {
    let mut holders = vec![0_u32; BUCKETS];
    for (bucket, _) in rows.iter().flat_map(|row| &row.features.hashed) {
        holders[*bucket as usize] += 1;
    }
    let all = rows.len() as f32;
    holders
        .iter()
        .map(|count| match count {
            0 | 1 => 0.0,
            // As n-grams of one text have length 1, the usual weights would be many times that.
            count => (1.0 + (all / *count as f32).ln()) / (1.0 + all.ln() / 2.0),
        })
        .collect()
}

/// One model for each output, on two threads.
fn each(
    rows: &[Row<'_>],
    sparse: &[Sparse],
    size: usize,
    outputs: usize,
    settings: Settings,
) -> Vec<Vec<f32>> {
    let one = |output: usize| {
        let known: Vec<(&Sparse, f32, f32)> = rows
            .iter()
            .zip(sparse)
            .filter_map(|(row, sparse)| {
                let right = row.right[output]?;
                Some((sparse, if right { 1.0 } else { -1.0 }, row.weight[output]))
            })
            .collect();
        minimise(size, settings.steps, |w, g| {
            let mut loss = regular(w, g, size);
            for (sparse, sign, weight) in &known {
                let margin = sign * score(sparse, w);
                // ln(1 + e^-m), without overflow.
                let log = if margin > 0.0 {
                    (-margin).exp().ln_1p()
                } else {
                    margin.exp().ln_1p() - margin
                };
                loss += f64::from(settings.c * weight * log);
                let slope = -sign / (1.0 + margin.exp()) * settings.c * weight;
                for (at, value) in sparse.at.iter().zip(&sparse.value) {
                    g[*at as usize] += slope * value;
                }
            }
            loss
        })
    };
    let half = outputs.div_ceil(2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| (half..outputs).map(one).collect::<Vec<_>>());
        let mut all: Vec<Vec<f32>> = (0..half).map(one).collect();
        all.extend(second.join().unwrap_or_default());
        all
    })
}

/// Half the squared length of the weights, and its gradient. The bias, the first of each `size`, is
/// free.
fn regular(w: &[f32], g: &mut [f32], size: usize) -> f64 {
    let mut loss = 0.0;
    for (at, (w, g)) in w.iter().zip(g.iter_mut()).enumerate() {
        if at % size == 0 {
            *g = 0.0;
        } else {
            *g = *w;
            loss += f64::from(w * w) / 2.0;
        }
    }
    loss
}

fn score(sparse: &Sparse, w: &[f32]) -> f32 {
    sparse
        .at
        .iter()
        .zip(&sparse.value)
        .map(|(at, value)| w[*at as usize] * value)
        .sum()
}

/// Loss and gradient of a softmax. Where several outputs may be right, what is right is shared as
/// the model shares it.
fn one_of(
    rows: &[Row<'_>],
    sparse: &[Sparse],
    size: usize,
    w: &[f32],
    g: &mut [f32],
    c: f32,
) -> f64 {
    let outputs = w.len() / size;
    let mut loss = regular(w, g, size);
    let mut share = vec![0.0_f32; outputs];
    for (row, sparse) in rows.iter().zip(sparse) {
        for (output, share) in share.iter_mut().enumerate() {
            *share = score(sparse, &w[output * size..(output + 1) * size]);
        }
        let largest = share.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = share.iter().map(|score| (score - largest).exp()).sum();
        let mut right = 0.0;
        for (output, share) in share.iter_mut().enumerate() {
            *share = (*share - largest).exp() / sum;
            if row.right[output] == Some(true) {
                right += *share;
            }
        }
        let weight = row.weight[0] * c;
        loss -= f64::from(weight * right.max(1e-12).ln());
        for (output, share) in share.iter().enumerate() {
            let should = match row.right[output] {
                Some(true) => share / right.max(1e-12),
                _ => 0.0,
            };
            let slope = (share - should) * weight;
            let g = &mut g[output * size..(output + 1) * size];
            for (at, value) in sparse.at.iter().zip(&sparse.value) {
                g[*at as usize] += slope * value;
            }
        }
    }
    loss
}

/// Pairs of steps and changes of gradient that are remembered.
const MEMORY: usize = 8;

/// A step and the change of gradient that it made.
struct Step {
    moved: Vec<f32>,
    turned: Vec<f32>,
    /// Their product.
    curve: f64,
}

/// The parameters with the least loss. `problem` writes the gradient and returns the loss.
fn minimise(size: usize, steps: usize, problem: impl Fn(&[f32], &mut [f32]) -> f64) -> Vec<f32> {
    let mut at = vec![0.0_f32; size];
    let mut gradient = vec![0.0_f32; size];
    let mut loss = problem(&at, &mut gradient);
    let first = length(&gradient).max(1e-12);
    let mut memory: VecDeque<Step> = VecDeque::new();
    for step in 0..steps {
        if length(&gradient) < 1e-3 * first {
            break;
        }
        let way = direction(&gradient, &memory);
        let slope = dot(&way, &gradient);
        let mut stride = if step == 0 { 1.0 / first } else { 1.0 };
        let mut next = at.clone();
        let mut turned = vec![0.0_f32; size];
        // Shorter, until the loss falls enough (Armijo).
        let found = (0..20).any(|_| {
            for ((next, at), way) in next.iter_mut().zip(&at).zip(&way) {
                *next = at + stride as f32 * way;
            }
            let new = problem(&next, &mut turned);
            let enough = new <= loss + 1e-4 * stride * slope;
            if enough {
                loss = new;
            }
            stride /= 2.0;
            enough
        });
        if !found {
            break;
        }
        let less = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let (moved, change): (Vec<f32>, Vec<f32>) = (less(&next, &at), less(&turned, &gradient));
        let curve = dot(&moved, &change);
        if curve > 1e-10 {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Step {
                moved,
                turned: change,
                curve,
            });
        }
        at = next;
        gradient = turned;
    }
    at
}

/// The two loops of L-BFGS.
fn direction(gradient: &[f32], memory: &VecDeque<Step>) -> Vec<f32> {
    let mut way: Vec<f32> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for step in memory.iter().rev() {
        let share = dot(&step.moved, &way) / step.curve;
        add(&mut way, &step.turned, -share);
        shares.push(share);
    }
    if let Some(last) = memory.back() {
        let factor = (last.curve / dot(&last.turned, &last.turned)) as f32;
        for value in &mut way {
            *value *= factor;
        }
    }
    for (step, share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(&step.turned, &way) / step.curve;
        add(&mut way, &step.moved, share - back);
    }
    way
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

fn add(to: &mut [f32], what: &[f32], times: f64) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += times as f32 * what;
    }
}

fn length(g: &[f32]) -> f64 {
    dot(g, g).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(features: &Features, right: Vec<Option<bool>>) -> Row<'_> {
        let weight = vec![1.0; right.len()];
        Row {
            features,
            right,
            weight,
        }
    }

    fn score(fitted: &Fitted, output: usize, bucket: usize) -> f32 {
        fitted.bias[output] + fitted.hashed[output][bucket]
    }

    const SETTINGS: Settings = Settings {
        c: 10.0,
        steps: 100,
    };

    fn text(bucket: u32) -> Features {
        Features {
            named: Vec::new(),
            hashed: vec![(bucket, 1.0)],
        }
    }

    #[test]
    fn what_goes_together_is_learned() {
        let (yes, no, once) = (text(3), text(5), text(7));
        let rows: Vec<Row<'_>> = [&yes, &yes, &no, &no, &no, &once]
            .into_iter()
            .zip([true, true, false, false, false, true])
            .map(|(features, right)| row(features, vec![Some(right), None]))
            .collect();
        let fitted = fit(&rows, Link::Each, SETTINGS);
        assert!(score(&fitted, 0, 3) > 1.0 && score(&fitted, 0, 5) < -1.0);
        // What one example has is nothing to learn from, nor is what nobody knows.
        assert!(fitted.hashed[0][7].abs() < f32::EPSILON);
        assert!(fitted.hashed[1][3].abs() < f32::EPSILON);
    }

    #[test]
    fn one_of_several_may_be_right() {
        let (a, b) = (text(3), text(5));
        let either = vec![Some(true), Some(true), Some(false)];
        let third = vec![Some(false), Some(false), Some(true)];
        let rows: Vec<Row<'_>> = (0..8)
            .map(|at| match at % 2 {
                0 => row(&a, either.clone()),
                _ => row(&b, third.clone()),
            })
            .collect();
        let fitted = fit(&rows, Link::OneOf, SETTINGS);
        assert!(score(&fitted, 2, 5) > score(&fitted, 0, 5) + 1.0);
        assert!(score(&fitted, 0, 3) > score(&fitted, 2, 3) + 1.0);
        assert!((score(&fitted, 0, 3) - score(&fitted, 1, 3)).abs() < 1e-3);
    }
}
