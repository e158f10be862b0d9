//! A model that is a program speaking JSON lines: one request per line on its standard input,
//! one reply per line on its standard output. docs/reference/targets.md has the contract.
//!
//! The program is started at the first call, keeps running, and is started again if it has
//! ended. Replies carry the request's `id` and may come in any order.

use std::{
    collections::HashMap,
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, ContentHash, Finish, Locality, ModelError,
    ModelIdentity, Usage, clock::Stopwatch, hash_json, text_only,
};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    SetupError,
    wire::{null_default, reply, role_and_text, seed, wants_json},
};

/// Number of last lines of standard error that are kept for an error message.
const LAST_LINES: usize = 3;
/// Number of requests that may wait for the program to read them.
const WAITING_LINES: usize = 1_024;

/// Everything needed to run a program as a model.
#[derive(Clone, Debug)]
pub struct CommandSettings {
    /// Name that the user gave the target.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// True if the user vouches that the program sends nothing off this machine.
    pub stays_here: bool,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

/// A model that is a program.
pub struct CommandModel {
    settings: CommandSettings,
    identity: ModelIdentity,
    running: AsyncMutex<Option<Running>>,
    next: AtomicU64,
    /// Number of times the program has been started.
    starts: AtomicU64,
    /// True once it has answered a request.
    answered: AtomicBool,
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Line>>>>;

struct Running {
    /// Number of this start, from 0. Tells a call if its program has been replaced meanwhile.
    start: u64,
    child: Child,
    /// Queue of lines to write, so that a program that does not read blocks no caller.
    input: mpsc::Sender<String>,
    waiting: Waiting,
    errors: Arc<Mutex<Vec<String>>>,
    // Tasks that write to and read from the program. Dropping the set aborts them.
    _pipes: JoinSet<()>,
}

/// One line of the program's output. Unknown fields are ignored, so that programs may add
/// some.
#[derive(Debug, Deserialize)]
struct Line {
    id: u64,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    reasoning: Option<String>,
    #[serde(default)]
    finish: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    usage: LineUsage,
    #[serde(default)]
    error: Option<Fault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LineUsage {
    input_tokens: u64,
    output_tokens: u64,
}

#[derive(Debug, Deserialize)]
struct Fault {
    message: String,
    /// True if the same request may succeed later.
    #[serde(default, deserialize_with = "null_default")]
    retry: bool,
    #[serde(default)]
    retry_after_s: Option<f64>,
}

impl CommandModel {
    /// Prepares to run a program. Starts nothing yet, but reads the files that the command
    /// names, because their content is part of the model's identity.
    ///
    /// # Errors
    ///
    /// If the command is empty.
    pub fn new(settings: CommandSettings) -> Result<Self, SetupError> {
        if settings.command.first().is_none_or(String::is_empty) {
            return Err(SetupError::Client(format!(
                "the command of target `{}` is empty",
                settings.name
            )));
        }
        let identity = ModelIdentity {
            name: settings.name.clone(),
            provider: "command".to_owned(),
            model: settings.command.join(" "),
            pin: pin(&settings.command),
            settings: String::new(),
            // A program may send text anywhere, so it is remote unless the user vouches for it.
            locality: if settings.stays_here {
                Locality::Loopback
            } else {
                Locality::Remote
            },
        };
        Ok(Self {
            settings,
            identity,
            running: AsyncMutex::new(None),
            next: AtomicU64::new(1),
            starts: AtomicU64::new(0),
            answered: AtomicBool::new(false),
        })
    }

    async fn call(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        let stopwatch = Stopwatch::start();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (start, answer) = self.send(id, request).await?;
        match tokio::time::timeout(self.settings.timeout, answer).await {
            Ok(Ok(line)) => {
                self.answered.store(true, Ordering::Relaxed);
                read(line, stopwatch.elapsed_ms())
            }
            Ok(Err(_)) => Err(self.ended(start).await),
            Err(_) => {
                // A program that hangs would hang for every call. The next call restarts it.
                if let Some(mut running) = self.take(start).await {
                    let _ = running.child.start_kill();
                }
                Err(ModelError::Transient {
                    message: format!(
                        "`{}` did not answer within {} s and was ended",
                        self.settings.command[0],
                        self.settings.timeout.as_secs()
                    ),
                    retry_after_ms: None,
                })
            }
        }
    }

    /// Removes the running program if it is still the one with this start number.
    async fn take(&self, start: u64) -> Option<Running> {
        let mut slot = self.running.lock().await;
        slot.take_if(|running| running.start == start)
    }

    async fn send(
        &self,
        id: u64,
        request: &ChatRequest,
    ) -> Result<(u64, oneshot::Receiver<Line>), ModelError> {
        text_only(&request.messages)?;
        let mut line = json!({
            "id": id,
            "messages": request.messages.iter().map(role_and_text).collect::<Vec<_>>(),
            "temperature": request.sampling.temperature,
            "top_p": request.sampling.top_p,
            "max_tokens": request.sampling.max_tokens,
            "stop": request.sampling.stop,
            "seed": seed(request),
            "sample": request.sample,
            "format": if wants_json(request) { "json" } else { "text" },
        })
        .to_string();
        line.push('\n');
        let (sender, answer) = oneshot::channel();
        // The lock covers everything up to `try_send`, so that no other call can replace the
        // program in between.
        let mut slot = self.running.lock().await;
        if let Some(running) = slot.as_mut()
            && !matches!(running.child.try_wait(), Ok(None))
        {
            *slot = None;
        }
        let running = match slot.as_mut() {
            Some(running) => running,
            None => slot.insert(self.start()?),
        };
        running
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, sender);
        let start = running.start;
        // The waiting entry is made first: the reply may come before `try_send` returns.
        let taken = running.input.try_send(line);
        drop(slot);
        if taken.is_err() {
            // The program has ended, or 1,024 requests wait for it to read.
            return Err(self.ended(start).await);
        }
        Ok((start, answer))
    }

