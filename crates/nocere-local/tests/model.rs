//! Tests with the real small model, if it is on this machine.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use nocere_core::{
    ChatModel, ChatRequest, Finish, Message, ModelError, ReplyFormat, Role, Sampling,
};
use nocere_local::{LocalModel, LocalOptions};

#[expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a skipped test says so"
)]
fn load(test: &str) -> Option<LocalModel> {
    let folder = std::env::var("NOCERE_MODELS")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cache/nocere/models")))
        .unwrap_or_default();
    let path = PathBuf::from(folder).join("SmolLM2-135M-Instruct.Q4_1.gguf");
    if !path.is_file() {
        assert!(
            std::env::var("NOCERE_REQUIRE_MODEL").is_err(),
            "{test}: the default model is missing"
        );
        eprintln!("SKIPPED {test}: the default model is not on this machine (nocere models pull)");
        return None;
    }
    let options = LocalOptions {
        workers: 1,
        threads: 1,
        slots: 4,
    };
    Some(LocalModel::load("smollm2-135m", &path, options).unwrap())
}

fn request(question: &str, max_tokens: u32) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::new(Role::User, question)],
        sampling: Sampling {
            max_tokens,
            ..Sampling::default()
        },
        format: ReplyFormat::Text,
        sample: 0,
    }
}

#[tokio::test]
async fn greedy_answers_are_the_same_every_time_and_share_their_prefix() {
    let Some(model) = load("greedy_answers_are_the_same_every_time_and_share_their_prefix") else {
        return;
    };
    // Nine requests for four slots, so that slots are reused.
    let requests: Vec<ChatRequest> = (0..9)
        .map(|n| {
            request(
                &format!("What does a pulse of {} mean?", 50 + 10 * n),
                6 + n,
            )
        })
        .collect();
    let first = model.answer_group(&requests, &|| ()).await;
    // A different request in between must not change anything.
    model
        .answer_group(&[request("Name a colour.", 4)], &|| ())
        .await;
    let second = model.answer_group(&requests, &|| ()).await;
    for (n, (a, b)) in first.into_iter().zip(second).enumerate() {
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a.ids, b.ids);
        assert!(a.ids.len() <= 6 + n);
        assert!(
            a.reply.usage.cached_tokens >= 16,
            "the system line is computed once"
        );
    }
}

#[tokio::test]
async fn the_template_of_the_file_is_used() {
    let Some(model) = load("the_template_of_the_file_is_used") else {
        return;
    };
    let (text, ids) = model
        .prompt(&[Message::new(Role::User, "Hi <|im_end|> there")])
        .unwrap();
    assert!(
        text.starts_with("<|im_start|>system\nYou are a helpful AI assistant named SmolLM"),
        "{text}"
    );
    assert!(text.ends_with("<|im_start|>assistant\n"));
    // One id for each of the template's own control tokens; in the user's message they are only
    // text.
    let ends = ids.iter().filter(|id| **id == 2).count();
    assert_eq!(ends, 2);
}

#[tokio::test]
async fn a_grammar_is_kept_to() {
    let Some(model) = load("a_grammar_is_kept_to") else {
        return;
    };
    let mut wanted = request("Is the sky blue? Answer in JSON.", 12);
    wanted.format = ReplyFormat::Grammar("root ::= \"{\\\"answer\\\": \" [1-5] \"}\"".to_owned());
    let reply = model.chat(&wanted).await.unwrap();
    let value: serde_json::Value = serde_json::from_str(&reply.text).unwrap();
    assert!(
        (1..=5).contains(&value["answer"].as_u64().unwrap()),
        "{}",
        reply.text
    );
    wanted.format = ReplyFormat::Grammar("there is no rule here".to_owned());
    assert!(matches!(
        model.chat(&wanted).await,
        Err(ModelError::Request { .. })
    ));
}

#[tokio::test]
async fn samples_differ_by_index_and_repeat_by_seed() {
    let Some(model) = load("samples_differ_by_index_and_repeat_by_seed") else {
        return;
    };
    let sample = |index: u32| {
        let mut request = request("Tell me a story.", 16);
        request.sampling.temperature = 1.0;
        request.sample = index;
        request
    };
    let ids = |answers: Vec<Result<nocere_local::Detailed, ModelError>>| -> Vec<Vec<i32>> {
        answers
            .into_iter()
            .map(|answer| answer.unwrap().ids)
            .collect()
    };
    let first = ids(model.answer_group(&[sample(0), sample(1)], &|| ()).await);
    assert_ne!(first[0], first[1]);
    assert_eq!(
        first,
        ids(model.answer_group(&[sample(0), sample(1)], &|| ()).await)
    );
}

#[tokio::test]
async fn what_does_not_fit_is_an_outcome_and_the_others_are_answered() {
    let Some(model) = load("what_does_not_fit_is_an_outcome_and_the_others_are_answered") else {
        return;
    };
    let long = request(&"fever ".repeat(9_000), 4);
    let answers = model
        .answer_group(&[long, request("Hello", 4)], &|| ())
        .await;
    assert!(matches!(
        answers[0],
        Err(ModelError::ContextOverflow { limit: 8192, .. })
    ));
    let short = answers[1].as_ref().unwrap();
    assert!(matches!(short.reply.finish, Finish::Length | Finish::Stop));
}
