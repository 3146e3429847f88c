//! The written form of messages and reports, held to files: coordinators and workers of different versions talk to each
//! other. A test that fails here asks for a new `PROTOCOL_VERSION`, not for another file.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use himekuri_protocol::{
    CANCEL_VERSION, CancelMessage, DecodeError, FIRST_VERSION, FromWorker, HTTP_VERSION,
    JOBS_VERSION, MESSAGE_BYTES_MAX, Outcome, PRESENCE_VERSION, PROTOCOL_VERSION, Report,
    TaskMessage, WatchMessage, Work, WorkerMessage,
};
use serde::Serialize;
use serde_json::{Value, json};

const MESSAGES: [&str; 13] = [
    "task_bq",
    "task_bq_least",
    "task_bq_settings",
    "task_bq_load",
    "task_bq_extract",
    "task_bq_ddl",
    "task_bq_wait",
    "task_gcs_wait",
    "task_echo",
    "task_http_call",
    "task_http_call_least",
    "watch",
    "cancel",
];
const REPORTS: [&str; 7] = [
    "report_failed",
    "report_fetched",
    "report_not_yet",
    "report_submitted",
    "report_succeeded",
    "report_succeeded_least",
    "report_unreachable",
];

fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()
}

fn golden_value(name: &str) -> Value {
    serde_json::from_str(&golden(name)).unwrap()
}

fn assert_written_as_read(name: &str, decoded: Result<impl Serialize + Debug, DecodeError>) {
    let decoded = decoded.unwrap_or_else(|error| panic!("{name}: {error}: {error:?}"));
    let written = serde_json::to_string_pretty(&decoded).unwrap();
    assert_eq!(written, golden(name).trim_end(), "{name}");
}

/// The file that shows a form. A new form does not build until it is added here.
fn file_of_message(message: &WorkerMessage) -> &'static str {
    match message {
        WorkerMessage::Task(TaskMessage { work: Work::Bq(job), .. }) => {
            match (job.settings.is_empty(), job.destination.is_some()) {
                (false, _) => "task_bq_settings",
                (true, true) => "task_bq",
                (true, false) => "task_bq_least",
            }
        }
        WorkerMessage::Task(TaskMessage { work: Work::BqLoad(_), .. }) => "task_bq_load",
        WorkerMessage::Task(TaskMessage { work: Work::BqExtract(_), .. }) => "task_bq_extract",
        WorkerMessage::Task(TaskMessage { work: Work::BqDdl(_), .. }) => "task_bq_ddl",
        WorkerMessage::Task(TaskMessage { work: Work::BqWait(_), .. }) => "task_bq_wait",
        WorkerMessage::Task(TaskMessage { work: Work::GcsWait(_), .. }) => "task_gcs_wait",
        WorkerMessage::Task(TaskMessage { work: Work::Echo { .. }, .. }) => "task_echo",
        WorkerMessage::Task(TaskMessage { work: Work::HttpCall(request), .. }) => {
            if request.body.is_some() { "task_http_call" } else { "task_http_call_least" }
        }
        WorkerMessage::Watch(WatchMessage { .. }) => "watch",
        WorkerMessage::Cancel(CancelMessage { .. }) => "cancel",
    }
}

fn file_of_report(report: &Report) -> &'static str {
    match &report.outcome {
        Outcome::Submitted { .. } => "report_submitted",
        Outcome::Succeeded { job: Some(_), .. } => "report_succeeded",
        Outcome::Succeeded { job: None, .. } => "report_succeeded_least",
        Outcome::Failed { .. } => "report_failed",
        Outcome::Fetched { .. } => "report_fetched",
        Outcome::NotYet => "report_not_yet",
        Outcome::Unreachable { .. } => "report_unreachable",
    }
}

#[test]
fn every_message_is_written_as_it_was_read() {
    for name in MESSAGES {
        let message = WorkerMessage::decode(golden(name).as_bytes());

        assert_eq!(message.as_ref().ok().map(file_of_message), Some(name), "{message:?}");
        assert_written_as_read(name, message);
    }
}

#[test]
fn every_report_is_written_as_it_was_read() {
    for name in REPORTS {
        let report = Report::decode(golden(name).as_bytes());

        assert_eq!(report.as_ref().ok().map(file_of_report), Some(name), "{report:?}");
        assert_written_as_read(name, report);
    }
}

#[test]
fn encoding_and_decoding_gives_the_same_message_and_report() {
    for name in MESSAGES {
        let message = WorkerMessage::decode(golden(name).as_bytes()).unwrap();
        assert_eq!(WorkerMessage::decode(&message.encode().unwrap()).unwrap(), message);
    }
    for name in REPORTS {
        let report = Report::decode(golden(name).as_bytes()).unwrap();
        assert_eq!(Report::decode(&report.encode().unwrap()).unwrap(), report);
    }
}

#[test]
fn a_body_that_nobody_of_the_pool_writes_is_not_read() {
    let mut body = vec![b' '; MESSAGE_BYTES_MAX];
    assert!(matches!(Report::decode(&body), Err(DecodeError::Json(_))));

    body.push(b' ');

    let refused = WorkerMessage::decode(&body).unwrap_err();
    assert!(matches!(refused, DecodeError::TooLarge { bytes } if bytes == MESSAGE_BYTES_MAX + 1));
    assert!(matches!(Report::decode(&body), Err(DecodeError::TooLarge { .. })));
}

