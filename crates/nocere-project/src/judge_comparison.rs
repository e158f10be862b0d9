//! Compares two judges on the same answers: how well they agree, and where they do not.

use std::collections::BTreeMap;

use nocere_core::{
    Budget, Instrument, JudgeId, ProbeId, RunHeader, RunId, RunKind, Sample, Scale, SuiteId,
    TargetId, Verdict,
};
use nocere_stats::{
    agreement::{Agreement, IntervalKind, Ratings, Weights, cohen_kappa},
    paired::{McNemar, PairedCounts, mcnemar},
};
use nocere_store::RunReader;
use serde::Serialize;

use crate::{
    Project, ProjectError, RunLimits, Watch, judges, policies,
    session::{copy_of_answers, policies_hash},
    targets::Models,
};

/// The comparison of two judges on the same answers.
#[derive(Clone, Debug, Serialize)]
pub struct JudgeComparison {
    /// Id of the run that holds the verdicts.
    pub run: RunId,
    /// Id of the first judge.
    pub first: JudgeId,
    /// Id of the second judge.
    pub second: JudgeId,
    /// Number of answers.
    pub answers: usize,
    /// Number of answers that both scored.
    pub both: usize,
    /// Number of answers that only the first scored.
    pub only_first: usize,
    /// Number of answers that only the second scored.
    pub only_second: usize,
    /// Number of answers that neither scored.
    pub neither: usize,
    /// Number of answers by the first judge's label, then the second's.
    pub table: BTreeMap<String, BTreeMap<String, u64>>,
    /// Cohen's κ; `None` if the judges have different scales.
    pub kappa: Option<Agreement>,
    /// Cohen's κ with quadratic weights; `None` for different scales or fewer than three labels.
    pub kappa_quadratic: Option<Agreement>,
    /// McNemar's mid-p for the hypothesis that both judges give labels above the bound equally
    /// often; `None` for different scales.
    pub mcnemar_p: Option<f64>,
    /// The first disagreements, as many as were requested.
    pub disagreements: Vec<Disagreement>,
    /// Number of all disagreements.
    pub disagreements_total: usize,
}

/// An answer to which two judges gave different labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The target's id.
    pub target: TargetId,
    /// The probe's id.
    pub probe: ProbeId,
    /// Label of the first judge.
    pub first: String,
    /// Label of the second judge.
    pub second: String,
}

/// Two judges to compare on the answers of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareSpec {
    /// The first judge, in the notation of `nocere run --judge`.
    pub first: String,
    /// The second judge, likewise.
    pub second: String,
    /// Id of the run whose answers they judge.
    pub run: String,
    /// Maximum number of disagreements to list.
    pub disagreements: usize,
    /// Whether judges whose models are not on this machine are refused.
    pub local_only: bool,
    /// Budget for the judges' calls.
    pub limits: RunLimits,
}

impl Project {
    /// Compares two judges on the answers of a run. If the run lacks one of the judges, both judge
    /// a copy of the answers in a new run.
    ///
    /// # Errors
    ///
    /// The run cannot be read or has no finished answers, a judge cannot be set up, or judging
    /// fails.
    pub fn compare_judges(
        &self,
        spec: &CompareSpec,
        watch: &Watch,
    ) -> Result<JudgeComparison, ProjectError> {
        let reader = self.run(&spec.run)?;
        let mut old = reader.header()?;
        old.local_only |= spec.local_only;
        let mut models = Models::new(self, old.local_only);
        let names = vec![spec.first.clone(), spec.second.clone()];
        let policies = policies::all(self)?;
        let setups = judges::judges(&names, &mut models, &policies)?;
        let instruments: Vec<Instrument> = setups
            .iter()
            .map(|setup| setup.judge.instrument().clone())
            .collect();
        if reader.progress()?.0 == 0 {
            return Err(ProjectError::usage("the run has no finished answers")
                .hint("finish it with `nocere resume`"));
        }
        let known = reader.instruments()?;
        let judged_already = instruments
            .iter()
            .all(|wanted| known.iter().any(|known| known.hash == wanted.hash));
        let run = if judged_already {
            old.id.clone()
        } else {
            let command = format!(
                "nocere judges compare {} {} --run {}",
                spec.first, spec.second, old.id
            );
            let header = RunHeader {
                epochs: old.epochs,
                local_only: old.local_only,
                judges: names,
                budget: spec.limits.budget(Budget::default())?,
                reuse: vec![old.id.clone()],
                imported_from: Some(format!("run {}", old.id)),
                assets: self.changed_assets(&[]),
                ..RunHeader::new(RunKind::JudgeComparison, command, policies_hash(&policies))
            };
            let id = header.id.clone();
            let session = copy_of_answers(self, &reader, header, setups, &models)?;
            session.with_max_time(spec.limits.max_time).work(watch)?;
            id
        };
        comparison(&self.run(&run)?, &instruments, spec.disagreements)
    }
}

