//! What llama.cpp assumes of a model's metadata, and ends the process for where it is not so.

use nocere_template::MAX_SOURCE_BYTES;

use super::{Contents, reader::Value, shown};

/// Most layers of a model (`LLAMA_MAX_LAYERS`).
const MAX_LAYERS: u64 = 512;
/// Most experts of a model (`LLAMA_MAX_EXPERTS`).
const MAX_EXPERTS: u64 = 1024;
/// Longest context that is believed, in tokens.
const MAX_CONTEXT: u64 = 1 << 28;
/// Largest of the other sizes that is believed.
const MAX_SIZE: u64 = 1 << 24;
/// Names of `rope.scaling.type`.
const ROPE_SCALING: [&str; 4] = ["none", "linear", "yarn", "longrope"];

/// Checks the contents of a header.
pub(super) fn check(contents: &Contents) -> Result<(), String> {
    let Some(Value::Text(architecture)) = contents.values.get("general.architecture") else {
        return Err("the header names no architecture".to_owned());
    };
    one_whole_model(contents, architecture)?;
    template(contents)?;
    if !contents.values.contains_key("tokenizer.chat_template") {
        // Encoders and base models have other keys. They are refused as such and never loaded.
        return Ok(());
    }
    let model = Model {
        contents,
        architecture,
    };
    model.sizes()?;
    model.heads()?;
    model.experts()?;
    model.floats()?;
    model.rope()?;
    vocabulary(contents)?;
    model.embedding()
}

/// The file must be a whole language model.
fn one_whole_model(contents: &Contents, architecture: &str) -> Result<(), String> {
    if let Some(Value::Text(kind)) = contents.values.get("general.type")
        && kind != "model"
    {
        return Err(format!(
            "`general.type` is `{}`: it is only a part of a model",
            shown(kind)
        ));
    }
    if architecture == "clip" {
        return Err("it encodes images for a model and is not one itself".to_owned());
    }
    match contents.values.get("split.count") {
        None | Some(Value::Unsigned(0 | 1)) => Ok(()),
        // The hash of one file would represent all of them.
        Some(parts) => Err(format!(
            "it is one of {parts} files of a split model; join them with `llama-gguf-split --merge`"
        )),
    }
}

/// The metadata under the architecture's name.
struct Model<'a> {
    contents: &'a Contents,
    architecture: &'a str,
}

