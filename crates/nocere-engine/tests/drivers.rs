//! Drivers with helper models: what a failing helper stops, what a budget of calls ends, and
//! that each unit keeps its driver.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use nocere_core::{
    BoxFuture, Budget, ChatModel, ChatReply, ChatRequest, Driver, DriverContext, DriverError,
    DriverIdentity, Message, ModelError, ModelIdentity, Probe, Purpose, ReplyFormat, Role,
    Sampling, Transcript,
};
use nocere_engine::{
    Account, DriverSetup, Engine, EngineError, Limits, ModelSetup, PlanShape, Purse, RunSetup,
    Silent, TargetSetup, plan_extension, plan_units,
};
use nocere_queue::Embedded;
use nocere_store::{Journal, Plan, RunReader};
use nocere_testkit::{TempFolder, makers};

/// Answers, or has a wrong key.
struct Model {
    identity: ModelIdentity,
    works: bool,
    asked: AtomicU32,
}

impl Model {
    fn new(name: &str, works: bool) -> Arc<Self> {
        Arc::new(Self {
            identity: makers::model_identity(name),
            works,
            asked: AtomicU32::new(0),
        })
    }
}

impl ChatModel for Model {
    fn chat<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let reply = if self.works {
            Ok(ChatReply::of_text("fine"))
        } else {
            Err(ModelError::Fatal {
                message: "wrong key".to_owned(),
            })
        };
        Box::pin(std::future::ready(reply))
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }
}

/// Asks its helper what to say, `turns` times.
struct Helped {
    identity: DriverIdentity,
    turns: u32,
}

impl Driver for Helped {
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>> {
        Box::pin(async move {
            let mut transcript = Transcript::default();
            for turn in 0..self.turns {
                let said = format!("{} {turn}", probe.question());
                transcript.push(Message::new(Role::User, said));
                let request = ChatRequest {
                    messages: transcript.messages(),
                    sampling: Sampling::default(),
                    format: ReplyFormat::Text,
                    sample: 0,
                };
                for helper in cx.models {
                    match helper.chat(&request).await {
                        Ok(_) => {}
                        Err(ModelError::Fatal { message }) => {
                            return Err(DriverError::Helper(message));
                        }
                        Err(error) => {
                            transcript.error = Some(error);
                            return Ok(transcript);
                        }
                    }
                }
                match target.chat(&request).await {
                    Ok(reply) => transcript.push_reply(reply),
                    Err(error) => {
                        transcript.error = Some(error);
                        return Ok(transcript);
                    }
                }
            }
            Ok(transcript)
        })
    }

    fn identity(&self) -> &DriverIdentity {
        &self.identity
    }
}

fn setup(model: &Arc<Model>) -> ModelSetup {
    ModelSetup {
        model: Arc::<Model>::clone(model),
        account: Account::new(model.identity.name.clone(), Limits::default()),
        price: None,
    }
}

fn helped(id: &str, helper: Option<&Arc<Model>>, max_calls: Option<u32>) -> DriverSetup {
    DriverSetup {
        scorer: None,
        driver: Arc::new(Helped {
            identity: makers::driver(id),
            turns: 3,
        }),
        models: helper
            .map(|helper| (Purpose::Attacker, setup(helper)))
            .into_iter()
            .collect(),
        max_calls,
    }
}

