//! Computes a group of answers: several sequences per step, a shared prefix computed once.
//!
//! Everything here depends only on the requests of the group, in order, and never on time or on
//! earlier groups. Floating-point results can depend on which rows are multiplied together, and
//! a resumed run must compute what an uninterrupted one does.

use std::num::NonZeroU32;

use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    model::LlamaModel,
    sampling::LlamaSampler,
    token::LlamaToken,
};
use nocere_core::{Finish, ModelError, ReplyFormat, Sampling, Usage, clock::Stopwatch};

/// Most sequences decoded together.
pub(crate) const MAX_SLOTS: usize = 16;
/// Most tokens submitted to llama.cpp at a time.
const BATCH_TOKENS: usize = 1024;
/// Shorter prefixes, in tokens, are not worth sharing.
const MIN_PREFIX: usize = 16;
/// Memory for one worker's keys and values, in bytes.
const CACHE_BYTES: u64 = 384 << 20;

/// One request, already rendered and tokenised.
pub(crate) struct Prompt {
    pub(crate) tokens: Vec<LlamaToken>,
    pub(crate) sampling: Sampling,
    pub(crate) format: ReplyFormat,
    pub(crate) sample: u32,
}

/// One answer, without its latency.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    /// Token ids behind `text`.
    pub(crate) ids: Vec<i32>,
    /// Milliseconds until the first token was chosen.
    pub(crate) first_token_ms: u64,
}

/// Decodes groups of prompts; keeps its context between groups as long as the size fits.
pub(crate) struct Decoder<'a> {
    model: &'a LlamaModel,
    backend: &'a LlamaBackend,
    threads: i32,
    slots: usize,
    context: Option<Sized<'a>>,
}

/// A context with its dimensions and its cached prefix.
struct Sized<'a> {
    context: LlamaContext<'a>,
    slots: usize,
    slot_tokens: u32,
    /// The tokens whose keys and values are in the prefix sequence.
    prefix: Vec<LlamaToken>,
}

/// One request that is being decoded.
struct Slot {
    request: usize,
    sequence: i32,
    /// Number of prompt tokens already submitted.
    submitted: usize,
    position: i32,
    next: Option<LlamaToken>,
    /// Index of this slot's logits in the batch just decoded.
    logits: Option<i32>,
    chooser: Chooser,
    bytes: Vec<u8>,
    ids: Vec<i32>,
    first_token_ms: u64,
}

/// How the next token is chosen.
enum Chooser {
    Greedy,
    Chain(LlamaSampler),
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(
        model: &'a LlamaModel,
        backend: &'a LlamaBackend,
        threads: i32,
        slots: usize,
    ) -> Self {
        Self {
            model,
            backend,
            threads,
            slots: slots.clamp(1, MAX_SLOTS),
            context: None,
        }
    }

    /// Answers `prompts`; calls `finished` with each answer and checks `cancelled` before each
    /// step.
    pub(crate) fn run(
        &mut self,
        prompts: &[Prompt],
        finished: &mut dyn FnMut(usize, Result<Answer, ModelError>),
        cancelled: &dyn Fn() -> bool,
        stopwatch: &Stopwatch,
    ) {
        let limit = self.model.n_ctx_train();
        let mut queue = Vec::new();
        for (index, prompt) in prompts.iter().enumerate() {
            let needed = prompt.tokens.len() as u64 + u64::from(prompt.sampling.max_tokens);
            if needed > u64::from(limit) {
                finished(
                    index,
                    Err(ModelError::ContextOverflow {
                        needed,
                        limit: u64::from(limit),
                    }),
                );
            } else if prompt.tokens.is_empty() {
                finished(index, Err(request_error("the prompt has no tokens")));
            } else {
                queue.push(index);
            }
        }
        if queue.is_empty() {
            return;
        }
        if let Err(message) = self.run_queue(prompts, &queue, finished, cancelled, stopwatch) {
            // `finished` ignores requests that already have an answer. The requests are not at
            // fault, so the error is fatal: the run stops and can be resumed.
            for index in queue {
                finished(
                    index,
                    Err(ModelError::Fatal {
                        message: message.clone(),
                    }),
                );
            }
        }
    }

