use std::path::PathBuf;

use nocere_core::{Finish, Locality, Message, ReplyFormat, Role, Sampling};

use super::*;
use crate::{LocalOptions, scratch::unpredictable};

/// A program in the place of nocere: a shell script in a folder with the documents it needs.
struct Program {
    folder: PathBuf,
}

impl Program {
    /// `loaded.bin` says that a model is loaded, `reply.bin` answers the first request.
    fn new(script: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("nocere-child-{}", unpredictable()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, tell: &Tell| {
            let mut bytes = Vec::new();
            send(&mut bytes, tell).unwrap();
            std::fs::write(folder.join(name), bytes).unwrap();
        };
        write(
            "loaded.bin",
            &Tell::Loaded(Loaded {
                identity: ModelIdentity {
                    name: "local:x".to_owned(),
                    provider: "local".to_owned(),
                    model: "x".to_owned(),
                    pin: "sha256:0".to_owned(),
                    settings: String::new(),
                    locality: Locality::InProcess,
                },
                context_tokens: 128,
                notes: Vec::new(),
            }),
        );
        write(
            "reply.bin",
            &Tell::Reply {
                id: 0,
                index: 0,
                result: Ok(ChatReply::of_text("first")),
            },
        );
        write("done.bin", &Tell::Done { id: 0 });
        write(
            "failed.bin",
            &Tell::Failed {
                message: "no template".to_owned(),
                refused: true,
            },
        );
        let script = format!("cd {}\n{script}\n", folder.display());
        std::fs::write(folder.join("script"), script).unwrap();
        Self { folder }
    }

    fn start(&self) -> Result<ChildModel, LocalError> {
        self.start_with("/bin/sh")
    }

    fn start_with(&self, program: &str) -> Result<ChildModel, LocalError> {
        let load = Load {
            name: "x".to_owned(),
            path: PathBuf::from("x.gguf"),
            options: LocalOptions {
                workers: 1,
                threads: 1,
                slots: 1,
            },
        };
        let script = self.folder.join("script");
        ChildModel::start(Path::new(program), &script.display().to_string(), load)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn requests(count: usize) -> Vec<ChatRequest> {
    let request = ChatRequest {
        messages: vec![Message::new(Role::User, "Hi")],
        sampling: Sampling::default(),
        format: ReplyFormat::Text,
        sample: 0,
    };
    vec![request; count]
}

#[test]
fn a_file_on_which_llama_cpp_aborts_is_an_error_with_the_last_words() {
    let program = Program::new(
        "head -c 4 > seen; echo ggml prints here; echo 'noise' >&2; \
         echo \"x.c:7: GGML_ASSERT(n > 0) failed $GGML_NO_BACKTRACE\" >&2; kill -ABRT $$",
    );
    let error = program.start().err().unwrap();
    assert!(matches!(error, LocalError::Refused(_)));
    let said = error.to_string();
    assert!(said.contains("GGML_ASSERT(n > 0) failed 1"), "{said}");
    assert!(
        said.contains("x.gguf") && said.contains("SIGABRT"),
        "{said}"
    );
}

#[test]
fn what_the_child_refuses_is_refused_in_its_words() {
    let error = Program::new("cat failed.bin").start().err().unwrap();
    assert_eq!(error.to_string(), "no template");
    assert!(matches!(error, LocalError::Refused(_)));
}

#[test]
fn a_program_that_cannot_be_started_is_an_error() {
    let program = Program::new("");
    let said = program.start_with("/nowhere/sh").err().unwrap().to_string();
    assert!(said.contains("failed to start a process"), "{said}");
}

#[tokio::test]
async fn a_death_in_a_group_is_fatal_for_what_has_no_answer_and_for_what_follows() {
    let program = Program::new(
        "cat loaded.bin; head -c 200 > seen; cat reply.bin; echo 'out of luck' >&2; kill -SEGV $$",
    );
    let model = program.start().unwrap();
    assert_eq!(model.identity().pin, "sha256:0");
    assert_eq!(model.grouping().unwrap().size, GROUP_SIZE);
    let replies = model.chat_group(&requests(3), &|| ()).await;
    assert_eq!(replies[0].as_ref().unwrap().text, "first");
    assert_eq!(replies[0].as_ref().unwrap().finish, Finish::Stop);
    for reply in &replies[1..] {
        let Err(ModelError::Fatal { message }) = reply else {
            panic!("{reply:?}")
        };
        assert!(
            message.contains("out of luck") && message.contains("local:x"),
            "{message}"
        );
    }
    assert!(matches!(
        model.chat(&requests(1)[0]).await,
        Err(ModelError::Fatal { .. })
    ));
}

#[tokio::test]
async fn noise_on_its_output_ends_the_child_and_not_the_parent() {
    let program =
        Program::new("cat loaded.bin; head -c 200 > seen; echo 'warning: noise'; sleep 60");
    let model = program.start().unwrap();
    let replies = model.chat_group(&requests(1), &|| ()).await;
    assert!(matches!(replies[0], Err(ModelError::Fatal { .. })));
}

#[tokio::test]
async fn a_group_that_nobody_waits_for_is_cancelled_and_the_child_ends_with_its_model() {
    let program = Program::new("echo $$ > pid; cat loaded.bin; cat > seen");
    let model = program.start().unwrap();
    let group = requests(2);
    let waited = tokio::time::timeout(Duration::from_millis(200), model.chat_group(&group, &|| ()));
    assert!(waited.await.is_err());
    drop(model);
    let seen = program.folder.join("seen");
    let seen = || String::from_utf8_lossy(&std::fs::read(&seen).unwrap()).into_owned();
    for _ in 0..200 {
        if seen().contains("\"Cancel\"") {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let seen = seen();
    assert!(
        seen.contains("\"Group\"") && seen.contains("\"Cancel\""),
        "{seen}"
    );
    let pid = std::fs::read_to_string(program.folder.join("pid")).unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{}", pid.trim())).exists());
}
