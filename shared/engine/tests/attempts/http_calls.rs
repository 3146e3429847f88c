//! `http_call>`: a worker fetches a workflow, which becomes the task's subtasks.

use himekuri_engine::Record;
use himekuri_protocol::{Document, HTTP_VERSION, HttpBody, HttpRequest, Outcome, Work};

use crate::world::{Project, World, assert_tree, through_json};

fn request(world: &mut World, name: &str) -> HttpRequest {
    match world.work(name) {
        Work::HttpCall(request) => *request,
        other => panic!("no request: {other:?}"),
    }
}

fn document(media_type: &str, text: &str) -> Outcome {
    let (media_type, text) = (media_type.to_owned(), text.to_owned());
    Outcome::Fetched { document: Document { media_type, text } }
}

fn yaml(text: &str) -> Outcome {
    document("application/x-yaml", text)
}

fn refusal(keys: &str) -> String {
    let mut world = Project::new(&format!("+a:\n  http_call>: http://h/w\n{keys}")).start();
    world.prepare("+a").unwrap_err().message
}

#[test]
fn the_document_becomes_the_subtasks_with_the_parameters_of_the_task() {
    let dig = "_export: {x: outer}\n+a: {http_call>: 'http://h/${x}.yml'}\n+b: {echo>: b}\n";
    let mut world = Project::new(dig).start();
    assert_eq!(request(&mut world, "+a").uri, "http://h/outer.yml");

    world.report("+a", yaml("_export: {y: inner}\n+t: {echo>: '${x} ${y}'}\n"));

    assert_eq!(world.echo("+a^sub+t"), "outer inner");
    world.succeed("+a^sub+t");
    world.succeed("+b");
    assert_tree(
        &world,
        "
        +wf: success
          +a: success
            ^sub: success
              +t: success
          +b: success
        ",
    );
}

#[test]
fn the_log_holds_the_document_s_tasks_so_that_a_replay_asks_nobody() {
    let mut world = Project::new("+a: {http_call>: 'http://h/w'}\n").start();
    world.report(
        "+a",
        document("application/json", "{\"+t\":{\"echo>\":\"\\u00e4 \\/ \\ud83d\\ude00\"}}"),
    );

    let mut replayed = world.replayed(&through_json(&world.log));

    assert_eq!(replayed.attempt, world.attempt);
    assert_eq!(replayed.echo("+a^sub+t"), "ä / 😀");
}

#[test]
fn a_request_has_digdags_defaults() {
    let mut world = Project::new("+a: {http_call>: 'http://h/w'}\n").start();

    let expected = HttpRequest {
        method: "GET".to_owned(),
        uri: "http://h/w".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        follow_redirects: true,
        retry: true,
        content_type_override: None,
    };
    assert_eq!(request(&mut world, "+a"), expected);
    assert_eq!(world.send("+a").unwrap().version, HTTP_VERSION);
}

#[test]
fn a_request_is_described_by_the_options_of_http_and_their_family() {
    let dig = "
_export: {http: {headers: [{x-title: a}, {x-n: 1}]}}
+a:
  http_call>: http://h/w
  method: post
  query: {day: '2019-09-01', n: 2}
  content: {k: [1]}
  content_type_override: application/x-yaml
  follow_redirects: false
+form: {http_call>: 'http://h/w', method: PUT, retry: true, query: a=1&b, content: {a b: ä&, c: 1}, content_format: form}
+text: {http_call>: 'http://h/w', content: plain, content_type: text/x}
";
    let mut world = Project::new(&format!("_parallel: true\n{dig}")).start();
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let body = |text: &str, content_type: &str| {
        let (text, content_type) = (text.to_owned(), content_type.to_owned());
        Some(HttpBody { text, content_type })
    };

    let headers = pairs(&[("x-title", "a"), ("x-n", "1")]);
    let expected = HttpRequest {
        method: "POST".to_owned(),
        uri: "http://h/w".to_owned(),
        query: pairs(&[("day", "2019-09-01"), ("n", "2")]),
        headers,
        body: body("{\"k\":[1]}", "application/json"),
        follow_redirects: false,
        retry: false,
        content_type_override: Some("application/x-yaml".to_owned()),
    };
    assert_eq!(request(&mut world, "+a"), expected);
    let form = request(&mut world, "+form");
    assert_eq!(form.body, body("a+b=%C3%A4%26&c=1", "application/x-www-form-urlencoded"));
    assert_eq!((form.query, form.retry), (pairs(&[("a", "1"), ("b", "")]), true));
    assert_eq!(request(&mut world, "+text").body, body("plain", "text/x"));
}

