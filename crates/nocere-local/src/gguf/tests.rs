use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn text(value: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = value.as_ref();
    let mut out = (bytes.len() as u64).to_le_bytes().to_vec();
    out.extend(bytes);
    out
}

/// A list of texts, after its type.
fn texts(values: &[&[u8]]) -> Vec<u8> {
    let mut out = 8_u32.to_le_bytes().to_vec();
    out.extend((values.len() as u64).to_le_bytes());
    for value in values {
        out.extend(text(value));
    }
    out
}

/// A small model, whose parts can be changed before it is written.
struct Gguf {
    /// Key, type and bytes.
    values: Vec<(String, u32, Vec<u8>)>,
    /// Name, dimensions, type and offset.
    tensors: Vec<(String, Vec<u64>, u32, u64)>,
    data: usize,
}

impl Gguf {
    fn small() -> Self {
        let mut model = Self {
            values: Vec::new(),
            tensors: vec![
                ("token_embd.weight".to_owned(), vec![64, 3], 8, 0),
                ("blk.0.attn_q.weight".to_owned(), vec![64, 64], 8, 224),
            ],
            data: 224 + 64 * 68,
        };
        model.set("general.architecture", 8, text("llama"));
        for (key, value) in [
            ("llama.block_count", 1_u32),
            ("llama.context_length", 128),
            ("llama.embedding_length", 64),
            ("llama.feed_forward_length", 128),
            ("llama.attention.head_count", 4),
            ("llama.attention.head_count_kv", 2),
            ("llama.rope.dimension_count", 16),
        ] {
            model.number(key, value);
        }
        model.float("llama.attention.layer_norm_rms_epsilon", 1e-5);
        model.set("tokenizer.ggml.tokens", 9, texts(&[b"a", b"b", b"c"]));
        model.set("tokenizer.chat_template", 8, text("{{ messages }}"));
        model
    }

    fn set(&mut self, key: &str, kind: u32, bytes: Vec<u8>) {
        self.values.retain(|(known, ..)| known != key);
        self.values.push((key.to_owned(), kind, bytes));
    }

    fn number(&mut self, key: &str, value: u32) {
        self.set(key, 4, value.to_le_bytes().to_vec());
    }

    fn float(&mut self, key: &str, value: f32) {
        self.set(key, 6, value.to_le_bytes().to_vec());
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.values.len() as u64).to_le_bytes());
        for (key, kind, bytes) in &self.values {
            out.extend(text(key));
            out.extend(kind.to_le_bytes());
            out.extend(bytes);
        }
        for (name, dimensions, kind, offset) in &self.tensors {
            out.extend(text(name));
            out.extend((dimensions.len() as u32).to_le_bytes());
            for dimension in dimensions {
                out.extend(dimension.to_le_bytes());
            }
            out.extend(kind.to_le_bytes());
            out.extend(offset.to_le_bytes());
        }
        out.resize(out.len().div_ceil(32) * 32 + self.data, 0);
        out
    }

    fn parse(&self) -> Result<Header, String> {
        parsed(&self.bytes())
    }
}

fn parsed(bytes: &[u8]) -> Result<Header, String> {
    parse(Cursor::new(bytes), bytes.len() as u64)
}

/// A small model with one change is refused, and the error says `named`.
fn refused(change: impl FnOnce(&mut Gguf), named: &str) {
    let mut model = Gguf::small();
    change(&mut model);
    let error = model.parse().unwrap_err();
    assert!(error.contains(named), "expected {named}: {error}");
}

#[test]
fn a_sound_header_is_accepted_and_its_length_known() {
    let model = Gguf::small();
    let header = model.parse().unwrap();
    assert_eq!(header.architecture, "llama");
    assert_eq!(header.expected_bytes, model.bytes().len() as u64);
    assert!(header.has_chat_template);
}

#[test]
fn other_files_are_named() {
    let error = parsed(b"PK\x03\x04rest").unwrap_err();
    assert!(error.contains("ZIP"), "{error}");
    assert!(parsed(b"GG").unwrap_err().contains("four bytes"));
}

