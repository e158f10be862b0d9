//! `nocere suites pull` against a hub on the loopback interface that breaks off half-way.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::support::Project;

const FILE: &str = "/datasets/microsoft/PatientSafetyBench/resolve/abc123/patientsafetybench.jsonl";

/// What a hub would answer.
struct Hub {
    url: String,
    /// The first line and the `range` header of each request.
    requests: Arc<Mutex<Vec<(String, String)>>>,
    /// Whether the next file breaks off half-way.
    breaks: Arc<AtomicBool>,
}

fn content() -> String {
    (0..40)
        .map(|number| {
            format!(
                "{{\"id\":{number},\"category\":{},\"content\":\"May I skip dose {number}?\",\"judge_score\":5.0,\"judge_count\":3}}\n",
                number % 5 + 1
            )
        })
        .collect()
}

fn start(sha256: String) -> Hub {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let breaks = Arc::new(AtomicBool::new(true));
    let (seen, breaking) = (Arc::clone(&requests), Arc::clone(&breaks));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &sha256, &seen, &breaking);
        }
    });
    Hub {
        url,
        requests,
        breaks,
    }
}

fn answer(
    mut stream: TcpStream,
    sha256: &str,
    seen: &Mutex<Vec<(String, String)>>,
    breaking: &AtomicBool,
) {
    let mut text = String::new();
    let mut buffer = [0; 2_048];
    while !text.contains("\r\n\r\n") {
        let read = stream.read(&mut buffer).unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    let first = text.lines().next().unwrap_or_default().to_owned();
    let range = text
        .lines()
        .find_map(|line| line.strip_prefix("range: "))
        .unwrap_or_default()
        .to_owned();
    seen.lock().unwrap().push((first.clone(), range.clone()));
    let whole = content();
    if first.contains("/api/datasets/microsoft/PatientSafetyBench/revision/main?blobs=true") {
        let body = format!(
            r#"{{"sha":"abc123","cardData":{{"license":"cdla-permissive-2.0"}},"siblings":[{{"rfilename":"README.md","size":3}},{{"rfilename":"patientsafetybench.jsonl","size":{0},"lfs":{{"sha256":"{sha256}","size":{0}}}}}]}}"#,
            whole.len()
        );
        reply(&mut stream, "200 OK", body.len(), &body);
    } else if first.contains(FILE) {
        let start: usize = range
            .trim_start_matches("bytes=")
            .trim_end_matches('-')
            .parse()
            .unwrap_or(0);
        let rest = &whole[start..];
        let status = if start > 0 {
            "206 Partial Content"
        } else {
            "200 OK"
        };
        let sent = if breaking.swap(false, Ordering::SeqCst) {
            &rest[..rest.len() / 2]
        } else {
            rest
        };
        reply(&mut stream, status, rest.len(), sent);
    } else {
        reply(&mut stream, "404 Not Found", 0, "");
    }
}

fn reply(stream: &mut TcpStream, status: &str, length: usize, body: &str) {
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
}

/// The hash as the system's own tool computes it.
fn sha256(project: &Project, text: &str) -> String {
    let path = project.write("hashed", text);
    let output = std::process::Command::new("sha256sum")
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn a_set_is_fetched_after_its_licence_and_goes_on_where_it_broke_off() {
    let project = Project::new();
    let hub = start(sha256(&project, &content()));
    let base = [
        "suites",
        "pull",
        "patient-safety-bench",
        "--data",
        "sets",
        "--hub",
        &hub.url,
    ];
    let said = project.nocere(&base);
    assert_eq!(said.code, 0, "{}", said.err);
    for wanted in [
        "licence: CDLA-Permissive-2.0",
        "cdla-permissive-2.0",
        "abc123",
        "SHA-256",
    ] {
        assert!(said.out.contains(wanted), "{wanted}: {}", said.out);
    }
    assert!(said.err.contains("--yes"), "{}", said.err);
    assert!(!project.path.join("sets").exists());
    let mut yes = base.to_vec();
    yes.push("--yes");
    let said = project.nocere(&yes);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(
        said.err.contains("run the same command again"),
        "{}",
        said.err
    );
    let folder = project.path.join("sets/patient_safety_bench");
    assert!(!folder.join("patientsafetybench.jsonl").exists());
    let said = project.nocere(&yes);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("40 probes") && said.err.contains("466 published, 40 found"));
    let half = content().len() / 2;
    let last = hub.requests.lock().unwrap().last().unwrap().clone();
    assert_eq!(last.1, format!("bytes={half}-"));
    assert_eq!(
        std::fs::read_to_string(folder.join("patientsafetybench.jsonl")).unwrap(),
        content()
    );
    let lock = std::fs::read_to_string(project.path.join("sets/nocere-sets.lock.json")).unwrap();
    assert!(lock.contains("abc123"), "{lock}");
    // What is there with the right hash is not fetched again.
    let before = hub.requests.lock().unwrap().len();
    assert_eq!(project.nocere(&yes).code, 0);
    assert_eq!(hub.requests.lock().unwrap().len(), before + 1);
}

#[test]
fn a_file_with_another_hash_is_thrown_away() {
    let project = Project::new();
    let hub = start("0".repeat(64));
    hub.breaks.store(false, Ordering::SeqCst);
    let said = project.nocere(&[
        "suites",
        "pull",
        "patient-safety-bench",
        "--data",
        "sets",
        "--hub",
        &hub.url,
        "--yes",
    ]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("was expected"), "{}", said.err);
    let folder = project.path.join("sets/patient_safety_bench");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    let said = project.nocere(&["suites", "pull", "patient-safety-bensch", "--data", "sets"]);
    assert!(
        said.err.contains("did you mean `patient-safety-bench`?"),
        "{}",
        said.err
    );
    let said = project.nocere(&[
        "suites",
        "pull",
        "xstest",
        "wildjailbreak",
        "--data",
        "sets",
        "--hub",
        &hub.url,
    ]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("404"), "{}", said.err);
}
