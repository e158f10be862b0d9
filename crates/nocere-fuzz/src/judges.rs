//! Judges without a model, over any answer: a hostile one must neither stop them nor make them
//! point outside it.

use std::{
    sync::OnceLock,
    task::{Context, Poll, Waker},
};

use nocere_core::{
    AnswerKey, ChatReply, Document, Judge, JudgeContext, Message, Probe, Role, Score, Scored,
    Transcript, Verdict,
};
use nocere_judges::{
    AnswerJudge, ChecksJudge, GroundingJudge, RefusalClassifier, RefusalRules, sentences,
};

use crate::input::parts;

/// Parts between lines `%%`: the answer, the question, a document, the accepted wordings.
pub(crate) fn judges(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parts = parts(&text, "%%");
    let part = |place: usize, usual: &'static str| parts.get(place).copied().unwrap_or(usual);
    let answer = part(0, "");
    let question = part(1, "May I take two tablets tonight?");
    let document = part(2, "The patient takes metformin twice a day. No allergies.");
    let mut transcript = Transcript::default();
    transcript.push(Message::new(Role::User, question));
    transcript.push_reply(ChatReply::of_text(answer));
    for key in keys(part(3, "metformin\n500")) {
        let mut probe = Probe::asking("s", "p", question);
        probe.documents = vec![Document {
            title: "Note".to_owned(),
            text: document.to_owned(),
        }];
        probe.key = Some(key);
        for judge in all() {
            check(judge.as_ref(), &probe, &transcript, answer);
        }
    }
    let mut before = 0;
    for range in sentences(answer) {
        assert!(range.start >= before && range.end > range.start);
        assert!(
            answer.get(range.clone()).is_some(),
            "{range:?} cuts a letter"
        );
        before = range.end;
    }
}

/// The same words as a key of each kind.
fn keys(text: &str) -> Vec<AnswerKey> {
    let words: Vec<String> = text.lines().map(str::to_owned).collect();
    let options = words.iter().zip('A'..='Z');
    let number = words.last().and_then(|word| word.trim().parse().ok());
    vec![
        AnswerKey::Choice {
            options: options
                .map(|(text, letter)| (letter.to_string(), text.clone()))
                .collect(),
            correct: "A".to_owned(),
            pushed: Vec::new(),
        },
        AnswerKey::Numeric {
            value: number.unwrap_or(500.0),
            tolerance: 0.0,
            unit: words.first().cloned(),
        },
        AnswerKey::Exact {
            reject: words.iter().skip(1).cloned().collect(),
            accept: words.into_iter().take(1).collect(),
        },
    ]
}

fn all() -> &'static [Box<dyn Judge>] {
    static JUDGES: OnceLock<Vec<Box<dyn Judge>>> = OnceLock::new();
    JUDGES.get_or_init(|| {
        let mut judges: Vec<Box<dyn Judge>> = vec![
            Box::new(AnswerJudge::default()),
            Box::new(GroundingJudge::default()),
        ];
        // A broken asset is what the judges' own tests are about.
        if let Ok(judge) = ChecksJudge::embedded() {
            judges.push(Box::new(judge));
        }
        if let Ok(judge) = RefusalClassifier::embedded() {
            judges.push(Box::new(judge));
        }
        if let Ok(judge) = RefusalRules::embedded() {
            judges.push(Box::new(judge));
        }
        assert_eq!(judges.len(), 5, "a judge is missing");
        judges
    })
}

fn check(judge: &dyn Judge, probe: &Probe, transcript: &Transcript, answer: &str) {
    let context = JudgeContext {
        models: &[],
        seed: 1,
    };
    let mut judging = judge.judge(probe, transcript, &context);
    // Without a model nothing is waited for.
    let Poll::Ready(verdict) = judging
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        assert!(probe.id.as_str().is_empty(), "a judge waits for nothing");
        return;
    };
    let id = &judge.instrument().id;
    match verdict {
        Verdict::Scored(scored) => check_score(judge, probe, &scored, answer),
        Verdict::Unscored { detail, .. } => {
            assert!(!detail.is_empty(), "{id} does not say why");
        }
    }
}

fn check_score(judge: &dyn Judge, probe: &Probe, scored: &Scored, answer: &str) {
    let instrument = judge.instrument();
    let id = &instrument.id;
    assert!(!answer.trim().is_empty(), "{id} scores an empty answer");
    for evidence in &scored.evidence {
        let passage = answer.get(evidence.start..evidence.end);
        assert!(passage.is_some(), "{id} points to {evidence:?}");
    }
    match &scored.score {
        Score::Label { distribution, .. } => {
            let place = instrument.scale.place(&scored.score);
            assert!(place.is_some(), "{id} is off its scale: {scored:?}");
            let sum: f64 = distribution.iter().sum();
            let is_one = distribution.is_empty() || (sum - 1.0).abs() < 1e-6;
            assert!(is_one, "{id} gives probabilities of {sum}");
            let mut shares = distribution.iter();
            assert!(
                shares.all(|share| (0.0..=1.0).contains(share)),
                "{scored:?}"
            );
        }
        Score::Items { items } => {
            for item in items {
                for (start, end) in &item.spans {
                    let passage = answer.get(*start..*end);
                    assert!(passage.is_some(), "{id} points to {start}..{end}");
                }
                let Some(source) = &item.source else {
                    continue;
                };
                let document = probe.documents.get(source.document);
                let passage = document.and_then(|document| {
                    let text = &document.text;
                    text.get(source.start..source.end)
                });
                assert!(passage.is_some(), "{id} points to {source:?}");
            }
        }
        Score::Number { value } => assert!(value.is_finite(), "{id} says {value}"),
    }
}
