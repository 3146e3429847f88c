//! Who may do what: every endpoint, every role, with and without the title.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod served;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use himekuri_coordinator::{Access, Guard, Role};
use reqwest::StatusCode;
use serde_json::json;
use served::{Body, Logged, Served, TITLES, entry, listed, say};

/// What an endpoint concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// A title.
    Title,
    /// All titles.
    Pool,
    /// Whatever the caller sees.
    Seen,
}

/// An endpoint, and what a caller must be.
struct Row {
    method: &'static str,
    path: &'static str,
    needs: Role,
    scope: Scope,
    body: fn(title: &str) -> Body,
}

const fn row(method: &'static str, path: &'static str, needs: Role, scope: Scope) -> Row {
    Row { method, path, needs, scope, body: |_| Body::None }
}

impl Row {
    const fn with(self, body: fn(&str) -> Body) -> Self {
        Self { body, ..self }
    }
}

fn range(title: &str) -> Body {
    let (from, to) = ("2025-07-01", "2025-07-01");
    Body::Json(json!({"project": title, "workflow": "wf", "from": from, "to": to}))
}

fn nothing(_: &str) -> Body {
    Body::Json(json!({}))
}

/// Placeholders: `{t}` the title, `{a}` an attempt of it, `{b}` its backfill, `{p}` its id in digdag's interface, `{w}` that of its
/// workflow, `{s}` that of its schedule, `{r}` the revision.
const ROWS: &[Row] = &[
    row("GET", "/v1/projects", Role::Viewer, Scope::Seen),
    row("GET", "/v1/projects/{t}", Role::Viewer, Scope::Title),
    row("PUT", "/v1/projects/{t}", Role::Operator, Scope::Title).with(|_| Body::Archive),
    row("PUT", "/v1/projects/{t}?gcp_project=gcp", Role::Operator, Scope::Title)
        .with(|_| Body::Archive),
    row("POST", "/v1/projects/{t}/pause", Role::Operator, Scope::Title).with(nothing),
    row("POST", "/v1/projects/{t}/resume", Role::Operator, Scope::Title),
    row("GET", "/v1/revisions/{r}", Role::Viewer, Scope::Pool),
    row("GET", "/v1/revisions/{r}?project={t}", Role::Viewer, Scope::Title),
    row("GET", "/v1/attempts", Role::Viewer, Scope::Seen),
    row("GET", "/v1/attempts?project={t}", Role::Viewer, Scope::Title),
    row("POST", "/v1/attempts", Role::Operator, Scope::Title).with(range),
    row("GET", "/v1/attempts/{a}", Role::Viewer, Scope::Title),
    row("GET", "/v1/attempts/{a}/tasks", Role::Viewer, Scope::Title),
    row("GET", "/v1/attempts/{a}/log", Role::Viewer, Scope::Title),
    row("POST", "/v1/attempts/{a}/kill", Role::Operator, Scope::Title).with(nothing),
    row("POST", "/v1/attempts/{a}/retry", Role::Operator, Scope::Title)
        .with(|_| Body::Json(json!({"mode": "all"}))),
    row("GET", "/v1/backfills", Role::Viewer, Scope::Seen),
    row("POST", "/v1/backfills", Role::Operator, Scope::Title).with(range),
    row("POST", "/v1/backfills/{b}/pause", Role::Operator, Scope::Title),
    row("POST", "/v1/backfills/{b}/resume", Role::Operator, Scope::Title),
    row("POST", "/v1/backfills/{b}/kill", Role::Operator, Scope::Title),
    row("GET", "/v1/workers", Role::Viewer, Scope::Pool),
    row("GET", "/v1/schedules", Role::Viewer, Scope::Seen),
    row("POST", "/v1/schedules/{t}/wf/disable", Role::Operator, Scope::Title),
    row("POST", "/v1/schedules/{t}/wf/enable", Role::Operator, Scope::Title).with(nothing),
    row("POST", "/v1/schedules/{t}/wf/skip", Role::Operator, Scope::Title)
        .with(|_| Body::Json(json!({"to": "2026-02-01T00:00:00Z"}))),
    // digdag's.
    row("GET", "/api/version", Role::Viewer, Scope::Seen),
    row("GET", "/api/version/check", Role::Viewer, Scope::Seen),
    row("GET", "/api/project?name={t}", Role::Viewer, Scope::Title),
    row("GET", "/api/projects", Role::Viewer, Scope::Seen),
    row("PUT", "/api/projects?project={t}&revision=x", Role::Operator, Scope::Title)
        .with(|_| Body::Archive),
    row("GET", "/api/projects/{p}", Role::Viewer, Scope::Title),
    row("GET", "/api/projects/{p}/revisions", Role::Viewer, Scope::Title),
    row("GET", "/api/projects/{p}/archive", Role::Viewer, Scope::Title),
    row("GET", "/api/projects/{p}/workflows", Role::Viewer, Scope::Title),
    row("GET", "/api/projects/{p}/workflows/wf", Role::Viewer, Scope::Title),
    row("GET", "/api/projects/{p}/schedules", Role::Viewer, Scope::Title),
    row("GET", "/api/projects/{p}/sessions", Role::Viewer, Scope::Title),
    row("GET", "/api/workflow?project={t}&name=wf", Role::Viewer, Scope::Title),
    row("GET", "/api/workflows", Role::Viewer, Scope::Seen),
    row("GET", "/api/workflows/{w}", Role::Viewer, Scope::Title),
    row(
        "GET",
        "/api/workflows/{w}/truncated_session_time?session_time=2025-01-01T00:00:00Z&mode=day",
        Role::Viewer,
        Scope::Title,
    ),
    row("GET", "/api/schedules", Role::Viewer, Scope::Seen),
    row("GET", "/api/schedules/{s}", Role::Viewer, Scope::Title),
    row("POST", "/api/schedules/{s}/skip", Role::Operator, Scope::Title)
        .with(|_| Body::Json(json!({"count": 1, "fromTime": "2026-02-01T00:00:00Z"}))),
    row("POST", "/api/schedules/{s}/backfill", Role::Operator, Scope::Title)
        .with(|_| Body::Json(json!({"fromTime": "2025-12-30T00:00:00Z", "attemptName": "x"}))),
    row("POST", "/api/schedules/{s}/enable", Role::Operator, Scope::Title),
    row("POST", "/api/schedules/{s}/disable", Role::Operator, Scope::Title),
    row("GET", "/api/sessions", Role::Viewer, Scope::Seen),
    row("GET", "/api/sessions/{a}", Role::Viewer, Scope::Title),
    row("GET", "/api/sessions/{a}/attempts", Role::Viewer, Scope::Title),
    row("GET", "/api/attempts", Role::Viewer, Scope::Seen),
    row("PUT", "/api/attempts", Role::Operator, Scope::Title).with(|title| {
        let workflow = Ids::of(title, 0, 0).workflow;
        let session = "2025-08-01T00:00:00+09:00";
        Body::Json(json!({"workflowId": workflow, "sessionTime": session, "params": {}}))
    }),
    row("GET", "/api/attempts/{a}", Role::Viewer, Scope::Title),
    row("GET", "/api/attempts/{a}/retries", Role::Viewer, Scope::Title),
    row("GET", "/api/attempts/{a}/tasks", Role::Viewer, Scope::Title),
    row("POST", "/api/attempts/{a}/kill", Role::Operator, Scope::Title),
    row("GET", "/api/logs/{a}/files", Role::Viewer, Scope::Title),
    row("GET", "/api/logs/{a}/files/+wf@himekuri.log.gz", Role::Viewer, Scope::Title),
];

