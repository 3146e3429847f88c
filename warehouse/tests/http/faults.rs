//! Faults on request: each kind once, through the interface that it disturbs.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{ENDLESS, PROJECT, Server, message, projects, reason, to_mart};

fn job(sql: &str) -> Value {
    json!({ "query": { "query": sql, "useLegacySql": false } })
}

async fn executions(server: &Server, id: &str) -> i64 {
    let (_, all) = server.get("/himekuri/v1/executions").await;
    let jobs = all["jobs"].as_array().unwrap();
    let of_id = jobs.iter().find(|entry| entry["jobId"] == id);
    of_id.map_or(0, |entry| entry["executions"].as_i64().unwrap())
}

#[tokio::test]
async fn the_next_inserts_are_answered_with_an_error_and_have_no_effect() {
    let server = Server::start().await;
    server
        .faults(
            "rules:\n- {method: insert, times: 1, answer: {status: 503}}\n\
             - {method: insert, times: 1, answer: {status: 403, reason: rateLimitExceeded}}\n\
             - {method: insert, times: 1, answer: {status: 429}}",
        )
        .await;

    let mut seen = Vec::new();
    for _ in 0..4 {
        let (status, answer) = server.insert("one", job("SELECT 1")).await;
        seen.push((status, answer["error"]["errors"][0]["reason"].as_str().map(str::to_owned)));
    }

    let word = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen,
        [
            (503, word("backendError")),
            (403, word("rateLimitExceeded")),
            (429, word("rateLimitExceeded")),
            (200, None),
        ]
    );
    server.done("one").await;
    assert_eq!(executions(&server, "one").await, 1);
}

#[tokio::test]
async fn an_error_may_be_a_page_of_a_proxy_or_nothing() {
    let server = Server::start().await;
    server
        .faults(
            "rules:\n- {method: list, times: 1, answer: {status: 502, body: html}}\n\
             - {method: list, times: 1, answer: {status: 500, body: empty}}",
        )
        .await;
    let ask = async || {
        let response = server.request(Method::GET, &projects("jobs")).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };

    let (html, page) = ask().await;
    let (empty, nothing) = ask().await;

    assert_eq!((html, empty, nothing.as_str()), (502, 500, ""));
    assert!(page.contains("<html>"));
}

#[tokio::test]
async fn an_insert_can_be_executed_and_answered_with_an_error() {
    let server = Server::start().await;
    server.faults("rules: [{method: insert, times: 1, when: after, answer: {status: 503}}]").await;

    let (first, _) = server.insert("once", job("SELECT 1")).await;
    let (again, _) = server.insert("once", job("SELECT 1")).await;

    assert_eq!((first, again), (503, 409));
    server.done("once").await;
    assert_eq!(executions(&server, "once").await, 1);
}

#[tokio::test]
async fn a_connection_can_be_closed_before_and_after_the_effect() {
    let server = Server::start().await;
    server
        .faults(
            "rules:\n- {method: insert, job: before, times: 1, close: true}\n\
             - {method: insert, job: after, times: 1, close: true, when: after}",
        )
        .await;
    let insert = async |id: &str| {
        let body = json!({
            "jobReference": { "projectId": PROJECT, "jobId": id },
            "configuration": job("SELECT 1"),
        });
        server.request(Method::POST, &projects("jobs")).json(&body).send().await
    };

    let before = insert("before").await;
    let after = insert("after").await;

    assert!(before.is_err() && after.is_err());
    assert_eq!(server.get(&projects("jobs/before")).await.0, 404);
    assert_eq!(server.get(&projects("jobs/after")).await.0, 200);
}

#[tokio::test]
async fn a_job_can_be_missing_for_some_calls_after_a_conflict() {
    let server = Server::start().await;
    server.faults("rules: [{job: 'hid*', hideAfterConflict: 2}]").await;
    server.insert("hidden", job("SELECT 1")).await;
    server.done("hidden").await;

    let (conflict, _) = server.insert("hidden", job("SELECT 1")).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(server.get(&projects("jobs/hidden")).await.0);
    }

    assert_eq!((conflict, seen), (409, vec![404, 404, 200]));
}

