//! The tables of a run's file. A change that older versions cannot read raises [`FORMAT`] in the
//! same commit.
//!
//! Within a run, a unit is identified by its position in the plan, not by its hash. Positions
//! are small and ascending, so finished units are appended instead of scattered over the file.

/// Format of the journal, kept in SQLite's `user_version`.
pub(crate) const FORMAT: i64 = 5;

/// Marks the file as a journal of nocere, in SQLite's `application_id` ("ncre").
pub(crate) const APPLICATION_ID: i64 = 0x6e63_7265;

/// Rows of `meta`.
pub(crate) const HEADER: &str = "header";
/// How many rows the plan has, as [`PLANNED`] writes it: rows that are missing have no checksum.
pub(crate) const COUNTS: &str = "counts";

/// The numbers of rows that belong to the plan, as one text.
pub(crate) const PLANNED: &str = "
    (SELECT count(*) FROM suites) || ' suites, ' || (SELECT count(*) FROM targets) || ' targets, '
    || (SELECT count(*) FROM drivers) || ' drivers, '
    || (SELECT count(*) FROM instruments) || ' judges, '
    || (SELECT count(*) FROM probes) || ' probes, ' || (SELECT count(*) FROM units) || ' units, '
    || (SELECT count(*) FROM struck) || ' records of samples struck out'";

/// Writes down how many rows the plan has.
pub(crate) const PUT_COUNTS: &str =
    "INSERT OR REPLACE INTO meta (key, value, sum) SELECT ?1, n, row_sum('meta', ?1, n)";

/// Values of `units.state`, beside 0 for units still to be asked. The partial index `units_to_do`
/// and the statements that use it spell them out as literals.
pub(crate) const DONE: i64 = 1;
pub(crate) const ANSWERED: i64 = 2;

pub(crate) const CREATE: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE suites (id TEXT PRIMARY KEY, json TEXT NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    json TEXT NOT NULL,
    sum INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE drivers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    json TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE TABLE instruments (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    json TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE TABLE probes (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    json TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX probes_by_id ON probes (id);
CREATE TABLE blobs (hash BLOB PRIMARY KEY, media_type TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE units (
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    target INTEGER NOT NULL REFERENCES targets(id),
    probe INTEGER NOT NULL REFERENCES probes(seq),
    driver INTEGER NOT NULL REFERENCES drivers(id),
    epoch INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    judged INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX units_by_probe ON units (probe);
CREATE INDEX units_to_do ON units (target, seq) WHERE state <> 1;
CREATE TABLE calls (
    key BLOB NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    cost INTEGER,
    sum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX calls_by_key ON calls (key);
CREATE TABLE attempts (
    key BLOB NOT NULL,
    number INTEGER NOT NULL,
    at TEXT NOT NULL,
    model TEXT NOT NULL,
    problem TEXT NOT NULL,
    latency_ms INTEGER NOT NULL,
    wait_ms INTEGER,
    sum INTEGER NOT NULL
) STRICT;
CREATE TABLE spending (
    model TEXT PRIMARY KEY,
    calls INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    unanswered INTEGER NOT NULL,
    sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE transcripts (
    unit INTEGER PRIMARY KEY,
    json TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE TABLE verdicts (
    unit INTEGER NOT NULL,
    instrument INTEGER NOT NULL REFERENCES instruments(id),
    json TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (unit, instrument)
) STRICT, WITHOUT ROWID;
CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    unit INTEGER NOT NULL REFERENCES units(seq),
    rater TEXT NOT NULL,
    form TEXT NOT NULL,
    json TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX labels_by_unit ON labels (unit, id);
CREATE TRIGGER labels_are_never_changed BEFORE UPDATE ON labels
BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
CREATE TRIGGER labels_are_never_deleted BEFORE DELETE ON labels
BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
CREATE TABLE struck (
    id INTEGER PRIMARY KEY,
    unit INTEGER NOT NULL REFERENCES units(seq),
    back INTEGER NOT NULL,
    json TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX struck_by_unit ON struck (unit, id);
";

/// Units whose conversations failed in a way that another try may not.
pub(crate) const FAILED: &str = "
    SELECT unit FROM transcripts
    WHERE json_extract(json, '$.error.kind') IN ('transient', 'rate_limited', 'unreachable', 'request')";

/// Verdicts that only say that the judge's call failed.
pub(crate) const UNJUDGED: &str = "json_extract(json, '$.reason') = 'judge_error'";
