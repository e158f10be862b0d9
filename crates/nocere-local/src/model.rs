//! A GGUF model as a [`ChatModel`]: workers that share the weights and take groups of requests.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc as std_mpsc,
    },
};

use llama_cpp_2::{
    llama_backend::LlamaBackend,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};
use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, Grouping, Locality, Message, ModelError,
    ModelIdentity, Remark, Role, clock::Stopwatch,
};
use tokio::sync::mpsc;

use crate::{
    ChatTemplate, LocalError,
    decoder::{Answer, Decoder, MAX_SLOTS, Prompt, cache_bytes_per_token},
    gguf,
    hashing::{check_published, pinned_sha256},
    memory,
    template::with_opening,
};

/// In the identity of a model whose template has no system role.
const FOLDED: &str = "system text at the beginning of the first user turn";
/// Requests computed together. A constant, because it is part of what makes a run reproducible.
pub(crate) const GROUP_SIZE: usize = 32;

/// How the model uses the machine. Workers and threads do not change an answer. `slots` can,
/// for models whose results depend on what is decoded together (docs/reference/performance.md).
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct LocalOptions {
    /// Number of workers, each with its own context; they share the weights.
    pub workers: usize,
    /// Threads per worker. ggml's threads wait by spinning, so several workers of one thread
    /// beat one worker of several as soon as the machine has other work (docs/reference/performance.md).
    pub threads: usize,
    /// Sequences that a worker decodes together, from 1 to 16.
    pub slots: usize,
}

impl LocalOptions {
    /// One single-threaded worker per core.
    pub fn for_suites() -> Self {
        Self {
            workers: cores(),
            threads: 1,
            slots: MAX_SLOTS,
        }
    }

    /// One worker with the idle cores: the shortest wait for a single answer. ggml's threads
    /// wait for each other by spinning, so one thread on a busy core slows down all of them, at
    /// worst by a factor of thirty.
    pub fn for_chat() -> Self {
        Self {
            workers: 1,
            threads: idle_cores(),
            slots: 1,
        }
    }
}

/// Number of cores that were idle over the last minute; at least 1.
fn idle_cores() -> usize {
    let load: f64 = std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .unwrap_or(0.0);
    cores().saturating_sub(load.round() as usize).max(1)
}

/// Number of cores available to this process; at least 1.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// An answer with the token ids that llama.cpp chose.
#[derive(Clone, Debug)]
pub struct Detailed {
    /// The answer.
    pub reply: ChatReply,
    /// Token ids of the answer, without the end of turn.
    pub ids: Vec<i32>,
    /// Milliseconds until the first token. For an answer computed alone, this is the time that
    /// its prompt took.
    pub first_token_ms: u64,
}

/// A model in the process. Its workers stop when it is dropped.
pub struct LocalModel {
    shared: Arc<Shared>,
    jobs: std_mpsc::Sender<Job>,
    options: LocalOptions,
    identity: ModelIdentity,
}

/// The weights and the template, shared by all workers.
struct Shared {
    model: LlamaModel,
    template: ChatTemplate,
}

/// One group of requests for a worker.
struct Job {
    requests: Vec<ChatRequest>,
    replies: mpsc::Sender<(usize, Result<Detailed, ModelError>)>,
    cancelled: Arc<AtomicBool>,
}

/// Cancels its job when the caller stops waiting.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The llama.cpp backend; it can be initialised only once per process.
fn backend() -> Result<&'static LlamaBackend, String> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    BACKEND
        .get_or_init(|| {
            let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
            backend.void_logs();
            Ok(backend)
        })
        .as_ref()
        .map_err(Clone::clone)
}

