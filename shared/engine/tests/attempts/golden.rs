//! The written form of the log, held to files: a stored log must be read by every later version. A test that fails here
//! asks for a new `LOG_VERSION`, and for code that still reads the old one; not for another file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use himekuri_engine::{
    Attempt, AttemptStarted, Expansion, LOG_VERSION, Record, SNAPSHOT_VERSION, TreeStyle,
    render_views,
};

/// Records of `version-4.log` before the snapshot: tasks run, wait and have ended there.
const SNAPSHOT_LENGTH: usize = 12;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Name and text of each file with one record.
fn files() -> Vec<(String, String)> {
    let paths = fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The file that shows a record's kind. A new kind does not build until it is added here, and fails until it has a file.
fn file_of(record: &Record) -> &'static str {
    match record {
        Record::AttemptStarted(_) => "attempt_started",
        Record::Expanded { expansion: Expansion::Children, .. } => "expanded_children",
        Record::Expanded { expansion: Expansion::Sub { .. }, .. } => "expanded_sub",
        Record::Expanded { expansion: Expansion::Loop { .. }, .. } => "expanded_loop",
        Record::Expanded { expansion: Expansion::ForEach { .. }, .. } => "expanded_for_each",
        Record::Expanded { expansion: Expansion::ForRange { .. }, .. } => "expanded_for_range",
        Record::Resumed { .. } => "resumed",
        Record::NotResumed { .. } => "not_resumed",
        Record::Resolved { .. } => "resolved",
        Record::Waiting { .. } => "waiting",
        Record::Requiring { .. } => "requiring",
        Record::Joined { .. } => "joined",
        Record::Dispatched { .. } => "dispatched",
        Record::Submitted { .. } => "submitted",
        Record::Unreachable { .. } => "unreachable",
        Record::Canceling { .. } => "canceling",
        Record::KillRequested { .. } => "kill_requested",
        Record::Canceled { .. } => "canceled",
        Record::Succeeded { .. } => "succeeded",
        Record::Checking { .. } => "checking",
        Record::RetryScheduled { .. } => "retry_scheduled",
        Record::Retried { .. } => "retried",
        Record::Failing { .. } => "failing",
        Record::Failed { .. } => "failed",
        Record::GroupFailed { .. } => "group_failed",
        Record::SlaMissed { .. } => "sla_missed",
        Record::AttemptFinished { .. } => "attempt_finished",
    }
}

#[test]
fn every_kind_of_record_is_written_as_it_was_read() {
    for (name, text) in files() {
        let record: Record = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));

        assert_eq!(file_of(&record), name);
        assert_eq!(serde_json::to_string_pretty(&record).unwrap(), text.trim_end(), "{name}");
    }
}

#[test]
fn there_is_a_file_for_every_kind_of_record() {
    let names: BTreeSet<String> = files().into_iter().map(|(name, _)| name).collect();

    assert_eq!(names.len(), 27, "{names:?}");
}

#[test]
fn the_start_is_written_with_the_current_version() {
    let text = fs::read_to_string(golden().join("attempt_started.json")).unwrap();

    let started: AttemptStarted = serde_json::from_str(&text).unwrap();

    assert_eq!(started.version, LOG_VERSION);
}

/// Paths of the logs that programs of the past have written, without their ending: `version-2`, `version-4-resumed`.
fn logs() -> BTreeSet<String> {
    let names = fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".log").map(str::to_owned)).collect()
}

fn ended(attempt: &Attempt) -> Option<jiff::Timestamp> {
    attempt.outcome().map(|(_, at)| at)
}

/// Writes a file anew if asked to: a change of it is looked at before it is committed.
fn bless(file: &Path, text: &str) {
    if std::env::var_os("HIMEKURI_BLESS").is_some() {
        fs::write(file, text).unwrap();
    }
}

#[test]
fn every_version_of_the_log_replays_to_the_tree_it_led_to() {
    for name in logs() {
        let log = fs::read_to_string(golden().join(format!("{name}.log"))).unwrap();
        let records = log.lines().map(|line| serde_json::from_str::<Record>(line).unwrap());

        let attempt = Attempt::replay(records).unwrap();

        let style = TreeStyle { now: ended(&attempt), fold: true, ..TreeStyle::PLAIN };
        let tree = render_views(&attempt.views().collect::<Vec<_>>(), &style);
        let file = golden().join(format!("{name}.tree"));
        bless(&file, &tree);
        assert_eq!(tree, fs::read_to_string(&file).unwrap(), "{name}");
    }
}

/// Fails when the engine holds something else of a task: raise `SNAPSHOT_VERSION`, remove the old file, and let
/// `HIMEKURI_BLESS=1` write the new one.
#[test]
fn a_snapshot_is_what_its_version_says() {
    let log = fs::read_to_string(golden().join("version-4.log")).unwrap();
    let records = log.lines().take(SNAPSHOT_LENGTH).map(|line| serde_json::from_str(line).unwrap());
    let snapshot = Attempt::recover(records).unwrap().snapshot().unwrap();
    let json: serde_json::Value = serde_json::from_str(&snapshot).unwrap();
    let text = format!("{json:#}\n");

    let file = golden().join("snapshots").join(format!("{SNAPSHOT_VERSION}.json"));
    bless(&file, &text);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(fs::read_dir(golden().join("snapshots")).unwrap().count(), 1);
}

#[test]
fn there_is_a_log_of_every_version() {
    let logs = logs();

    for version in 1..=LOG_VERSION {
        let name = format!("version-{version}");
        assert!(logs.iter().any(|log| log.starts_with(&name)), "no {name} in {logs:?}");
    }
}
