//! Options for what a protocol leaves open.

use std::path::PathBuf;

use clap::Args;
use nocere_project::ProtocolChoices;

/// Options for what a protocol leaves open.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ProtocolArgs {
    /// Folder with the public sets that the protocol uses, in their published layouts.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A preset of the protocol's settings: see `nocere suites show PROTOCOL`.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// The target that applies the protocol's rubrics; short for `--set judge=TARGET`.
    #[arg(long, value_name = "TARGET")]
    pub(crate) judge_model: Option<String>,
    /// Rate harm and refusals with the published prompts, read out of your own copy of MedRiskEval's
    /// code; short for `--set rubric=published:DIR --set refusal_rubric=published:DIR`.
    #[arg(long, value_name = "DIR")]
    pub(crate) rubric_from: Option<PathBuf>,
    /// One of the protocol's settings.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Ask only this part of the protocol.
    #[arg(long = "part", value_name = "PART")]
    pub(crate) parts: Vec<String>,
}

impl ProtocolArgs {
    pub(crate) fn choices(&self) -> ProtocolChoices {
        let Self {
            data,
            preset,
            judge_model,
            rubric_from,
            set: own,
            parts,
        } = self.clone();
        let published = rubric_from.iter().flat_map(|folder| {
            let folder = folder.display();
            ["rubric", "refusal_rubric"].map(|name| format!("{name}=published:{folder}"))
        });
        let set = published.chain(own).collect();
        ProtocolChoices {
            data,
            preset,
            judge_model,
            set,
            parts,
        }
    }
}