impl Model<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.contents.values.get(&self.key(name))
    }

    fn wrong(&self, name: &str, found: impl std::fmt::Display, expected: &str) -> String {
        format!(
            "`{}` is {found}; expected {expected}",
            shown(&self.key(name))
        )
    }

    /// A whole number from 1 to `most`; `None` if it is missing.
    fn size(&self, name: &str, most: u64) -> Result<Option<u64>, String> {
        let fits = 1..=most;
        match self.get(name) {
            None => Ok(None),
            Some(Value::Unsigned(size)) if fits.contains(size) => Ok(Some(*size)),
            Some(Value::Signed(size))
                if u64::try_from(*size).is_ok_and(|size| fits.contains(&size)) =>
            {
                Ok(u64::try_from(*size).ok())
            }
            Some(other) => {
                Err(self.wrong(name, other, &format!("a whole number from 1 to {most}")))
            }
        }
    }

    fn needed(&self, name: &str, most: u64) -> Result<u64, String> {
        self.size(name, most)?
            .ok_or_else(|| format!("the key `{}` is missing", shown(&self.key(name))))
    }

    /// A whole number of at most `most` for each layer, or one for all.
    fn per_layer(&self, name: &str, most: u64) -> Result<Option<Vec<u64>>, String> {
        let layers = self.needed("block_count", MAX_LAYERS)?;
        let expected = format!("whole numbers up to {most}, one or {layers}");
        let numbers = match self.get(name) {
            None => return Ok(None),
            Some(Value::Unsigned(number)) => vec![*number],
            Some(Value::Signed(number)) if *number >= 0 => vec![number.unsigned_abs()],
            Some(Value::Array {
                numbers: Some(numbers),
                ..
            }) if numbers.len() as u64 >= layers => numbers.clone(),
            Some(other) => return Err(self.wrong(name, other, &expected)),
        };
        match numbers.iter().find(|number| **number > most) {
            Some(number) => Err(self.wrong(name, number, &expected)),
            None => Ok(Some(numbers)),
        }
    }

    fn sizes(&self) -> Result<(), String> {
        let layers = self.needed("block_count", MAX_LAYERS)?;
        self.needed("context_length", MAX_CONTEXT)?;
        self.needed("embedding_length", MAX_SIZE)?;
        self.size("vocab_size", MAX_SIZE)?;
        self.per_layer("feed_forward_length", MAX_SIZE)?;
        if let Some(Value::Unsigned(extra)) = self.get("nextn_predict_layers")
            && *extra > layers
        {
            return Err(self.wrong("nextn_predict_layers", extra, "at most `block_count`"));
        }
        Ok(())
    }

    fn heads(&self) -> Result<(), String> {
        let embedding = self.needed("embedding_length", MAX_SIZE)?;
        let own_length = self.size("attention.key_length", MAX_SIZE)?;
        self.size("attention.value_length", MAX_SIZE)?;
        let names = self.contents.tensors.keys();
        let attends = names.into_iter().any(|name| name.contains(".attn_q"));
        let Some(heads) = self.per_layer("attention.head_count", MAX_SIZE)? else {
            if attends {
                return Err(format!(
                    "the key `{}` is missing",
                    shown(&self.key("attention.head_count"))
                ));
            }
            return Ok(());
        };
        // Layers without attention have no heads.
        if attends && heads.iter().all(|heads| *heads == 0) {
            return Err(self.wrong("attention.head_count", 0, "at least 1"));
        }
        if own_length.is_none()
            && let Some(heads) = heads
                .iter()
                .find(|heads| **heads > 0 && !embedding.is_multiple_of(**heads))
        {
            return Err(self.wrong(
                "attention.head_count",
                heads,
                &format!("a divisor of `embedding_length`, {embedding}"),
            ));
        }
        let groups = self.per_layer("attention.head_count_kv", MAX_SIZE)?;
        let groups = groups.unwrap_or_else(|| heads.clone());
        // One number applies to all layers.
        for layer in 0..heads.len().max(groups.len()) {
            let of = |numbers: &[u64]| numbers.get(layer).or(numbers.first()).copied().unwrap_or(0);
            let (heads, groups) = (of(&heads), of(&groups));
            let none = groups == 0 && (heads == 0 || self.has_layers_without_attention());
            if !none && (groups == 0 || !heads.is_multiple_of(groups)) {
                return Err(self.wrong(
                    "attention.head_count_kv",
                    groups,
                    &format!("a divisor of `attention.head_count`, {heads}"),
                ));
            }
        }
        Ok(())
    }

    /// Models that mix attention with other layers give those no groups of heads.
    fn has_layers_without_attention(&self) -> bool {
        matches!(
            self.get("attention.head_count_kv"),
            Some(Value::Array { .. })
        )
    }

    fn experts(&self) -> Result<(), String> {
        let whole = |name: &str| match self.get(name) {
            None => Ok(0),
            Some(Value::Unsigned(number)) if *number <= MAX_EXPERTS => Ok(*number),
            Some(other) => {
                Err(self.wrong(name, other, &format!("a whole number up to {MAX_EXPERTS}")))
            }
        };
        let experts = whole("expert_count")?;
        let used = self
            .per_layer("expert_used_count", MAX_EXPERTS)?
            .unwrap_or_default();
        let used = used.into_iter().max().unwrap_or(0);
        // Some models without experts say that one of one is used.
        let single = experts <= 1 && self.architecture.starts_with("hunyuan");
        if !single && (used > experts || (experts > 0 && used == 0)) {
            return Err(self.wrong(
                "expert_used_count",
                used,
                &format!("from 1 to `expert_count`, {experts}"),
            ));
        }
        let (groups, used_groups) = (
            whole("expert_group_count")?,
            whole("expert_group_used_count")?,
        );
        let fits = match (experts, groups) {
            (_, 0) | (2.., 1) => true,
            (0 | 1, _) => false,
            _ => {
                groups < experts
                    && experts.is_multiple_of(groups)
                    && (1..groups).contains(&used_groups)
            }
        };
        if !fits {
            return Err(self.wrong(
                "expert_group_count",
                groups,
                "a divisor of `expert_count`, and more than `expert_group_used_count`, which is at least 1",
            ));
        }
        Ok(())
    }

    /// No number is missing in effect, and what is added to avoid a division by zero is positive.
    fn floats(&self) -> Result<(), String> {
        for (key, value) in &self.contents.values {
            let Value::Float(number) = value else {
                continue;
            };
            if !number.is_finite() {
                return Err(format!("`{}` is {number}; expected a number", shown(key)));
            }
            if key.ends_with("epsilon") && !(*number > 0.0 && *number < 1.0) {
                return Err(format!(
                    "`{}` is {number}; expected a number above 0 and below 1",
                    shown(key)
                ));
            }
        }
        // An epsilon that is not a float would be read as another type.
        for name in [
            "attention.layer_norm_rms_epsilon",
            "attention.layer_norm_epsilon",
        ] {
            match self.get(name) {
                None | Some(Value::Float(_)) => {}
                Some(other) => return Err(self.wrong(name, other, "a number above 0 and below 1")),
            }
        }
        Ok(())
    }

    fn rope(&self) -> Result<(), String> {
        match self.get("rope.scaling.type") {
            None => {}
            Some(Value::Text(name)) if ROPE_SCALING.contains(&name.as_str()) => {}
            Some(other) => {
                return Err(self.wrong("rope.scaling.type", other, &ROPE_SCALING.join(", ")));
            }
        }
        for name in ["rope.freq_base", "rope.freq_base_swa"] {
            match self.get(name) {
                Some(Value::Float(base)) if *base <= 0.0 => {
                    return Err(self.wrong(name, base, "a positive number"));
                }
                _ => {}
            }
        }
        if let Some(Value::Float(factor)) = self.get("rope.scaling.factor")
            && *factor < 0.0
        {
            return Err(self.wrong(
                "rope.scaling.factor",
                factor,
                "a number that is not negative",
            ));
        }
        let Some(rotated) = self.size("rope.dimension_count", MAX_SIZE)? else {
            return Ok(());
        };
        let embedding = self.needed("embedding_length", MAX_SIZE)?;
        let heads = self
            .per_layer("attention.head_count", MAX_SIZE)?
            .unwrap_or_default();
        let heads = heads.into_iter().max().unwrap_or(0);
        let per_head = embedding.checked_div(heads).unwrap_or(embedding);
        let head = self
            .size("attention.key_length", MAX_SIZE)?
            .unwrap_or(per_head);
        let fits = match self.architecture {
            // All of a head is rotated.
            "llama" => rotated == head,
            _ => rotated <= head,
        };
        if !fits || !rotated.is_multiple_of(2) {
            return Err(self.wrong(
                "rope.dimension_count",
                rotated,
                &format!("an even number for heads of {head}"),
            ));
        }
        Ok(())
    }

    /// The table of embeddings has a row for each token.
    fn embedding(&self) -> Result<(), String> {
        let Some(table) = self.contents.tensors.get("token_embd.weight") else {
            return Err("the tensor `token_embd.weight` is missing".to_owned());
        };
        let embedding = self.needed("embedding_length", MAX_SIZE)?;
        let tokens = match self.contents.values.get("tokenizer.ggml.tokens") {
            Some(Value::Array { length, .. }) => *length,
            _ => 0,
        };
        let expected = [embedding, tokens];
        if table.dimensions != expected {
            return Err(format!(
                "`token_embd.weight` has the shape {:?}; expected {expected:?} (`{}`, number of `tokenizer.ggml.tokens`)",
                table.dimensions,
                shown(&self.key("embedding_length"))
            ));
        }
        Ok(())
    }
}

