//! The writer thread: takes all waiting requests, serialises them and commits them in one
//! transaction, so that async callers only move values.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use nocere_core::{ChatReply, ContentHash, Judged, ModelError, Spending, Transcript};
use rusqlite::{Connection, Transaction, params};
use tokio::sync::{mpsc, oneshot};

use crate::{AttemptRecord, CallRecord, StoreError, schema};

/// Maximum number of requests in one transaction.
const GROUP: usize = 512;
/// Number of waiting requests above which callers have to wait.
const WAITING: usize = 2_048;

const INSERT_CALL: &str = "INSERT OR IGNORE INTO calls (key, model, purpose, reply, attempts, cost, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, row_sum('calls', ?1, ?2, ?3, ?5, ?6, ?4))";
const INSERT_ATTEMPT: &str = "INSERT INTO attempts (key, number, at, model, problem, latency_ms, wait_ms, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, row_sum('attempts', ?1, ?2, ?3, ?4, ?5, ?6, ?7))";
const INSERT_TRANSCRIPT: &str = "INSERT OR REPLACE INTO transcripts (unit, json, sum) VALUES (?1, ?2, row_sum('transcripts', ?1, ?2))";
const INSERT_VERDICT: &str = "
    INSERT OR REPLACE INTO verdicts (unit, instrument, json, sum)
    SELECT ?1, id, ?3, row_sum('verdicts', ?1, id, ?3) FROM instruments WHERE hash = ?2";
const FINISH_UNIT: &str = "UPDATE units SET state = 1, judged = (SELECT count(*) FROM verdicts WHERE unit = ?1) WHERE seq = ?1 AND state <> 1 RETURNING target";
const COUNT_DONE: &str = "UPDATE targets SET done = done + ?2 WHERE id = ?1";
const ADD_SPENDING: &str = "
    INSERT INTO spending (model, calls, requests, input_tokens, output_tokens, cost, unpriced, failed, unanswered, sum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)
    ON CONFLICT (model) DO UPDATE SET
        calls = min(calls + excluded.calls, 1 << 61),
        requests = min(requests + excluded.requests, 1 << 61),
        input_tokens = min(input_tokens + excluded.input_tokens, 1 << 61),
        output_tokens = min(output_tokens + excluded.output_tokens, 1 << 61),
        cost = max(min(cost + excluded.cost, 1 << 61), 0),
        unpriced = min(unpriced + excluded.unpriced, 1 << 61),
        failed = min(failed + excluded.failed, 1 << 61),
        unanswered = max(min(unanswered + excluded.unanswered, 1 << 61), 0)";
const SUM_SPENDING: &str = "
    UPDATE spending SET sum = row_sum('spending', model, calls, requests, input_tokens, output_tokens, cost, unpriced, failed, unanswered)
    WHERE model = ?1";
/// Largest amount that is added to an account of spending. Two of them never overflow, and sums
/// stop growing there.
const MOST: u64 = 1 << 61;

/// One thing to write.
pub(crate) enum Entry {
    Call(CallRecord),
    Attempt(AttemptRecord),
    Finish(Finished),
}

/// A finished unit: see [`crate::Journal::finish_unit`].
pub(crate) struct Finished {
    pub(crate) seq: i64,
    /// `None` if the journal has it already.
    pub(crate) transcript: Option<Transcript>,
    pub(crate) verdicts: BTreeMap<ContentHash, Judged>,
}

struct Request {
    entries: Vec<Entry>,
    /// Receives the result; `None` for entries whose commit is not awaited.
    done: Option<oneshot::Sender<Result<(), String>>>,
}

pub(crate) struct Writer {
    path: PathBuf,
    requests: Option<mpsc::Sender<Request>>,
    connection: Arc<Mutex<Connection>>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// The first error as a value: the message that callers are sent has lost its kind.
    failure: Arc<Mutex<Option<StoreError>>>,
}