#[test]
fn sizes_on_which_llama_cpp_ends_the_process_are_refused_with_their_key() {
    for (key, values) in [
        ("llama.block_count", vec![0, 513, 1_000_000, u32::MAX]),
        ("llama.context_length", vec![0, u32::MAX, 1 << 31]),
        ("llama.embedding_length", vec![0, u32::MAX, 63]),
        ("llama.attention.head_count", vec![0, 3, 65, u32::MAX]),
        ("llama.attention.head_count_kv", vec![0, 3, 8, u32::MAX]),
        ("llama.rope.dimension_count", vec![0, 15, 32, 8, u32::MAX]),
        ("llama.feed_forward_length", vec![u32::MAX]),
        ("llama.expert_count", vec![8, 1025, u32::MAX]),
        ("llama.expert_used_count", vec![1, u32::MAX]),
        ("llama.expert_group_count", vec![1, 2, u32::MAX]),
        ("llama.nextn_predict_layers", vec![2, u32::MAX]),
        ("llama.attention.key_length", vec![0, u32::MAX]),
        ("general.alignment", vec![0, 3, 33, u32::MAX]),
        ("split.count", vec![2, 9]),
    ] {
        for value in values {
            // The message names this key, or the one that it contradicts.
            let named = match (key, value) {
                ("llama.embedding_length", 63) => "head_count",
                ("llama.expert_count", 8) => "expert_used_count",
                ("split.count", _) => "split model",
                _ => key,
            };
            refused(|model| model.number(key, value), named);
        }
    }
    for key in [
        "block_count",
        "context_length",
        "embedding_length",
        "attention.head_count",
    ] {
        let key = format!("llama.{key}");
        refused(
            |model| model.values.retain(|(known, ..)| *known != key),
            &key,
        );
    }
    // The same numbers in other types, and in lists.
    refused(
        |model| model.set("llama.block_count", 10, u64::MAX.to_le_bytes().to_vec()),
        "llama.block_count",
    );
    refused(
        |model| model.set("llama.block_count", 5, (-1_i32).to_le_bytes().to_vec()),
        "llama.block_count",
    );
    refused(
        |model| model.set("llama.block_count", 8, text("1")),
        "llama.block_count",
    );
    let mut none = 4_u32.to_le_bytes().to_vec();
    none.extend(0_u64.to_le_bytes());
    refused(
        |model| model.set("llama.attention.head_count", 9, none),
        "llama.attention.head_count",
    );
}

#[test]
fn numbers_that_are_none_are_refused_with_their_key() {
    let epsilon = "llama.attention.layer_norm_rms_epsilon";
    for value in [f32::NAN, f32::INFINITY, -1.0, 0.0, -0.0, 1e9] {
        refused(|model| model.float(epsilon, value), epsilon);
        refused(
            |model| model.float("llama.attention.layer_norm_epsilon", value),
            "layer_norm_epsilon",
        );
    }
    refused(
        |model| model.set(epsilon, 4, 1_u32.to_le_bytes().to_vec()),
        epsilon,
    );
    for (key, value) in [
        ("llama.rope.freq_base", 0.0),
        ("llama.rope.freq_base", -1.0),
        ("llama.rope.freq_base", f32::NAN),
        ("llama.rope.scaling.factor", f32::NEG_INFINITY),
        ("llama.logit_scale", f32::NAN),
    ] {
        refused(|model| model.float(key, value), key);
    }
    refused(
        |model| model.set("llama.rope.scaling.type", 8, text("spiral")),
        "llama.rope.scaling.type",
    );
}