    fn start(&self) -> Result<Running, ModelError> {
        let [program, arguments @ ..] = self.settings.command.as_slice() else {
            return Err(ModelError::Fatal {
                message: "the command is empty".to_owned(),
            });
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| ModelError::Fatal {
                message: format!("`{program}` cannot be started: {error}"),
            })?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(output), Some(errors_out)) = pipes else {
            return Err(ModelError::Fatal {
                message: format!("`{program}` has no standard input and output"),
            });
        };
        let waiting = Waiting::default();
        let errors = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let (lines_in, mut lines) = mpsc::channel::<String>(WAITING_LINES);
        tasks.spawn(async move {
            while let Some(line) = lines.recv().await {
                let written = match input.write_all(line.as_bytes()).await {
                    Ok(()) => input.flush().await,
                    error => error,
                };
                if written.is_err() {
                    // The reader below sees the end of the output and wakes the callers.
                    return;
                }
            }
        });
        let (answered, noted) = (Arc::clone(&waiting), Arc::clone(&errors));
        tasks.spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Some(line) = parse_line(&line, &noted) else {
                    continue;
                };
                let mut waiting = answered.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(sender) = waiting.remove(&line.id) {
                    // Sending fails if the call has timed out and dropped its receiver.
                    let _ = sender.send(line);
                }
            }
            // No more replies will come. Dropping the senders wakes the waiting calls.
            answered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
        });
        let noted = Arc::clone(&errors);
        tasks.spawn(async move {
            let mut lines = BufReader::new(errors_out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                note(&noted, &line);
            }
        });
        Ok(Running {
            start: self.starts.fetch_add(1, Ordering::Relaxed),
            child,
            input: lines_in,
            waiting,
            errors,
            _pipes: tasks,
        })
    }

    /// The error for a program that ended while a call waited. If it has answered before, this
    /// request may have ended it, and another try may succeed; if not, it is unreachable.
    async fn ended(&self, start: u64) -> ModelError {
        let mut last = String::new();
        if let Some(mut running) = self.take(start).await {
            // Its last lines of standard error may not have been read yet.
            let _ = tokio::time::timeout(Duration::from_millis(200), running.child.wait()).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let errors = running
                .errors
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            last = errors.join(" / ");
        }
        let program = &self.settings.command[0];
        if last.is_empty() {
            "it said nothing on standard error".clone_into(&mut last);
        }
        let message = format!("`{program}` ended without an answer: {last}");
        if self.answered.load(Ordering::Relaxed) {
            ModelError::Transient {
                message,
                retry_after_ms: None,
            }
        } else {
            ModelError::Unreachable { message }
        }
    }
}

/// Reads one line of output. A faulty line is noted for the program's error message. If at
/// least its id can be read, it also becomes an error reply to that request.
fn parse_line(text: &str, errors: &Mutex<Vec<String>>) -> Option<Line> {
    let fault = match serde_json::from_str::<Line>(text) {
        Ok(line) => return Some(line),
        Err(error) => format!("a line is not a reply: {error}: {text}"),
    };
    note(errors, &fault);
    let id = serde_json::from_str::<serde_json::Value>(text).ok()?["id"].as_u64()?;
    let mut line: Line = serde_json::from_value(json!({"id": id})).ok()?;
    line.error = Some(Fault {
        message: fault.chars().take(300).collect(),
        retry: false,
        retry_after_s: None,
    });
    Some(line)
}

fn note(errors: &Mutex<Vec<String>>, line: &str) {
    let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
    if errors.len() == LAST_LINES {
        errors.remove(0);
    }
    errors.push(line.chars().take(300).collect());
}

fn read(line: Line, latency_ms: u64) -> Result<ChatReply, ModelError> {
    if let Some(fault) = line.error {
        let retry_after_ms = fault
            .retry_after_s
            .filter(|seconds| (0.0..=3_600.0).contains(seconds))
            .map(|seconds| (seconds * 1_000.0) as u64);
        return Err(match (fault.retry, retry_after_ms) {
            (true, Some(_)) => ModelError::RateLimited {
                message: fault.message,
                retry_after_ms,
            },
            (true, None) => ModelError::Transient {
                message: fault.message,
                retry_after_ms: None,
            },
            (false, _) => ModelError::Request {
                message: fault.message,
            },
        });
    }
    let finish = match line.finish.as_deref() {
        None | Some("stop") => Finish::Stop,
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::ContentFilter,
        Some("refusal") => Finish::Refusal,
        Some(other) => Finish::Other(other.to_owned()),
    };
    Ok(ChatReply {
        usage: Usage {
            input_tokens: line.usage.input_tokens,
            output_tokens: line.usage.output_tokens,
            ..Usage::default()
        },
        latency_ms,
        served_model: line.model,
        ..reply(line.text.as_deref().unwrap_or(""), line.reasoning, finish)
    })
}

/// Hash of the command and of the files that it names: with a changed script, the model is
/// another one.
fn pin(command: &[String]) -> String {
    let files: Vec<(&str, ContentHash)> = command
        .iter()
        .filter_map(|word| {
            let content = std::fs::read(word).ok()?;
            Some((word.as_str(), ContentHash::of_bytes(&content)))
        })
        .collect();
    format!("blake3:{}", hash_json("command", &(command, files)))
}

impl ChatModel for CommandModel {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(self.call(request))
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }
}
