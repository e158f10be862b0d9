//! Fetches a file over HTTP, going on where an earlier attempt stopped.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use thiserror::Error;

/// Why a download failed.
#[derive(Debug, Error)]
pub enum DownloadError {
    /// The server or the line.
    #[error("failed to download {url}: {message}; run the same command again to go on")]
    Http {
        /// As given.
        url: String,
        /// What happened.
        message: String,
    },
    /// The disk.
    #[error("failed to write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Downloads `url` to `path`. What is in `path` already is kept and continued if the server
/// can; `progress` gets bytes so far and, if known, in all.
pub async fn download(
    url: &str,
    path: &Path,
    progress: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Result<(), DownloadError> {
    let http = |message: String| DownloadError::Http {
        url: url.to_owned(),
        message,
    };
    let write = |source| DownloadError::Write {
        path: path.to_owned(),
        source,
    };
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .build()
        .map_err(|error| http(error.to_string()))?;
    let have = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut request = client.get(url);
    if have > 0 {
        request = request.header("range", format!("bytes={have}-"));
    }
    let mut response = request
        .send()
        .await
        .map_err(|error| http(error.to_string()))?;
    let status = response.status();
    if status.as_u16() == 416 {
        // Nothing is left to fetch: the caller's hash check decides whether it is right.
        return Ok(());
    }
    if !status.is_success() {
        return Err(http(format!("the server answered {status}")));
    }
    let resumed = status.as_u16() == 206;
    let mut done = if resumed { have } else { 0 };
    let total = response.content_length().map(|rest| rest + done);
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
        file.write_all(&chunk).map_err(write)?;
        done += chunk.len() as u64;
        progress(done, total);
    }
    file.sync_all().map_err(write)
}
