//! What is generated under docs/: the JSON Schemas of what nocere reads and writes, and the list
//! of figures.

use std::collections::BTreeMap;

use nocere_analysis::RunReport;
use nocere_assets::{Assets, Kind};
use nocere_core::{FigureFile, Scale};
use nocere_engine::RunEvent;
use nocere_judges::Rubric;

use crate::root;

type Outcome = Result<String, Vec<String>>;

pub(crate) fn write() -> Outcome {
    let folder = root().join("docs");
    for (name, text) in generated()? {
        std::fs::write(folder.join(name), text).map_err(|error| vec![error.to_string()])?;
    }
    Ok(format!("schemas and figures are in {}", folder.display()))
}

pub(crate) fn check() -> Outcome {
    let stale: Vec<String> = generated()?
        .into_iter()
        .filter(|(name, text)| {
            std::fs::read_to_string(root().join("docs").join(name))
                .ok()
                .as_deref()
                != Some(text.as_str())
        })
        .map(|(name, _)| format!("docs/{name} is stale: run `cargo xtask schemas`"))
        .collect();
    if stale.is_empty() {
        Ok("schemas and figures are up to date".to_owned())
    } else {
        Err(stale)
    }
}

/// Texts by their path under docs/.
fn generated() -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut texts: BTreeMap<String, String> = nocere_suites::json_schema()
        .into_iter()
        .map(|(name, text)| (format!("schemas/{name}"), text))
        .collect();
    for (name, schema) in [
        (
            "run-event.schema.json",
            schemars::schema_for!(RunEvent<'static>),
        ),
        ("run-report.schema.json", schemars::schema_for!(RunReport)),
    ] {
        let text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
        texts.insert(format!("schemas/{name}"), text + "\n");
    }
    texts.insert("reference/figures.md".to_owned(), figures()?);
    Ok(texts)
}

/// The shipped figures as a page, with the bounds of the shipped judges.
fn figures() -> Result<String, Vec<String>> {
    let assets = Assets::shipped();
    let mut page = String::from(
        "# Figures\n\n\
         What a report counts; lower is better.\n\
         This page is generated from `assets/figures` by `cargo xtask schemas`, with the bounds of the judges that ship: \
         a report names the bound of the judge that was used.\n\
         A project changes them with [assets of its own](../guides/change-an-asset.md).\n\n\
         | figure | id | measure | side | what is counted |\n| --- | --- | --- | --- | --- |\n",
    );
    for asset in assets.of(Kind::Figure) {
        let file: FigureFile =
            serde_saphyr::from_str(asset.text()).map_err(|error| vec![error.to_string()])?;
        for row in &file.figures {
            let scale = scale(&assets, &row.measure)?;
            page.push_str(&format!(
                "| {} | `{}` | {} | {} | {} |\n",
                row.title(&scale),
                row.id,
                row.measure,
                row.side.as_str(),
                row.meaning(&scale)
            ));
        }
    }
    Ok(page)
}

/// The scale of the shipped judges of a measure.
fn scale(assets: &Assets, wanted: &str) -> Result<Scale, Vec<String>> {
    if let Some(scale) = Scale::of_measure(wanted) {
        return Ok(scale);
    }
    let mut rubrics = assets.of(Kind::Rubric).filter_map(|asset| {
        let rubric = Rubric::of_asset(asset).ok()?;
        (rubric.measures() == wanted).then(|| rubric.scale(None))
    });
    let missing = || vec![format!("no shipped judge measures `{wanted}`")];
    rubrics.next().ok_or_else(missing)
}
