//! Formats a calibration as text for the terminal.

use std::fmt::Write as _;

use nocere_analysis::{CalibrationReport, Quality};
use nocere_core::text::{plain, wrap};

/// A value with its interval, as "0.780 (0.740–0.810)", or a dash.
fn with_interval(value: Option<f64>, interval: Option<(f64, f64)>) -> String {
    match (value, interval) {
        (Some(value), Some((low, high))) => format!("{value:.3} ({low:.3}–{high:.3})"),
        (Some(value), None) => format!("{value:.3}"),
        (None, _) => "–".to_owned(),
    }
}

/// The calibration as text for a terminal of `width` columns.
pub(super) fn calibration_text(report: &CalibrationReport, width: usize) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(&wrap(&plain(text), width, ""));
        out.push('\n');
    };
    let whole = &report.whole;
    line(&format!(
        "Judge {} ({})",
        report.instrument.id,
        report.instrument.hash.short()
    ));
    line(&format!(
        "Labels: {}. Raters: {}.",
        report.source,
        report.raters.join(", ")
    ));
    if !report.note.is_empty() {
        line(&report.note);
    }
    line(&format!(
        "{} labelled answers, {} of them unscored by the judge; the raters are split on {} others.",
        whole.labelled, whole.unscored, whole.split
    ));
    line("");
    out.push_str(&confusion(report));
    let mut line = |text: &str| {
        out.push_str(&wrap(&plain(text), width, ""));
        out.push('\n');
    };
    line("");
    for class in &whole.classes {
        line(&format!(
            "{}: sensitivity {}, specificity {}, positive predictive value {}",
            class.label,
            with_interval(class.sensitivity.value, class.sensitivity.interval),
            with_interval(class.specificity.value, class.specificity.interval),
            with_interval(
                class.positive_predictive_value.value,
                class.positive_predictive_value.interval
            ),
        ));
    }
    line("");
    for (name, text) in measures(whole) {
        line(&format!("{name}: {text}"));
    }
    for stratum in &report.strata {
        line(&format!(
            "{}: {} labelled, equal {}, κ {}",
            stratum.stratum,
            stratum.labelled,
            with_interval(stratum.accuracy.value, stratum.accuracy.interval),
            with_interval(stratum.kappa.value, stratum.kappa.interval),
        ));
    }
    out
}

fn measures(quality: &Quality) -> Vec<(&'static str, String)> {
    let agreement = |agreement: &nocere_stats::agreement::Agreement| {
        with_interval(agreement.value, agreement.interval)
    };
    let mut list = vec![
        (
            "equal labels",
            with_interval(quality.accuracy.value, quality.accuracy.interval),
        ),
        ("Cohen's κ", agreement(&quality.kappa)),
    ];
    let mut add = |name, value: Option<String>| list.extend(value.map(|value| (name, value)));
    add(
        "Cohen's κ, linear weights",
        quality.kappa_linear.as_ref().map(agreement),
    );
    add(
        "Cohen's κ, quadratic weights",
        quality.kappa_quadratic.as_ref().map(agreement),
    );
    add("Krippendorff's α, ordinal", Some(agreement(&quality.alpha)));
    let gwet = if quality.kappa_linear.is_some() {
        "Gwet's AC2, linear weights"
    } else {
        "Gwet's AC1"
    };
    add(gwet, Some(agreement(&quality.gwet)));
    add(
        "AUROC",
        quality
            .auroc
            .as_ref()
            .map(|auroc| with_interval(Some(auroc.value), Some(auroc.interval))),
    );
    add(
        "expected calibration error",
        quality.calibration_error.map(|error| error.text()),
    );
    add(
        "agreement between raters",
        quality.people.as_ref().map(agreement),
    );
    list
}

/// The confusion table: people's labels in rows, the judge's in columns.
fn confusion(report: &CalibrationReport) -> String {
    let mut out = String::new();
    let cell = report
        .scale
        .iter()
        .map(|label| label.chars().count())
        .max()
        .unwrap_or(0)
        .max(7)
        + 2;
    let _ = write!(out, "{:<cell$}", "people");
    for label in &report.scale {
        let _ = write!(out, "{label:>cell$}");
    }
    out.push_str("   (the judge)\n");
    for (label, row) in report.scale.iter().zip(&report.whole.confusion) {
        let _ = write!(out, "{label:<cell$}");
        for count in row {
            let _ = write!(out, "{count:>cell$}");
        }
        out.push('\n');
    }
    out
}
