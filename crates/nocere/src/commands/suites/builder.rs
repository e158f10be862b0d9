//! `nocere suites build`.

use std::fmt::Write as _;

use nocere_builder::{BuildRecord, remarks};
use nocere_core::text::wrap;
use nocere_project::{BuildSpec, Built, ProjectError};

use crate::{
    cli::BuildSuiteArgs,
    context::Context,
    exit::{DONE, GATE},
    output,
};

pub(super) fn build(context: &Context, args: &BuildSuiteArgs) -> Result<u8, ProjectError> {
    let spec = BuildSpec {
        policy: args.policy.clone(),
        generator: args.generator.clone(),
        judge_model: args.judge_model.clone(),
        out: args.out.clone(),
        id: args.id.clone(),
        categories: args.category.clone(),
        candidates: args.candidates,
        batch: args.batch,
        votes: args.votes,
        threshold: args.threshold,
        expect: args.expect,
        language: args.language.clone(),
        licence: args.licence.clone(),
        against: args.against.clone(),
        data: args.data.clone(),
        ratings: args.ratings.clone(),
        min_relevance: args.min_relevance,
        retry_failed: args.retry_failed,
        seed: args.seed,
        temperature: args.temperature,
        max_tokens: args.max_tokens,
        local_only: args.local_only,
        limits: args.working.limits(),
    };
    let Built { record, suite } = context
        .project
        .build_suite(&spec, &context.watch(&args.working))?;
    if context.json {
        output::json(&record)?;
    } else {
        output::text(&terminal_text(&record, output::width()))?;
    }
    if suite.probes.is_empty() {
        output::talk(&format!(
            "no candidate was kept: {} shows why; a lower `--threshold` needs no new calls",
            args.out.join("candidates.jsonl").display()
        ));
        return Ok(GATE);
    }
    if !context.quiet {
        output::talk(&format!(
            "\nsuite: {}\nreview sheet: {}\nreport: {}",
            args.out.join("suite.jsonl").display(),
            args.out.join("review.csv").display(),
            args.out.join("report.md").display()
        ));
    }
    Ok(DONE)
}

/// The outcome of a build as text for the terminal.
fn terminal_text(record: &BuildRecord, width: usize) -> String {
    let mut text = String::new();
    let Some(outcome) = &record.outcome else {
        return text;
    };
    let longest = outcome
        .categories
        .iter()
        .map(|category| category.category.chars().count())
        .max()
        .unwrap_or(0)
        .max("category".len());
    let _ = writeln!(
        text,
        "{:longest$}  asked written  alike  known unscored  below  kept   fit",
        "category"
    );
    for row in &outcome.categories {
        let fit = row
            .mean_fit
            .map_or_else(|| "–".to_owned(), |fit| format!("{fit:.2}"));
        let _ = writeln!(
            text,
            "{:longest$}  {:>5} {:>7}  {:>5}  {:>5} {:>8}  {:>5} {:>5}  {fit:>4}",
            row.category,
            row.asked,
            row.written,
            row.near_duplicates,
            row.known_prompts,
            row.unscored,
            row.below + row.irrelevant,
            row.kept,
        );
    }
    for remark in remarks(record) {
        let _ = writeln!(text, "{}", wrap(&remark, width, ""));
    }
    text
}
