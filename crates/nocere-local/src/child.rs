//! A model in a process of its own, so that what ends llama.cpp does not end the run.
//!
//! [`serve`] is the child: it loads one model and answers groups until its input ends.
//! [`ChildModel`] is the parent's end. Groups, identity and replies are those of [`LocalModel`],
//! which the child runs.

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Grouping, ModelError, ModelIdentity, text::plain,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    LocalError, LocalModel,
    model::GROUP_SIZE,
    wire::{Ask, Load, Loaded, Tell, receive, send},
};

/// Most bytes of the child's last words that are kept.
const LAST_WORDS: usize = 2_000;

type Answer = (usize, Result<ChatReply, ModelError>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one model: loads what the first document on `input` names, then answers groups until
/// `input` ends. Nothing else may be written to `output`.
///
/// # Errors
///
/// `input` or `output` fails, or what is read is not what a parent says.
pub fn serve(input: impl Read, output: impl Write + Send + 'static) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let output = Arc::new(Mutex::new(output));
    let Some(Ask::Load(load)) = receive(&mut input)? else {
        return Err(io::Error::other("this command is for nocere itself"));
    };
    let model = match LocalModel::load(&load.name, &load.path, load.options) {
        Ok(model) => Arc::new(model),
        Err(error) => {
            let refused = matches!(
                error,
                LocalError::NotGguf { .. } | LocalError::Load { .. } | LocalError::Template { .. }
            );
            let message = error.to_string();
            return send(&mut *lock(&output), &Tell::Failed { message, refused });
        }
    };
    let loaded = Loaded {
        identity: model.identity().clone(),
        context_tokens: model.context_tokens(),
        notes: model.notes(),
    };
    send(&mut *lock(&output), &Tell::Loaded(loaded))?;
    let mut cancels: BTreeMap<u64, oneshot::Sender<()>> = BTreeMap::new();
    while let Some(ask) = receive(&mut input)? {
        match ask {
            Ask::Load(_) => return Err(io::Error::other("a model is loaded already")),
            Ask::Cancel { id } => drop(cancels.remove(&id)),
            Ask::Group { id, requests } => {
                cancels.retain(|_, cancel| !cancel.is_closed());
                let (cancel, cancelled) = oneshot::channel();
                cancels.insert(id, cancel);
                let (model, output) = (Arc::clone(&model), Arc::clone(&output));
                std::thread::Builder::new()
                    .name(format!("nocere-group-{id}"))
                    .spawn(move || answer(&model, id, &requests, cancelled, &output))?;
            }
        }
    }
    Ok(())
}

/// Answers a group and tells each reply as soon as it is known.
fn answer<W: Write + Send>(
    model: &LocalModel,
    id: u64,
    requests: &[ChatRequest],
    cancelled: oneshot::Receiver<()>,
    output: &Mutex<W>,
) {
    let tell = |tell: &Tell| {
        // If the parent is gone, the input ends too, and with it this process.
        let _ = send(&mut *lock(output), tell);
    };
    let told = |index: usize, result: &Result<crate::Detailed, ModelError>| {
        let result = result.clone().map(|detailed| detailed.reply);
        tell(&Tell::Reply { id, index, result });
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else {
        return tell(&Tell::Done { id });
    };
    runtime.block_on(async {
        tokio::select! {
            // The sender is dropped when nobody waits any more.
            _ = cancelled => {}
            _ = model.answer_each(requests, &told) => {}
        }
    });
    tell(&Tell::Done { id });
}

/// A model in a child process. The child ends when this value is dropped.
pub(crate) struct ChildModel {
    running: Running,
    loaded: Loaded,
    workers: usize,
    next: AtomicU64,
}

/// What the callers and the thread that reads the child's output share.
struct Shared {
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    /// Groups that wait for replies; `None` when the child has ended.
    waiting: Mutex<Option<BTreeMap<u64, mpsc::Sender<Answer>>>>,
    last_words: Mutex<Vec<u8>>,
    /// Whether the child's standard error has ended, so that nothing more will be said.
    silent: AtomicBool,
}

/// Ends the child when it is dropped.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = lock(&self.0.child);
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl ChildModel {
    /// Starts `program` with `argument` and lets it load the model.
    pub(crate) fn start(program: &Path, argument: &str, load: Load) -> Result<Self, LocalError> {
        let path = load.path.display().to_string();
        let failed = |what: &str| LocalError::Child(format!("{path}: {what}"));
        let workers = load.options.workers;
        let mut child = command(program, argument)
            .spawn()
            .map_err(|error| failed(&format!("failed to start a process for it: {error}")))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(failed("its process has no input and output"));
        };
        let running = Running(Arc::new(Shared {
            child: Mutex::new(child),
            input: Mutex::new(input),
            waiting: Mutex::new(Some(BTreeMap::new())),
            last_words: Mutex::default(),
            silent: AtomicBool::new(false),
        }));
        let shared = Arc::clone(&running.0);
        std::thread::spawn(move || keep_last(errors, &shared));
        // If it cannot be written, the child has ended and the next read says so.
        let _ = send(&mut *lock(&running.0.input), &Ask::Load(load));
        let mut output = BufReader::new(output);
        let loaded = match receive(&mut output) {
            Ok(Some(Tell::Loaded(loaded))) => loaded,
            Ok(Some(Tell::Failed {
                message,
                refused: true,
            })) => return Err(LocalError::Refused(message)),
            Ok(Some(Tell::Failed { message, .. })) => return Err(LocalError::Child(message)),
            _ => {
                return Err(LocalError::Refused(format!(
                    "{path} cannot be loaded: llama.cpp ended its process ({}); the file is damaged, or this build cannot run it",
                    running.0.end()
                )));
            }
        };
        let shared = Arc::clone(&running.0);
        std::thread::spawn(move || distribute(output, &shared));
        Ok(Self {
            running,
            loaded,
            workers,
            next: AtomicU64::new(0),
        })
    }

    pub(crate) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Answers `requests` together; calls `answered` after each.
    async fn answer_group(
        &self,
        requests: &[ChatRequest],
        answered: &(dyn Fn() + Send + Sync),
    ) -> Vec<Result<ChatReply, ModelError>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut results: Vec<Option<Result<ChatReply, ModelError>>> = vec![None; requests.len()];
        // One place per request, so that the reader never waits for a caller; at least one,
        // because tokio rejects a channel without places.
        let (sender, mut replies) = mpsc::channel(requests.len().max(1));
        let _cancel = CancelOnDrop {
            id,
            shared: &self.running.0,
        };
        if self.running.0.ask(id, requests, sender) {
            while let Some((index, result)) = replies.recv().await {
                if let Some(slot @ None) = results.get_mut(index) {
                    *slot = Some(result);
                    answered();
                }
            }
        }
        if results.iter().all(Option::is_some) {
            return results.into_iter().flatten().collect();
        }
        let message = format!(
            "the process of {} ended: {}",
            self.loaded.identity.name,
            self.running.0.end()
        );
        let fatal = || {
            Err(ModelError::Fatal {
                message: message.clone(),
            })
        };
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(fatal))
            .collect()
    }
}

