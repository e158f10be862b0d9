//! A protocol says which suites, judges and sampling belong together.

use std::path::Path;

use nocere_core::Suite;
use nocere_suites::{BUILTIN, builtin, load};
use serde::Deserialize;

use crate::{config::nearest, failure::Failure};

const EMBEDDED: [(&str, &str); 2] = [
    ("demo", include_str!("../../../assets/protocols/demo.yaml")),
    (
        "triads",
        include_str!("../../../assets/protocols/triads.yaml"),
    ),
];

/// A protocol file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Protocol {
    #[serde(rename = "nocere_protocol")]
    format: u32,
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) suites: Vec<String>,
    pub(crate) judges: Vec<String>,
    #[serde(default)]
    pub(crate) limit: Option<usize>,
    #[serde(default)]
    pub(crate) sampling: ProtocolSampling,
}

/// Sampling that a protocol asks for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProtocolSampling {
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    #[serde(default)]
    pub(crate) top_p: Option<f32>,
    #[serde(default)]
    pub(crate) max_tokens: Option<u32>,
}

/// What was named on the command line, loaded.
pub(crate) struct Loaded {
    pub(crate) suites: Vec<Suite>,
    pub(crate) judges: Vec<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) sampling: ProtocolSampling,
}

/// The embedded protocols.
pub(crate) fn embedded() -> Result<Vec<Protocol>, Failure> {
    EMBEDDED
        .into_iter()
        .map(|(name, text)| parse(&format!("assets/protocols/{name}.yaml"), text))
        .collect()
}

fn parse(path: &str, text: &str) -> Result<Protocol, Failure> {
    let protocol: Protocol = serde_saphyr::from_str(text)
        .map_err(|error| Failure::usage(format!("{path}: {}", error.without_snippet())))?;
    if protocol.format == 1 {
        Ok(protocol)
    } else {
        Err(Failure::usage(format!(
            "{path}: `nocere_protocol` must be 1"
        )))
    }
}

/// Loads what `names` say: one protocol, or suites by name or path.
pub(crate) fn resolve(names: &[String]) -> Result<Loaded, Failure> {
    if let [name] = names
        && let Some(protocol) = find_protocol(name)?
    {
        let suites = protocol
            .suites
            .iter()
            .map(|suite| load_suite(suite))
            .collect::<Result<_, _>>()?;
        return Ok(Loaded {
            suites,
            judges: protocol.judges,
            limit: protocol.limit,
            sampling: protocol.sampling,
        });
    }
    let mut suites: Vec<Suite> = Vec::new();
    for name in names {
        if find_protocol(name)?.is_some() {
            return Err(Failure::usage(format!(
                "`{name}` is a protocol; it cannot be combined with others"
            )));
        }
        let suite = load_suite(name)?;
        if suites.iter().any(|known| known.id == suite.id) {
            return Err(Failure::usage(format!(
                "suite `{}` is given twice",
                suite.id
            )));
        }
        suites.push(suite);
    }
    Ok(Loaded {
        suites,
        judges: vec!["refusal".to_owned(), "checks".to_owned()],
        limit: None,
        sampling: ProtocolSampling::default(),
    })
}

fn find_protocol(name: &str) -> Result<Option<Protocol>, Failure> {
    if let Some(protocol) = embedded()?.into_iter().find(|protocol| protocol.id == name) {
        return Ok(Some(protocol));
    }
    let path = Path::new(name);
    let is_yaml = path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml");
    if is_yaml && path.is_file() {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text
            .lines()
            .any(|line| line.starts_with("nocere_protocol:"))
        {
            return parse(name, &text).map(Some);
        }
    }
    Ok(None)
}

/// A built-in suite by name, or the suite at a path.
pub(crate) fn load_suite(name: &str) -> Result<Suite, Failure> {
    if let Some(suite) = builtin(name) {
        return Ok(suite?);
    }
    let path = Path::new(name);
    if path.exists() {
        return Ok(load(path)?);
    }
    let known: Vec<&str> = BUILTIN
        .iter()
        .map(|(id, _)| *id)
        .chain(EMBEDDED.iter().map(|(id, _)| *id))
        .collect();
    let failure = Failure::usage(format!("there is no suite, protocol or file `{name}`"));
    Err(match nearest(name, known.iter().copied()) {
        Some(word) => failure.hint(format!("did you mean `{word}`?")),
        None => failure.hint(format!("built in: {}; or give a path", known.join(", "))),
    })
}
