//! The gate of grouped models: rounds, failures and lost conversations.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, atomic::AtomicBool},
};

use nocere_core::{
    BoxFuture, Budget, ChatModel, ChatReply, ChatRequest, Driver, DriverContext, DriverError,
    DriverIdentity, Grouping, Message, ModelError, ModelIdentity, Probe, ProbeId, Role, Sampling,
    Transcript,
};
use nocere_engine::{
    Account, DriverSetup, Engine, EngineError, Limits, ModelSetup, Purse, RunSetup, Silent,
    TargetSetup, plan_units,
};
use nocere_queue::Embedded;
use nocere_store::{Journal, Plan, RunReader};
use nocere_testkit::{TempFolder, makers};

/// A grouped model that notes what it was asked together and answers with the company's size.
struct Company {
    identity: ModelIdentity,
    groups: Mutex<Vec<Vec<String>>>,
    /// Answers nothing from this group on.
    fails_from: Option<usize>,
}

impl ChatModel for Company {
    fn chat<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        panic!("a grouped model is asked in groups")
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn grouping(&self) -> Option<Grouping> {
        Some(Grouping {
            size: 4,
            parallel: 2,
        })
    }

    fn chat_group<'a>(
        &'a self,
        requests: &'a [ChatRequest],
        answered: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Vec<Result<ChatReply, ModelError>>> {
        let asked: Vec<String> = requests
            .iter()
            .map(|r| r.messages.last().unwrap().text().into_owned())
            .collect();
        let mut groups = self.groups.lock().unwrap();
        groups.push(asked);
        let fails = self.fails_from.is_some_and(|from| groups.len() > from);
        Box::pin(async move {
            requests
                .iter()
                .map(|_| {
                    answered();
                    if fails {
                        return Err(ModelError::Fatal {
                            message: "out of order".to_owned(),
                        });
                    }
                    Ok(ChatReply::of_text(format!(
                        "in company of {}",
                        requests.len()
                    )))
                })
                .collect()
        })
    }
}

fn company(fails_from: Option<usize>) -> Arc<Company> {
    Arc::new(Company {
        identity: makers::model_identity("company"),
        groups: Mutex::default(),
        fails_from,
    })
}

/// Asks once, and a second time where the question is even; is lost where it is `lost`.
struct Uneven;

impl Driver for Uneven {
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        _: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(async move {
            let mut transcript = Transcript::default();
            let turns = if probe.question().ends_with(['0', '2', '4', '6', '8']) {
                2
            } else {
                1
            };
            for turn in 0..turns {
                assert_ne!(probe.question(), "lost", "lost on purpose");
                transcript.push(Message::new(
                    Role::User,
                    format!("{} turn {turn}", probe.question()),
                ));
                let request = ChatRequest {
                    messages: transcript.messages(),
                    sampling: Sampling::default(),
                    format: nocere_core::ReplyFormat::Text,
                    sample: 0,
                };
                match target.chat(&request).await {
                    Ok(reply) => transcript.push_reply(reply),
                    Err(error) => return Err(DriverError::Target(error.to_string())),
                }
            }
            Ok(transcript)
        })
    }

    fn identity(&self) -> &DriverIdentity {
        static IDENTITY: OnceLock<DriverIdentity> = OnceLock::new();
        IDENTITY.get_or_init(|| makers::driver("uneven"))
    }
}

fn plan(
    folder: &TempFolder,
    questions: &[&str],
    model: &Arc<Company>,
) -> (Arc<Journal>, Vec<TargetSetup>) {
    let plan = Plan {
        drivers: vec![makers::driver("uneven")],
        ..makers::plan(questions, &["t"])
    };
    let (id, record) = plan.targets[0].clone();
    let journal = Journal::create(folder.path(), &plan, plan_units(&plan)).unwrap();
    let model: Arc<dyn ChatModel> = Arc::<Company>::clone(model);
    let target = TargetSetup {
        guards: Vec::new(),
        id,
        model: Some(asked(model)),
        record,
    };
    (Arc::new(journal), vec![target])
}

