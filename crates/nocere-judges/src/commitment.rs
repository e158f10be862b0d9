//! What a judge commits to before it sees the answer.
//!
//! A model that reads question and answer together tends to find good what it reads. With
//! `commit=true` it is first asked, without the answer, what a good answer does, and rates against
//! its own words.

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, context};
use nocere_core::{
    ChatModel, ChatRequest, Message, Perspective, ReplyFormat, Role, Sampling, UnscoredReason,
};
use nocere_template::Template;
use serde::Deserialize;

use crate::{
    ask_model::{Marks, reply_to},
    judged_answer::NoVerdict,
    rubric::Material,
};

/// The text of the asset, which is a part of the instrument.
pub(crate) const SOURCE: &str = include_str!("../../../assets/judges/commit.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitFile {
    #[serde(rename = "nocere_commit")]
    _format: u32,
    #[serde(rename = "version")]
    _version: String,
    max_tokens: u32,
    system: String,
    template: String,
}

struct Commit {
    file: CommitFile,
    template: Template,
}

fn embedded() -> Result<&'static Commit, NoVerdict> {
    static COMMIT: LazyLock<Result<Commit, String>> = LazyLock::new(|| {
        let file: CommitFile = serde_saphyr::from_str(SOURCE).map_err(|error| error.to_string())?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let template =
            Template::compile(environment, &file.template).map_err(|error| error.to_string())?;
        Ok(Commit { file, template })
    });
    let fault = |error: &String| (UnscoredReason::JudgeError, error.clone());
    COMMIT.as_ref().map_err(fault)
}

/// What the model says that a good answer does, for the note of the rating.
pub(crate) async fn commitment(
    model: &dyn ChatModel,
    material: &Material<'_>,
    marks: &Marks,
    sample: u32,
) -> Result<String, NoVerdict> {
    let commit = embedded()?;
    let prompt = commit
        .template
        .render(context! {
            perspective => material.perspective.map_or("anybody", Perspective::as_str),
            policy => material.policy,
            question => material.question,
            fence => material.fence,
        })
        .map_err(|error| (UnscoredReason::JudgeError, error.to_string()))?;
    let request = ChatRequest {
        messages: vec![
            Message::new(Role::System, commit.file.system.trim()),
            Message::new(Role::User, prompt),
        ],
        sampling: Sampling {
            temperature: 0.0,
            max_tokens: commit.file.max_tokens,
            seed: u64::from(sample),
            ..Sampling::default()
        },
        format: ReplyFormat::Text,
        sample,
    };
    let reply = reply_to(model, &request).await?;
    let said = marks.defuse(reply.text.trim());
    if said.is_empty() {
        return Err((
            UnscoredReason::JudgeUnreadable,
            "the judge said nothing about what a good answer does".to_owned(),
        ));
    }
    Ok(said)
}