impl LocalModel {
    /// Loads `path` as the model `name` and starts its workers. First checks that the file is
    /// complete, has a chat template and fits into memory.
    ///
    /// # Errors
    ///
    /// [`LocalError::Read`] or [`LocalError::NotGguf`] for a file that is unreadable or not a
    /// complete GGUF file; [`LocalError::Template`] if it has no chat template or one that
    /// cannot be used; [`LocalError::Memory`] if too little memory is available;
    /// [`LocalError::Load`] if llama.cpp refuses the file or a worker cannot be started.
    pub fn load(name: &str, path: &Path, options: LocalOptions) -> Result<Self, LocalError> {
        let header = gguf::read_header(path)?;
        let load_error = |message: String| LocalError::Load {
            path: path.to_owned(),
            message,
        };
        if !header.has_chat_template {
            return Err(LocalError::Template {
                path: path.to_owned(),
                message:
                    "the file has none, so this is probably a base model; use an instruct model"
                        .to_owned(),
            });
        }
        let file_bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        memory::check(path, file_bytes, 0)?;
        let sha256 = pinned_sha256(path)?;
        check_published(path, &sha256)?;
        let backend = backend().map_err(load_error)?;
        let model = LlamaModel::load_from_file(backend, path, &LlamaModelParams::default()).map_err(
            |_| {
                load_error(format!(
                    "llama.cpp refused it; its architecture is `{}`, which this build may not support, \
                     or its tensors are damaged",
                    header.architecture
                ))
            },
        )?;
        // The weights are loaded; each worker also needs a small context, here of 512 tokens.
        memory::check(
            path,
            0,
            cache_bytes_per_token(&model) * 512 * options.workers as u64,
        )?;
        let template = compile_template(&model).map_err(|message| LocalError::Template {
            path: path.to_owned(),
            message,
        })?;
        let identity = ModelIdentity {
            name: format!("local:{name}"),
            provider: "local".to_owned(),
            model: header.name.unwrap_or_else(|| name.to_owned()),
            pin: format!("sha256:{sha256}"),
            settings: if template.folds_system() {
                FOLDED.to_owned()
            } else {
                String::new()
            },
            locality: Locality::InProcess,
        };
        let shared = Arc::new(Shared { model, template });
        let (jobs, queue) = std_mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..options.workers.max(1) {
            let (shared, queue) = (Arc::clone(&shared), Arc::clone(&queue));
            std::thread::Builder::new()
                .name(format!("nocere-local-{number}"))
                .spawn(move || work(&shared, backend, options, &queue))
                .map_err(|error| load_error(format!("failed to start a worker: {error}")))?;
        }
        Ok(Self {
            shared,
            jobs,
            options,
            identity,
        })
    }

    /// Most tokens that prompt and answer may have together.
    pub fn context_tokens(&self) -> u32 {
        self.shared.model.n_ctx_train()
    }

    /// What a reader of the results should know about how the model is asked; often nothing.
    pub fn notes(&self) -> Vec<String> {
        let folded = self.shared.template.folds_system().then(|| {
            "its chat template has no system role: a system text is put at the beginning of the first user turn"
                .to_owned()
        });
        folded.into_iter().collect()
    }

    /// The prompt of a conversation as llama.cpp sees it, with its token ids.
    ///
    /// # Errors
    ///
    /// The message of the chat template if it cannot render the conversation.
    pub fn prompt(&self, messages: &[Message]) -> Result<(String, Vec<i32>), String> {
        let text = self.shared.template.render(messages)?.text;
        let ids = tokenize(&self.shared.model, &text)
            .into_iter()
            .map(|token| token.0)
            .collect();
        Ok((text, ids))
    }

    /// Answers `requests` together and keeps the token ids. Returns one result per request, in
    /// order; calls `answered` after each.
    pub async fn answer_group(
        &self,
        requests: &[ChatRequest],
        answered: &(dyn Fn() + Send + Sync),
    ) -> Vec<Result<Detailed, ModelError>> {
        self.answer_each(requests, &|_, _| answered()).await
    }

    /// As [`answer_group`](Self::answer_group), but hands each result to `told`, with its place,
    /// as soon as it is known.
    pub(crate) async fn answer_each(
        &self,
        requests: &[ChatRequest],
        told: &(dyn Fn(usize, &Result<Detailed, ModelError>) + Send + Sync),
    ) -> Vec<Result<Detailed, ModelError>> {
        // One place per request, so that a worker never waits for the caller; at least one,
        // because tokio rejects a channel without places.
        let (replies, mut incoming) = mpsc::channel(requests.len().max(1));
        let cancelled = Arc::new(AtomicBool::new(false));
        let _cancel = CancelOnDrop(Arc::clone(&cancelled));
        let job = Job {
            requests: requests.to_vec(),
            replies,
            cancelled,
        };
        let mut results: Vec<Option<Result<Detailed, ModelError>>> = vec![None; requests.len()];
        if self.jobs.send(job).is_ok() {
            while let Some((index, result)) = incoming.recv().await {
                if let Some(slot @ None) = results.get_mut(index) {
                    told(index, &result);
                    *slot = Some(result);
                }
            }
        }
        results
            .into_iter()
            .map(|result| {
                result.unwrap_or_else(|| {
                    Err(ModelError::Fatal {
                        message: "the model's worker stopped".to_owned(),
                    })
                })
            })
            .collect()
    }
}

impl ChatModel for LocalModel {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(async move {
            let mut replies = self
                .answer_group(std::slice::from_ref(request), &|| ())
                .await;
            match replies.pop() {
                Some(result) => result.map(|detailed| detailed.reply),
                None => Err(ModelError::Fatal {
                    message: "the model's worker stopped".to_owned(),
                }),
            }
        })
    }

    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn parallelism(&self) -> usize {
        GROUP_SIZE * self.options.workers
    }

    fn grouping(&self) -> Option<Grouping> {
        Some(Grouping {
            size: GROUP_SIZE,
            parallel: self.options.workers,
        })
    }

    fn chat_group<'a>(
        &'a self,
        requests: &'a [ChatRequest],
        answered: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Vec<Result<ChatReply, ModelError>>> {
        Box::pin(async move {
            let detailed = self.answer_group(requests, answered).await;
            detailed
                .into_iter()
                .map(|result| result.map(|detailed| detailed.reply))
                .collect()
        })
    }
}

