//! Bad input gives one error with place, cause and cure; the exit code is not 0 and nothing is left behind.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A port on which nothing listens: bound and released at once.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn himekuri(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A project of one workflow, `wf`, in the folder `title`.
fn project(workflow: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("title")).unwrap();
    fs::write(folder.path().join("title/wf.dig"), workflow).unwrap();
    folder
}

const GOOD: &str = "timezone: Asia/Tokyo\n+a:\n  echo>: ${session_date}\n";

/// A broken project, and what its error must say: place, cause, cure.
const BROKEN: &[(&str, &str, [&str; 3])] = &[
    (
        "a missing SQL file",
        "+a:\n  bq>: missing.sql\n",
        [
            "wf.dig:2:8",
            "file `missing.sql` is not in the project",
            "create it, or correct the path",
        ],
    ),
    (
        "an unknown operator",
        "+a:\n  bg>: a.sql\n",
        ["wf.dig:2:3", "unknown operator `bg>`", "did you mean `bq>`?"],
    ),
    (
        "a broken expression",
        "+a:\n  echo>: ${session_date\n",
        ["wf.dig:2:10", "`${` without its `}`", "close the expression"],
    ),
    (
        "an expression that is not JavaScript",
        "+a:\n  echo>: ${1 +}\n",
        ["wf.dig:2:10", "`${1 +}` is not JavaScript", "himekuri eval"],
    ),
    (
        "a YAML error",
        "+a:\n  echo>: 'x\n",
        ["wf.dig:2:10", "not valid YAML: unclosed quote", "close the text"],
    ),
    ("a repeated key", "+a:\n  echo>: x\n+a:\n  echo>: y\n", ["wf.dig:3:1", "`+a`", "1"]),
    (
        "an unknown time zone",
        "timezone: Asia/Tokio\n+a:\n  echo>: x\n",
        ["wf.dig:1:11", "Asia/Tokio", "did you mean `Asia/Tokyo`?"],
    ),
    (
        "a schedule of a wrong form",
        "schedule:\n  daily>: 7am\n+a:\n  echo>: x\n",
        ["wf.dig:", "`daily>` must be `HH:MM:SS`", "such as `07:00:00`"],
    ),
];

#[test]
fn a_broken_project_is_refused_by_check_plan_and_run_with_place_cause_and_cure() {
    for (name, workflow, words) in BROKEN {
        let folder = project(workflow);
        for command in [
            &["check", "title"][..],
            &["plan", "title", "--session", "2019-09-01"],
            &["run", "title", "--session", "2019-09-01"],
        ] {
            let output = himekuri(folder.path(), command);

            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{name}, {command:?}: {said}");
            for word in words {
                assert!(said.contains(word), "{name}, {command:?}: no `{word}` in {said}");
            }
        }
        assert!(!folder.path().join(".himekuri").exists(), "{name}: nothing is left behind");
    }
}

#[test]
fn check_as_json_gives_one_object_for_each_problem() {
    let folder = project("+a:\n  bg>: a.sql\n+b:\n  echo>: ${\n");

    let output = himekuri(folder.path(), &["check", "title", "--json"]);

    let text = String::from_utf8(output.stdout).unwrap();
    let problems: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> =
        problems.iter().map(|p| (p["code"].as_str(), p["line"].as_u64())).collect();
    assert_eq!(places, [(Some("DIG0012"), Some(2)), (Some("DIG0025"), Some(4))]);
    assert_eq!(problems[0]["file"], "wf.dig");
    assert_eq!(problems[0]["severity"], "error");
}

#[test]
fn a_wrong_date_names_the_argument_and_shows_the_form() {
    let folder = project(GOOD);

    let output = himekuri(folder.path(), &["plan", "title", "--session", "2019-02-30"]);

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("'2019-02-30' for '--session <DATE>'"), "{said}");
    assert!(said.contains("write it as YYYY-MM-DD, such as 2019-09-01"), "{said}");
}

#[test]
fn a_reversed_range_an_unknown_workflow_and_a_missing_folder_are_refused() {
    let folder = project(GOOD);
    let cases: [(&[&str], &str); 3] = [
        (
            &["plan", "title", "--from", "2019-09-02", "--to", "2019-09-01"],
            "give the earlier date first",
        ),
        (&["plan", "title", "wg", "--session", "2019-09-02"], "did you mean `wf`?"),
        (
            &["plan", "nowhere", "--session", "2019-09-02"],
            "could not open the project folder `nowhere`",
        ),
    ];
    for (arguments, words) in cases {
        let output = himekuri(folder.path(), arguments);

        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "no `{words}` in {said}");
    }
}

#[test]
fn an_expression_that_fails_when_it_is_evaluated_names_its_place_and_the_near_name() {
    let folder = project("_export:\n  name: x\n+a:\n  echo>: ${nme}\n");

    let output = himekuri(folder.path(), &["plan", "title", "--session", "2019-09-02"]);

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("wf.dig:4:10"), "{said}");
    assert!(said.contains("`nme` is not defined; did you mean `name`?"), "{said}");
}

#[test]
fn an_sql_file_that_cannot_be_rendered_is_named_with_its_line() {
    let folder = project("+a:\n  bq>: a.sql\n");
    fs::write(folder.path().join("title/a.sql"), "SELECT\n  '${nope}'\n").unwrap();

    let output = himekuri(folder.path(), &["plan", "title", "--session", "2019-09-02"]);

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("a.sql:2:4"), "{said}");
    assert!(said.contains("`nope` is not defined"), "{said}");
}

#[test]
fn refused_connections_name_the_address_and_the_cure() {
    let folder = project(GOOD);
    let address = format!("http://127.0.0.1:{}", closed_port());
    let cases: [(&[&str], &str); 2] = [
        (&["attempts", "--coordinator", &address], "start `himekuri-coordinator`"),
        (
            &["run", "title", "--session", "2019-09-02", "--bigquery", &address],
            "start a local one with `himekuri warehouse",
        ),
    ];
    for (arguments, cure) in cases {
        let output = himekuri(folder.path(), arguments);

        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&address) && said.contains(cure), "{said}");
    }
}
