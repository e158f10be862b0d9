//! What a server says instead of an answer, and what can be done about it. One recogniser of
//! filters, spent quotas, overlong prompts, waits and refused fields, whatever the status and
//! wherever in the body they stand.

mod amounts;

use nocere_core::{ModelError, text::shorten};
use serde_json::Value;

use self::amounts::{counts, numbers, wait, wait_in_text};

/// Longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;
/// Longest text that is searched for known words, in bytes.
const LONGEST_SEARCHED: usize = 16 * 1024;

/// What a server said, read from the body of an error or from an error inside a reply.
pub(crate) struct ServerWords {
    /// Its message on one line, with its code and the reason that stands behind it.
    pub(crate) message: String,
    /// The status that the body itself names, if it does.
    pub(crate) status: Option<u16>,
    /// How long it asks to wait, in milliseconds.
    pub(crate) wait_ms: Option<u64>,
    /// The field of the request that it names.
    param: Option<String>,
    /// Tokens needed and allowed, if they have fields of their own.
    counts: Option<(u64, u64)>,
    /// Everything it says about the error, in small letters.
    searched: String,
}

impl ServerWords {
    /// Reads the body of an error.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let head = &body[..body.len().min(LONGEST_SEARCHED)];
            return Self::of_text(&String::from_utf8_lossy(head));
        };
        // Gemini wraps its error in a list.
        let value = value.get(0).unwrap_or(&value);
        let error = &value["error"];
        if error.is_null() {
            Self::of_value(value)
        } else {
            Self::of_value(error)
        }
    }

    /// Reads an error that stands in a body.
    pub(crate) fn of_value(error: &Value) -> Self {
        if let Value::String(text) = error {
            return Self::of_text(text);
        }
        // Anthropic and some gateways wrap an error in another.
        if error["error"].is_object() {
            return Self::of_value(&error["error"]);
        }
        let mut searched = String::new();
        gather(error, &mut searched, 0);
        let said = ["message", "detail", "msg", "error_msg", "title", "reason"]
            .iter()
            .find_map(|field| said(&error[*field]))
            .unwrap_or_else(|| error.to_string());
        let code = ["code", "type", "status"]
            .iter()
            .find_map(|field| error[*field].as_str())
            .filter(|code| !said.contains(code));
        let behind = ["/metadata/raw", "/innererror/code", "/details/0/reason"]
            .iter()
            .find_map(|pointer| error.pointer(pointer)?.as_str())
            .filter(|behind| !said.contains(behind));
        let mut message = said;
        for part in [code, behind].into_iter().flatten() {
            message = format!("{message} ({part})");
        }
        Self {
            message: shorten(&message, LONGEST_MESSAGE),
            status: status(error),
            wait_ms: wait(error).or_else(|| wait_in_text(&searched)),
            param: error["param"].as_str().map(str::to_owned),
            counts: counts(error),
            searched,
        }
    }

    fn of_text(text: &str) -> Self {
        let searched = text.to_lowercase();
        Self {
            message: shorten(text, LONGEST_MESSAGE),
            status: None,
            wait_ms: wait_in_text(&searched),
            param: None,
            counts: None,
            searched,
        }
    }

    fn says(&self, marks: &[&str]) -> bool {
        marks.iter().any(|mark| self.searched.contains(mark))
    }

    /// The account has no money or quota left, and no wait that is short enough brings it back.
    pub(crate) fn quota_is_spent(&self) -> bool {
        self.says(&[
            "insufficient_quota",
            "billing_not_active",
            "billing_hard_limit",
            "billing_error",
            "credit balance",
            "insufficient credits",
            "insufficient balance",
            "insufficient funds",
            "insufficient_balance",
            "account_balance",
            "arrearage",
            "out of credits",
            "余额不足",
            "欠费",
            "good standing",
            "insufficient_user_quota",
            "monthly quota",
            "never purchased credits",
            "payment required",
            "key limit exceeded",
            "spending limit",
            "spend limit",
            "monthly limit",
            "daily limit",
            "usage limit",
            "budget has been exceeded",
            "budget_exceeded",
            "exceededbudget",
            "perday",
            "per-day",
            "requests per day",
            "quota has been exhausted",
            "allocationquota",
            "freetieronly",
        ])
    }

    /// The key is wrong, whatever the status says.
    pub(crate) fn key_is_wrong(&self) -> bool {
        self.says(&[
            "api key not valid",
            "api_key_invalid",
            "invalid api key",
            "invalid_api_key",
        ])
    }

    /// The word of a filter that rejected the prompt or the answer.
    pub(crate) fn filter(&self) -> Option<&'static str> {
        const MARKS: [&str; 32] = [
            "content_filter",
            "content filter",
            "content management policy",
            "responsibleaipolicyviolation",
            "content_policy",
            "contentpolicy",
            "content policy",
            "content violation",
            "content_violation",
            "content filtering",
            "content moderation",
            "content_moderation",
            "requires moderation",
            "moderation_blocked",
            "was flagged",
            "flagged by",
            "flagged as",
            "invalid_prompt",
            "data_inspection_failed",
            "datainspectionfailed",
            "inappropriate content",
            "inappropriate_content",
            "guardrail",
            "safety system",
            "safety_error",
            "safety filter",
            "sensitive content",
            "prohibited_content",
            "prohibited content",
            "risk_control",
            "unsafe content",
            "usage policies",
        ];
        const MORE: [&str; 18] = [
            "content exists risk",
            "high risk",
            "new_sensitive",
            "sensitive_words",
            "deemed unsafe",
            "prompt_shield",
            "policy violation",
            "敏感内容",
            "敏感信息",
            "违规",
            "prompt rejected",
            "prompt_rejected",
            "prompt was blocked",
            "prompt_blocked",
            "blocked by",
            "contentfilter",
            "content_blocked",
            "sensitive_content",
        ];
        let mut marks = MARKS.iter().chain(&MORE);
        marks.find(|mark| self.searched.contains(**mark)).copied()
    }

    /// The conversation is too long, which each server words differently.
    pub(crate) fn overflow(&self) -> Option<ModelError> {
        let known = self.status == Some(413)
            || self.says(&[
                "context_length_exceeded",
                "context length",
                "context_length",
                "context window",
                "context_window",
                "context size",
                "context limit",
                "maximum model length",
                "max_model_len",
                "prompt is too long",
                "prompt too long",
                "input is too long",
                "input too long",
                "exceeds the context",
                "exceed_context",
                "input token count",
                "request_too_large",
                "request too large",
                "payload too large",
                "too many tokens",
                "too many input tokens",
                "string_above_max_length",
                "string too long",
                "reduce the length",
                "max_new_tokens` must be",
                "max_new_tokens must be",
                "range of input length",
                "token limit exceeded",
                "longer than the maximum",
            ]);
        known.then(|| {
            let (needed, limit) = self.counts.unwrap_or_else(|| numbers(&self.searched));
            ModelError::ContextOverflow { needed, limit }
        })
    }

    /// The field of the request that the server does not take, out of `sent`; `None` if it does
    /// not name one. The second part is the field that it wants instead.
    pub(crate) fn refused_field<'a>(
        &self,
        sent: &[&'a str],
    ) -> Option<(&'a str, Option<&'static str>)> {
        let refuses = self.says(&[
            "unsupported",
            "not supported",
            "not_supported",
            "does not support",
            "doesn't support",
            "unrecognized",
            "unknown name",
            "unknown field",
            "unknown parameter",
            "unknown_parameter",
            "not permitted",
            "not allowed",
            "extra inputs",
            "extra_forbidden",
            "unexpected keyword",
            "unexpected field",
            "invalid parameter",
            "only the default",
            "may only be set",
            "deprecated",
            "must be",
            "cannot be used",
            "cannot both be",
            "is incompatible",
        ]);
        if !refuses {
            return None;
        }
        let param = self.param.as_deref().map(|param| {
            let head = param.split(['.', '[']).next().unwrap_or(param);
            head.to_owned()
        });
        let named = |field: &&&str| match &param {
            Some(param) => param == *field,
            None => quoted(&self.searched, field) || phrased(&self.searched, &field.to_lowercase()),
        };
        let field = sent.iter().find(named)?;
        let instead = (*field == "max_tokens" && self.says(&["max_completion_tokens"]))
            .then_some("max_completion_tokens");
        Some((field, instead))
    }
}