    /// Answers the prompts at the positions in `queue`; stops at the first failure of
    /// llama.cpp.
    fn run_queue(
        &mut self,
        prompts: &[Prompt],
        queue: &[usize],
        finished: &mut dyn FnMut(usize, Result<Answer, ModelError>),
        cancelled: &dyn Fn() -> bool,
        stopwatch: &Stopwatch,
    ) -> Result<(), String> {
        let longest = queue
            .iter()
            .map(|index| prompts[*index].tokens.len() as u32 + prompts[*index].sampling.max_tokens)
            .max()
            .unwrap_or(0);
        let prefix_length = shared_prefix(prompts, queue);
        let model = self.model;
        let sized = self.sized_context(longest + 8, queue.len())?;
        let slots = sized.slots;
        // The sequence after the slots' own holds the shared prefix.
        let prefix_sequence = slots as i32;
        for sequence in 0..slots as i32 {
            clear(&mut sized.context, sequence)?;
        }
        prepare_prefix(
            sized,
            &prompts[queue[0]].tokens[..prefix_length],
            prefix_sequence,
        )?;

        let mut waiting = queue.iter().copied();
        let mut active: Vec<Slot> = Vec::new();
        let mut free: Vec<i32> = (0..slots as i32).rev().collect();
        let mut batch = LlamaBatch::new(BATCH_TOKENS, 1);
        loop {
            if cancelled() {
                return Err("the call was cancelled".to_owned());
            }
            while let Some(sequence) = free.pop() {
                let Some(request) = waiting.next() else {
                    free.push(sequence);
                    break;
                };
                if prefix_length > 0 {
                    sized
                        .context
                        .kv_cache_seq_cp(prefix_sequence, sequence, None, None)
                        .map_err(|error| error.to_string())?;
                }
                match chooser(model, &prompts[request]) {
                    Ok(chooser) => active.push(Slot {
                        request,
                        sequence,
                        submitted: prefix_length,
                        position: prefix_length as i32,
                        next: None,
                        logits: None,
                        chooser,
                        bytes: Vec::new(),
                        ids: Vec::new(),
                        first_token_ms: 0,
                    }),
                    Err(error) => {
                        finished(request, Err(error));
                        clear(&mut sized.context, sequence)?;
                        free.push(sequence);
                    }
                }
            }
            if active.is_empty() {
                return Ok(());
            }
            fill(&mut batch, prompts, &mut active)?;
            sized
                .context
                .decode(&mut batch)
                .map_err(|error| format!("llama.cpp failed to decode: {error}"))?;
            let mut index = 0;
            while index < active.len() {
                let slot = &mut active[index];
                let Some(logits) = slot.logits.take() else {
                    index += 1;
                    continue;
                };
                if slot.ids.is_empty() {
                    slot.first_token_ms = stopwatch.elapsed_ms();
                }
                match advance(model, &sized.context, slot, logits, &prompts[slot.request])? {
                    None => index += 1,
                    Some(finish) => {
                        let slot = active.remove(index);
                        let (request, sequence) = (slot.request, slot.sequence);
                        finished(
                            request,
                            Ok(slot.answer(&prompts[request], prefix_length, finish)),
                        );
                        clear(&mut sized.context, sequence)?;
                        free.push(sequence);
                    }
                }
            }
        }
    }

    /// A context with room for `slot_tokens` in each of up to `wanted` slots.
    fn sized_context(&mut self, slot_tokens: u32, wanted: usize) -> Result<&mut Sized<'a>, String> {
        let slot_tokens = slot_tokens.div_ceil(256) * 256;
        let per_token = cache_bytes_per_token(self.model);
        let affordable = CACHE_BYTES / (per_token * u64::from(slot_tokens)).max(1);
        let slots = self
            .slots
            .min(wanted.max(1))
            // One sequence is reserved for the shared prefix.
            .min((affordable as usize).saturating_sub(1))
            .max(1);
        let fits = self
            .context
            .as_ref()
            .is_some_and(|sized| sized.slots == slots && sized.slot_tokens >= slot_tokens);
        if !fits {
            // Frees the old context before the new one is created.
            self.context = None;
            let sequences = slots as u32 + 1;
            let params = LlamaContextParams::default()
                .with_n_ctx(NonZeroU32::new(slot_tokens * sequences))
                .with_n_seq_max(sequences)
                .with_n_batch(BATCH_TOKENS as u32)
                .with_n_ubatch(512)
                .with_n_threads(self.threads)
                .with_n_threads_batch(self.threads)
                // One stream of keys and values per sequence: attention then reads only the
                // cells of its own sequence.
                .with_kv_unified(false)
                .with_no_perf(true);
            let context = self.model.new_context(self.backend, params).map_err(|error| {
                format!(
                    "llama.cpp gave no context of {sequences} × {slot_tokens} tokens ({error}); \
                     there may be too little memory"
                )
            })?;
            self.context = Some(Sized {
                context,
                slots,
                slot_tokens,
                prefix: Vec::new(),
            });
        }
        self.context
            .as_mut()
            .ok_or_else(|| "the context is missing".to_owned())
    }
}