#[tokio::test]
async fn rules_look_at_id_label_and_table() {
    let server = Server::start().await;
    server
        .faults(
            "rules:\n- {method: insert, label: task=daily, answer: {status: 503}}\n\
             - {method: insert, table: 'mart.kpi$202611*', answer: {status: 500}}\n\
             - {method: get, job: 'x-*', answer: {status: 502}}",
        )
        .await;
    let mut labelled = job("SELECT 1");
    labelled["labels"] = json!({ "task": "daily" });
    let day = |day: &str| to_mart(&format!("kpi${day}"), "WRITE_TRUNCATE", "SELECT 1 AS n");

    let statuses = [
        server.insert("a", labelled).await.0,
        server.insert("b", day("20261101")).await.0,
        server.insert("c", day("20261201")).await.0,
        server.insert("x-1", job("SELECT 1")).await.0,
        server.get(&projects("jobs/x-1")).await.0,
        server.get(&projects("jobs/c")).await.0,
    ];

    assert_eq!(statuses, [503, 500, 200, 200, 502, 200]);
}

#[tokio::test]
async fn a_job_ends_with_the_error_that_was_asked_for_and_writes_nothing() {
    let server = Server::start().await;
    let reasons = [
        "backendError",
        "jobRateLimitExceeded",
        "rateLimitExceeded",
        "quotaExceeded",
        "resourcesExceeded",
        "stopped",
        "timeout",
        "tableUnavailable",
        "accessDenied",
    ];
    let rules: Vec<String> = reasons
        .iter()
        .map(|reason| format!("- {{job: '{reason}*', end: {{reason: {reason}}}}}"))
        .collect();
    server.faults(&format!("rules:\n{}", rules.join("\n"))).await;

    for wanted in reasons {
        let id = format!("{wanted}-1");
        server.insert(&id, to_mart(wanted, "WRITE_TRUNCATE", "SELECT 1 AS n")).await;
        assert_eq!(reason(&server.done(&id).await), wanted);
        assert_eq!(executions(&server, &id).await, 1);
    }
    assert_eq!(server.partitions().await, json!([]));
}

#[tokio::test]
async fn a_job_can_run_on_after_its_cancel() {
    let server = Server::start().await;
    server.faults("rules: [{job: late, times: 1, lateCancel: 1h}]").await;
    server.insert("late", to_mart("kpi", "WRITE_TRUNCATE", ENDLESS)).await;
    server.until("late", "RUNNING").await;

    let (status, answer) = server.post(&projects("jobs/late/cancel"), json!({})).await;
    let after_first = server.job("late").await;
    server.post(&projects("jobs/late/cancel"), json!({})).await;

    assert_eq!((status, &answer["job"]["status"]["state"]), (200, &json!("RUNNING")));
    assert_eq!(after_first["status"]["state"], "RUNNING");
    assert_eq!(reason(&server.done("late").await), "stopped");
}

#[tokio::test]
async fn an_answer_can_come_so_late_that_the_caller_has_gone() {
    let server = Server::start().await;
    server.faults("rules: [{method: list, times: 1, delay: 1h}]").await;
    let patience = std::time::Duration::from_millis(100);

    let late = server.request(Method::GET, &projects("jobs")).timeout(patience).send().await;
    let (next, _) = server.get(&projects("jobs")).await;

    assert!(late.unwrap_err().is_timeout());
    assert_eq!(next, 200);
}

