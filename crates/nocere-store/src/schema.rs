//! The tables of a run's file. A change that matters bumps [`FORMAT`] in the same commit.

/// Format of the journal, kept in SQLite's `user_version`.
pub(crate) const FORMAT: i64 = 1;

/// Marks the file as ours, in SQLite's `application_id` ("ncre").
pub(crate) const APPLICATION_ID: i64 = 0x6e63_7265;

pub(crate) const CREATE: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE suites (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE targets (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE instruments (hash TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE probes (seq INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE units (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    probe INTEGER NOT NULL REFERENCES probes(seq),
    driver TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    lease TEXT
) STRICT;
CREATE INDEX units_by_state ON units (lane, state, seq);
CREATE TABLE calls (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE transcripts (unit TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE verdicts (
    unit TEXT NOT NULL,
    instrument TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (unit, instrument)
) STRICT, WITHOUT ROWID;
";
