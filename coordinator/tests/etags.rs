//! Who asks again for what has not changed is told so, without a body.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod served;

use himekuri_coordinator::{Access, Role};
use reqwest::{Response, StatusCode, header};
use served::{Body, Served, TITLES, entry, listed};

async fn get(served: &Served, path: &str, token: &str, known: Option<&str>) -> Response {
    let url = format!("http://{}{path}", served.address);
    let mut request = reqwest::Client::new().get(url).bearer_auth(token);
    if let Some(known) = known {
        request = request.header(header::IF_NONE_MATCH, known);
    }
    request.send().await.unwrap()
}

fn tag(response: &Response) -> String {
    response.headers()[header::ETAG].to_str().unwrap().to_owned()
}

fn access() -> Access {
    listed(&[
        entry("kim", Role::Admin, None, "kim"),
        entry("lee", Role::Viewer, Some(&TITLES[..1]), "lee"),
    ])
}

#[tokio::test]
async fn what_has_not_changed_comes_without_a_body_and_what_has_comes_anew() {
    let (served, [attempt, _]) = Served::with_titles(access()).await;
    let revision = served.coordinator.project(TITLES[0]).await.unwrap().revision;
    for path in [
        "/v1/projects".to_owned(),
        "/v1/projects/title_a".to_owned(),
        format!("/v1/revisions/{revision}"),
        "/v1/attempts".to_owned(),
        format!("/v1/attempts/{attempt}"),
        format!("/v1/attempts/{attempt}/tasks"),
        format!("/v1/attempts/{attempt}/log"),
        "/v1/schedules".to_owned(),
        "/v1/backfills".to_owned(),
    ] {
        let first = get(&served, &path, "kim", None).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        let tag = tag(&first);
        assert!(tag.starts_with('"') && tag.len() > 30, "strong: {tag}");
        assert_eq!(first.headers()[header::CACHE_CONTROL], "private, no-cache");
        assert!(!first.bytes().await.unwrap().is_empty());
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let again = get(&served, &path, "kim", Some(&known)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path} {known}");
            assert_eq!(self::tag(&again), tag);
            assert!(again.bytes().await.unwrap().is_empty());
        }
        let other = get(&served, &path, "kim", Some("\"x\"")).await;
        assert_eq!(other.status(), StatusCode::OK, "{path}");
    }
    assert!(
        tag(&get(&served, &format!("/v1/revisions/{revision}"), "kim", None).await)
            .contains(&revision)
    );
}

#[tokio::test]
async fn a_change_changes_the_tag() {
    let (served, _) = Served::with_titles(access()).await;
    let path = "/v1/schedules";
    let before = tag(&get(&served, path, "kim", None).await);

    let disable = "/v1/schedules/title_a/wf/disable";
    assert_eq!(served.ask("POST", disable, Some("kim"), &Body::None).await.0, StatusCode::OK);

    let after = get(&served, path, "kim", Some(&before)).await;
    assert_eq!(after.status(), StatusCode::OK);
    assert_ne!(tag(&after), before);
}

#[tokio::test]
async fn a_tag_opens_nothing_to_who_may_not_see_it() {
    let (served, [_, other]) = Served::with_titles(access()).await;
    let path = format!("/v1/attempts/{other}");
    let tag = tag(&get(&served, &path, "kim", None).await);

    assert_eq!(get(&served, &path, "lee", Some(&tag)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(get(&served, &path, "no", Some("*")).await.status(), StatusCode::UNAUTHORIZED);
    let missing = get(&served, "/v1/attempts/999", "kim", Some("*")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(missing.headers().get(header::ETAG).is_none());
}

#[tokio::test]
async fn the_description_has_every_answer_that_a_tag_makes() {
    let served = Served::start(Access::Open).await;
    let description = served.get("/openapi.json").await;

    for (path, methods) in description["paths"].as_object().unwrap() {
        if let Some(get) = methods.get("get").filter(|_| path.starts_with("/v1/")) {
            assert!(get["responses"]["304"].is_object(), "{path}");
            assert!(get["responses"]["200"]["headers"]["ETag"].is_object(), "{path}");
        }
    }
}
