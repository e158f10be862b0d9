//! A page as a PDF, printed by an installed Chromium.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use nocere_core::clock::Stopwatch;
use nocere_project::{ProjectError, replace_folder};

/// Names under which a Chromium is installed.
const NAMES: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
];
/// Where it lies on macOS, which puts it on no path.
const PLACES: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints `html` to `path`.
pub(super) fn print(html: &str, path: &Path) -> Result<(), ProjectError> {
    let Some(browser) = browser() else {
        return Err(ProjectError::infrastructure(
            "a PDF needs Chromium or Chrome, and none is installed",
        )
        .hint(
            "install Chromium, name it with NOCERE_CHROMIUM, or print the page from any browser",
        ));
    };
    // A folder of its own: the browser also wants one for its profile.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".printing");
    let folder = path.with_file_name(name);
    let nothing = |_: &str| false;
    let printed = replace_folder(&folder, &nothing, |place| {
        let page = place.join("page.html");
        std::fs::write(&page, html).map_err(|error| failed(path, &error))?;
        let pdf = place.join("page.pdf");
        run(&browser, place, &page, &pdf, path)?;
        std::fs::rename(&pdf, path).map_err(|error| failed(path, &error))
    });
    let _ = std::fs::remove_dir_all(&folder);
    printed
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> ProjectError {
    ProjectError::infrastructure(format!("failed to write {}: {error}", path.display()))
}

fn run(
    browser: &Path,
    place: &Path,
    page: &Path,
    pdf: &Path,
    path: &Path,
) -> Result<(), ProjectError> {
    let page = std::path::absolute(page).map_err(|error| failed(path, &error))?;
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-sync",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .arg("--no-pdf-header-footer")
        .arg(format!(
            "--user-data-dir={}",
            place.join("profile").display()
        ))
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(format!("file://{}", url_path(&page)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Chromium refuses its sandbox to root; the page has no script and loads nothing.
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    let name = browser.display();
    let mut child = command.spawn().map_err(|error| {
        ProjectError::infrastructure(format!("failed to start {name}: {error}"))
    })?;
    let started = Stopwatch::start();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() && pdf.is_file() => return Ok(()),
            Ok(Some(status)) => {
                return Err(ProjectError::infrastructure(format!(
                    "{name} printed no PDF ({status})"
                )));
            }
            Ok(None) if started.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(ProjectError::infrastructure(format!(
                    "{name} did not print the PDF in {} s",
                    PATIENCE.as_secs()
                )));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(50)),
            Err(error) => return Err(failed(path, &error)),
        }
    }
}

/// A path as part of an address: a folder may be called `a#b`.
fn url_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// The browser that `NOCERE_CHROMIUM` names, or one that is installed.
fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("NOCERE_CHROMIUM") {
        return Some(named.into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&folders)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|path| path.is_file());
    on_path.or_else(|| {
        PLACES
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.is_file())
    })
}