/// True if `text` names `field` in one of the phrases that servers use without marks.
fn phrased(text: &str, field: &str) -> bool {
    const BEFORE: [&str; 8] = [
        "supplied: ",
        "property ",
        "parameter ",
        "parameter: ",
        "field ",
        "argument ",
        "support ",
        "supports ",
    ];
    let begins = [
        ": extra",
        " may only",
        " is not supported",
        ": json_object is not",
    ];
    let ends = |at: usize| {
        text[at..]
            .chars()
            .next()
            .is_none_or(|c| !c.is_alphanumeric() && c != '_')
    };
    BEFORE.iter().any(|before| {
        let phrase = format!("{before}{field}");
        text.match_indices(&phrase)
            .any(|(at, found)| ends(at + found.len()))
    }) || begins
        .iter()
        .any(|after| text.contains(&format!("{field}{after}")))
}

/// True if `text` names `field`: between marks, not as a part of a longer word.
fn quoted(text: &str, field: &str) -> bool {
    let field = field.to_lowercase();
    text.match_indices(&field).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + field.len()..].chars().next();
        let mark = |c: Option<char>| c.is_some_and(|c| matches!(c, '\'' | '"' | '`'));
        // `temperature` as a bare word is an everyday word of medicine, so marks are needed; a
        // dotted path stands between marks as well.
        mark(before) && (mark(after) || after == Some('.'))
    })
}

