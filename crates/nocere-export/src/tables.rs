//! The figures of a run as tables: CSV for programs, Markdown for a pull request, LaTeX for a paper.
//! Every rate has its interval, its counts and its judge's standing beside it.

use std::io::Write;

use nocere_analysis::{Figure, Standing};
use nocere_core::{
    Perspective,
    text::{markdown_cell, plain},
};

use crate::{
    csv::csv_table,
    error::{ExportError, Samples},
    source::Source,
};

/// One figure with its place.
struct Line<'a> {
    target: &'a str,
    who: Perspective,
    /// Suite and title of the category; empty for all categories.
    part: Option<(&'a str, &'a str)>,
    figure: &'a Figure,
}

/// The figures over all answers of a target and perspective, then those by category.
fn lines<'a>(source: &Source<'a>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for target in &source.report.targets {
        for of in &target.perspectives {
            let line = |part, figure| Line {
                target: &target.id,
                who: of.perspective,
                part,
                figure,
            };
            lines.extend(of.figures.iter().map(|figure| line(None, figure)));
            for category in &of.categories {
                let part = Some((category.suite.as_str(), category.title.as_str()));
                let figures = category.figures.iter();
                lines.extend(figures.map(|figure| line(part, figure)));
            }
        }
    }
    lines
}

const COLUMNS: [&str; 18] = [
    "run",
    "target",
    "who_asks",
    "suite",
    "category",
    "figure",
    "title",
    "side",
    "judge",
    "judge_hash",
    "errors",
    "scored",
    "unscored",
    "rate",
    "low",
    "high",
    "corrected",
    "standing",
];

/// All figures, a row each, with rates from 0 to 1 and the bounds of their 95 % intervals.
pub(crate) fn csv(
    source: &Source<'_>,
    _: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let rows: Vec<Vec<String>> = lines(source)
        .into_iter()
        .map(|line| {
            let Figure {
                estimate, standing, ..
            } = line.figure;
            let (suite, category) = line.part.unwrap_or_default();
            vec![
                source.report.header.id.to_string(),
                line.target.to_owned(),
                line.who.to_string(),
                suite.to_owned(),
                category.to_owned(),
                line.figure.figure.clone(),
                line.figure.title.clone(),
                line.figure.side.as_str().to_owned(),
                line.figure.judge.to_string(),
                line.figure.judge_hash.clone(),
                estimate.numerator.to_string(),
                estimate.denominator.to_string(),
                estimate.unscored.to_string(),
                number(estimate.value),
                number(estimate.interval.map(|(low, _)| low)),
                number(estimate.interval.map(|(_, high)| high)),
                number(corrected(standing)),
                standing.tag(),
            ]
        })
        .collect();
    csv_table(&COLUMNS, &rows, out)?;
    Ok(())
}

/// The rate without the judge's errors, if it is known.
fn corrected(standing: &Standing) -> Option<f64> {
    match standing {
        Standing::Calibrated(known) => known.corrected.as_ref().map(|of| of.value),
        _ => None,
    }
}

/// The figures over all categories as a table in Markdown.
pub(crate) fn markdown(
    source: &Source<'_>,
    _: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    writeln!(
        out,
        "| target | who asks | error | judge | rate | 95 % interval | errors / scored | unscored | judge’s standing |\n| --- | --- | --- | --- | ---: | ---: | ---: | ---: | --- |"
    )?;
    for line in lines(source).iter().filter(|line| line.part.is_none()) {
        let figure = line.figure;
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} / {} | {} | {} |",
            markdown_cell(line.target),
            line.who,
            markdown_cell(&figure.title),
            markdown_cell(&figure.judge),
            figure.percent(),
            figure.interval(),
            figure.estimate.numerator,
            figure.estimate.denominator,
            figure.estimate.unscored,
            markdown_cell(&figure.standing.tag())
        )?;
    }
    writeln!(
        out,
        "\n{}",
        markdown_cell(&source.report.headline.certainty)
    )?;
    Ok(())
}

/// The same table for LaTeX, with the `booktabs` package.
pub(crate) fn latex(
    source: &Source<'_>,
    _: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let report = source.report;
    writeln!(
        out,
        "% nocere {} run {}. Needs \\usepackage{{booktabs}}.\n\\begin{{table}}\n\\centering\n\\begin{{tabular}}{{llllrrrr}}\n\\toprule\nTarget & Who asks & Error & Judge & Rate (\\%) & 95\\,\\% interval & Errors / scored & Unscored \\\\\n\\midrule",
        tex(&report.header.nocere_version),
        tex(&report.header.id)
    )?;
    for line in lines(source).iter().filter(|line| line.part.is_none()) {
        let figure = line.figure;
        let hundredth = |value: f64| format!("{:.1}", value * 100.0);
        let range = figure.estimate.interval.map_or_else(
            || "--".to_owned(),
            |(low, high)| format!("{}--{}", hundredth(low), hundredth(high)),
        );
        writeln!(
            out,
            "{} & {} & {} & {} & {} & {range} & {} / {} & {} \\\\",
            tex(line.target),
            line.who,
            tex(&figure.title),
            tex(&figure.judge),
            figure
                .estimate
                .value
                .map_or_else(|| "--".to_owned(), hundredth),
            figure.estimate.numerator,
            figure.estimate.denominator,
            figure.estimate.unscored,
        )?;
    }
    writeln!(
        out,
        "\\bottomrule\n\\end{{tabular}}\n\\caption{{{}}}\n\\end{{table}}",
        tex(&report.headline.certainty)
    )?;
    Ok(())
}

/// Foreign text that LaTeX prints and does not obey.
fn tex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '\n' => out.push(' '),
            '–' => out.push_str("--"),
            '’' => out.push('\''),
            'κ' => out.push_str("$\\kappa$"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latex_obeys_nothing_in_a_name() {
        assert_eq!(
            tex("a_b & 5 % \\input{x}\n^~"),
            "a\\_b \\& 5 \\% \\textbackslash{}input\\{x\\} \\textasciicircum{}\\textasciitilde{}"
        );
    }
}
