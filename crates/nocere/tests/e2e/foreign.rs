//! What lies in the current folder is data: it is neither executed nor followed.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use crate::support::Project;

/// A program in the current folder that leaves a mark when it runs.
fn plant(project: &Project) {
    let mark = "open(__file__ + '.RAN', 'w')\n";
    for name in [
        "pip/__main__.py",
        "pip/__init__.py",
        "pip.py",
        "runpy.py",
        "site.py",
        "encodings.py",
        "os.py",
        "sitecustomize.py",
        "usercustomize.py",
    ] {
        project.write(name, mark);
    }
    for name in ["python3", "python", "gdb"] {
        let path = project.write(name, "#!/bin/sh\ntouch \"$0.RAN\"\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

fn marks(project: &Project) -> Vec<String> {
    let inside = ["", "pip"].map(|folder| project.path.join(folder));
    inside
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".RAN"))
        .collect()
}

#[test]
fn python_does_not_import_from_the_current_folder() {
    let project = Project::new();
    plant(&project);
    let models = project.path.join("models").display().to_string();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = format!(".::{}", path.to_string_lossy());
    for args in [
        vec!["doctor", "--models-dir", &models],
        vec!["models", "pull", "smollm2-135m", "--models-dir", &models],
    ] {
        project
            .command(&args)
            .env("PATH", &path)
            .env("PYTHONPATH", &project.path)
            // No index: pip ends at once.
            .env("PIP_NO_INDEX", "1")
            .output()
            .unwrap();
        assert_eq!(marks(&project), Vec::<String>::new(), "{args:?}");
    }
}

#[test]
fn a_download_stops_at_the_known_size_and_leaves_nothing() {
    let project = Project::new();
    let models = project.path.join("models").display().to_string();
    for announced in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/m.gguf", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let length = if announced {
                "content-length: 999999999999\r\n"
            } else {
                ""
            };
            let head = format!("HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let chunk = vec![0; 1 << 20];
            // Far more than the model has, or until the client has had enough.
            (0..1000)
                .take_while(|_| stream.write_all(&chunk).is_ok())
                .count()
        });
        let said = project.nocere(&[
            "models",
            "pull",
            "smollm2-135m",
            "--from",
            &url,
            "--models-dir",
            &models,
        ]);
        assert_eq!(said.code, 3, "{}", said.err);
        assert!(
            said.err.contains("longer than 98362432 bytes"),
            "{}",
            said.err
        );
        assert!(server.join().unwrap() < 150);
        let left: Vec<_> = std::fs::read_dir(project.path.join("models/.partial"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["lock"]);
    }
}
