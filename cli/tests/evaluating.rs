//! `eval` as people and tests use it.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn eval(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .arg("eval")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const TOKYO: &[&str] = &["--timezone", "Asia/Tokyo", "--session-time", "2019-09-01T00:00:00+09:00"];

#[test]
fn a_text_is_printed_with_its_expressions_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let params = folder.path().join("vars.json");
    fs::write(&params, r#"{"mart": "access", "session_date": "ignored"}"#).unwrap();
    let params = ["--params", params.to_str().unwrap()];
    let table: &[(&str, &str)] = &[
        ("${moment(session_time).format(\"YYYYMMDD\")}", "20190901\n"),
        ("${mart}$${session_date_compact}", "access$20190901\n"),
        ("${session_date} ${timezone} ${session_unixtime}", "2019-09-01 Asia/Tokyo 1567263600\n"),
        ("${moment().format()}", "2019-09-01T00:00:00+09:00\n"),
        ("no expression", "no expression\n"),
    ];

    for (template, expected) in table {
        let output = eval(&[&[*template], TOKYO, &params[..]].concat(), "");

        assert_eq!(stdout(&output), *expected, "{}", stderr(&output));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn without_a_time_the_session_is_todays_midnight() {
    let output = eval(&["${session_local_time}"], "");

    assert!(stdout(&output).ends_with(" 00:00:00\n"), "{output:?}");
}

#[test]
fn a_text_can_come_from_standard_input() {
    let output = eval(&["-", "--session-time", "2019-09-01"], "SELECT\n  '${session_date}'\n");

    assert_eq!(stdout(&output), "SELECT\n  '2019-09-01'\n");
}

#[test]
fn a_failed_evaluation_ends_with_1_and_wrong_use_with_2() {
    let table: &[(&[&str], i32, &str)] = &[
        (&["${nope}"], 1, "`nope` is not defined"),
        (&["${1 +}"], 1, "not valid JavaScript"),
        (&["x", "--timezone", "Asia/Tokio"], 2, "did you mean `Asia/Tokyo`?"),
        (&["x", "--session-time", "yesterday"], 2, "write it as 2019-09-01T00:00:00+09:00"),
        (&["x", "--params", "/nowhere.json"], 2, "could not open `/nowhere.json`"),
        (&[], 2, "required arguments"),
        (&["x", "--batch"], 2, "cannot be used with"),
    ];

    for (arguments, code, words) in table {
        let output = eval(arguments, "");

        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {output:?}");
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn json_holds_the_result_or_the_error() {
    let good = eval(&["${1 + 1}", "--json"], "");
    let bad = eval(&["${nope}", "--json"], "");

    assert_eq!(stdout(&good), "{\"result\":\"2\"}\n");
    assert!(stdout(&bad).starts_with("{\"error\":\"could not evaluate `${nope}`"), "{bad:?}");
    assert_eq!((good.status.code(), bad.status.code()), (Some(0), Some(1)));
}

#[test]
fn a_batch_answers_each_line_with_one_line_and_goes_on_after_errors() {
    let input = concat!(
        r#"{"template": "${a + b}", "params": {"a": 1, "b": 2}}"#,
        "\n",
        r#"{"template": "${nope}"}"#,
        "\n",
        r#"{"template": "${session_time}", "timezone": "Asia/Tokyo", "session_time": "2019-09-01"}"#,
        "\n",
        r#"{"template": "x", "timezone": "Nowhere"}"#,
        "\n",
        r#"{"tmplate": "x"}"#,
        "\n",
    );

    let output = eval(&["--batch"], input);

    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(lines[0], r#"{"result":"3"}"#);
    assert!(lines[1].starts_with(r#"{"error":"could not evaluate"#), "{text}");
    assert_eq!(lines[2], r#"{"result":"2019-09-01T00:00:00+09:00"}"#);
    assert!(lines[3].contains("unknown time zone"), "{text}");
    assert!(lines[4].contains("tmplate"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_code_is_explained_with_its_page() {
    let explain = |code: &[&str]| {
        let program = env!("CARGO_BIN_EXE_himekuri");
        Command::new(program).arg("explain").args(code).output().unwrap()
    };

    assert!(stdout(&explain(&["DIG0012"])).starts_with("# DIG0012: "));
    assert!(stdout(&explain(&[])).lines().count() > 40);
    assert_eq!(explain(&["DIG9999"]).status.code(), Some(2));
}

#[test]
fn the_cpu_time_of_an_expression_is_a_setting() {
    let text = "${(function(){ while (true) {} })()}";

    let output = eval(&["--expression-cpu-ms", "7", text], "");

    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("more than 7 ms of CPU time"), "{said}");
}