async fn execute(journal: &Arc<Journal>, targets: Vec<TargetSetup>) -> Result<(), EngineError> {
    let queue = Embedded::new(Arc::clone(journal));
    let stop = Arc::new(AtomicBool::new(false));
    let setup = RunSetup {
        journal: Arc::<Journal>::clone(journal),
        targets,
        judges: Vec::new(),
        drivers: vec![DriverSetup::alone(Arc::new(Uneven))],
        purse: Arc::new(Purse::new(Budget::default(), [], None)),
        listener: Arc::new(Silent),
        stop,
    };
    Engine::new(setup, queue)?.run().await
}

fn asked(model: Arc<dyn ChatModel>) -> ModelSetup {
    ModelSetup {
        model,
        account: Account::new("process", Limits::default()),
        price: None,
    }
}

fn answers(folder: &TempFolder) -> BTreeMap<ProbeId, Vec<String>> {
    let reader = RunReader::find(folder.path(), "r").unwrap();
    let mut found = BTreeMap::new();
    reader
        .for_each_sample(|row| {
            let said = row.transcript.answers().map(str::to_owned).collect();
            found.insert(row.probe.id, said);
        })
        .unwrap();
    found
}

#[tokio::test]
async fn a_round_waits_for_everybody_and_for_nobody_who_has_left() {
    let folder = TempFolder::new("rounds");
    let model = company(None);
    let (journal, targets) = plan(&folder, &["q0", "q1", "q2", "q3", "q4"], &model);
    execute(&journal, targets).await.unwrap();
    let mut groups = model.groups.lock().unwrap().clone();
    groups.sort();
    assert_eq!(
        groups,
        [
            vec!["q0 turn 0", "q1 turn 0", "q2 turn 0", "q3 turn 0"],
            vec!["q0 turn 1", "q2 turn 1"],
            vec!["q4 turn 0"],
            vec!["q4 turn 1"],
        ]
    );
}

#[tokio::test]
async fn a_failed_round_leaves_nothing_half_and_resumes_in_the_same_company() {
    let folder = TempFolder::new("failed");
    let questions = ["q0", "q1", "q2", "q3"];
    let failing = company(Some(1));
    let (journal, targets) = plan(&folder, &questions, &failing);
    let error = execute(&journal, targets).await.unwrap_err();
    assert!(error.to_string().contains("out of order"), "{error}");
    drop(journal);
    // q1 and q3 were done in round one; the others wait for round two.
    assert_eq!(answers(&folder).len(), 2);

    let healthy = company(None);
    let journal = Arc::new(Journal::open(folder.path(), "r").unwrap());
    let record = RunReader::find(folder.path(), "r")
        .unwrap()
        .targets()
        .unwrap()[0]
        .1
        .clone();
    let model: Arc<dyn ChatModel> = Arc::<Company>::clone(&healthy);
    execute(
        &journal,
        vec![TargetSetup {
            guards: Vec::new(),
            id: "t".into(),
            model: Some(asked(model)),
            record,
        }],
    )
    .await
    .unwrap();
    assert_eq!(
        *healthy.groups.lock().unwrap(),
        [vec!["q0 turn 1", "q2 turn 1"]]
    );
    assert_eq!(
        answers(&folder)["q0"],
        ["in company of 4", "in company of 2"]
    );
}

#[tokio::test]
async fn a_lost_conversation_stops_the_run_and_holds_up_nobody() {
    let folder = TempFolder::new("lost");
    let model = company(None);
    let (journal, targets) = plan(&folder, &["q1", "lost", "q3"], &model);
    let run = execute(&journal, targets);
    let result = tokio::time::timeout(std::time::Duration::from_secs(20), run)
        .await
        .unwrap();
    let error = result.unwrap_err().to_string();
    assert!(error.contains("lost"), "{error}");
}