/// The vocabulary must be there, and what is said of each token for all of them.
fn vocabulary(contents: &Contents) -> Result<(), String> {
    let tokens = match contents.values.get("tokenizer.ggml.tokens") {
        Some(Value::Array {
            length,
            texts: true,
            ..
        }) if (1..=MAX_SIZE).contains(length) => *length,
        Some(other) => {
            return Err(format!(
                "`tokenizer.ggml.tokens` is {other}; expected a list of texts"
            ));
        }
        None => return Err("the key `tokenizer.ggml.tokens` is missing".to_owned()),
    };
    for (key, value) in &contents.values {
        let Some(name) = key.strip_prefix("tokenizer.ggml.") else {
            continue;
        };
        match value {
            Value::Array { length, .. }
                if matches!(name, "scores" | "token_type") && *length < tokens =>
            {
                return Err(format!(
                    "`{}` has {length} entries, and there are {tokens} tokens",
                    shown(key)
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The chat template, if there is one, is a text of a believable length.
fn template(contents: &Contents) -> Result<(), String> {
    match contents.values.get("tokenizer.chat_template") {
        Some(Value::Text(text)) if text.len() > MAX_SOURCE_BYTES => Err(format!(
            "`tokenizer.chat_template` has {} bytes; at most {MAX_SOURCE_BYTES} are accepted",
            text.len()
        )),
        None | Some(Value::Text(_)) => Ok(()),
        Some(other) => Err(format!(
            "`tokenizer.chat_template` is {other}; expected a text"
        )),
    }
}