impl Slot {
    /// Turns the slot's tokens into an answer.
    fn answer(self, prompt: &Prompt, prefix_length: usize, finish: Finish) -> Answer {
        Answer {
            text: String::from_utf8_lossy(&self.bytes).into_owned(),
            finish,
            usage: Usage {
                input_tokens: prompt.tokens.len() as u64,
                output_tokens: self.ids.len() as u64,
                cached_tokens: prefix_length as u64,
                reasoning_tokens: 0,
            },
            ids: self.ids,
            first_token_ms: self.first_token_ms,
        }
    }
}

/// Bytes that the keys and values of one token take, at 16 bits each.
pub(crate) fn cache_bytes_per_token(model: &LlamaModel) -> u64 {
    let head = u64::from(model.n_embd().unsigned_abs()) / u64::from(model.n_head()).max(1);
    // Two for keys and values, two for bytes.
    u64::from(model.n_layer()) * u64::from(model.n_head_kv()) * head * 2 * 2
}

/// Number of leading tokens that all prompts share; 0 below [`MIN_PREFIX`]. At least one token
/// of each prompt stays outside, because decoding it yields the logits of the first answer
/// token.
fn shared_prefix(prompts: &[Prompt], queue: &[usize]) -> usize {
    let [first, rest @ ..] = queue else { return 0 };
    if rest.is_empty() {
        return 0;
    }
    let first = &prompts[*first].tokens;
    let length = rest.iter().fold(first.len() - 1, |length, index| {
        let other = &prompts[*index].tokens;
        let common = first.iter().zip(other).take_while(|(a, b)| a == b).count();
        length.min(common).min(other.len() - 1)
    });
    if length < MIN_PREFIX { 0 } else { length }
}

/// Computes the shared prefix in its own sequence, unless it is already there.
fn prepare_prefix(
    sized: &mut Sized<'_>,
    prefix: &[LlamaToken],
    sequence: i32,
) -> Result<(), String> {
    if sized.prefix == prefix {
        return Ok(());
    }
    sized.prefix.clear();
    clear(&mut sized.context, sequence)?;
    let mut batch = LlamaBatch::new(BATCH_TOKENS, 1);
    for (number, chunk) in prefix.chunks(BATCH_TOKENS).enumerate() {
        batch.clear();
        for (index, token) in chunk.iter().enumerate() {
            let position = (number * BATCH_TOKENS + index) as i32;
            batch
                .add(*token, position, &[sequence], false)
                .map_err(|error| error.to_string())?;
        }
        sized
            .context
            .decode(&mut batch)
            .map_err(|error| format!("llama.cpp failed to compute the shared prefix: {error}"))?;
    }
    sized.prefix = prefix.to_vec();
    Ok(())
}

/// Fills the batch with one token of each decoding slot, then with as many prompt tokens as
/// fit.
fn fill(batch: &mut LlamaBatch<'_>, prompts: &[Prompt], active: &mut [Slot]) -> Result<(), String> {
    batch.clear();
    for slot in active.iter_mut() {
        if let Some(token) = slot.next.take() {
            slot.logits = Some(batch.n_tokens());
            batch
                .add(token, slot.position, &[slot.sequence], true)
                .map_err(|error| error.to_string())?;
            slot.position += 1;
        }
    }
    for slot in active.iter_mut().filter(|slot| slot.logits.is_none()) {
        let prompt = &prompts[slot.request].tokens;
        while slot.submitted < prompt.len() && (batch.n_tokens() as usize) < BATCH_TOKENS {
            let last = slot.submitted + 1 == prompt.len();
            if last {
                slot.logits = Some(batch.n_tokens());
            }
            batch
                .add(
                    prompt[slot.submitted],
                    slot.position,
                    &[slot.sequence],
                    last,
                )
                .map_err(|error| error.to_string())?;
            slot.submitted += 1;
            slot.position += 1;
        }
    }
    Ok(())
}

