//! A model that is a program speaking JSON lines: one request per line on its standard input,
//! one reply per line on its standard output. docs/reference/targets.md has the contract.
//!
//! The program is started at the first call, keeps running, and is started again if it has
//! ended. Replies carry the request's `id` and may come in any order.

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, ContentHash, Locality, ModelError, ModelIdentity,
    clock::Stopwatch, hash_json, secrets::shown_command,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    SetupError,
    fields::{self, Content},
    wire::{check_images, null_default, seed, wants_json, with_images},
};

/// Number of last lines of standard error that are kept for an error message.
const LAST_LINES: usize = 3;
/// Longest piece of standard error that is kept as one line, in bytes.
const LONGEST_NOTE: usize = 1_200;
/// Longest line of a program's output, in bytes.
const LONGEST_LINE: usize = 8 << 20;
/// Size of a file that is hashed whole, in bytes.
const WHOLE_FILE: u64 = 1 << 30;
/// Length of each end of a larger file that is hashed, in bytes.
const FILE_END: u64 = 1 << 20;
/// Number of requests that may wait for the program to read them.
const WAITING_LINES: usize = 1_024;

/// Everything needed to run a program as a model.
#[derive(Clone, Debug)]
pub struct CommandSettings {
    /// Name that the user gave the target.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Folder in which it runs; `None` for the current one.
    pub folder: Option<PathBuf>,
    /// True if the user vouches that the program sends nothing off this machine.
    pub stays_here: bool,
    /// True if the program takes images.
    pub images: bool,
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
    /// What it said last on standard error, by start.
    last_words: Mutex<BTreeMap<u64, String>>,
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
    finish: Value,
    #[serde(default)]
    model: Value,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Option<Fault>,
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
            model: shown_command(&settings.command).join(" "),
            pin: pin(&settings.command, settings.folder.as_deref()),
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
            last_words: Mutex::default(),
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
                let message = format!(
                    "`{}` did not answer within {} s and was ended",
                    self.settings.command[0],
                    self.settings.timeout.as_secs_f32()
                );
                // One that has never answered probably never will.
                Err(if self.answered.load(Ordering::Relaxed) {
                    ModelError::Transient {
                        message,
                        retry_after_ms: None,
                        may_be_billed: true,
                    }
                } else {
                    ModelError::Unreachable { message }
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
        check_images(&request.messages, self.settings.images)?;
        let messages = request.messages.iter().map(|message| {
            with_images(message, |text, shown| {
                let parts = shown.iter().map(|(media_type, data)| {
                    json!({"type": "image", "media_type": media_type, "data": data})
                });
                parts
                    .chain([json!({"type": "text", "text": text})])
                    .collect()
            })
        });
        let messages: Vec<serde_json::Value> = messages.collect();
        let mut line = json!({
            "id": id,
            "messages": messages,
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
        if matches!(taken, Err(mpsc::error::TrySendError::Full(_))) {
            let mut waiting = running
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            waiting.remove(&id);
            return Err(ModelError::RateLimited {
                message: format!(
                    "{WAITING_LINES} requests wait for `{}` to read them",
                    self.settings.command[0]
                ),
                retry_after_ms: None,
            });
        }
        drop(slot);
        if taken.is_err() {
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
        let mut command = Command::new(program);
        if let Some(folder) = &self.settings.folder {
            command.current_dir(folder);
        }
        let mut child = command
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
            let mut output = BufReader::new(output);
            loop {
                let line = match read_line(&mut output, LONGEST_LINE).await {
                    Ok(Some(line)) => line,
                    Ok(None) => break,
                    Err(error) => {
                        note(&noted, &format!("its output cannot be read: {error}"));
                        break;
                    }
                };
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
            let mut errors = BufReader::new(errors_out);
            // What is said without a line end is dropped piece by piece, so that the program
            // never waits for a reader.
            let mut piece = String::new();
            while let Ok(bytes) = errors.fill_buf().await {
                if bytes.is_empty() {
                    break;
                }
                let used = bytes.len();
                for part in String::from_utf8_lossy(bytes).split_inclusive('\n') {
                    let room = LONGEST_NOTE.saturating_sub(piece.len());
                    piece.extend(part.chars().take(room));
                    if part.ends_with('\n') {
                        note(&noted, std::mem::take(&mut piece).trim_end());
                    }
                }
                errors.consume(used);
            }
            if !piece.is_empty() {
                note(&noted, &piece);
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
            // Other calls that waited for the same program are told the same.
            self.last_words
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(start, last.clone());
        } else if let Some(words) = self
            .last_words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&start)
        {
            last.clone_from(words);
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
                may_be_billed: true,
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
                may_be_billed: false,
            },
            (false, _) => ModelError::Request {
                message: fault.message,
            },
        });
    }
    let mut word = fields::word(&line.finish);
    let mut content = Content {
        text: line.text.unwrap_or_default(),
        thoughts: line.reasoning.unwrap_or_default(),
        refusal: String::new(),
        calls_tool: false,
    };
    // In this format the program itself marks its text as a refusal.
    if word.as_deref() == Some("refusal") && !content.text.is_empty() {
        content.refusal = std::mem::take(&mut content.text);
        word = None;
    }
    let reply = content
        .reply(word.as_deref())
        .map_err(|unreadable| ModelError::Transient {
            message: unreadable.why,
            retry_after_ms: None,
            may_be_billed: true,
        })?;
    Ok(ChatReply {
        usage: fields::usage(
            fields::tokens(&line.usage["input_tokens"]),
            fields::tokens(&line.usage["output_tokens"]),
            0,
            0,
        ),
        latency_ms,
        served_model: fields::label(&line.model),
        ..reply
    })
}

/// Hash of the command and of the files that it names: with a changed script, the model is
/// another one. Secrets in the command are left out, because what is hashed is stored.
fn pin(command: &[String], folder: Option<&Path>) -> String {
    let folder = folder.unwrap_or(Path::new(""));
    let shown = shown_command(command);
    let files: Vec<(&str, String)> = command
        .iter()
        .zip(&shown)
        .filter_map(|(word, shown)| Some((shown.as_str(), file_hash(&folder.join(word)).ok()??)))
        .collect();
    format!("blake3:{}", hash_json("command", &(&shown, files)))
}

/// Hash of a regular file's content; `None` for anything else, which may have no end. Of a file
/// of more than 1 GiB, such as weights, only the size, the time of its last change and both ends
/// are hashed.
fn file_hash(path: &Path) -> std::io::Result<Option<String>> {
    // Checked before opening: opening a named pipe waits for somebody to write to it.
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut file = std::fs::File::open(path)?;
    let length = metadata.len();
    if length <= WHOLE_FILE {
        // A file may grow while it is read.
        let mut part = (&mut file).take(WHOLE_FILE);
        return Ok(Some(ContentHash::of_reader(&mut part)?.to_string()));
    }
    let mut ends = Vec::new();
    (&mut file).take(FILE_END).read_to_end(&mut ends)?;
    file.seek(SeekFrom::End(-(FILE_END as i64)))?;
    (&mut file).take(FILE_END).read_to_end(&mut ends)?;
    let changed = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |at| at.as_nanos());
    let content = ContentHash::of_bytes(&ends);
    Ok(Some(
        hash_json("large file", &(length, changed.to_string(), content)).to_string(),
    ))
}

/// Reads one line of at most `limit` bytes, without its end; `None` at the end of the output.
///
/// # Errors
///
/// The output cannot be read, or the line is longer.
async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    limit: usize,
) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            let rest = (!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned());
            return Ok(rest);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(available.len(), |end| end + 1);
        line.extend_from_slice(&available[..end.unwrap_or(available.len())]);
        reader.consume(used);
        if line.len() > limit {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                format!("a line is longer than {} MiB", limit >> 20),
            ));
        }
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

impl ChatModel for CommandModel {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(async move {
            match self.call(request).await {
                Ok(reply) => Ok(reply.redacted()),
                Err(error) => Err(error.redacted()),
            }
        })
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }
}
