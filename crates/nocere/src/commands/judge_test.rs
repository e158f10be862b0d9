//! `nocere judges test`.

use std::fmt::Write as _;

use nocere_core::text::plain;
use nocere_project::{JudgeTest, JudgeTestSpec, ProjectError};

use crate::{cli::TestJudgeArgs, context::Context, exit::DONE, output};

pub(super) fn test(context: &Context, args: &TestJudgeArgs) -> Result<u8, ProjectError> {
    let spec = JudgeTestSpec {
        judge: args.judge.clone(),
        pairs: args.pairs,
        local_only: args.local_only,
        limits: args.working.limits(),
    };
    let watch = context.watch(&args.working);
    let result = context.project.test_judge(&spec, &watch)?;
    if context.json {
        output::json(&result)?;
    } else {
        output::text(&text(&result))?;
    }
    Ok(DONE)
}

fn text(result: &JudgeTest) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} ({})",
        plain(&result.judge.id),
        result.judge.hash.short()
    );
    if let Some(examples) = result.examples {
        let _ = writeln!(text, "own examples: all {examples} correct");
    }
    let whole = &result.whole;
    let scored = whole.pairs - whole.lost;
    let _ = writeln!(text, "{}", plain(&result.corpus));
    match (result.flip_rate, result.interval) {
        (Some(rate), Some((low, high))) => {
            let _ = writeln!(
                text,
                "changed verdicts: {} of {scored} ({:.1} %, 95 % interval {:.1}–{:.1} %), {} of them as the text asked; {} lost their score; {} of the original answers had none",
                whole.flipped,
                rate * 100.0,
                low * 100.0,
                high * 100.0,
                whole.as_wanted,
                whole.lost,
                result.unscored_hosts,
            );
        }
        _ => text.push_str("the judge could not score any of the answers\n"),
    }
    for (kind, table) in [("aim", &result.by_aim), ("technique", &result.by_technique)] {
        let _ = writeln!(
            text,
            "\n{kind:<22}{:>7}{:>8}{:>8}",
            "texts", "changed", "lost"
        );
        for (name, moves) in table {
            let _ = writeln!(
                text,
                "{name:<22}{:>7}{:>8}{:>8}",
                moves.pairs, moves.flipped, moves.lost
            );
        }
    }
    let _ = writeln!(
        text,
        "\n{:<28}{:>7}{:>8}{:>15}{:>8}",
        "what must not matter", "texts", "changed", "crossed bound", "lost"
    );
    for (name, moves) in &result.forms {
        let _ = writeln!(
            text,
            "{name:<28}{:>7}{:>8}{:>15}{:>8}",
            moves.pairs, moves.changed, moves.crossed, moves.lost
        );
    }
    if !result.flips.is_empty() {
        let _ = writeln!(text, "\nfirst changes: {}", result.flips.join("; "));
    }
    text
}
