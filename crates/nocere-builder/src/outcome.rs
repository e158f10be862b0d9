//! The outcome of a build: counts, agreement of raters, and a report for people.

use std::{collections::BTreeMap, fmt::Write as _};

use nocere_core::text::plain;
use nocere_stats::{
    Resampling,
    agreement::{Ratings, Scale, krippendorff_alpha},
};
use serde::{Deserialize, Serialize};

use crate::{BuildRecord, Candidate, DIMENSIONS, Dimension, Diversity, Fate, Rating, diversity};

/// Number of bootstrap resamples for the interval of an agreement.
const RESAMPLES: u32 = 2_000;

/// The outcome of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of requests that got no answer. Their candidates are missing.
    pub failed_requests: usize,
    /// Number of requests whose answer had no text. Repeating them would give the same.
    pub answers_without_text: usize,
    /// Counts by category, in the order of the policy.
    pub categories: Vec<CategoryOutcome>,
    /// Number of probes in the finished suite.
    pub probes: usize,
    /// Content hash of the finished suite, as 64 hexadecimal digits.
    pub suite_hash: String,
    /// Ratings by dimension; empty as long as nobody has rated candidates.
    pub ratings: Vec<DimensionOutcome>,
}

/// The outcome for one category. The counts from `near_duplicates` to `kept` add up to
/// `written`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryOutcome {
    /// Id of the policy's category.
    pub category: String,
    /// Number of candidates requested.
    pub asked: usize,
    /// Number of candidates that the generator wrote.
    pub written: usize,
    /// Number of lines in the answers that are not candidates.
    pub dropped_lines: usize,
    /// Candidates that nearly repeat an earlier one.
    pub near_duplicates: usize,
    /// Candidates that nearly repeat a prompt that models may have been trained on.
    pub known_prompts: usize,
    /// Candidates without a score from the judge.
    pub unscored: usize,
    /// Candidates whose mean fit is not above the threshold.
    pub below: usize,
    /// Candidates that raters found irrelevant.
    pub irrelevant: usize,
    /// Candidates in the suite.
    pub kept: usize,
    /// Mean fit of all judged candidates, from 1 to 5; `None` if none was judged.
    pub mean_fit: Option<f64>,
    /// Diversity of the kept candidates; `None` if none was kept.
    pub diversity: Option<Diversity>,
}

/// People's ratings of all candidates on one dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionOutcome {
    /// The dimension that was rated.
    pub dimension: Dimension,
    /// Number of ratings.
    pub ratings: usize,
    /// Number of candidates with at least one rating.
    pub candidates: usize,
    /// Mean of all ratings, from 1 to 4.
    pub mean: f64,
    /// Number of people who rated candidates, on this dimension or another.
    pub raters: usize,
    /// Number of candidates that two or more people rated.
    pub shared: usize,
    /// Krippendorff's alpha (ordinal) over these candidates, at most 1; `None` if it cannot be
    /// computed.
    pub alpha: Option<f64>,
    /// The 95 % interval of `alpha`.
    pub alpha_interval: Option<(f64, f64)>,
}

impl CategoryOutcome {
    /// Counts the candidates of `category` among `candidates` by their fate. `asked` candidates
    /// were requested, and `dropped_lines` lines of the answers were not candidates.
    pub fn of(
        category: &str,
        asked: usize,
        dropped_lines: usize,
        candidates: &[Candidate],
    ) -> Self {
        let own: Vec<&Candidate> = candidates
            .iter()
            .filter(|candidate| candidate.category == category)
            .collect();
        let count = |wanted: fn(&Fate) -> bool| own.iter().filter(|c| wanted(&c.fate)).count();
        let fits: Vec<f64> = own
            .iter()
            .filter_map(|candidate| match candidate.fate {
                Fate::Below { fit, .. } | Fate::Irrelevant { fit, .. } | Fate::Kept { fit, .. } => {
                    Some(fit)
                }
                _ => None,
            })
            .collect();
        let kept: Vec<&str> = own
            .iter()
            .filter(|candidate| matches!(candidate.fate, Fate::Kept { .. }))
            .map(|candidate| candidate.text.as_str())
            .collect();
        Self {
            category: category.to_owned(),
            asked,
            written: own.len(),
            dropped_lines,
            near_duplicates: count(|fate| matches!(fate, Fate::NearDuplicate { .. })),
            known_prompts: count(|fate| matches!(fate, Fate::Contaminated { .. })),
            unscored: count(|fate| matches!(fate, Fate::Unscored { .. } | Fate::Open)),
            below: count(|fate| matches!(fate, Fate::Below { .. })),
            irrelevant: count(|fate| matches!(fate, Fate::Irrelevant { .. })),
            kept: kept.len(),
            mean_fit: (!fits.is_empty()).then(|| fits.iter().sum::<f64>() / fits.len() as f64),
            diversity: diversity(&kept),
        }
    }
}

