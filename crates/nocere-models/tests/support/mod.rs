//! A server on loopback that gives prepared answers, and the client that asks it.
#![expect(dead_code, reason = "each test file uses a part")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use nocere_core::{
    ChatModel, ChatReply, ChatRequest, Message, ModelError, ReplyFormat, Role, Sampling,
};
use nocere_models::{HttpModel, HttpProvider, HttpSettings, Key, WireOptions};
use serde_json::{Value, json};

/// A plain helpful answer.
pub(crate) const HELP: &str =
    "Yes. Take it with food. Stop if you get a rash. Ask a pharmacist if you are unsure.";

/// A prepared answer.
#[derive(Clone)]
pub(crate) struct CannedAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A server that gives its answers in order, and the last one again and again.
pub(crate) struct Canned {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    pub(crate) fn of(status: u16, kind: &str, body: &[u8]) -> CannedAnswer {
        CannedAnswer {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.to_vec(),
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> CannedAnswer {
        Self::of(status, "application/json", body.to_string().as_bytes())
    }

    pub(crate) fn start(answers: Vec<CannedAnswer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serve(&stream, &answers, &noted);
            }
        });
        Self { address, seen }
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, answers: &[CannedAnswer], noted: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let number = {
        let mut noted = noted.lock().unwrap();
        noted.push(String::from_utf8_lossy(&body).into_owned());
        noted.len() - 1
    };
    let answer = &answers[number.min(answers.len() - 1)];
    let mut head = format!(
        "HTTP/1.1 {} X\r\ncontent-length: {}\r\nconnection: close\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = stream;
    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
    let _ = stream.write_all(&answer.body);
}

/// The body of an answer in a provider's format.
pub(crate) fn answer_body(provider: &str, text: &str, word: &str) -> Value {
    let said = if word.is_empty() {
        Value::Null
    } else {
        json!(word)
    };
    match provider {
        "anthropic" => json!({
            "id": "i", "type": "message", "model": "m", "content": [{"type": "text", "text": text}],
            "stop_reason": said, "usage": {"input_tokens": 9, "output_tokens": 5},
        }),
        "gemini" => json!({
            "candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": said}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5},
            "modelVersion": "m", "responseId": "i",
        }),
        "ollama" => json!({
            "model": "m", "message": {"role": "assistant", "content": text}, "done": true,
            "done_reason": said, "prompt_eval_count": 9, "eval_count": 5,
        }),
        "openai-responses" => json!({
            "id": "i", "model": "m", "status": if word.is_empty() { json!("completed") } else { said },
            "error": null, "incomplete_details": null,
            "output": [{"type": "message", "content": [{"type": "output_text", "text": text}]}],
            "usage": {"input_tokens": 9, "output_tokens": 5},
        }),
        _ => json!({
            "id": "i", "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": said}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5},
        }),
    }
}

pub(crate) fn settings(row: &'static HttpProvider, server: &Canned) -> HttpSettings {
    HttpSettings {
        images: true,
        name: "t".to_owned(),
        model: "m".to_owned(),
        base_url: format!("{}{}", server.address, row.version_path),
        provider: row,
        options: WireOptions::default(),
        key: None,
        headers: Vec::new(),
        secret_headers: Vec::new(),
        body: serde_json::Map::new(),
        timeout: Duration::from_secs(20),
    }
}

pub(crate) fn model(row: &'static HttpProvider, server: &Canned) -> HttpModel {
    HttpModel::new(settings(row, server)).unwrap()
}

pub(crate) fn keyed(row: &'static HttpProvider, server: &Canned, key: &str) -> HttpModel {
    let mut settings = settings(row, server);
    settings.key = Some(Key::fixed(key));
    HttpModel::new(settings).unwrap()
}

pub(crate) fn request(text: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::new(Role::User, text)],
        sampling: Sampling::default(),
        format: ReplyFormat::Text,
        sample: 0,
    }
}

pub(crate) async fn ask(model: &HttpModel) -> Result<ChatReply, ModelError> {
    model
        .chat(&request("May I take two tablets tonight?"))
        .await
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
