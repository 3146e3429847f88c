//! What is told of a job that is over.

use serde_json::{Value, json};

use crate::server::{Server, reason, to_mart};

fn number(value: &Value) -> i64 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_query_tells_its_bytes_times_and_kind() {
    let server = Server::start().await;
    server.write("t", "WRITE_TRUNCATE", "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 10)) AS x").await;
    let mut job = to_mart("u", "WRITE_TRUNCATE", "SELECT SUM(x) AS total FROM mart.t");
    job["labels"] = json!({ "task": "daily" });

    let job = server.run(job).await;

    assert_eq!(reason(&job), "none");
    let statistics = &job["statistics"];
    let query = &statistics["query"];
    assert_eq!(statistics["totalBytesProcessed"], "80");
    assert_eq!(
        (&query["totalBytesProcessed"], &query["totalBytesBilled"]),
        (&json!("80"), &json!("80"))
    );
    assert_eq!((&query["cacheHit"], &query["statementType"]), (&json!(false), &json!("SELECT")));
    assert!(number(&statistics["totalSlotMs"]) >= 0);
    let at = ["creationTime", "startTime", "endTime"].map(|key| number(&statistics[key]));
    assert!(at.is_sorted(), "{at:?}");
    assert_eq!(job["configuration"]["labels"]["task"], "daily");
    assert_eq!(job["configuration"]["jobType"], "QUERY");
}

#[tokio::test]
async fn a_job_that_failed_tells_its_times_and_no_bytes() {
    let server = Server::start().await;

    let job = server.write("u", "WRITE_TRUNCATE", "SELECT x FROM mart.nowhere").await;

    assert_eq!(job["status"]["errors"][0], job["status"]["errorResult"]);
    let statistics = &job["statistics"];
    assert!(number(&statistics["endTime"]) >= number(&statistics["startTime"]));
    assert_eq!((statistics.get("totalBytesProcessed"), statistics.get("query")), (None, None));
}
