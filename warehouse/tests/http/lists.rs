//! Lists: of jobs, datasets and tables, in pages.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{ENDLESS, Server, projects, to_mart};

fn ids(list: &Value) -> Vec<String> {
    let jobs = list["jobs"].as_array().unwrap();
    jobs.iter().map(|job| job["jobReference"]["jobId"].as_str().unwrap().to_owned()).collect()
}

/// Jobs that do next to nothing, oldest first.
async fn some_jobs(server: &Server, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let id = format!("job{number:03}");
        server
            .insert(&id, json!({ "query": { "query": "SELECT 1", "useLegacySql": false } }))
            .await;
        ids.push(id);
    }
    for id in &ids {
        server.done(id).await;
    }
    ids
}

#[tokio::test]
async fn jobs_come_newest_first_and_each_once() {
    let server = Server::start().await;
    let mut expected = some_jobs(&server, 7).await;
    expected.reverse();

    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let (_, page) = server.get(&projects(&format!("jobs?maxResults=3{token}"))).await;
        let new = ids(&page);
        assert!(new.len() <= 3);
        seen.extend(new);
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
        // A job that is inserted between two pages moves no other one.
        let sql = json!({ "query": { "query": "SELECT 1", "useLegacySql": false } });
        server.insert(&format!("later{}", seen.len()), sql).await;
    }

    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_configuration_is_listed_only_when_all_is_asked_for() {
    let server = Server::start().await;
    let mut job = to_mart("kpi", "WRITE_TRUNCATE", "SELECT 1 AS n");
    job["labels"] = json!({ "task": "daily" });
    server.insert("one", job).await;
    server.done("one").await;

    let (_, full) = server.get(&projects("jobs?projection=full&allUsers=true")).await;
    let (_, minimal) = server.get(&projects("jobs?projection=minimal")).await;
    let (_, default) = server.get(&projects("jobs")).await;
    let (wrong, _) = server.get(&projects("jobs?projection=half")).await;

    assert_eq!(full["jobs"][0]["configuration"]["labels"]["task"], "daily");
    assert_eq!(full["jobs"][0]["configuration"]["jobType"], "QUERY");
    for list in [&minimal, &default] {
        assert_eq!(list["jobs"][0].get("configuration"), None);
        assert_eq!(list["jobs"][0]["statistics"]["query"]["statementType"], "SELECT");
        assert_eq!(list["jobs"][0]["state"], "DONE");
    }
    assert_eq!(wrong, 400);
}

#[tokio::test]
async fn failed_jobs_are_listed_with_their_error() {
    let server = Server::start().await;
    server.insert("bad", to_mart("kpi", "WRITE_TRUNCATE", "SELECT nope FROM mart.none")).await;
    server.done("bad").await;

    let (_, list) = server.get(&projects("jobs")).await;

    let entry = &list["jobs"][0];
    assert_eq!(entry["errorResult"]["reason"], "notFound");
    assert_eq!(entry["status"]["errorResult"], entry["errorResult"]);
}

#[tokio::test]
async fn jobs_are_listed_by_states_and_times() {
    let server = Server::start().await;
    some_jobs(&server, 2).await;
    server.insert("long", to_mart("b", "WRITE_TRUNCATE", ENDLESS)).await;
    let long = server.until("long", "RUNNING").await;
    let at: i64 = long["statistics"]["creationTime"].as_str().unwrap().parse().unwrap();
    let list = async |query: String| ids(&server.get(&projects(&format!("jobs?{query}"))).await.1);

    let running = list("stateFilter=running".into()).await;
    let both = list("stateFilter=running&stateFilter=done".into()).await;
    let since = list(format!("minCreationTime={at}")).await;
    let until = list(format!("maxCreationTime={at}")).await;
    let before = list(format!("maxCreationTime={}", at - 1)).await;
    let children = list("parentJobId=long".into()).await;

    assert_eq!((running, since), (vec!["long".to_owned()], vec!["long".to_owned()]));
    assert_eq!((both.len(), until.len()), (3, 3));
    assert!(!before.contains(&"long".to_owned()), "{before:?}");
    assert!(children.is_empty());
    assert_eq!(server.get(&projects("jobs?stateFilter=lost")).await.0, 400);
}