/// Numbers as the interface of digdag names things: made from names, as `${project_id}` is.
struct Ids {
    title: String,
    attempt: u64,
    backfill: u64,
    project: u32,
    workflow: String,
    schedule: u32,
    revision: String,
}

impl Ids {
    fn of(title: &str, attempt: u64, backfill: u64) -> Self {
        let number = |name: &str| {
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes()).as_fields().0
        };
        let files =
            himekuri_project::unpack(&served::archive(), himekuri_project::Limits::default());
        let revision = himekuri_project::revision_id(&files.unwrap());
        Self {
            title: title.to_owned(),
            attempt,
            backfill,
            project: number(title),
            workflow: number(&format!("{title}/{revision}/wf")).to_string(),
            schedule: number(&format!("{title}/wf")),
            revision,
        }
    }

    fn path(&self, path: &str) -> String {
        path.replace("{t}", &self.title)
            .replace("{a}", &self.attempt.to_string())
            .replace("{b}", &self.backfill.to_string())
            .replace("{p}", &self.project.to_string())
            .replace("{w}", &self.workflow)
            .replace("{s}", &self.schedule.to_string())
            .replace("{r}", &self.revision)
    }
}

const ROLES: [(Role, &str); 3] =
    [(Role::Viewer, "viewer"), (Role::Operator, "operator"), (Role::Admin, "admin")];