#[tokio::test]
async fn calls_are_counted_for_each_method() {
    let server = Server::start().await;
    server.faults("rules: [{method: get, times: 1, answer: {status: 503}}]").await;
    server.ask(Method::DELETE, "/himekuri/v1/calls", None).await;
    server.insert("one", job("SELECT 1")).await;

    for _ in 0..3 {
        server.get(&projects("jobs/one")).await;
    }

    let (_, counted) = server.get("/himekuri/v1/calls").await;
    let calls = counted["calls"].as_array().unwrap();
    let of = |method: &str| calls.iter().find(|entry| entry["method"] == method).unwrap();
    assert_eq!((&of("jobs.get")["calls"], &of("jobs.get")["faults"]), (&json!(3), &json!(1)));
    assert_eq!(of("jobs.insert")["calls"], 1);
    let seconds = of("jobs.get")["seconds"].as_array().unwrap();
    let total: i64 = seconds.iter().map(|second| second["calls"].as_i64().unwrap()).sum();
    assert_eq!(total, 3);
}

#[tokio::test]
async fn a_setup_is_read_shown_and_taken_away() {
    let server = Server::start().await;
    server.faults("rules: [{method: tables.*, table: mart.*, answer: {status: 500}}]").await;

    let (broken, _) = server.get(&projects("datasets/mart/tables/kpi")).await;
    let (_, shown) = server.get("/himekuri/v1/faults").await;
    let (deleted, _) = server.ask(Method::DELETE, "/himekuri/v1/faults", None).await;
    let (whole, _) = server.get(&projects("datasets/mart/tables/kpi")).await;

    assert_eq!((broken, deleted, whole), (500, 204, 404));
    let rule = &shown["rules"][0];
    assert_eq!((&rule["method"], &rule["hits"]), (&json!("tables.*"), &json!(1)));
}

#[tokio::test]
async fn a_wrong_setup_is_refused_and_the_old_one_stays() {
    let server = Server::start().await;
    server.faults("rules: [{method: list, answer: {status: 500}}]").await;
    let put = |text: &'static str| server.request(Method::PUT, "/himekuri/v1/faults").body(text);

    let response = put("rules: [{method: list}]").send().await.unwrap();

    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("rule 1 of the faults needs one of"));
    assert_eq!(server.get(&projects("jobs")).await.0, 500);
}

#[tokio::test]
async fn a_file_of_faults_is_read_at_the_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("faults.yaml");
    std::fs::write(&file, "rules:\n- {method: list, times: 1, answer: {status: 503}}\n").unwrap();

    let server = Server::start_with(&["--faults", file.to_str().unwrap()]).await;

    assert_eq!(server.get(&projects("jobs")).await.0, 503);
    assert_eq!(server.get(&projects("jobs")).await.0, 200);
}

#[tokio::test]
async fn equal_seeds_give_equal_choices() {
    let server = Server::start().await;
    let choices = async || {
        server
            .faults("{seed: 7, rules: [{method: list, probability: 0.5, answer: {status: 503}}]}")
            .await;
        let mut seen = Vec::new();
        for _ in 0..40 {
            seen.push(server.get(&projects("jobs")).await.0);
        }
        seen
    };

    let (first, second) = (choices().await, choices().await);

    assert_eq!(first, second);
    assert!(first.contains(&503) && first.contains(&200));
}

#[tokio::test]
async fn an_upload_meets_the_faults_of_inserts() {
    let server = Server::start().await;
    server.faults("rules: [{method: insert, table: raw.t, answer: {status: 503}}]").await;
    let job = |table: &str| {
        json!({ "configuration": { "load": {
            "sourceFormat": "NEWLINE_DELIMITED_JSON",
            "schema": { "fields": [{ "name": "n", "type": "INTEGER" }] },
            "destinationTable": { "projectId": PROJECT, "datasetId": "raw", "tableId": table },
        }}})
    };

    let (hit, _) = server.upload(job("t"), "{\"n\": 1}").await;
    let (missed, made) = server.upload(job("u"), "{\"n\": 1}").await;

    assert_eq!((hit, missed), (503, 200));
    let id = made["jobReference"]["jobId"].as_str().unwrap();
    let done = server.done(id).await;
    assert_eq!(reason(&done), "none", "{}", message(&done));
}