#[tokio::test]
async fn a_deleted_job_is_not_seen_and_its_id_stays_used() {
    let server = Server::start().await;
    some_jobs(&server, 2).await;
    let path = projects("jobs/job000/delete");

    let (status, _) = server.ask(Method::DELETE, &path, None).await;
    let server = server.restart();

    assert_eq!(status, 204);
    assert_eq!(ids(&server.get(&projects("jobs")).await.1), ["job001"]);
    assert_eq!(server.get(&projects("jobs/job000")).await.0, 404);
    let job = json!({ "query": { "query": "SELECT 1", "useLegacySql": false } });
    assert_eq!(server.insert("job000", job).await.0, 409);
}

#[tokio::test]
async fn a_job_that_runs_is_not_deleted() {
    let server = Server::start().await;
    server.insert("long", to_mart("b", "WRITE_TRUNCATE", ENDLESS)).await;

    let (status, _) = server.ask(Method::DELETE, &projects("jobs/long/delete"), None).await;

    assert_eq!(status, 400);
}

#[tokio::test]
async fn datasets_and_tables_come_in_pages() {
    let server = Server::start().await;
    for table in ["a", "b", "c"] {
        server.write(table, "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    }
    let body = json!({ "datasetReference": { "datasetId": "log" }, "labels": { "team": "data" } });
    assert_eq!(server.post(&projects("datasets"), body).await.0, 200);

    let (_, first) = server.get(&projects("datasets?maxResults=2")).await;
    let (_, second) = server.get(&projects("datasets?maxResults=2&pageToken=2")).await;
    let (_, labelled) = server.get(&projects("datasets?filter=labels.team:data")).await;
    let (_, tables) = server.get(&projects("datasets/mart/tables?maxResults=2")).await;

    let names = |list: &Value| -> Vec<String> {
        let all = list["datasets"].as_array().unwrap();
        let name = |one: &Value| one["datasetReference"]["datasetId"].as_str().unwrap().to_owned();
        all.iter().map(name).collect()
    };
    assert_eq!(
        (names(&first), first["nextPageToken"].as_str()),
        (vec!["log".into(), "mart".into()], Some("2"))
    );
    assert_eq!((names(&second), second.get("nextPageToken")), (vec!["raw".into()], None));
    assert_eq!(names(&labelled), ["log"]);
    assert_eq!((tables["tables"].as_array().unwrap().len(), &tables["totalItems"]), (2, &json!(3)));
}

#[tokio::test]
async fn rows_of_a_table_come_with_the_columns_that_are_selected() {
    let server = Server::start().await;
    server.write("kpi", "WRITE_TRUNCATE", "SELECT 1 AS n, 'x' AS s, 2 AS m").await;
    let path = "datasets/mart/tables/kpi/data";

    let (_, some) = server.get(&projects(&format!("{path}?selectedFields=m,n"))).await;
    let (wrong, _) = server.get(&projects(&format!("{path}?selectedFields=zzz"))).await;

    assert_eq!(crate::server::rows_of(&some), [[json!("1"), json!("2")]]);
    assert_eq!(wrong, 400);
}

#[tokio::test]
async fn routines_and_models_are_none() {
    let server = Server::start().await;

    let (_, routines) = server.get(&projects("datasets/mart/routines")).await;
    let (_, models) = server.get(&projects("datasets/mart/models")).await;

    assert_eq!((&routines["routines"], &models["models"]), (&json!([]), &json!([])));
    assert_eq!(server.get(&projects("datasets/nowhere/models")).await.0, 404);
}
