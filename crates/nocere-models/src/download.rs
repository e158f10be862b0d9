//! Downloads files over HTTP and resumes where an earlier attempt stopped. Checking the
//! content is the caller's job.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use nocere_core::secrets::shown_address;
use thiserror::Error;

use crate::Key;

/// Largest JSON document that is read, in bytes.
const MAX_JSON_BYTES: usize = 16 * 1024 * 1024;

/// Why a download failed.
#[derive(Debug, Error)]
pub enum DownloadError {
    /// The server or the network failed.
    #[error("failed to download {url}: {message}; run the same command again to go on")]
    Http {
        /// Address without secrets.
        url: String,
        /// What happened, in one line.
        message: String,
    },
    /// The file could not be written.
    #[error("failed to write {path}: {source}")]
    Write {
        /// Path of the file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
}

/// Fetches a JSON document of at most 16 MiB. `token`, if given, is sent as a bearer token.
///
/// # Errors
///
/// If the server cannot be reached, does not answer with success, or sends too much or
/// something other than JSON.
pub async fn fetch_json(
    url: &str,
    token: Option<&Key>,
) -> Result<serde_json::Value, DownloadError> {
    let http = |message: String| DownloadError::Http {
        url: shown_address(url),
        message,
    };
    let mut response = client()
        .map_err(|error| http(error.to_string()))
        .map(|client| with_token(client.get(url), token))?
        .send()
        .await
        .map_err(|error| http(error.to_string()))?;
    let status = response.status();
    if !status.is_success() {
        return Err(http(refused(status)));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| http(error.to_string()))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_JSON_BYTES {
            return Err(http(format!("more than {MAX_JSON_BYTES} bytes of JSON")));
        }
    }
    serde_json::from_slice(&body).map_err(|error| http(format!("no JSON: {error}")))
}

fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .build()
}

fn with_token(request: reqwest::RequestBuilder, token: Option<&Key>) -> reqwest::RequestBuilder {
    match token {
        Some(token) => request.bearer_auth(token.expose()),
        None => request,
    }
}

fn refused(status: reqwest::StatusCode) -> String {
    if matches!(status.as_u16(), 401 | 403) {
        format!(
            "the server answered {status}: it asks for an account or for its terms to be accepted"
        )
    } else {
        format!("the server answered {status}")
    }
}

/// Downloads `url` to `path`. A partial file at `path` is continued if the server supports
/// ranges, and overwritten otherwise. `token`, if given, is sent as a bearer token. At most `most`
/// bytes are taken in all: a longer file is deleted. `progress` receives the number of bytes so far and, if known, the total.
///
/// # Errors
///
/// If the server cannot be reached, does not answer with success or breaks the connection
/// (what has arrived is kept), if the file is longer than `most`, or if it cannot be written (it
/// is deleted then: half a file should not fill a full disk).
pub async fn download(
    url: &str,
    path: &Path,
    token: Option<&Key>,
    most: u64,
    progress: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Result<(), DownloadError> {
    let http = |message: String| DownloadError::Http {
        url: shown_address(url),
        message,
    };
    let write = |source| DownloadError::Write {
        path: path.to_owned(),
        source,
    };
    let client = client().map_err(|error| http(error.to_string()))?;
    let have = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut request = with_token(client.get(url), token);
    if have > 0 {
        request = request.header("range", format!("bytes={have}-"));
    }
    let mut response = request
        .send()
        .await
        .map_err(|error| http(error.to_string()))?;
    let status = response.status();
    if status.as_u16() == 416 {
        // 416: nothing is left to fetch. The caller's hash check decides if the file is right.
        return Ok(());
    }
    if !status.is_success() {
        return Err(http(refused(status)));
    }
    let resumed = status.as_u16() == 206;
    let mut done = if resumed { have } else { 0 };
    let total = response
        .content_length()
        .map(|rest| rest.saturating_add(done));
    let too_long = || {
        let _ = std::fs::remove_file(path);
        http(format!("it is longer than {most} bytes; nothing was kept"))
    };
    if total.is_some_and(|total| total > most) {
        return Err(too_long());
    }
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .append(resumed)
        .truncate(!resumed)
        .open(path)
        .map_err(write)?;
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| http(error.to_string()))?
    {
        done += chunk.len() as u64;
        if done > most {
            return Err(too_long());
        }
        if let Err(error) = file.write_all(&chunk) {
            let _ = std::fs::remove_file(path);
            return Err(write(error));
        }
        progress(done, total);
    }
    file.sync_all().map_err(write)
}