/// Means and agreement of the raters, by dimension. Dimensions without ratings are left out.
pub fn agreement(ratings: &[Rating]) -> Vec<DimensionOutcome> {
    if ratings.is_empty() {
        return Vec::new();
    }
    let name = |rating: &Rating| rating.rater.to_lowercase();
    let mut raters: Vec<String> = ratings.iter().map(name).collect();
    raters.sort_unstable();
    raters.dedup();
    DIMENSIONS
        .iter()
        .filter_map(|anchor| {
            let mut items: BTreeMap<&str, Vec<Option<usize>>> = BTreeMap::new();
            let mut values = Vec::new();
            for rating in ratings {
                let Some(level) = rating.of(anchor.dimension) else {
                    continue;
                };
                values.push(f64::from(level));
                let place = raters.iter().position(|rater| *rater == name(rating))?;
                let item = items
                    .entry(&rating.id)
                    .or_insert_with(|| vec![None; raters.len()]);
                item[place] = Some(usize::from(level) - 1);
            }
            if values.is_empty() {
                return None;
            }
            let shared = items
                .values()
                .filter(|i| i.iter().flatten().count() > 1)
                .count();
            let candidates = items.len();
            let resampling = Resampling {
                resamples: RESAMPLES,
                seed: 0,
            };
            let agreement = Ratings::new(4, items.into_values().collect())
                .ok()
                .map(|ratings| krippendorff_alpha(&ratings, Scale::Ordinal, resampling));
            Some(DimensionOutcome {
                dimension: anchor.dimension,
                ratings: values.len(),
                candidates,
                mean: values.iter().sum::<f64>() / values.len() as f64,
                raters: raters.len(),
                shared,
                alpha: agreement.as_ref().and_then(|agreement| agreement.value),
                alpha_interval: agreement.and_then(|agreement| agreement.interval),
            })
        })
        .collect()
}

impl DimensionOutcome {
    fn sentence(&self) -> String {
        let name = DIMENSIONS
            .iter()
            .find(|anchor| anchor.dimension == self.dimension)
            .map_or("", |anchor| anchor.column);
        let agreement = match (self.alpha, self.alpha_interval) {
            (Some(alpha), Some((low, high))) => format!(
                "Krippendorff's α {alpha:.2} ({low:.2} to {high:.2}) over {} candidates rated by several people",
                self.shared
            ),
            (Some(alpha), None) => format!(
                "Krippendorff's α {alpha:.2} over {} candidates rated by several people",
                self.shared
            ),
            (None, _) => format!(
                "agreement cannot be computed ({} candidates were rated by several people)",
                self.shared
            ),
        };
        format!(
            "{name}: mean {:.2} of 4 over {} candidates, {} raters; {agreement}.",
            self.mean, self.candidates, self.raters
        )
    }
}

/// Caveats for readers of the outcome, one sentence or two each. Empty while the build is
/// unfinished.
pub fn remarks(record: &BuildRecord) -> Vec<String> {
    let mut remarks = Vec::new();
    let Some(outcome) = &record.outcome else {
        return remarks;
    };
    if outcome.failed_requests > 0 {
        remarks.push(format!(
            "{} requests got no answer: their candidates are missing. Run the same command with `--retry-failed` to ask again; `nocere show {} REQUEST` shows why.",
            outcome.failed_requests,
            record.runs.generation.as_deref().unwrap_or("RUN")
        ));
    }
    if outcome.answers_without_text > 0 {
        remarks.push(format!(
            "{} requests got an answer without text (empty, filtered or refused): their candidates are missing, and repeating the requests would not help.",
            outcome.answers_without_text
        ));
    }
    let unscored: usize = outcome.categories.iter().map(|row| row.unscored).sum();
    if unscored > 0 {
        remarks.push(format!(
            "{unscored} candidates got no score and are left out; candidates.jsonl says why, and `--retry-failed` judges them again."
        ));
    }
    remarks.push(format!(
        "Fit is the judgement of {}, which has not been compared with people's.",
        record.settings.judge.id
    ));
    if outcome.ratings.is_empty() {
        remarks.push(
            "No person has rated these probes: severity and likelihood are empty until you pass filled-in copies of review.csv with `--ratings`.".to_owned(),
        );
    }
    remarks.extend(outcome.ratings.iter().map(DimensionOutcome::sentence));
    remarks
}