/// Asks probes `a` and `b` with these drivers; the samples by driver, and how the run ended.
async fn run(
    folder: &TempFolder,
    drivers: Vec<DriverSetup>,
) -> (BTreeMap<String, Vec<Transcript>>, Result<(), EngineError>) {
    let plan = Plan {
        drivers: drivers
            .iter()
            .map(|setup| setup.driver.identity().clone())
            .collect(),
        ..makers::plan(&["a", "b"], &["t"])
    };
    let target = Model::new("t", true);
    let journal = Journal::create(folder.path(), &plan, plan_units(&plan)).unwrap();
    let journal = Arc::new(journal);
    let engine = Engine::new(
        RunSetup {
            journal: Arc::<Journal>::clone(&journal),
            targets: vec![TargetSetup {
                guards: Vec::new(),
                id: "t".into(),
                model: Some(setup(&target)),
                record: plan.targets[0].1.clone(),
            }],
            judges: Vec::new(),
            drivers,
            purse: Arc::new(Purse::new(Budget::default(), [], None)),
            listener: Arc::new(Silent),
            stop: Arc::new(AtomicBool::new(false)),
        },
        Embedded::new(Arc::clone(&journal)),
    )
    .unwrap();
    let ended = engine.run().await;
    let mut samples: BTreeMap<String, Vec<Transcript>> = BTreeMap::new();
    let reader = RunReader::find(folder.path(), "r").unwrap();
    reader
        .for_each_sample(|row| {
            samples
                .entry(row.driver.to_string())
                .or_default()
                .push(row.transcript);
        })
        .unwrap();
    (samples, ended)
}

#[tokio::test]
async fn each_probe_is_asked_once_with_each_driver() {
    let folder = TempFolder::new("drivers");
    let helper = Model::new("attacker", true);
    let drivers = vec![
        helped("plain", None, None),
        helped("attack", Some(&helper), None),
    ];
    let (samples, ended) = run(&folder, drivers).await;
    ended.unwrap();
    let counts: Vec<_> = samples
        .iter()
        .map(|(id, all)| (id.as_str(), all.len()))
        .collect();
    assert_eq!(counts, [("attack", 2), ("plain", 2)]);
    assert_eq!(helper.asked.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn a_helper_that_cannot_answer_stops_its_own_driver_only() {
    let folder = TempFolder::new("drivers");
    let helper = Model::new("attacker", false);
    let drivers = vec![
        helped("attack", Some(&helper), None),
        helped("plain", None, None),
    ];
    let (samples, ended) = run(&folder, drivers).await;
    assert_eq!(samples.keys().collect::<Vec<_>>(), ["plain"]);
    assert_eq!(samples["plain"].len(), 2, "the other driver finished");
    let error = ended.unwrap_err();
    assert!(matches!(error, EngineError::Model(_)), "{error}");
    assert!(error.to_string().contains("wrong key"), "{error}");
    assert_eq!(
        helper.asked.load(Ordering::Relaxed),
        1,
        "asked once, not for each unit"
    );
}

#[tokio::test]
async fn a_conversation_ends_where_its_calls_are_spent() {
    let folder = TempFolder::new("drivers");
    let helper = Model::new("attacker", true);
    let (samples, ended) = run(&folder, vec![helped("attack", Some(&helper), Some(3))]).await;
    ended.unwrap();
    for transcript in &samples["attack"] {
        // Helper, target, helper: the target's second answer would be the fourth call.
        assert_eq!(transcript.answers().count(), 1);
        assert_eq!(transcript.error, Some(ModelError::CallBudget { calls: 3 }));
    }
}

#[test]
fn an_extension_is_the_rest_of_the_whole_plan() {
    let mut plan = makers::plan(&["a", "b"], &["t", "u"]);
    plan.drivers.push(makers::driver("attack"));
    plan.header.epochs = 2;
    let whole: Vec<_> = plan_units(&plan).map(|unit| unit.key).collect();
    assert_eq!(whole.len(), 16);
    let old = PlanShape {
        probes: 2,
        targets: 1,
        drivers: 1,
        epochs: 2,
    };
    let more: Vec<_> = plan_extension(&plan, old, 4).collect();
    assert_eq!(more.len(), 12);
    assert_eq!(more[0].seq, 4);
    assert!(more.iter().all(|unit| whole.contains(&unit.key)));
    assert!(
        more.iter()
            .all(|unit| unit.target == "u" || unit.driver == "attack")
    );
}
