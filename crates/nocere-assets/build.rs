//! Writes the table of all files under `assets/`: a new asset needs no line of code.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

fn main() {
    // Asked when the script runs: one that was compiled elsewhere may be run again here.
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = here.join("../../assets");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files);
    if files.is_empty() {
        println!("cargo::error=there are no assets in {}", root.display());
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let inside = file.strip_prefix(&root).unwrap_or(&file);
        let name = inside.to_string_lossy().replace('\\', "/");
        // Debug output of a string is a literal of Rust.
        let file = file.to_string_lossy();
        let _ = writeln!(table, "    ({name:?}, include_bytes!({file:?})),");
    }
    table.push(']');
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(error) = std::fs::write(out.join("assets.rs"), table) {
        println!("cargo::error=failed to write the table of assets: {error}");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            println!("cargo::error=failed to read {}: {error}", folder.display());
            return;
        }
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            // Data to train from is not for the program.
            if path.file_name().is_none_or(|name| name != "training") {
                collect(&path, files);
            }
        } else {
            files.push(path);
        }
    }
}