/// For each role a token for all titles, and one for the first.
fn everybody() -> Access {
    let entries = ROLES.into_iter().flat_map(|(role, name)| {
        let single = format!("{name}_of_one");
        [entry(name, role, None, name), entry(&single, role, Some(&TITLES[..1]), &single)]
    });
    listed(&entries.collect::<Vec<_>>())
}

#[tokio::test]
async fn every_endpoint_lets_in_whom_it_should_and_nobody_else() {
    let (served, attempts) = Served::with_titles(everybody()).await;
    let ids = [0, 1].map(|n| Ids::of(TITLES[n], attempts[n], n as u64 + 1));
    let mut asked = 0;
    // Last those that may change something, so that every one finds what it is about.
    for row in ROWS {
        for ids in &ids {
            let path = ids.path(row.path);
            let body = (row.body)(&ids.title);
            let (status, _) = served.ask(row.method, &path, None, &body).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {path}", row.method);
            let (status, _) = served.ask(row.method, &path, Some("somebody"), &body).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {path}", row.method);
            for (role, name) in ROLES {
                for is_single in [false, true] {
                    let token = if is_single { format!("{name}_of_one") } else { name.to_owned() };
                    let (status, answer) = served.ask(row.method, &path, Some(&token), &body).await;
                    asked += 1;
                    let in_scope = match row.scope {
                        Scope::Title => !is_single || ids.title == TITLES[0],
                        Scope::Pool => !is_single,
                        Scope::Seen => true,
                    };
                    let told = format!("{} {path} as {token}: {status} {answer}", row.method);
                    if role >= row.needs && in_scope {
                        let is_refusal =
                            [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED].contains(&status);
                        assert!(!is_refusal && status != StatusCode::NOT_FOUND, "{told}");
                        assert!(!status.is_server_error(), "{told}");
                    } else {
                        // What has a number of its own is not even there for those who must not see it.
                        let is_hidden = status == StatusCode::NOT_FOUND && !in_scope;
                        assert!(status == StatusCode::FORBIDDEN || is_hidden, "{told}");
                    }
                    if row.scope == Scope::Seen && is_single {
                        assert!(!answer.to_string().contains(TITLES[1]), "{told}");
                    }
                }
            }
        }
    }
    assert_eq!(asked, ROWS.len() * 2 * 6);
}

/// A new endpoint needs its row.
#[tokio::test]
async fn the_matrix_knows_every_endpoint_of_the_description() {
    let served = Served::start(Access::Open).await;
    let description = served.get("/openapi.json").await;
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(shape(&method.to_uppercase(), path));
        }
    }

    let known: BTreeSet<_> = ROWS.iter().map(|row| shape(row.method, row.path)).collect();

    let missing: Vec<_> = described.difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(described.len() > 50, "{described:?}");
}

/// Method and path with `_` for what stands in braces or for it.
fn shape(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let parts = path.split('/').map(|part| match part {
        "wf" | "pause" | "resume" | "+wf@himekuri.log.gz" => "_",
        "kill" if path.contains("/backfills/") => "_",
        part if part.starts_with('{') => "_",
        part => part,
    });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}

#[tokio::test]
async fn only_an_admin_moves_a_title_to_another_gcp_project() {
    let (served, _) = Served::with_titles(everybody()).await;
    let path = "/v1/projects/title_a?gcp_project=other";

    let (operator, _) = served.ask("PUT", path, Some("operator"), &Body::Archive).await;
    let (admin, pushed) = served.ask("PUT", path, Some("admin"), &Body::Archive).await;

    assert_eq!(operator, StatusCode::FORBIDDEN);
    assert_eq!((admin, &pushed["gcp_project"]), (StatusCode::OK, &json!("other")));
}