#[test]
fn wrong_options_and_secrets_are_named_with_their_place() {
    let cases = [
        (
            "  method: 'G T'\n",
            "wf.dig:3:11: `method` must be one of HTTP, such as `GET`, not `G T`",
        ),
        ("  headers: {a: b}\n", "wf.dig:3:12: `headers` must be a list of `- NAME: VALUE`"),
        ("  content: [x]\n  content_format: form\n", "wf.dig:3:12: `content` must be a mapping"),
        (
            "  content: x\n  content_format: xml\n",
            "wf.dig:4:19: `content_format` must be `text`, `json` or `form`, not `xml`",
        ),
        (
            "  headers: [{authorization: '${secret:token}'}]\n",
            "wf.dig:3:12: secrets are not filled in here; let the server know the workers by their network, or fetch the file before",
        ),
        ("  query: {a: [1]}\n", "wf.dig:3:10: `query` must hold texts, not `[1]`"),
    ];
    for (keys, expected) in cases {
        assert_eq!(refusal(keys), expected);
    }
}

#[test]
fn a_document_that_is_no_workflow_fails_the_task_and_counts_for_its_retry() {
    let dig = "+a: {http_call>: 'http://h/w', _retry: 1}\n";
    let mut world = Project::new(dig).start();
    world.report("+a", yaml("+t: {}\nx: ["));
    assert_eq!(world.state("+a"), "retry_waiting");

    world.tick(0);
    world.report("+a", document("text/html", "<html>"));

    assert_eq!(world.state("+a"), "error");
    let error = world.task("+a").error().unwrap().message.clone();
    assert_eq!(
        error,
        "wf.dig:1:18: the document must be `application/json` or `application/x-yaml`, not `text/html`; `content_type_override` says what it is"
    );
}

#[test]
fn a_failure_below_fetches_the_document_again() {
    let mut world = Project::new("+a: {http_call>: 'http://h/w', _retry: 1}\n").start();
    world.report("+a", yaml("+t: {echo>: old}\n"));
    world.fail("+a^sub+t", "broken");
    world.tick(0);

    world.report("+a", yaml("+t: {echo>: new}\n"));

    assert_eq!(world.echo("+a^sub+t"), "new");
    let tries = world.log.iter().filter(|record| matches!(record, Record::Dispatched { .. }));
    assert_eq!(tries.count(), 3);
}

#[test]
fn a_document_reads_no_files_of_the_project_by_include() {
    let project = Project::new("+a: {http_call>: 'http://h/w'}\n").file("b.yml", "+b: {}\n");
    let mut world = project.start();

    world.report("+a", yaml("!include : b.yml\n"));

    assert_eq!(world.state("+a"), "error");
}

#[test]
fn documents_that_call_documents_end_at_a_depth() {
    let text = "+a: {http_call>: 'http://h/w'}\n";
    let mut world = Project::new(text).start();
    let mut name = "+a".to_owned();
    for _ in 0..10 {
        world.report(&name, yaml(text));
        name.push_str("^sub+a");
    }
    assert_eq!(world.state(&name), "ready");

    world.report(&name, yaml(text));

    let error = world.task(&name).error().unwrap().message.clone();
    assert_eq!(error, "http_call.dig:1:18: documents call documents more than 10 deep");
}
