//! A real browser that looks at a page.
#![expect(clippy::unwrap_used, clippy::panic, reason = "for tests only")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::TempFolder;

/// A Chromium, and the text of axe-core.
#[derive(Debug)]
pub struct Browser {
    pub(crate) program: PathBuf,
    pub(crate) axe: String,
}

impl Browser {
    /// What a script finds wrong with a page, all details open. The script runs behind axe-core and
    /// posts its lines to the parent window; the last one is `checked`.
    ///
    /// # Panics
    ///
    /// The page cannot be read, or the browser or the script does not end.
    pub fn faults(&self, page: &Path, dark: bool, width: u32, script: &str) -> Vec<String> {
        let html = std::fs::read_to_string(page).unwrap();
        // The page's own policy forbids every script; it is tested by what the page holds.
        let policy = html
            .find("<meta http-equiv=\"Content-Security-Policy\"")
            .unwrap();
        let end = policy + html[policy..].find('>').unwrap();
        let mut copy = format!("{}{}", &html[..policy], &html[end + 1..]);
        copy = copy.replace("<details", "<details open");
        if dark {
            copy = copy.replace("@media (prefers-color-scheme:dark)", "@media all");
        }
        copy = copy.replace(
            "</body>",
            &format!(
                "<script>{}</script><script>{script}</script></body>",
                self.axe
            ),
        );
        let folder = TempFolder::new("browser");
        std::fs::write(folder.path().join("page.html"), copy).unwrap();
        // A window has a least width, a frame has none.
        let path = folder.path().join("frame.html");
        let frame = format!(
            "<!doctype html><title>frame</title><script>onmessage = (event) => {{ \
             const result = document.createElement('pre'); result.id = 'check-result'; \
             result.textContent = event.data; document.body.append(result); }}</script>\
             <body><iframe src=page.html style=\"width:{width}px;height:900px;border:0\"></iframe>"
        );
        std::fs::write(&path, frame).unwrap();
        let ran = Command::new(&self.program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
            ])
            .args(["--no-first-run", "--disable-background-networking"])
            .args([
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
            ])
            .args(["--dump-dom", "--virtual-time-budget=60000"])
            .arg("--window-size=1300,1000")
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg(format!("file://{}", path.display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&ran.stdout);
        let start = "<pre id=\"check-result\">";
        let at = dom.rfind(start).unwrap_or_else(|| {
            panic!(
                "the page was not checked: {}",
                String::from_utf8_lossy(&ran.stderr)
            )
        });
        let result = &dom[at + start.len()..];
        let result = &result[..result.find("</pre>").unwrap()];
        let mut lines: Vec<String> = result
            .lines()
            .filter(|line| !line.is_empty())
            .map(ToOwned::to_owned)
            .collect();
        assert_eq!(lines.pop().as_deref(), Some("checked"));
        lines
    }
}