fn comparison(
    reader: &RunReader,
    instruments: &[Instrument],
    named: usize,
) -> Result<JudgeComparison, ProjectError> {
    let [first, second] = instruments else {
        return Err(ProjectError::usage("a comparison needs two judges"));
    };
    let score = |row: &Sample, judge: &Instrument| {
        let verdict = row.verdict(&judge.hash);
        verdict.and_then(Verdict::score).cloned()
    };
    let mut comparison = JudgeComparison::of(reader.header()?.id, first, second);
    let same_scale = first.scale.is_comparable(&second.scale);
    let mut pairs: Vec<LabelPair> = Vec::new();
    let mut clusters: BTreeMap<(SuiteId, ProbeId), u64> = BTreeMap::new();
    reader.for_each_sample(|row| {
        comparison.answers += 1;
        match (score(&row, first), score(&row, second)) {
            (Some(a), Some(b)) => {
                comparison.both += 1;
                *comparison
                    .table
                    .entry(first.scale.word(&a))
                    .or_default()
                    .entry(second.scale.word(&b))
                    .or_default() += 1;
                let next = clusters.len() as u64;
                let cluster = *clusters
                    .entry((row.probe.suite.clone(), row.probe.id.clone()))
                    .or_insert(next);
                if let (Some(a), Some(b)) = (first.scale.place(&a), second.scale.place(&b)) {
                    pairs.push(LabelPair { cluster, a, b });
                }
                let (a, b) = (first.scale.word(&a), second.scale.word(&b));
                if same_scale && a != b {
                    comparison.disagreements_total += 1;
                    if comparison.disagreements.len() < named {
                        comparison.disagreements.push(Disagreement {
                            target: row.target.clone(),
                            probe: row.probe.id.clone(),
                            first: a,
                            second: b,
                        });
                    }
                }
            }
            (Some(_), None) => comparison.only_first += 1,
            (None, Some(_)) => comparison.only_second += 1,
            (None, None) => comparison.neither += 1,
        }
    })?;
    if same_scale {
        comparison.agree(&first.scale, &pairs);
    }
    Ok(comparison)
}

/// The labels that both judges gave one answer, by their places on the scale.
struct LabelPair {
    /// The probe that was answered.
    cluster: u64,
    a: usize,
    b: usize,
}

impl JudgeComparison {
    /// Both judges beside each other, nothing counted yet.
    fn of(run: RunId, first: &Instrument, second: &Instrument) -> Self {
        Self {
            run,
            first: first.id.clone(),
            second: second.id.clone(),
            answers: 0,
            both: 0,
            only_first: 0,
            only_second: 0,
            neither: 0,
            table: BTreeMap::new(),
            kappa: None,
            kappa_quadratic: None,
            mcnemar_p: None,
            disagreements: Vec::new(),
            disagreements_total: 0,
        }
    }

    /// How far judges of one scale agree.
    fn agree(&mut self, scale: &Scale, pairs: &[LabelPair]) {
        let classes = scale.labels.len();
        let items = pairs.iter().map(|pair| vec![Some(pair.a), Some(pair.b)]);
        let clusters = pairs.iter().map(|pair| pair.cluster).collect();
        let ratings =
            Ratings::new(classes, items.collect()).and_then(|of| of.with_clusters(clusters));
        if let Ok(ratings) = ratings {
            let kappa = |weights| cohen_kappa(&ratings, weights, IntervalKind::Score);
            self.kappa = Some(kappa(Weights::Identity));
            self.kappa_quadratic = (classes > 2).then(|| kappa(Weights::Quadratic));
        }
        self.mcnemar_p = upper_labels(scale.bound, pairs);
    }
}

/// McNemar's mid-p for the labels above the scale's bound: whether one judge gives them more often.
fn upper_labels(from: usize, pairs: &[LabelPair]) -> Option<f64> {
    let mut counts = PairedCounts {
        both: 0,
        only_first: 0,
        only_second: 0,
        neither: 0,
    };
    for LabelPair { a, b, .. } in pairs {
        match (*a >= from, *b >= from) {
            (true, true) => counts.both += 1,
            (true, false) => counts.only_first += 1,
            (false, true) => counts.only_second += 1,
            (false, false) => counts.neither += 1,
        }
    }
    mcnemar(&counts, McNemar::MidP)
}