/// Compiles the file's chat template with the texts of its control tokens.
fn compile_template(model: &LlamaModel) -> Result<ChatTemplate, String> {
    let source = model
        .chat_template(None)
        .map_err(|error| error.to_string())?
        .to_string()
        .map_err(|error| error.to_string())?;
    let vocab = model.vocab();
    let piece = |token: LlamaToken| {
        if token.0 < 0 {
            return String::new();
        }
        String::from_utf8_lossy(&vocab.token_to_piece(token, true, None)).into_owned()
    };
    let control = vocab
        .tokens()
        .filter(|token| vocab.is_control(*token))
        .map(piece)
        .filter(|text| !text.is_empty())
        .collect();
    ChatTemplate::new(&source, piece(vocab.bos()), piece(vocab.eos()), control)
}

/// Tokens of a rendered prompt. The template's own control tokens are recognised.
fn tokenize(model: &LlamaModel, text: &str) -> Vec<LlamaToken> {
    let vocab = model.vocab();
    let mut tokens = vocab.tokenize(text.as_bytes(), false, true);
    if vocab.should_add_bos() && tokens.first() != Some(&vocab.bos()) {
        tokens.insert(0, vocab.bos());
    }
    tokens
}

/// Main loop of a worker: takes jobs and answers them until the model is dropped.
fn work(
    shared: &Shared,
    backend: &LlamaBackend,
    options: LocalOptions,
    queue: &Mutex<std_mpsc::Receiver<Job>>,
) {
    let threads = i32::try_from(options.threads.max(1)).unwrap_or(1);
    let mut decoder = Decoder::new(&shared.model, backend, threads, options.slots);
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            // Another worker panicked while it held the lock.
            Err(_) => return,
        };
        let Ok(job) = job else { return };
        answer(shared, &mut decoder, &job);
    }
}

/// Answers one job and sends each result as soon as it is known.
fn answer(shared: &Shared, decoder: &mut Decoder<'_>, job: &Job) {
    let stopwatch = Stopwatch::start();
    // Sending fails if the caller no longer waits; the job is then cancelled.
    let send = |index: usize, result: Result<Detailed, ModelError>| {
        let _ = job.replies.blocking_send((index, result));
    };
    let mut prompts = Vec::new();
    let mut positions = Vec::new();
    // The tag that opens thoughts at the end of each prompt.
    let mut opens = Vec::new();
    for (index, request) in job.requests.iter().enumerate() {
        if request.messages.iter().any(Message::has_images) {
            send(index, Err(ModelError::NoImages));
            continue;
        }
        match shared.template.render(&request.messages) {
            Ok(rendered) => {
                opens.push(rendered.opens_thoughts);
                prompts.push(Prompt {
                    tokens: tokenize(&shared.model, &rendered.text),
                    sampling: request.sampling.clone(),
                    format: request.format.clone(),
                    sample: request.sample,
                });
                positions.push(index);
            }
            Err(message) => {
                let message = format!("the chat template refuses this conversation: {message}");
                send(index, Err(ModelError::Request { message }));
            }
        }
    }
    // A request may be reported twice if a step fails after some answers are out; only the
    // first report counts.
    let mut reported = vec![false; prompts.len()];
    decoder.run(
        &prompts,
        &mut |index, result| {
            if std::mem::replace(&mut reported[index], true) {
                return;
            }
            let position = positions[index];
            let result = result.map(|answer| {
                let mut detailed = detailed(answer, opens[index], &stopwatch);
                let mut asked = job.requests[position].messages.iter();
                if shared.template.folds_system() && asked.any(|said| said.role == Role::System) {
                    detailed.reply.remarks.push(Remark::SystemFolded);
                }
                detailed
            });
            send(position, result);
        },
        &|| job.cancelled.load(Ordering::Relaxed),
        &stopwatch,
    );
}

/// An answer, its thoughts kept apart.
fn detailed(answer: Answer, opens: Option<&'static str>, stopwatch: &Stopwatch) -> Detailed {
    let whole = with_opening(opens, &answer.text);
    Detailed {
        reply: ChatReply {
            usage: answer.usage,
            latency_ms: stopwatch.elapsed_ms(),
            ..ChatReply::split(&whole, None, answer.finish)
        },
        ids: answer.ids,
        first_token_ms: answer.first_token_ms,
    }
}
