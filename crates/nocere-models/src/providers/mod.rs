//! Everything that answers over HTTP: one row for each provider, and one file for each wire
//! format. A new provider is a row here; configuration, help and tests read the table.

mod anthropic;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_responses;

use std::fmt;

use self::{
    anthropic::Anthropic, gemini::Gemini, ollama::Ollama, openai_chat::OpenAiChat,
    openai_responses::OpenAiResponses,
};
use crate::wire::Wire;

/// A provider that answers over HTTP.
pub struct HttpProvider {
    /// Its name, as in `PROVIDER:MODEL`.
    pub name: &'static str,
    /// The address that is the same for everybody, up to and including the version part;
    /// `None` if each customer has one.
    pub base_url: Option<&'static str>,
    /// How to write an address, for providers where each customer has one.
    pub address_hint: Option<&'static str>,
    /// The version part of an address, such as `/v1`; empty if addresses have none.
    pub version_path: &'static str,
    /// Where the key is if nothing else is said, as `env:NAME`; `None` if none is needed.
    pub key: Option<&'static str>,
    /// The usual `api-version` of the address's query; `None` if addresses have none.
    pub api_version: Option<&'static str>,
    /// What its replies can say instead of an answer.
    pub withholds: &'static [Withheld],
    /// What else it understands.
    pub options: &'static [ProviderOption],
    wire: fn(&WireOptions) -> Box<dyn Wire>,
}

/// Why a reply can hold no answer, as far as a provider's format has a word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// The provider's filter or classifier withheld the answer.
    Filtered,
    /// The model refused, said in a field of its own.
    Refused,
}

/// What some providers understand and others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderOption {
    /// Replies as server-sent events.
    Stream,
    /// An Entra token instead of a key.
    EntraToken,
    /// Strings that end an answer.
    Stop,
}

/// What the user chose of a provider's options.
#[derive(Clone, Debug, Default)]
pub struct WireOptions {
    /// Ask for the reply as server-sent events.
    pub stream: bool,
    /// True if the key is an Entra token, false if it is a resource key.
    pub entra: bool,
    /// Version of the API, instead of the provider's usual one.
    pub api_version: Option<String>,
}

/// All providers that answer over HTTP. vLLM, llama.cpp's server, LM Studio and most gateways
/// are `openai` with a `base_url`.
pub static HTTP_PROVIDERS: [HttpProvider; 6] = [
    HttpProvider {
        name: "openai",
        base_url: Some("https://api.openai.com/v1"),
        address_hint: None,
        version_path: "/v1",
        key: Some("env:OPENAI_API_KEY"),
        api_version: None,
        withholds: &[Withheld::Filtered, Withheld::Refused],
        options: &[ProviderOption::Stream, ProviderOption::Stop],
        wire: |options| Box::new(OpenAiChat::plain(options.stream)),
    },
    HttpProvider {
        name: "openai-responses",
        base_url: Some("https://api.openai.com/v1"),
        address_hint: None,
        version_path: "/v1",
        key: Some("env:OPENAI_API_KEY"),
        api_version: None,
        withholds: &[Withheld::Filtered, Withheld::Refused],
        options: &[],
        wire: |_| Box::new(OpenAiResponses),
    },
    HttpProvider {
        name: "azure",
        base_url: None,
        address_hint: Some(
            "write `base_url: https://NAME.openai.azure.com`, or `azure:DEPLOYMENT@https://NAME.openai.azure.com`",
        ),
        version_path: "",
        key: Some("env:AZURE_OPENAI_API_KEY"),
        api_version: Some("2024-10-21"),
        withholds: &[Withheld::Filtered, Withheld::Refused],
        options: &[ProviderOption::EntraToken, ProviderOption::Stop],
        wire: |options| Box::new(OpenAiChat::azure(options.entra)),
    },
    HttpProvider {
        name: "anthropic",
        base_url: Some("https://api.anthropic.com/v1"),
        address_hint: None,
        version_path: "/v1",
        key: Some("env:ANTHROPIC_API_KEY"),
        api_version: None,
        withholds: &[Withheld::Filtered],
        options: &[ProviderOption::Stop],
        wire: |_| Box::new(Anthropic),
    },
    HttpProvider {
        name: "gemini",
        base_url: Some("https://generativelanguage.googleapis.com/v1beta"),
        address_hint: None,
        version_path: "/v1beta",
        key: Some("env:GEMINI_API_KEY"),
        api_version: None,
        withholds: &[Withheld::Filtered],
        options: &[ProviderOption::Stop],
        wire: |_| Box::new(Gemini),
    },
    HttpProvider {
        name: "ollama",
        base_url: Some("http://127.0.0.1:11434"),
        address_hint: None,
        version_path: "",
        key: None,
        api_version: None,
        withholds: &[],
        options: &[ProviderOption::Stop],
        wire: |_| Box::new(Ollama),
    },
];

impl HttpProvider {
    /// The provider with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        HTTP_PROVIDERS.iter().find(|provider| provider.name == name)
    }

    /// Whether it understands `option`.
    pub fn has(&self, option: ProviderOption) -> bool {
        self.options.contains(&option)
    }

    pub(crate) fn wire(&self, options: &WireOptions) -> Box<dyn Wire> {
        (self.wire)(options)
    }
}

/// A provider is its name.
impl PartialEq for HttpProvider {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for HttpProvider {}

impl fmt::Debug for HttpProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_unique_and_addresses_end_with_their_version() {
        for (place, provider) in HTTP_PROVIDERS.iter().enumerate() {
            let first = HTTP_PROVIDERS.iter().position(|other| other == provider);
            assert_eq!(first, Some(place), "{provider:?}");
            if let Some(url) = provider.base_url {
                assert!(url.ends_with(provider.version_path), "{provider:?}");
            }
        }
    }

    #[test]
    fn images_are_written_as_each_provider_documents_it() {
        let part = nocere_core::keep_image("image/png", b"pixels of a test".to_vec());
        let mut message = nocere_core::Message::new(nocere_core::Role::User, "What is it?");
        message.parts.insert(0, part);
        let request = nocere_core::ChatRequest {
            messages: vec![message],
            sampling: nocere_core::Sampling::default(),
            format: nocere_core::ReplyFormat::Text,
            sample: 0,
        };
        let data = "cGl4ZWxzIG9mIGEgdGVzdA==";
        let address = format!("data:image/png;base64,{data}");
        let text = |kind: &str| json!({"type": kind, "text": "What is it?"});
        let source = json!({"type": "base64", "media_type": "image/png", "data": data});
        let inline = json!({"mimeType": "image/png", "data": data});
        for (provider, pointer, wanted) in [
            (
                "openai",
                "/messages/0/content",
                json!([{"type": "image_url", "image_url": {"url": address}}, text("text")]),
            ),
            (
                "openai-responses",
                "/input/0/content",
                json!([{"type": "input_image", "image_url": address}, text("input_text")]),
            ),
            (
                "anthropic",
                "/messages/0/content",
                json!([{"type": "image", "source": source}, text("text")]),
            ),
            (
                "gemini",
                "/contents/0/parts",
                json!([{"inlineData": inline}, {"text": "What is it?"}]),
            ),
            ("ollama", "/messages/0/images", json!([data])),
        ] {
            let row = HTTP_PROVIDERS
                .iter()
                .find(|row| row.name == provider)
                .unwrap();
            let options = WireOptions {
                stream: false,
                entra: false,
                api_version: None,
            };
            let body = (row.wire)(&options).body("m", &request);
            assert_eq!(body.pointer(pointer), Some(&wanted), "{provider}");
        }
    }
}
