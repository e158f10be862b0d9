//! Builds a report from a run's samples.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    AssetRecord, Baselines, Calibration, DriverIdentity, FigureRow, Instrument, ProbeId, RunHeader,
    Sample, Spending, Suite, SuiteId, TargetId, TargetRecord, Trouble,
};

use crate::{
    calibration::CalibrationReport,
    collected::Collected,
    comparison::compare,
    context::Context,
    contrast,
    figure::FigureHead,
    frontier::frontier,
    gate_entry::Gate,
    headline::headline,
    linked::linked,
    protocol_source, protocol_tables, rollup,
    run_report::{Headline, REPORT_FORMAT, RunReport, SuiteHead, TargetReport},
};

/// Everything that a report is computed from, apart from the samples.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// The run's id, kind and settings.
    pub header: &'a RunHeader,
    /// The run's suites; their probes are not read.
    pub suites: &'a [Suite],
    /// The run's judges, in the order of the plan.
    pub instruments: &'a [Instrument],
    /// The run's targets with their ids, in the order of the plan.
    pub targets: &'a [(TargetId, TargetRecord)],
    /// What led its conversations.
    pub drivers: &'a [DriverIdentity],
    /// Number of finished units, and of all units.
    pub progress: (u64, u64),
    /// Calls, tokens and cost so far, by the model's name.
    pub spending: &'a BTreeMap<String, Spending>,
    /// Number of failed attempts at calls.
    pub failed_attempts: u64,
    /// The limits that the run is held against, which pictures mark.
    pub gates: &'a [Gate],
    /// The failed attempts by model.
    pub troubles: &'a [Trouble],
    /// Samples that people struck out; they are not among those that are counted.
    pub struck: &'a [nocere_core::StruckSample],
    /// Assets of the project that the run or this report uses.
    pub assets: &'a [AssetRecord],
    /// The figures to compute.
    pub figures: &'a [FigureRow],
    /// All known calibrations; those of other judges are ignored.
    pub calibrations: &'a [Calibration],
    /// Published results of other models; those of other protocols are ignored.
    pub baselines: &'a [Baselines],
    /// Probes that were measured on small models: true where all passed, false where one failed.
    pub easy: &'a BTreeMap<SuiteId, BTreeMap<ProbeId, bool>>,
}

impl SuiteHead {
    pub(crate) fn of(suite: &Suite) -> Self {
        Self {
            id: suite.id.clone(),
            version: suite.version.clone(),
            title: suite.title.clone(),
            licence: suite.licence.clone(),
            source: suite.source.clone(),
            hash: suite.hash.clone(),
            categories: suite.categories.clone(),
            half: suite.half.clone(),
        }
    }
}

impl RunReport {
    /// Computes the report of a run from its samples, which must come in the order of the plan.
    /// They are read once and not kept, so memory grows with the probes and not with the
    /// answers.
    ///
    /// # Errors
    ///
    /// The first error of `samples`.
    pub fn build<E>(
        input: &ReportInput<'_>,
        samples: impl IntoIterator<Item = Result<Sample, E>>,
    ) -> Result<Self, E> {
        let context = Context {
            figures: input.figures,
            suites: input.suites,
            instruments: input.instruments,
            calibrations: input.calibrations,
            protocol: input.header.protocol.as_ref(),
            drivers: input.drivers,
            easy: input.easy,
        };
        let mut collected = Collected::default();
        for sample in samples {
            collected.add(&sample?, &context);
        }
        collected.keep_worst();
        collected.link();
        Ok(Self::of(input, &context, collected))
    }

    fn of(input: &ReportInput<'_>, context: &Context<'_>, collected: Collected) -> Self {
        let instruments = input.instruments;
        let seed = input.header.seed;
        let targets: Vec<TargetReport> = input
            .targets
            .iter()
            .map(|(id, record)| collected.target_report(id.clone(), record.clone(), context))
            .collect();
        let ids: Vec<TargetId> = targets.iter().map(|target| target.id.clone()).collect();
        let source = context.protocol.map(|protocol| protocol_source::Source {
            protocol,
            suites: input.suites,
            instruments,
            targets: &ids,
            tally: &collected.tally,
            baselines: input.baselines,
            calibrations: input.calibrations,
            seed,
        });
        let of_protocol = source.as_ref();
        let parts = of_protocol.map_or_else(Vec::new, protocol_tables::parts);
        let rollups = of_protocol.map_or_else(Vec::new, rollup::rollups);
        let mut report = Self {
            nocere_report: REPORT_FORMAT,
            headline: Headline::default(),
            header: input.header.clone(),
            done: input.progress.0,
            total: input.progress.1,
            drivers: input.drivers.to_vec(),
            suites: input.suites.iter().map(SuiteHead::of).collect(),
            assets: input.assets.to_vec(),
            figures: heads(input.figures, instruments),
            methods: methods(&targets),
            comparisons: compare(&collected.cells, &ids, input.figures, instruments, seed),
            parts,
            contrasts: of_protocol
                .map_or_else(Vec::new, |source| contrast::contrasts(source, &rollups)),
            rollups,
            linked: linked(&collected.tally, instruments, &ids),
            frontier: frontier(&targets, input.figures),
            risks: collected.risks(context),
            pressure: collected.pressure.report(context, &collected.tally),
            agreement: collected.agreement.pairs(instruments),
            splits: collected.agreement.splits(instruments),
            calibrations: instruments
                .iter()
                .map(|instrument| context.calibration(instrument).map(CalibrationReport::of))
                .collect(),
            recorded: collected.recorded(instruments),
            instruments: instruments.to_vec(),
            targets,
            findings: collected.findings,
            findings_total: collected.findings_total,
            unscored: collected
                .unscored
                .into_iter()
                .map(|((judge, reason), n)| (judge, reason, n))
                .collect(),
            unscored_samples: collected.unscored_samples,
            spending: input.spending.clone(),
            failed_attempts: input.failed_attempts,
            gates: input.gates.to_vec(),
            troubles: input.troubles.to_vec(),
            struck: input.struck.to_vec(),
        };
        report.headline = headline(&report, input.figures);
        report
    }
}

/// The figures of the run's judges. A figure occurs once for each bound that its judges use.
fn heads(figures: &[FigureRow], instruments: &[Instrument]) -> Vec<FigureHead> {
    let mut heads: Vec<FigureHead> = Vec::new();
    for row in figures {
        for instrument in instruments {
            let head = FigureHead::of(row, instrument);
            if row.measure == instrument.measure && !heads.contains(&head) {
                heads.push(head);
            }
        }
    }
    heads
}

/// Descriptions of the methods of all intervals, each once.
fn methods(targets: &[TargetReport]) -> Vec<String> {
    let methods: BTreeSet<String> = targets
        .iter()
        .flat_map(|target| &target.perspectives)
        .flat_map(|perspective| {
            let of_categories = perspective
                .categories
                .iter()
                .flat_map(|category| &category.figures);
            perspective.figures.iter().chain(of_categories)
        })
        // A figure without a scored answer has no interval, and so no method.
        .filter(|figure| figure.estimate.denominator > 0)
        .map(|figure| figure.estimate.method.describe())
        .collect();
    methods.into_iter().collect()
}
