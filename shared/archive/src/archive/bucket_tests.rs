//! An archive in a bucket, before a server that answers as Google Cloud Storage does.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use object_store::ClientOptions;
use object_store::gcp::GoogleCloudStorageBuilder;

use super::*;

/// Objects by bucket and name, and how many PUTs lose their answer.
#[derive(Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Bytes>>,
    lost_answers: Mutex<usize>,
}

async fn write(
    State(bucket): State<Arc<Bucket>>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut objects = bucket.objects.lock().unwrap();
    let must_be_new = headers.get("x-goog-if-generation-match").is_some_and(|value| value == "0");
    if must_be_new && objects.contains_key(&name) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    objects.insert(name, body);
    let mut lost = bucket.lost_answers.lock().unwrap();
    if *lost > 0 {
        *lost -= 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    [(header::ETAG, "\"1\"")].into_response()
}

async fn read(State(bucket): State<Arc<Bucket>>, UrlPath(name): UrlPath<String>) -> Response {
    let found = bucket.objects.lock().unwrap().get(&name).cloned();
    let modified = (header::LAST_MODIFIED, "Mon, 02 Sep 2019 00:10:00 GMT");
    match found {
        Some(body) => ([(header::ETAG, "\"1\""), modified], body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn archive(bucket: &Arc<Bucket>) -> Archive {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/{*name}", get(read).put(write));
    tokio::spawn(axum::serve(listener, routes.with_state(Arc::clone(bucket))).into_future());
    let key = format!(
        "{{\"gcs_base_url\":\"{url}\",\"disable_oauth\":true,\"client_email\":\"\",\"private_key\":\"\",\"private_key_id\":\"\"}}"
    );
    let builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name("bucket")
        .with_service_account_key(key)
        .with_client_options(ClientOptions::new().with_allow_http(true));
    let objects = Objects::bucket("gs://bucket/pool", builder, "pool").unwrap();
    Archive { location: "gs://bucket/pool".into(), objects: Arc::new(objects) }
}

fn attempt() -> Arc<ArchivedAttempt> {
    Arc::new(ArchivedAttempt {
        attempt: AttemptId(12),
        session_key: "title/daily/2019-09-01T15:00:00Z".to_owned(),
        number: 1,
        summary: "{}".to_owned(),
        log: vec!["{\"n\":1}".to_owned()],
    })
}

#[tokio::test]
async fn an_attempt_goes_to_its_place_in_the_bucket_and_comes_back() {
    let bucket = Arc::new(Bucket::default());
    let archive = archive(&bucket).await;
    assert_eq!(archive.read(AttemptId(12)).await.unwrap(), None);
    assert!(!archive.contains(AttemptId(12)).await.unwrap());

    archive.write(&attempt()).await.unwrap();

    archive.verify(&attempt()).await.unwrap();
    assert!(archive.contains(AttemptId(12)).await.unwrap());
    assert_eq!(archive.read(AttemptId(12)).await.unwrap().as_ref(), Some(&*attempt()));
    let names: Vec<String> = bucket.objects.lock().unwrap().keys().cloned().collect();
    let name = "bucket/pool/attempts/00000000000000000/00000000000000000012.jsonl.gz";
    assert_eq!(names, [name]);
}

#[tokio::test]
async fn an_object_is_written_once_though_its_answer_is_lost_and_never_overwritten() {
    let bucket = Arc::new(Bucket { lost_answers: Mutex::new(1), ..Bucket::default() });
    let archive = archive(&bucket).await;

    archive.write(&attempt()).await.unwrap();
    archive.verify(&attempt()).await.unwrap();
    let other = Arc::new(ArchivedAttempt { number: 2, ..(*attempt()).clone() });
    archive.write(&other).await.unwrap();

    assert!(matches!(archive.verify(&other).await, Err(ArchiveError::Other { .. })));
    archive.verify(&attempt()).await.unwrap();
}
