//! Cloud Storage's JSON interface over a folder.

use reqwest::Method;
use serde_json::json;

use crate::buckets::with_bucket;
use crate::server::Server;

async fn upload(server: &Server, name: &str, content: &'static str) -> serde_json::Value {
    let path = format!("/upload/storage/v1/b/files/o?uploadType=media&name={name}");
    let response = server.request(Method::POST, &path).body(content).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_file_is_waited_for_by_asking_for_it() {
    let (server, _folder) = with_bucket().await;
    let path = "/storage/v1/b/files/o/in%2Fready.csv";

    let (before, answer) = server.get(path).await;
    let uploaded = upload(&server, "in%2Fready.csv", "1,a\n").await;
    let (after, found) = server.get(path).await;

    assert_eq!((before, &answer["error"]["errors"][0]["reason"]), (404, &json!("notFound")));
    assert_eq!(answer["error"]["message"], "No such object: files/in/ready.csv");
    assert_eq!(after, 200);
    assert_eq!(
        (&found["name"], &found["bucket"], &found["size"]),
        (&json!("in/ready.csv"), &json!("files"), &json!("4"))
    );
    assert_eq!(found["generation"], uploaded["generation"]);
    assert!(found["updated"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_file_is_read_and_deleted() {
    let (server, folder) = with_bucket().await;
    upload(&server, "a.txt", "hello").await;
    let path = "/storage/v1/b/files/o/a.txt";

    let media = server.request(Method::GET, &format!("{path}?alt=media")).send().await.unwrap();
    let (deleted, _) = server.ask(Method::DELETE, path, None).await;

    assert_eq!(media.text().await.unwrap(), "hello");
    assert_eq!((deleted, server.get(path).await.0), (204, 404));
    assert!(!folder.path().join("a.txt").exists());
}

#[tokio::test]
async fn files_are_listed_by_prefix_folder_and_page() {
    let (server, _folder) = with_bucket().await;
    for name in ["log/1.csv", "log/2.csv", "log/old/0.csv", "other.csv"] {
        upload(&server, name, "x").await;
    }
    let names = async |query: &str| {
        let (status, list) = server.get(&format!("/storage/v1/b/files/o?{query}")).await;
        assert_eq!(status, 200, "{list}");
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> =
            items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
        (names, list["prefixes"].clone(), list["nextPageToken"].clone())
    };

    let (all, _, _) = names("").await;
    let (log, folders, _) = names("prefix=log/&delimiter=/").await;
    let (first, _, token) = names("maxResults=3").await;
    let token = token.as_str().unwrap();
    let (second, _, none) = names(&format!("maxResults=3&pageToken={token}")).await;

    assert_eq!(all, ["log/1.csv", "log/2.csv", "log/old/0.csv", "other.csv"]);
    assert_eq!((log, folders), (vec!["log/1.csv".into(), "log/2.csv".into()], json!(["log/old/"])));
    assert_eq!([first, second].concat(), all);
    assert!(none.is_null());
}

#[tokio::test]
async fn no_name_leaves_the_folder_and_no_bucket_is_made_up() {
    let (server, _folder) = with_bucket().await;

    let (outside, _) = server.get("/storage/v1/b/files/o/..%2Fsecret").await;
    let (unknown, answer) = server.get("/storage/v1/b/other/o/a.csv").await;

    assert_eq!((outside, unknown), (400, 404));
    assert!(answer["error"]["message"].as_str().unwrap().contains("--gcs other=FOLDER"));
}