/// A model's words as inline code, so that Markdown readers see neither markup nor links in them.
fn code(text: &str) -> String {
    let text = plain(text)
        .replace('`', "'")
        .replace('|', "\\|")
        .replace('\n', " ");
    format!("`{text}`")
}

/// Names and titles with Markdown's special characters escaped.
fn markdown(text: &str) -> String {
    let mut safe = String::new();
    for character in plain(text).chars() {
        if "\\`*_{}[]<>#|!&~".contains(character) {
            safe.push('\\');
        }
        safe.push(if character == '\n' { ' ' } else { character });
    }
    safe
}

/// The report of a build for people, in Markdown.
pub fn report_text(record: &BuildRecord, candidates: &[Candidate]) -> String {
    let settings = &record.settings;
    let mut text = format!(
        "# Build of a suite\n\nPolicy: {} {} ({}), {}.\n\nGenerator: {}, temperature {}, seed {}.\nJudge of fit: {} {}, {} votes, kept above {}.\n",
        settings.policy.id,
        settings.policy.version,
        settings.policy.hash.short(),
        markdown(&settings.policy.title),
        markdown(&settings.generator.name),
        settings.sampling.temperature,
        settings.seed,
        markdown(&settings.judge.id),
        settings.judge.version,
        settings.votes,
        record.choices.threshold,
    );
    let known: Vec<String> = record
        .choices
        .known
        .iter()
        .map(|set| format!("{} {} ({})", set.suite, set.version, set.prompts))
        .collect();
    let _ = writeln!(
        text,
        "Compared with the prompts of: {}.\n",
        markdown(&known.join(", "))
    );
    for remark in remarks(record) {
        let _ = writeln!(text, "- {}", markdown(&remark));
    }
    let Some(outcome) = &record.outcome else {
        return text;
    };
    text += &fates(outcome);
    text += &diversities(outcome);
    text += &how_to_rate();
    let _ = writeln!(
        text,
        "\n{} candidates in all; candidates.jsonl lists each with the decision about it.",
        candidates.len()
    );
    text
}

fn fates(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## What happened to the candidates\n\n| category | asked | written | lines dropped | alike | known prompts | unscored | below | not relevant | kept | mean fit |\n| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for row in &outcome.categories {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.category,
            row.asked,
            row.written,
            row.dropped_lines,
            row.near_duplicates,
            row.known_prompts,
            row.unscored,
            row.below,
            row.irrelevant,
            row.kept,
            row.mean_fit
                .map_or_else(|| "–".to_owned(), |fit| format!("{fit:.2}")),
        );
    }
    text
}

fn diversities(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## How much the kept messages differ\n\nNearest: mean likeness of a message to the most similar other one (Jaccard index of runs of three words; messages at 0.5 or above were removed). Distinct-2: different pairs of neighbouring words over all pairs; falls with the number of messages.\n\n| category | kept | words, fewest / median / most | nearest | distinct-2 | commonest opening |\n| --- | --: | --- | --: | --: | --- |\n",
    );
    for row in &outcome.categories {
        if let Some(diversity) = &row.diversity {
            let (fewest, median, most) = diversity.words;
            let _ = writeln!(
                text,
                "| {} | {} | {fewest} / {median} / {most} | {:.2} | {:.2} | {} ({:.0} %) |",
                row.category,
                diversity.messages,
                diversity.nearest,
                diversity.distinct_2,
                code(&diversity.opening.0),
                diversity.opening.1 * 100.0
            );
        }
    }
    text
}

fn how_to_rate() -> String {
    let mut text = String::from(
        "\n## How people rate\n\nreview.csv lists the kept candidates in an order that is unrelated to their fit; review-more.csv, if there is one, lists those added later. Each rater fills in a copy with another file name, without consulting the others, and leaves cells empty if they cannot say:\n\n",
    );
    for anchor in DIMENSIONS {
        let levels: Vec<String> = (1..)
            .zip(anchor.levels)
            .map(|(number, level)| format!("{number} {level}"))
            .collect();
        let _ = writeln!(
            text,
            "- `{}`: {} {}",
            anchor.column,
            anchor.question,
            levels.join(", ")
        );
    }
    text
}
