//! Ids, states, cancel, restart, dry run, results.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{ENDLESS, PROJECT, Server, message, projects, reason, rows_of, to_mart};

#[tokio::test]
async fn an_id_can_be_used_once() {
    let server = Server::start().await;
    let job = to_mart("kpi$20261101", "WRITE_APPEND", "SELECT 1 AS n");
    server.insert("once", job.clone()).await;
    server.done("once").await;

    let (status, answer) = server.insert("once", job).await;

    assert_eq!(status, 409);
    assert_eq!(answer["error"]["errors"][0]["reason"], "duplicate");
    assert_eq!(answer["error"]["message"], format!("Already Exists: Job {PROJECT}:US.once"));
    let (_, executions) = server.get("/himekuri/v1/executions").await;
    assert_eq!(executions["jobs"][0]["executions"], 1);
    let to = &executions["destinations"][0];
    assert_eq!((&to["partition"], &to["jobs"]), (&json!("20261101"), &json!(1)));
}

#[tokio::test]
async fn a_restarted_warehouse_knows_jobs_and_rows() {
    let server = Server::start().await;
    let mut job = to_mart("kpi$20261101", "WRITE_TRUNCATE", "SELECT 4 AS n");
    job["labels"] = json!({ "task": "daily" });
    server.insert("before", job.clone()).await;
    let before = server.done("before").await;

    let server = server.restart();

    assert_eq!(server.job("before").await, before);
    assert_eq!(before["configuration"]["labels"]["task"], "daily");
    assert_eq!(server.insert("before", job).await.0, 409);
    assert_eq!(server.rows("SELECT n FROM mart.kpi").await, [[json!("4")]]);
}

#[tokio::test]
async fn a_job_that_ran_at_a_crash_fails_and_leaves_its_partition() {
    let server = Server::start().await;
    server.write("kpi$20261101", "WRITE_TRUNCATE", "SELECT 4 AS n").await;
    server.insert("lost", to_mart("kpi$20261101", "WRITE_TRUNCATE", ENDLESS)).await;
    server.until("lost", "RUNNING").await;

    let server = server.crash_and_restart();

    assert_eq!(reason(&server.job("lost").await), "backendError");
    assert_eq!(server.rows("SELECT n FROM mart.kpi").await, [[json!("4")]]);
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_and_leaves_its_partition() {
    let server = Server::start().await;
    server.write("kpi$20261101", "WRITE_TRUNCATE", "SELECT 4 AS n").await;
    server.insert("long", to_mart("kpi$20261101", "WRITE_TRUNCATE", ENDLESS)).await;
    server.until("long", "RUNNING").await;

    let (status, answer) = server.post(&projects("jobs/long/cancel"), json!({})).await;

    assert_eq!(status, 200);
    assert_eq!(answer["job"]["jobReference"]["jobId"], "long");
    assert_eq!(reason(&server.done("long").await), "stopped");
    assert_eq!(server.rows("SELECT n FROM mart.kpi").await, [[json!("4")]]);
}

#[tokio::test]
async fn a_job_ends_when_its_time_is_over() {
    let server = Server::start().await;
    let mut job = to_mart("kpi$20261101", "WRITE_TRUNCATE", ENDLESS);
    job["jobTimeoutMs"] = json!("50");

    let job = server.run(job).await;

    assert_eq!(reason(&job), "stopped");
    assert!(message(&job).contains("timed out after 50 ms"));
}

#[tokio::test]
async fn waiting_jobs_can_be_cancelled_behind_running_ones() {
    let server = Server::start().await;
    for id in ["a", "b", "c", "waiting"] {
        server.insert(id, to_mart(id, "WRITE_TRUNCATE", ENDLESS)).await;
    }
    for id in ["a", "b", "c"] {
        server.until(id, "RUNNING").await;
    }
    assert_eq!(server.job("waiting").await["status"]["state"], "PENDING");

    server.post(&projects("jobs/waiting/cancel"), json!({})).await;

    assert_eq!(reason(&server.done("waiting").await), "stopped");
    assert_eq!(server.job("a").await["status"]["state"], "RUNNING");
}

#[tokio::test]
async fn a_dry_run_tells_schema_and_bytes_and_makes_no_job() {
    let server = Server::start().await;
    server
        .write(
            "kpi$20261101",
            "WRITE_TRUNCATE",
            "SELECT 1 AS n, 'ab' AS s UNION ALL SELECT 2, 'cd'",
        )
        .await;
    let mut job = to_mart("out$20261101", "WRITE_TRUNCATE", "SELECT SUM(n) AS total FROM mart.kpi");
    job["dryRun"] = json!(true);

    let (status, answer) = server.insert("dry", job).await;

    assert_eq!(status, 200);
    assert_eq!(answer["status"]["state"], "DONE");
    assert_eq!(answer["statistics"]["totalBytesProcessed"], "16");
    assert_eq!(answer["statistics"]["query"]["statementType"], "SELECT");
    assert_eq!(answer["statistics"]["query"]["schema"]["fields"][0]["name"], "total");
    assert_eq!(server.get(&projects("jobs/dry")).await.0, 404);
    assert_eq!(server.get(&projects("datasets/mart/tables/out")).await.0, 404);
}

#[tokio::test]
async fn a_dry_run_of_a_wrong_query_is_an_error() {
    let server = Server::start().await;
    let mut job = to_mart("out", "WRITE_TRUNCATE", "SELECT nope FROM mart.kpi");
    job["dryRun"] = json!(true);

    let (status, answer) = server.insert("dry", job).await;

    assert_eq!(status, 404);
    assert_eq!(answer["error"]["errors"][0]["reason"], "notFound");
}

#[tokio::test]
async fn results_come_in_pages() {
    let server = Server::start().await;
    let sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 5)) AS x ORDER BY x DESC";
    server.insert("pages", json!({ "query": { "query": sql, "useLegacySql": false } })).await;
    server.done("pages").await;

    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let (_, page) = server.get(&projects(&format!("queries/pages?maxResults=2{token}"))).await;
        assert_eq!((&page["jobComplete"], &page["totalRows"]), (&json!(true), &json!("5")));
        seen.extend(rows_of(&page).into_iter().flatten());
        match page["pageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }

    assert_eq!(seen, ["5", "4", "3", "2", "1"].map(Value::from));
    let (_, from_three) = server.get(&projects("queries/pages?startIndex=3")).await;
    assert_eq!(rows_of(&from_three), [[json!("2")], [json!("1")]]);
}