#[test]
fn vocabularies_on_which_llama_cpp_ends_the_process_are_refused() {
    let tokens = "tokenizer.ggml.tokens";
    refused(
        |model| model.set(tokens, 9, texts(&[b"a", b"b", b"a"])),
        "[2], `a`, occurs twice",
    );
    refused(
        |model| model.set(tokens, 9, texts(&[b"a", b"\xff\xfe", b"c"])),
        "[1] is not UTF-8",
    );
    refused(
        |model| model.set(tokens, 9, texts(&[b"a", b"b"])),
        "token_embd.weight",
    );
    refused(|model| model.set(tokens, 9, texts(&[])), tokens);
    refused(|model| model.set(tokens, 8, text("a b c")), tokens);
    refused(
        |model| model.values.retain(|(key, ..)| key != tokens),
        tokens,
    );
    let mut model = Gguf::small();
    // llama.cpp gives each of them a name.
    model.set(tokens, 9, texts(&[b"", b"", b"c"]));
    model.parse().unwrap();
    refused(
        |model| {
            let mut few = 5_u32.to_le_bytes().to_vec();
            few.extend(1_u64.to_le_bytes());
            few.extend(1_u32.to_le_bytes());
            model.set("tokenizer.ggml.token_type", 9, few);
        },
        "tokenizer.ggml.token_type",
    );
    refused(
        |model| model.set("tokenizer.chat_template", 8, text("x".repeat(60_000_000))),
        "tokenizer.chat_template",
    );
    refused(
        |model| model.set("tokenizer.chat_template", 8, text(b"\xff\xff")),
        "tokenizer.chat_template",
    );
}

#[test]
fn tensors_that_the_file_does_not_hold_are_refused_by_name() {
    let first = "token_embd.weight";
    refused(|model| model.tensors[0].1 = vec![64, 2], first);
    refused(|model| model.tensors[0].1 = vec![192], first);
    refused(|model| model.tensors[0].1 = vec![63, 3], first);
    refused(|model| model.tensors[0].1 = vec![64, 0], first);
    refused(|model| model.tensors[0].1 = vec![1 << 40, 1 << 40], first);
    refused(|model| model.tensors[0].1 = vec![1; 5], first);
    refused(|model| model.tensors[0].3 = 1 << 40, first);
    refused(|model| model.tensors[0].3 = u64::MAX - 31, first);
    refused(|model| model.tensors[0].3 = 7, first);
    refused(|model| model.tensors[1].3 = 32, "inside another tensor");
    refused(
        |model| model.tensors[1].0 = first.to_owned(),
        "occurs twice",
    );
    refused(|model| drop(model.tensors.remove(0)), first);
    refused(
        |model| {
            model
                .values
                .push(("llama.block_count".to_owned(), 4, vec![1, 0, 0, 0]));
        },
        "occurs twice",
    );
}

#[test]
fn counts_are_bounded_by_the_length_of_the_file() {
    let good = Gguf::small().bytes();
    for (place, name) in [(8, "tensors"), (16, "entries")] {
        for count in [1_u64 << 20, 1 << 40, u64::MAX] {
            let mut bytes = good.clone();
            bytes[place..place + 8].copy_from_slice(&count.to_le_bytes());
            let error = parsed(&bytes).unwrap_err();
            assert!(error.contains("has room for"), "{name}: {error}");
        }
    }
    let mut long = 8_u32.to_le_bytes().to_vec();
    long.extend((1_u64 << 50).to_le_bytes());
    refused(
        |model| model.set("tokenizer.ggml.merges", 9, long),
        "has room for",
    );
    let mut nested = Vec::new();
    for _ in 0..100_000 {
        nested.extend(9_u32.to_le_bytes());
        nested.extend(1_u64.to_le_bytes());
    }
    refused(
        |model| model.set("general.deep", 9, nested),
        "nested too deeply",
    );
}

proptest! {
    #[test]
    fn cut_headers_are_errors(share in 0.0..1.0_f64) {
        let model = Gguf::small();
        let bytes = model.bytes();
        let header = bytes.len() - model.data - 31;
        let at = (header as f64 * share) as usize;
        prop_assert!(parsed(&bytes[..at]).is_err());
    }

    #[test]
    fn damaged_headers_do_not_panic(at in 0_usize..900, flips in proptest::collection::vec(any::<u8>(), 1..9)) {
        let mut bytes = Gguf::small().bytes();
        for (place, flip) in bytes.iter_mut().skip(at).zip(flips) {
            *place = flip;
        }
        let _ = parsed(&bytes);
    }
}
