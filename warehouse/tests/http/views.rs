//! Views that are made over REST.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, projects};

fn view(name: &str, query: &str) -> Value {
    json!({
        "tableReference": { "tableId": name },
        "view": { "query": query, "useLegacySql": false },
        "description": "seen",
    })
}

#[tokio::test]
async fn a_view_is_made_shown_read_and_deleted() {
    let server = Server::start().await;
    server.write("t", "WRITE_TRUNCATE", "SELECT 1 AS n, 'x' AS s").await;
    let path = projects("datasets/mart/tables");

    let (made, answer) = server.post(&path, view("v", "SELECT n + 1 AS m FROM mart.t")).await;
    let (again, _) = server.post(&path, view("v", "SELECT 1 AS m")).await;
    let (_, shown) = server.get(&format!("{path}/v")).await;
    let read = server.rows("SELECT m FROM mart.v").await;
    let (rows, _) = server.get(&format!("{path}/v/data")).await;
    let (deleted, _) = server.ask(Method::DELETE, &format!("{path}/v"), None).await;

    assert_eq!((made, again), (200, 409), "{answer}");
    assert_eq!((&shown["type"], &shown["description"]), (&json!("VIEW"), &json!("seen")));
    assert_eq!(shown["schema"]["fields"][0]["name"], "m");
    assert_eq!(read, [[json!("2")]]);
    assert_eq!((rows, deleted), (400, 204));
    assert_eq!(server.get(&format!("{path}/v")).await.0, 404);
}

#[tokio::test]
async fn a_view_that_cannot_be_read_is_not_made() {
    let server = Server::start().await;
    let path = projects("datasets/mart/tables");
    let mut legacy = view("v", "SELECT 1 AS n");
    legacy["view"]["useLegacySql"] = json!(true);

    let (missing, _) = server.post(&path, view("v", "SELECT n FROM mart.nowhere")).await;
    let (legacy, _) = server.post(&path, legacy).await;

    assert_eq!((missing, legacy), (404, 501));
    assert_eq!(server.get(&format!("{path}/v")).await.0, 404);
}