/// Chooses the slot's next token; returns how the answer ended, if it did.
fn advance(
    model: &LlamaModel,
    context: &LlamaContext<'_>,
    slot: &mut Slot,
    logits: i32,
    prompt: &Prompt,
) -> Result<Option<Finish>, String> {
    if slot.ids.is_empty() {
        check_numbers(context.get_logits_ith(logits))?;
    }
    let token = match &mut slot.chooser {
        Chooser::Greedy => LlamaToken(most_likely(context.get_logits_ith(logits))),
        Chooser::Chain(chain) => chain.sample(context, logits),
    };
    if model.vocab().is_eog(token) {
        return Ok(Some(Finish::Stop));
    }
    slot.ids.push(token.0);
    slot.bytes
        .extend_from_slice(&model.vocab().token_to_piece(token, false, None));
    if let Some(end) = stop_at(&slot.bytes, &prompt.sampling.stop) {
        slot.bytes.truncate(end);
        return Ok(Some(Finish::Stop));
    }
    if let Some(kept) = crate::loops::looped(&slot.ids) {
        let spoken = &slot.ids[..kept];
        slot.bytes = spoken
            .iter()
            .flat_map(|id| model.vocab().token_to_piece(LlamaToken(*id), false, None))
            .collect();
        return Ok(Some(Finish::Loop));
    }
    if slot.ids.len() >= prompt.sampling.max_tokens as usize {
        return Ok(Some(Finish::Length));
    }
    slot.next = Some(token);
    Ok(None)
}

/// Refuses numbers from which no token can be chosen in earnest: the weights are damaged.
///
/// Single tokens may be ruled out with an infinity; a number that is not one, or the same number
/// for all tokens, comes from weights of zeros or of noise.
fn check_numbers(logits: &[f32]) -> Result<(), String> {
    let damaged = |what| {
        Err(format!(
            "the model computes {what}: its weights are damaged; fetch the file again"
        ))
    };
    if logits.iter().any(|logit| logit.is_nan()) {
        return damaged("numbers that are not numbers (NaN)");
    }
    let finite = || logits.iter().copied().filter(|logit| logit.is_finite());
    let (lowest, highest) = (
        finite().fold(f32::INFINITY, f32::min),
        finite().fold(f32::NEG_INFINITY, f32::max),
    );
    // Also true if none is finite.
    if lowest >= highest && logits.len() > 1 {
        return damaged("the same number for every token");
    }
    Ok(())
}

/// Byte position of the earliest stop string in the answer, if any.
fn stop_at(answer: &[u8], stop: &[String]) -> Option<usize> {
    stop.iter()
        .filter(|word| !word.is_empty())
        .filter_map(|word| {
            answer
                .windows(word.len())
                .position(|window| window == word.as_bytes())
        })
        .min()
}

/// Index of the first of the largest logits, as llama.cpp's greedy sampler chooses.
fn most_likely(logits: &[f32]) -> i32 {
    let mut best = 0;
    for (index, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = index;
        }
    }
    best as i32
}

/// Builds the chooser for a prompt: greedy, or a chain of samplers.
fn chooser(model: &LlamaModel, prompt: &Prompt) -> Result<Chooser, ModelError> {
    let greedy = prompt.sampling.temperature <= 0.0;
    let mut chain = Vec::new();
    if let ReplyFormat::Grammar(grammar) = &prompt.format {
        let sampler = LlamaSampler::grammar(model, grammar, "root").map_err(|error| {
            request_error(&format!("the reply grammar cannot be used: {error}"))
        })?;
        chain.push(sampler);
    } else if greedy {
        return Ok(Chooser::Greedy);
    }
    if greedy {
        chain.push(LlamaSampler::greedy());
    } else {
        chain.push(LlamaSampler::top_p(prompt.sampling.top_p, 1));
        chain.push(LlamaSampler::temp(prompt.sampling.temperature));
        let seed = nocere_core::key::derive_seed(
            prompt.sampling.seed,
            &format!("sample {}", prompt.sample),
        );
        chain.push(LlamaSampler::dist(seed as u32));
    }
    Ok(Chooser::Chain(LlamaSampler::chain(chain, true)))
}

fn clear(context: &mut LlamaContext<'_>, sequence: i32) -> Result<(), String> {
    context
        .clear_kv_cache_seq(Some(sequence as u32), None, None)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn request_error(message: &str) -> ModelError {
    ModelError::Request {
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{check_numbers, stop_at};

    #[test]
    fn damaged_weights_are_told_from_sound_ones() {
        let (nan, none) = (f32::NAN, f32::NEG_INFINITY);
        assert!(check_numbers(&[0.0, 1.0, none]).is_ok());
        for logits in [
            [0.0; 3],
            [nan; 3],
            [1.0, nan, 2.0],
            [none; 3],
            [f32::INFINITY; 3],
        ] {
            let error = check_numbers(&logits).unwrap_err();
            assert!(error.contains("damaged"), "{error}");
        }
    }

    #[test]
    fn the_first_stop_string_ends_the_answer() {
        let stop = ["END".to_owned(), "\n\n".to_owned(), String::new()];
        assert_eq!(stop_at(b"one\n\ntwo END", &stop), Some(3));
        assert_eq!(stop_at(b"one two", &stop), None);
        assert_eq!(stop_at(b"one two", &[]), None);
    }
}