/// Why a group was not committed.
enum Fault {
    Sql(rusqlite::Error),
    Json(serde_json::Error),
    Key,
    Judge,
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl Fault {
    fn into_error(self, path: &Path) -> StoreError {
        match self {
            Self::Sql(error) => StoreError::from_sql(path, &error),
            Self::Json(error) => StoreError::Io {
                path: path.to_owned(),
                message: format!("a record cannot be written: {error}"),
            },
            Self::Judge => StoreError::Io {
                path: path.to_owned(),
                message: "a verdict is of a judge that the run does not have".to_owned(),
            },
            Self::Key => StoreError::Io {
                path: path.to_owned(),
                message: "a call's key is not a hash".to_owned(),
            },
        }
    }
}

impl Writer {
    pub(crate) fn start(path: PathBuf, connection: Connection) -> Self {
        let (requests, incoming) = mpsc::channel(WAITING);
        let connection = Arc::new(Mutex::new(connection));
        let failure = Arc::new(Mutex::new(None));
        let thread = {
            let (path, connection, failure) =
                (path.clone(), Arc::clone(&connection), Arc::clone(&failure));
            std::thread::Builder::new()
                .name("nocere-journal".to_owned())
                .spawn(move || run(&path, &connection, incoming, &failure))
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

    /// Commits `entries`, and whatever else is waiting, in one transaction. Returns once they
    /// are on disk.
    pub(crate) async fn commit(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.send(Request {
            entries,
            done: Some(done),
        })
        .await?;
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(self.stopped(&message)),
            Err(_) => Err(self.stopped("its thread is gone")),
        }
    }

    /// Writes `entry` with the next group, without waiting for the commit.
    pub(crate) async fn note(&self, entry: Entry) -> Result<(), StoreError> {
        self.send(Request {
            entries: vec![entry],
            done: None,
        })
        .await
    }

    async fn send(&self, request: Request) -> Result<(), StoreError> {
        // An entry that nobody waited for has failed: whoever comes next is told.
        let lost = self
            .failure
            .lock()
            .ok()
            .and_then(|mut failure| failure.take());
        if let Some(error) = lost {
            return Err(error);
        }
        let Some(requests) = &self.requests else {
            return Err(StoreError::WriterStopped("it was closed".to_owned()));
        };
        requests
            .send(request)
            .await
            .map_err(|_| self.stopped("its thread is gone"))
    }

    /// Runs short statements on the writing connection, between two groups.
    pub(crate) fn with_connection<T>(
        &self,
        query: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut connection = self
            .connection
            .lock()
            .map_err(|_| StoreError::WriterStopped("it panicked".to_owned()))?;
        query(&mut connection).map_err(|error| StoreError::from_sql(&self.path, &error))
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
        // Closing the channel makes the thread commit what is waiting and then end.
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // A run that rests is one plain file, which can be read where nothing can be written.
        // Fails if somebody else reads it just now; then the log stays beside it.
        if let Ok(connection) = self.connection.lock() {
            // If somebody is still reading, the log stays in place, and nobody has to wait for that.
            let _ = connection.busy_timeout(Duration::ZERO);
            let _ = connection.pragma_update(None, "journal_mode", "DELETE");
        }
    }
}

fn run(
    path: &Path,
    connection: &Mutex<Connection>,
    mut incoming: mpsc::Receiver<Request>,
    failure: &Mutex<Option<StoreError>>,
) {
    while let Some(first) = incoming.blocking_recv() {
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
        let message = result.err().map(|fault| {
            let error = fault.into_error(path);
            let text = error.to_string();
            if let Ok(mut slot) = failure.lock() {
                slot.get_or_insert(error);
            }
            text
        });
        for done in group.into_iter().filter_map(|request| request.done) {
            // Sending fails if the caller was cancelled; it then needs no answer.
            let _ = done.send(message.clone().map_or(Ok(()), Err));
        }
    }
}

fn commit_group(connection: &mut Connection, group: &[Request]) -> Result<(), Fault> {
    let transaction = connection.transaction()?;
    let mut done: BTreeMap<i64, i64> = BTreeMap::new();
    // What each model was asked, and how many attempts failed.
    let mut spent: BTreeMap<&str, (Spending, u64)> = BTreeMap::new();
    for entry in group.iter().flat_map(|request| &request.entries) {
        match entry {
            Entry::Call(call) => {
                if put_call(&transaction, call)? {
                    add(&mut spent.entry(&call.model).or_default().0, call);
                }
            }
            Entry::Attempt(attempt) => {
                put_attempt(&transaction, attempt)?;
                let (model, failed) = spent.entry(&attempt.model).or_default();
                *failed += 1;
                model.requests += 1;
                let may_cost = attempt.may_cost.unwrap_or_default();
                model.cost += may_cost;
                model.unanswered += may_cost;
            }
            Entry::Finish(finished) => {
                if let Some(target) = put_finished(&transaction, finished)? {
                    *done.entry(target).or_default() += 1;
                }
            }
        }
    }
    for (target, count) in done {
        transaction
            .prepare_cached(COUNT_DONE)?
            .execute([target, count])?;
    }
    for (model, (spending, failed)) in spent {
        transaction.prepare_cached(ADD_SPENDING)?.execute(params![
            model,
            within(spending.calls),
            within(spending.requests),
            within(spending.input_tokens),
            within(spending.output_tokens),
            spending.cost.nanos().clamp(0, MOST as i64),
            within(spending.unpriced),
            within(failed),
            spending.unanswered.nanos().clamp(0, MOST as i64)
        ])?;
        transaction.prepare_cached(SUM_SPENDING)?.execute([model])?;
    }
    Ok(transaction.commit()?)
}

fn within(amount: u64) -> i64 {
    amount.min(MOST) as i64
}

fn put_call(transaction: &Transaction<'_>, call: &CallRecord) -> Result<bool, Fault> {
    let key = call.key.to_bytes().ok_or(Fault::Key)?;
    let inserted = transaction.prepare_cached(INSERT_CALL)?.execute(params![
        key,
        call.model,
        call.purpose.as_str(),
        serde_json::to_string(&call.reply)?,
        call.attempts,
        call.cost.map(nocere_core::Money::nanos)
    ])?;
    Ok(inserted == 1)
}

fn add(spending: &mut Spending, call: &CallRecord) {
    let usage = call
        .reply
        .as_ref()
        .map(|reply: &ChatReply| reply.usage)
        .unwrap_or_default();
    spending.calls += 1;
    // Failed attempts were counted when they were noted.
    spending.requests += u64::from(call.attempts.min(1));
    spending.input_tokens = spending.input_tokens.saturating_add(usage.input_tokens);
    spending.output_tokens = spending.output_tokens.saturating_add(usage.output_tokens);
    match (call.cost, &call.reply) {
        (Some(cost), _) => spending.cost += cost,
        // Providers do not bill requests that they reject.
        (None, Err(ModelError::Request { .. } | ModelError::ContextOverflow { .. })) => {}
        (None, _) => spending.unpriced += 1,
    }
}

fn put_attempt(transaction: &Transaction<'_>, attempt: &AttemptRecord) -> Result<(), Fault> {
    let key = attempt.key.to_bytes().ok_or(Fault::Key)?;
    transaction
        .prepare_cached(INSERT_ATTEMPT)?
        .execute(params![
            key,
            attempt.number,
            attempt.at,
            attempt.model,
            attempt.problem,
            within(attempt.latency_ms),
            attempt.wait_ms.map(within)
        ])?;
    Ok(())
}

/// Writes a finished unit. Returns its target's row id, or `None` if it was done before.
fn put_finished(transaction: &Transaction<'_>, finished: &Finished) -> Result<Option<i64>, Fault> {
    if let Some(transcript) = &finished.transcript {
        transaction
            .prepare_cached(INSERT_TRANSCRIPT)?
            .execute(params![finished.seq, serde_json::to_string(transcript)?])?;
    }
    for (instrument, verdict) in &finished.verdicts {
        let written = transaction
            .prepare_cached(INSERT_VERDICT)?
            .execute(params![
                finished.seq,
                instrument.as_str(),
                serde_json::to_string(verdict)?
            ])?;
        if written == 0 {
            return Err(Fault::Judge);
        }
    }
    let mut statement = transaction.prepare_cached(FINISH_UNIT)?;
    let mut rows = statement.query([finished.seq])?;
    let target = rows.next()?.map(|row| row.get(0)).transpose()?;
    // Step to the end: an unfinished statement would block the commit.
    while rows.next()?.is_some() {}
    Ok(target)
}

/// The value of `units.state` as a type.
pub(crate) fn unit_state(value: i64) -> crate::UnitState {
    match value {
        schema::DONE => crate::UnitState::Done,
        schema::ANSWERED => crate::UnitState::Answered,
        _ => crate::UnitState::Pending,
    }
}