impl Shared {
    /// Hands a group to the child; false if it has ended.
    fn ask(&self, id: u64, requests: &[ChatRequest], sender: mpsc::Sender<Answer>) -> bool {
        let group = Ask::Group {
            id,
            requests: requests.to_vec(),
        };
        match lock(&self.waiting).as_mut() {
            Some(waiting) => waiting.insert(id, sender),
            None => return false,
        };
        send(&mut *lock(&self.input), &group).is_ok()
    }

    /// How the child ended, with its last words.
    fn end(&self) -> String {
        let mut child = lock(&self.child);
        // Its output has ended, or is not what nocere writes: it ends too, or must be ended.
        let mut status = None;
        for _ in 0..50 {
            status = child.try_wait().ok().flatten();
            if status.is_some() && self.silent.load(Ordering::Acquire) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        if status.is_none() {
            let _ = child.kill();
            status = child.wait().ok();
        }
        let how = status.map_or_else(String::new, |status| status.to_string());
        let words = plain(&String::from_utf8_lossy(&lock(&self.last_words)));
        let words: Vec<&str> = words
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        if words.is_empty() {
            return format!("{how}; it said nothing");
        }
        format!("{how}; its last words: {}", words.join(" / "))
    }
}

/// Tells the child that nobody waits for a group any more.
struct CancelOnDrop<'a> {
    id: u64,
    shared: &'a Shared,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        let waited = lock(&self.shared.waiting)
            .as_mut()
            .and_then(|waiting| waiting.remove(&self.id));
        // A finished group does not wait any longer.
        if waited.is_some() {
            let _ = send(&mut *lock(&self.shared.input), &Ask::Cancel { id: self.id });
        }
    }
}

fn command(program: &Path, argument: &str) -> Command {
    let mut command = Command::new(program);
    command
        .arg(argument)
        // On an abort, ggml would start a debugger that PATH names.
        .env("GGML_NO_BACKTRACE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Ctrl-C stops the run in order; the child must not end before its answers are out.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// Keeps the end of what the child says on standard error.
fn keep_last(mut errors: impl Read, shared: &Shared) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = errors.read(&mut buffer) {
        let mut kept = lock(&shared.last_words);
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
    shared.silent.store(true, Ordering::Release);
}

/// Hands the child's replies to those who wait, until the child ends.
fn distribute(mut output: BufReader<ChildStdout>, shared: &Shared) {
    while let Ok(Some(tell)) = receive(&mut output) {
        let mut waiting = lock(&shared.waiting);
        let Some(waiting) = waiting.as_mut() else {
            return;
        };
        match tell {
            Tell::Reply { id, index, result } => {
                if let Some(sender) = waiting.get(&id) {
                    // There is a place for each request; a second reply to one is dropped.
                    let _ = sender.try_send((index, result));
                }
            }
            Tell::Done { id } => drop(waiting.remove(&id)),
            Tell::Loaded(_) | Tell::Failed { .. } => {}
        }
    }
    // No more replies will come; dropping the senders wakes the callers.
    *lock(&shared.waiting) = None;
}

impl ChatModel for ChildModel {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(async move {
            let mut replies = self
                .answer_group(std::slice::from_ref(request), &|| ())
                .await;
            replies.pop().unwrap_or_else(|| {
                Err(ModelError::Fatal {
                    message: "the model's process gave no reply".to_owned(),
                })
            })
        })
    }

    fn identity(&self) -> &ModelIdentity {
        &self.loaded.identity
    }

    fn parallelism(&self) -> usize {
        GROUP_SIZE * self.workers
    }

    fn grouping(&self) -> Option<Grouping> {
        Some(Grouping {
            size: GROUP_SIZE,
            parallel: self.workers,
        })
    }

    fn chat_group<'a>(
        &'a self,
        requests: &'a [ChatRequest],
        answered: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Vec<Result<ChatReply, ModelError>>> {
        Box::pin(self.answer_group(requests, answered))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
