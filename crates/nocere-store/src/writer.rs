//! The one thread that writes: it takes what is waiting and commits it together.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
};

use rusqlite::{Connection, params_from_iter};
use tokio::sync::oneshot;

use crate::StoreError;

/// Most requests in one transaction.
const GROUP: usize = 256;
/// Requests that may wait before callers are held back.
const WAITING: usize = 1024;

/// One statement with its values.
pub(crate) struct Write {
    statement: &'static str,
    values: Vec<String>,
}

impl Write {
    pub(crate) fn new<'a>(
        statement: &'static str,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            statement,
            values: values.into_iter().map(str::to_owned).collect(),
        }
    }
}

struct Request {
    writes: Vec<Write>,
    done: oneshot::Sender<Result<(), String>>,
}

pub(crate) struct Writer {
    path: PathBuf,
    requests: Option<mpsc::SyncSender<Request>>,
    connection: Arc<Mutex<Connection>>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// The first error, kept as it was, because a string would lose its kind.
    failure: Arc<Mutex<Option<StoreError>>>,
}

impl Writer {
    pub(crate) fn start(path: PathBuf, connection: Connection) -> Self {
        let (requests, incoming) = mpsc::sync_channel(WAITING);
        let connection = Arc::new(Mutex::new(connection));
        let failure = Arc::new(Mutex::new(None));
        let thread = {
            let (path, connection, failure) =
                (path.clone(), Arc::clone(&connection), Arc::clone(&failure));
            std::thread::Builder::new()
                .name("nocere-journal".to_owned())
                .spawn(move || run(&path, &connection, &incoming, &failure))
                .ok()
        };
        Self {
            path,
            requests: Some(requests),
            connection,
            thread,
            failure,
        }
    }

    /// Commits `writes` together with whatever else is waiting; returns once they are on
    /// disk.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let Some(requests) = &self.requests else {
            return Err(StoreError::WriterStopped("it was closed".to_owned()));
        };
        if requests.send(Request { writes, done }).is_err() {
            return Err(self.stopped("its thread is gone"));
        }
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(self.stopped(&message)),
            Err(_) => Err(self.stopped("its thread is gone")),
        }
    }

    /// Runs a short statement on the writing connection, between two groups.
    pub(crate) fn with_connection<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self
            .connection
            .lock()
            .map_err(|_| StoreError::WriterStopped("it panicked".to_owned()))?;
        query(&connection).map_err(|error| StoreError::from_sql(&self.path, &error))
    }

    fn stopped(&self, message: &str) -> StoreError {
        self.failure
            .lock()
            .ok()
            .and_then(|mut failure| failure.take())
            .unwrap_or_else(|| StoreError::WriterStopped(message.to_owned()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the channel lets the thread finish what is waiting.
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    path: &std::path::Path,
    connection: &Mutex<Connection>,
    incoming: &mpsc::Receiver<Request>,
    failure: &Mutex<Option<StoreError>>,
) {
    while let Ok(first) = incoming.recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(request) = incoming.try_recv()
        {
            group.push(request);
        }
        let result = match connection.lock() {
            Ok(mut connection) => commit_group(&mut connection, &group),
            Err(_) => return,
        };
        let message = result.err().map(|error| {
            let text = error.to_string();
            if let Ok(mut slot) = failure.lock() {
                slot.get_or_insert_with(|| StoreError::from_sql(path, &error));
            }
            text
        });
        for request in group {
            // A caller that went away no longer wants to know.
            let _ = request.done.send(message.clone().map_or(Ok(()), Err));
        }
    }
}

fn commit_group(connection: &mut Connection, group: &[Request]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for write in group.iter().flat_map(|request| &request.writes) {
        transaction
            .prepare_cached(write.statement)?
            .execute(params_from_iter(&write.values))?;
    }
    transaction.commit()
}
