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

#[test]
fn an_error_within_an_included_file_shows_the_line_of_that_file() {
    let table = [
        ("+x:\n  bq>: a\n  sh>: b\n", "DIG0014", "sub/t.dig:3:3", "  sh>: b"),
        ("+x:\n  paralel: true\n", "DIG0011", "sub/t.dig:2:3", "  paralel: true"),
        ("+x:\n  _disable: ${d}\n", "DIG0017", "sub/t.dig:2:13", "  _disable: ${d}"),
        ("+x y:\n  bq>: a\n", "DIG0015", "sub/t.dig:1:1", "+x y:"),
        ("+x:\n  bq>: [a\n", "DIG0001", "sub/t.dig:2:8", "  bq>: [a"),
        ("# c\n!include : no.yml\n", "DIG0010", "sub/t.dig:2:12", "!include : no.yml"),
    ];

    for (text, code, place, line) in table {
        let problem = problem_of(&[
            ("wf.dig", "+group:\n  !include : sub/a.yml\n"),
            ("sub/a.yml", "# first\n!include : t.dig\n"),
            ("sub/t.dig", text),
        ]);
        let position = problem.position.unwrap().to_string();
        assert_eq!((problem.code, position.as_str()), (code, place), "{}", problem.message);
        assert_eq!(problem.source_line.as_deref(), Some(line));
    }
}

#[test]
fn the_chain_of_a_circle_is_named_from_its_first_file_to_itself() {
    let own = problem_of(&[("wf.dig", "+a:\n  !include : wf.dig\n")]);

    assert_eq!(own.message, "files include one another in a circle: `wf.dig` -> `wf.dig`");
    assert_eq!(own.end, Some((2, 20)));
}

#[test]
fn a_file_may_be_included_again_where_it_is_no_circle() {
    let export = export_of(&[
        (
            "wf.dig",
            "_export:\n  a:\n    !include : c.yml\n  b:\n    !include : c.yml\n  !include : d.yml\n",
        ),
        ("c.yml", "x: 1\n"),
        ("d.yml", "!include : c.yml\n"),
    ]);

    assert_eq!(export, r#"{"a":{"x":1},"b":{"x":1},"x":1}"#);
}

#[test]
fn a_path_may_turn_back_but_not_leave_the_folder_of_its_file() {
    let files = [("c.yml", "x: 1\n"), ("ab/c.yml", "x: 2\n"), ("a/c.yml", "x: 3\n")];
    let with = |path: &str| {
        let text = format!("_export:\n  !include : {path}\n");
        let all = files.into_iter().chain([("wf.dig", text.as_str()), ("a/wf2.dig", "")]);
        compile_workflow(&all.collect::<ProjectFiles>(), "wf")
            .map(|found| found.root.export["x"].clone())
    };

    assert_eq!(with("a/../c.yml").unwrap(), 1);
    assert_eq!(with("./ab//c.yml").unwrap(), 2);
    // digdag compares paths as texts, so a file of `a` may name one of `ab`; here it may not.
    let problem = problem_of(&[
        ("wf.dig", "!include : a/d.yml\n"),
        ("a/d.yml", "!include : ../ab/c.yml\n"),
        ("ab/c.yml", "_export: {x: 2}\n"),
    ]);
    assert_eq!(
        (problem.code, problem.position.unwrap().to_string()),
        ("DIG0008", "a/d.yml:1:12".to_owned())
    );
}

#[test]
fn fragments_that_would_not_compile_alone_are_no_problem_of_a_project() {
    let files = ProjectFiles::from_iter([
        ("wf.dig", "+a:\n  !include : parts/task.dig\n"),
        ("parts/task.dig", "bq>: q.sql\ndataset: d\n"),
        ("parts/broken.dig", "+a: [\n"),
    ]);

    assert_eq!(files.workflow_names(), ["wf"]);
    let root = compile_workflow(&files, "wf").unwrap().root;
    assert_eq!(
        root.children()[0].positions.key("/dataset").unwrap().to_string(),
        "parts/task.dig:2:1"
    );
}
