//! What a backfill would cost is known before anything of it is sent, on the real servers and the local warehouse.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::Path;
use std::process::{Command, Output};

use himekuri_integration_tests::{Pool, WarehouseProcess, program, repository};
use himekuri_testkit::{RabbitMq, RedisServer};
use serde_json::Value;

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn title_a() -> String {
    repository().join("examples/title_a").to_str().unwrap().to_owned()
}

/// Three dates of five marts: at ten megabytes a query, more than a twentieth of a cent.
const DATES: [&str; 4] = ["--from", "2019-09-02", "--to", "2019-09-04"];

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_over_its_limit_begins_nothing_and_the_exit_code_is_3() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let data = folder.path().join("data");
    let warehouse = WarehouseProcess::start(&data, "2019-09-01", "2019-09-03").await.unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    let push = pool.himekuri(&["push", &title_a(), "--gcp-project", "title-a"]).unwrap();
    assert!(push.status.success(), "{}", stderr(&push));
    let executions = warehouse.executions().await.unwrap();
    let limited = |command: &[&str], limit: &str| {
        let arguments = ["title_a", "summary", "--bigquery", warehouse.url()];
        pool.himekuri(&[command, &arguments, &DATES, &["--max-cost", limit]].concat()).unwrap()
    };
    let backfill = ["backfill", "--yes", "--detach"];

    for command in [&backfill[..], &["start"]] {
        let refused = limited(command, "0.0005");

        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(3), "{command:?}: {said}");
        assert!(
            said.contains("more than the $0.000500 of `--max-cost`; nothing was sent"),
            "{said}"
        );
        assert!(said.contains("title-a.summary."), "{said}");
    }
    assert_eq!(pool.json(&["backfills"]).unwrap(), Vec::<Value>::new());
    assert_eq!(pool.json(&["attempts"]).unwrap(), Vec::<Value>::new());
    let after = warehouse.executions().await.unwrap();
    assert_eq!(after.len(), executions.len(), "a dry run executes nothing");

    let begun = limited(&backfill, "0.01");

    assert!(begun.status.success(), "{}", stderr(&begun));
    let backfills = pool.json(&["backfills"]).unwrap();
    assert_eq!(backfills.len(), 1);
    assert_eq!(backfills[0]["sessions"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_measured_on_the_warehouse_and_a_broken_query_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let warehouse = WarehouseProcess::start(&data, "2019-09-01", "2019-09-01").await.unwrap();
    let plan = |project: &Path, workflow: &str| {
        Command::new(program("himekuri").unwrap())
            .args(["plan", project.to_str().unwrap(), workflow, "--session", "2019-09-02"])
            .args(["--cost", "--json", "--gcp-project", "title-a", "--bigquery", warehouse.url()])
            .output()
            .unwrap()
    };

    let measured = plan(Path::new(&title_a()), "summary");

    let text = String::from_utf8(measured.stdout.clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6, "{}", stderr(&measured));
    assert!(lines[..5].iter().all(|line| line["cost"]["bytes"].as_u64().unwrap() > 0), "{text}");
    assert_eq!(lines[5]["total"]["queries"], 5);

    let project = folder.path().join("broken");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("wf.dig"), "+one:\n  bq>: one.sql\n").unwrap();
    std::fs::write(project.join("one.sql"), "SELECT\n  COUNT(*) n\nFRM raw_log.access\n").unwrap();
    let refused = plan(&project, "wf");

    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("error[invalidQuery]"), "{said}");
    assert!(said.contains("one.sql as rendered:3:"), "{said}");
}