/// A message: a text, or the texts of a list of faults, as FastAPI writes them.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Array(list) => {
            let texts: Vec<String> =
                list.iter()
                    .take(3)
                    .filter_map(|fault| {
                        let message = fault["msg"].as_str().or(fault["message"].as_str())?;
                        let path = fault["loc"]
                            .as_array()
                            .and_then(|path| path.last()?.as_str());
                        Some(path.map_or_else(
                            || message.to_owned(),
                            |path| format!("'{path}': {message}"),
                        ))
                    })
                    .collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        _ => None,
    }
}

/// Appends the texts of an error in small letters, but not what it repeats of the request.
fn gather(value: &Value, into: &mut String, depth: usize) {
    if into.len() > LONGEST_SEARCHED || depth > 6 {
        return;
    }
    match value {
        Value::String(text) => {
            let head: String = text.chars().take(4_096).collect();
            into.push_str(&head.to_lowercase());
            into.push('\n');
        }
        Value::Array(list) => {
            for part in list.iter().take(32) {
                gather(part, into, depth + 1);
            }
        }
        Value::Object(fields) => {
            for (name, part) in fields.iter().take(64) {
                let repeats = ["input", "body", "prompt", "messages", "request", "contents"];
                if !repeats.contains(&name.as_str()) {
                    gather(part, into, depth + 1);
                }
            }
            if let Some(path) = fields.get("loc").and_then(Value::as_array) {
                let last = path.iter().filter_map(Value::as_str).next_back();
                into.push_str(&format!("'{}'\n", last.unwrap_or("").to_lowercase()));
            }
        }
        _ => {}
    }
}

/// The status that an error names: as a number, or by a word of a known meaning.
fn status(error: &Value) -> Option<u16> {
    for field in [
        "code",
        "status",
        "status_code",
        "statusCode",
        "http_status",
        "type",
    ] {
        let value = &error[field];
        let number = value
            .as_u64()
            .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
            .filter(|number| (400..600).contains(number));
        if let Some(number) = number {
            return Some(number as u16);
        }
        let word = value.as_str().unwrap_or_default().to_ascii_lowercase();
        let known = match word.trim_end_matches("_error") {
            "overloaded" | "engine_overloaded" => 529,
            "rate_limit"
            | "rate_limit_exceeded"
            | "too_many_requests"
            | "resource_exhausted"
            | "rate_limited"
            | "throttling"
            | "throttlingexception" => 429,
            "invalid_request"
            | "invalid_argument"
            | "badrequesterror"
            | "bad_request"
            | "validation"
            | "failed_precondition"
            | "invalid_parameter" => 400,
            "authentication" | "unauthenticated" | "invalid_api_key" | "unauthorized" => 401,
            "permission" | "permission_denied" | "forbidden" => 403,
            "billing" | "insufficient_quota" => 402,
            "not_found" | "model_not_found" | "notfounderror" => 404,
            "request_too_large" | "exceed_context_size" | "context_length_exceeded" => 413,
            "timeout" | "deadline_exceeded" => 408,
            "unavailable" | "service_unavailable" | "temporarily_unavailable" => 503,
            "api" | "server" | "internal" | "internal_server" => 500,
            _ => continue,
        };
        return Some(known);
    }
    None
}

#[cfg(test)]
mod tests;