#[tokio::test]
async fn probes_and_the_description_need_nobody() {
    let served = Served::start(everybody()).await;

    for path in ["/livez", "/readyz", "/openapi.json"] {
        let (status, _) = served.ask("GET", path, None, &Body::None).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_token_that_is_taken_away_is_refused_from_then_on() {
    let served = Served::start(everybody()).await;
    let (before, _) = served.ask("GET", "/v1/attempts", Some("viewer"), &Body::None).await;

    served.guard.replace(listed(&[entry("lee", Role::Viewer, None, "other")]));

    let (after, _) = served.ask("GET", "/v1/attempts", Some("viewer"), &Body::None).await;
    assert_eq!((before, after), (StatusCode::OK, StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn changes_are_written_down_with_their_caller_and_tokens_never_are() {
    let logged = Logged::begin();
    let secret = "himekuri_0123456789abcdef";
    let served = Served::start(listed(&[entry("kim", Role::Admin, None, secret)])).await;
    let request = |method: &str, path: &str, header: &str| {
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\r\n")
    };

    let path = "/v1/schedules/title_a/wf/disable";
    let known =
        say(&served, &request("POST", path, &format!("authorization: Bearer {secret}"))).await;
    let wrong = format!("authorization: Bearer {secret}X");
    let unknown = say(&served, &request("GET", "/v1/attempts", &wrong)).await;
    // `kim:himekuri_0123456789abcdef`
    let basic = "authorization: Basic a2ltOmhpbWVrdXJpXzAxMjM0NTY3ODlhYmNkZWY=";
    let read = say(&served, &request("GET", "/v1/attempts", basic)).await;

    assert!(known.starts_with("HTTP/1.1 404"), "{known}");
    assert!(unknown.starts_with("HTTP/1.1 401"), "{unknown}");
    assert!(read.starts_with("HTTP/1.1 200"), "{read}");
    let logged = logged.text();
    let audit: Vec<&str> = logged.lines().filter(|line| line.contains("himekuri::audit")).collect();
    let of_kim = audit.iter().filter(|line| line.contains(path)).count();
    assert_eq!(of_kim, 1, "{audit:?}");
    assert!(audit[0].contains("kim asked for POST") && audit[0].contains("404"), "{audit:?}");
    for part in [secret, "0123456789abcdef", "a2ltOmhpbWVrdXJp"] {
        assert!(!logged.contains(part), "a token is in the log");
    }
    assert!(logged.contains("as talkative as it gets"), "nothing would have been logged");
}

#[tokio::test]
async fn who_asks_too_often_is_slowed_down_and_others_are_not() {
    let served = Served::start_with(Guard::new(everybody()).with_rate(NonZeroU32::MIN)).await;
    let path = "/v1/attempts";
    let mut statuses = Vec::new();
    while !statuses.contains(&StatusCode::TOO_MANY_REQUESTS) {
        statuses.push(served.ask("GET", path, Some("viewer"), &Body::None).await.0);
    }

    let (other, _) = served.ask("GET", path, Some("operator"), &Body::None).await;

    assert_eq!((statuses[0], other), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test]
async fn under_digdags_paths_every_refusal_is_in_digdags_words() {
    let served = Served::start(everybody()).await;
    for (method, path, token, status) in [
        ("GET", "/api/attempts", None, StatusCode::UNAUTHORIZED),
        ("GET", "/api/attempts/999", Some("viewer"), StatusCode::NOT_FOUND),
        (
            "GET",
            "/api/attempts?last_id=9223372036854775808",
            Some("viewer"),
            StatusCode::BAD_REQUEST,
        ),
        ("GET", "/api/workflow", Some("viewer"), StatusCode::BAD_REQUEST),
        ("GET", "/api/nothing", Some("viewer"), StatusCode::NOT_FOUND),
        ("DELETE", "/api/attempts", Some("viewer"), StatusCode::METHOD_NOT_ALLOWED),
        ("PUT", "/api/attempts", Some("operator"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let (found, answer) = served.ask(method, path, token, &Body::None).await;

        assert_eq!(found, status, "{method} {path}: {answer}");
        assert_eq!(answer["status"], status.as_u16(), "{method} {path}: {answer}");
        let message = answer["message"].as_str().unwrap();
        assert!(!message.is_empty() && answer["detail"].is_null(), "{method} {path}: {answer}");
    }
    let refused =
        say(&served, "GET /api/attempts HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(refused.await.to_lowercase().contains("www-authenticate: bearer"));
}