#[test]
fn a_body_nested_without_an_end_is_refused_and_does_not_fill_the_stack() {
    let body = "[".repeat(1 << 20);

    let deep = format!("{{\"version\":1,\"x\":{body}");

    assert!(matches!(Report::decode(deep.as_bytes()), Err(DecodeError::Json(_))));
    assert!(matches!(WorkerMessage::decode(deep.as_bytes()), Err(DecodeError::Json(_))));
}

#[test]
fn a_newer_message_is_refused_even_if_nothing_else_in_it_is_known() {
    let newer = u64::from(PROTOCOL_VERSION) + 1;
    let unknown = json!({"version": newer, "kind": "of tomorrow"}).to_string();

    let message = WorkerMessage::decode(unknown.as_bytes()).unwrap_err();
    let report = Report::decode(unknown.as_bytes()).unwrap_err();

    assert_eq!(
        message.to_string(),
        "message has protocol version 6, this program reads up to 5; upgrade this program"
    );
    assert!(matches!(report, DecodeError::Newer { found } if found == newer));
}

#[test]
fn a_version_beyond_all_numbers_of_ours_is_newer_too() {
    for version in [65_536, u64::MAX] {
        let mut message = golden_value("watch");
        message["version"] = version.into();

        let refused = WorkerMessage::decode(message.to_string().as_bytes());

        assert!(matches!(refused, Err(DecodeError::Newer { found }) if found == version));
    }
}

#[test]
fn what_is_not_this_protocol_is_refused_as_such() {
    let mut no_version = golden_value("task_echo");
    no_version.as_object_mut().unwrap().remove("version");
    let mut negative = golden_value("task_echo");
    negative["version"] = (-1).into();
    let mut unknown_work = golden_value("task_echo");
    unknown_work["work"]["operator"] = "sh".into();
    let mut no_try = golden_value("task_echo");
    no_try.as_object_mut().unwrap().remove("try_no");
    let bodies = [no_version, negative, unknown_work, no_try].map(|body| body.to_string());
    let garbage = ["", "hello", "[]", "{\"version\":1}"].map(str::to_owned);

    for body in bodies.iter().chain(&garbage) {
        let refused = WorkerMessage::decode(body.as_bytes());
        assert!(matches!(refused, Err(DecodeError::Json(_))), "{body}: {refused:?}");
        assert!(matches!(Report::decode(body.as_bytes()), Err(DecodeError::Json(_))), "{body}");
    }
}

#[test]
fn fields_of_a_later_minor_addition_do_no_harm() {
    let mut message = golden_value("task_echo");
    message["trace"] = "00-4bf9".into();

    let read = WorkerMessage::decode(message.to_string().as_bytes()).unwrap();

    assert_eq!(read, WorkerMessage::decode(golden("task_echo").as_bytes()).unwrap());
}

#[test]
fn a_message_is_named_by_its_try() {
    let id = |name| WorkerMessage::decode(golden(name).as_bytes()).unwrap().id();

    assert_eq!(id("task_bq"), "7-3-2");
    assert_eq!(id("watch"), "watch");
    assert_eq!(id("cancel"), "cancel");
}

#[test]
fn a_message_asks_no_more_of_its_reader_than_it_needs() {
    let version = |name| golden_value(name)["version"].clone();

    assert_eq!(version("cancel"), json!(CANCEL_VERSION));
    let over_http = ["task_http_call", "task_http_call_least", "report_fetched"];
    for name in over_http {
        assert_eq!(version(name), json!(HTTP_VERSION), "{name}");
    }
    let of_jobs = [
        "task_bq_settings",
        "task_bq_load",
        "task_bq_extract",
        "task_bq_ddl",
        "task_bq_wait",
        "task_gcs_wait",
        "report_not_yet",
    ];
    for name in of_jobs {
        assert_eq!(version(name), json!(JOBS_VERSION), "{name}");
    }
    let others = MESSAGES.iter().chain(&REPORTS).filter(|name| **name != "cancel");
    for name in others.filter(|name| !over_http.contains(name) && !of_jobs.contains(name)) {
        assert_eq!(version(name), json!(FIRST_VERSION), "{name}");
    }
}

#[test]
fn absent_figures_are_not_written() {
    let least = golden_value("report_succeeded_least");

    assert_eq!(least["outcome"], json!({"outcome": "succeeded", "store_params": {}}));
}

#[test]
fn what_a_worker_says_of_itself_is_told_from_its_reports() {
    let presence = FromWorker::decode(golden("presence").as_bytes()).unwrap();

    let FromWorker::Presence(presence) = presence else { panic!("{presence:?}") };
    assert_written_as_read("presence", Ok(&presence));
    assert_eq!(presence.version, PRESENCE_VERSION);
    for name in REPORTS {
        let report = Report::decode(golden(name).as_bytes()).unwrap();
        let read = FromWorker::decode(golden(name).as_bytes()).unwrap();
        assert_eq!(read, FromWorker::Report(Box::new(report)));
    }
}
