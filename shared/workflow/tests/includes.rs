//! `!include :` merges where it stands.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use himekuri_workflow::{Diagnostic, ProjectFiles, compile_workflow};
use serde_json::Value;

fn export_of(files: &[(&str, &str)]) -> String {
    let files = ProjectFiles::from_iter(files.iter().copied());
    Value::Object(compile_workflow(&files, "wf").unwrap().root.export).to_string()
}

fn problem_of(files: &[(&str, &str)]) -> Diagnostic {
    let files = ProjectFiles::from_iter(files.iter().copied());
    compile_workflow(&files, "wf").unwrap_err().0.remove(0)
}

#[test]
fn one_mapping_holds_several_includes() {
    let export = export_of(&[
        ("wf.dig", "!include : config/config.dig\n!include : config/other.dig\n"),
        ("config/config.dig", "_export:\n  a: 1\n  o: {x: 1, y: 1}\n"),
        ("config/other.dig", "_export:\n  b: 2\n  o: {y: 2, z: 2}\n"),
    ]);

    assert_eq!(export, r#"{"a":1,"o":{"x":1,"y":2,"z":2},"b":2}"#);
}

#[test]
fn an_include_below_merges_deeply_and_wins() {
    let export = export_of(&[
        ("wf.dig", "_export:\n  a: 1\n  b: 1\n!include : c.yml\n"),
        ("c.yml", "_export: {b: 2, c: 2}"),
    ]);

    assert_eq!(export, r#"{"a":1,"b":2,"c":2}"#);
}

#[test]
fn a_key_below_an_include_replaces_it_wholesale() {
    let export = export_of(&[
        ("wf.dig", "!include : c.yml\n_export:\n  a: 1\n"),
        ("c.yml", "_export: {b: 2, c: 2}"),
    ]);

    assert_eq!(export, r#"{"a":1}"#);
}

#[test]
fn nested_includes_are_relative_to_their_own_file() {
    let export = export_of(&[
        ("wf.dig", "_export:\n  mysql:\n    !include : config/a.yml\n"),
        ("config/a.yml", "x: 1\n!include : deep/b.yml\n"),
        ("config/deep/b.yml", "y: 2\n"),
    ]);

    assert_eq!(export, r#"{"mysql":{"x":1,"y":2}}"#);
}

#[test]
fn json_files_can_be_included() {
    let export = export_of(&[
        ("wf.dig", "_export:\n  !include : c.json\n"),
        ("c.json", "{\"a\": [1, 0.5],\n \"b\": \"x\"}"),
    ]);

    assert_eq!(export, r#"{"a":[1,"0.5"],"b":"x"}"#);
}

#[test]
fn included_values_keep_the_place_of_their_file() {
    let files = ProjectFiles::from_iter([
        ("wf.dig", "_export:\n  !include : config/c.yml\n  own: 1\n"),
        ("config/c.yml", "# days\nDATE: 2019-09-01\n"),
    ]);

    let positions = compile_workflow(&files, "wf").unwrap().root.positions;

    assert_eq!(positions.value("/_export/DATE").unwrap().to_string(), "config/c.yml:2:7");
    assert_eq!(positions.key("/_export/DATE").unwrap().to_string(), "config/c.yml:2:1");
    assert_eq!(positions.value("/_export/own").unwrap().to_string(), "wf.dig:3:8");
}

#[test]
fn includes_that_cannot_be_read_are_errors_at_their_path() {
    type Files = &'static [(&'static str, &'static str)];
    let table: [(&str, Files, &str, &str); 9] = [
        (
            "!include : confg.yml\n",
            &[("config.yml", "a: 1")],
            "DIG0010",
            "did you mean `config.yml`?",
        ),
        (
            "!include : c.yml\n",
            &[("config/c.yml", "a: 1")],
            "DIG0010",
            "did you mean `config/c.yml`?",
        ),
        ("!include : ../c.yml\n", &[], "DIG0008", ""),
        ("!include : /c.yml\n", &[], "DIG0008", ""),
        ("!include : ${x}.yml\n", &[], "DIG0008", "write the path itself"),
        ("!include : [a]\n", &[], "DIG0008", "write `!include : path"),
        ("!include : c.yml\n", &[("c.yml", "- 1\n")], "DIG0003", ""),
        ("!include : c.yml\n", &[("c.yml", "")], "DIG0002", ""),
        ("!include : c.yml\n", &[("c.yml", "a: 1\na: 2\n")], "DIG0004", "remove one"),
    ];

    let mut wrong = Vec::new();
    for (text, others, code, help) in table {
        let mut files = vec![("wf.dig", text)];
        files.extend_from_slice(others);
        let problem = problem_of(&files);
        if problem.code != code || !problem.help.as_deref().unwrap_or_default().contains(help) {
            wrong.push(format!("{text:?}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_circle_of_includes_is_named_file_by_file() {
    let problem = problem_of(&[
        ("wf.dig", "!include : a.yml\n"),
        ("a.yml", "x: 1\n!include : b.yml\n"),
        ("b.yml", "!include : a.yml\n"),
    ]);

    assert_eq!(problem.code, "DIG0009");
    assert_eq!(problem.position.unwrap().to_string(), "b.yml:1:12");
    assert!(problem.message.contains("`wf.dig` -> `a.yml` -> `b.yml` -> `a.yml`"));
}

#[test]
fn bad_text_in_an_included_file_is_an_error_at_the_include() {
    let files = ProjectFiles::from_iter([
        ("wf.dig", b"!include : c.yml\n".as_slice()),
        ("c.yml", b"a: \xff\n".as_slice()),
    ]);

    let error = compile_workflow(&files, "wf").unwrap_err();

    assert_eq!(
        error.to_string(),
        "DIG0010: file `c.yml` is not UTF-8 text (byte 3 is the first bad one) in wf.dig:1:12"
    );
}
