//! Numbers in what a server says: waits, and tokens needed and allowed.

use serde_json::Value;

/// The wait that a field asks for, in milliseconds.
pub(super) fn wait(error: &Value) -> Option<u64> {
    for detail in error["details"].as_array().into_iter().flatten() {
        if let Some(wait) = detail["retryDelay"].as_str().and_then(duration) {
            return Some(wait);
        }
    }
    let named = |value: &Value| {
        [
            "retry_after",
            "retry_after_seconds",
            "retryAfter",
            "retry_after_s",
        ]
        .iter()
        .find_map(|field| {
            let value = &value[*field];
            value
                .as_f64()
                .filter(|seconds| *seconds >= 0.0)
                .map(|seconds| (seconds * 1_000.0) as u64)
                .or_else(|| duration(value.as_str()?))
        })
    };
    named(error)
        .or_else(|| named(&error["metadata"]))
        .or_else(|| error["retry_after_ms"].as_u64())
}

/// The wait in a sentence such as "Please try again in 1m12.5s".
pub(super) fn wait_in_text(text: &str) -> Option<u64> {
    ["try again in ", "retry in ", "retry after ", "wait "]
        .iter()
        .find_map(|mark| {
            let (_, rest) = text.split_once(mark)?;
            let mut words = rest.split_whitespace();
            let first = words.next()?.trim_end_matches(['.', ',', ';']);
            duration(first).or_else(|| {
                let number: f64 = first.parse().ok()?;
                let unit = words.next()?.trim_end_matches(['.', ',', ';', ')']);
                let scale = match unit {
                    "ms" | "millisecond" | "milliseconds" => 1.0,
                    "s" | "sec" | "secs" | "second" | "seconds" => 1_000.0,
                    "m" | "min" | "mins" | "minute" | "minutes" => 60_000.0,
                    "h" | "hour" | "hours" => 3_600_000.0,
                    _ => return None,
                };
                (number >= 0.0).then_some((number * scale) as u64)
            })
        })
}

/// Milliseconds of a duration such as `7.4s`, `350ms`, `1m12.5s` or `2h`.
fn duration(text: &str) -> Option<u64> {
    let mut total = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit_end = rest[end..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |at| end + at);
        total += number
            * match &rest[end..unit_end] {
                "ms" => 1.0,
                "s" => 1_000.0,
                "m" => 60_000.0,
                "h" => 3_600_000.0,
                "d" => 86_400_000.0,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Some(total as u64)
}

pub(super) fn counts(error: &Value) -> Option<(u64, u64)> {
    let needed = error["n_prompt_tokens"].as_u64()?;
    let limit = error["n_ctx"].as_u64()?;
    Some((needed, limit))
}

/// Tokens needed and allowed, read from a message; 0 for what it does not say. The limit follows
/// a word such as "maximum"; the largest number above it is what is needed.
pub(super) fn numbers(text: &str) -> (u64, u64) {
    const LIMITS: [&str; 14] = [
        "context length of only",
        "maximum context length",
        "maximum model length",
        "context size",
        "context window of",
        "context window is",
        "context limit",
        "context length of",
        "context length is",
        "must be <=",
        "maximum number of tokens",
        "maximum",
        "limit",
        "max",
    ];
    let all = all_numbers(text);
    // "188240 + 21333 > 200000": what stands after the sign is the limit.
    let after_sign = text.rfind('>').and_then(|at| {
        let (_, limit) = all.iter().find(|(start, _)| *start > at)?;
        Some(*limit)
    });
    let after_word = LIMITS.iter().find_map(|word| {
        let at = text.find(word)? + word.len();
        let (start, number) = all.iter().find(|(start, _)| *start >= at)?;
        (*start - at < 60).then_some(*number)
    });
    let Some(limit) = after_sign.or(after_word) else {
        return match all.iter().map(|(_, number)| *number).max() {
            Some(largest) if all.len() > 1 => {
                let smallest = all.iter().map(|(_, number)| *number).min();
                (largest, smallest.unwrap_or(0))
            }
            _ => (0, 0),
        };
    };
    let needed = all
        .iter()
        .map(|(_, number)| *number)
        .filter(|number| *number > limit)
        .max();
    (needed.unwrap_or(0), limit)
}

/// All numbers from 64 with the places where they begin. Commas between digits are passed over.
fn all_numbers(text: &str) -> Vec<(usize, u64)> {
    let bytes = text.as_bytes();
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let mut number: u64 = 0;
        while let Some(byte) = bytes.get(at) {
            let comma = *byte == b',' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            if !byte.is_ascii_digit() && !comma {
                break;
            }
            if !comma {
                number = number
                    .saturating_mul(10)
                    .saturating_add(u64::from(byte - b'0'));
            }
            at += 1;
        }
        // A part of a name, such as `gpt-4` or `v2048a`, is not a count.
        let named = start > 0 && bytes[start - 1].is_ascii_alphanumeric();
        if number >= 64 && !named {
            numbers.push((start, number));
        }
    }
    numbers
}