#[tokio::test]
async fn results_with_a_destination_are_its_rows_of_now() {
    let server = Server::start().await;
    let day = "kpi$20261101";
    server.insert("first", to_mart(day, "WRITE_TRUNCATE", "SELECT 1 AS n LIMIT 0")).await;
    server.done("first").await;
    server.insert("second", to_mart(day, "WRITE_APPEND", "SELECT 2 AS n")).await;
    server.done("second").await;
    server.write(day, "WRITE_APPEND", "SELECT 3 AS n").await;

    for job in ["first", "second"] {
        let (_, all) = server.get(&projects(&format!("queries/{job}"))).await;
        let (_, page) = server.get(&projects(&format!("queries/{job}?maxResults=1"))).await;

        assert_eq!((&all["totalRows"], rows_of(&all).len()), (&json!("2"), 2), "{job}");
        assert_eq!((&page["totalRows"], rows_of(&page).len()), (&json!("2"), 1), "{job}");
        assert_eq!(page["pageToken"], "1");
    }
}

#[tokio::test]
async fn results_are_gone_with_the_table_that_held_them() {
    let server = Server::start().await;
    for id in ["made_anew", "dropped"] {
        server.insert(id, to_mart(id, "WRITE_TRUNCATE", "SELECT 1 AS n")).await;
        server.done(id).await;
    }
    server.write("made_anew", "WRITE_TRUNCATE", "SELECT 'x' AS name").await;
    let path = projects("datasets/mart/tables/dropped");
    assert_eq!(server.ask(Method::DELETE, &path, None).await.0, 204);

    for id in ["made_anew", "dropped"] {
        let (status, answer) = server.get(&projects(&format!("queries/{id}"))).await;

        assert_eq!((status, &answer["error"]["errors"][0]["reason"]), (404, &json!("notFound")));
    }
}

#[tokio::test]
async fn results_of_an_unfinished_job_are_not_complete() {
    let server = Server::start().await;
    server.insert("long", json!({ "query": { "query": ENDLESS, "useLegacySql": false } })).await;

    let (status, answer) = server.get(&projects("queries/long?timeoutMs=10")).await;

    assert_eq!((status, &answer["jobComplete"]), (200, &json!(false)));
}

#[tokio::test]
async fn a_job_of_another_region_is_found_with_its_location_only() {
    let server = Server::start().await;
    server.create_dataset("tokyo", "asia-northeast1").await;
    let mut job = to_mart("kpi$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n");
    job["query"]["destinationTable"]["datasetId"] = json!("tokyo");

    let (_, inserted) = server.insert("far", job).await;

    assert_eq!(inserted["jobReference"]["location"], "ASIA-NORTHEAST1");
    assert_eq!(server.get(&projects("jobs/far")).await.0, 404);
    assert_eq!(server.get(&projects("jobs/far?location=asia-northeast1")).await.0, 200);
}

#[tokio::test]
async fn failures_have_googles_shape_everywhere() {
    let server = Server::start().await;

    for (path, body, status, reason) in [
        ("/nowhere", json!({}), 404, "notFound"),
        (&*projects("jobs"), json!([1]), 400, "parseError"),
        (&projects("jobs"), json!({}), 400, "required"),
        (&projects("jobs"), json!({ "configuration": { "copy": {} } }), 400, "required"),
        (
            &projects("jobs"),
            json!({ "configuration": { "load": { "sourceFormat": "AVRO" } } }),
            501,
            "notImplemented",
        ),
        (&projects("queries"), json!({ "query": "SELEC 1" }), 400, "invalidQuery"),
        (
            &projects("datasets/nowhere/tables"),
            json!({ "tableReference": { "tableId": "t" } }),
            404,
            "notFound",
        ),
        (
            &projects("datasets"),
            json!({ "datasetReference": { "datasetId": "mart" } }),
            409,
            "duplicate",
        ),
    ] {
        let (found, answer) = server.post(path, body).await;
        assert_eq!(
            (found, &answer["error"]["errors"][0]["reason"]),
            (status, &json!(reason)),
            "{path}"
        );
        assert!(answer["error"]["message"].is_string() && answer["error"]["status"].is_string());
    }
}

#[tokio::test]
async fn jobs_are_listed_by_state() {
    let server = Server::start().await;
    server.insert("good", to_mart("a", "WRITE_TRUNCATE", "SELECT 1 AS n")).await;
    server.done("good").await;
    server.insert("long", to_mart("b", "WRITE_TRUNCATE", ENDLESS)).await;
    server.until("long", "RUNNING").await;

    let (_, done) = server.get(&projects("jobs?stateFilter=done")).await;

    assert_eq!(done["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(done["jobs"][0]["jobReference"]["jobId"], "good");
}
