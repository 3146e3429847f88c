//! What digdag's YAML reader accepts and refuses.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use himekuri_workflow::{Diagnostic, ProjectFiles, TaskKind, compile_workflow};
use serde_json::{Value, json};

fn project(text: &str) -> ProjectFiles {
    ProjectFiles::from_iter([("wf.dig", text)])
}

/// `_export` of a workflow with the given text.
fn export_of(text: &str) -> Value {
    Value::Object(compile_workflow(&project(text), "wf").unwrap().root.export)
}

fn problem_of(text: &str) -> Diagnostic {
    let mut problems = compile_workflow(&project(text), "wf").unwrap_err().0;
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn place_of(problem: &Diagnostic) -> String {
    problem.position.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn values_are_typed_and_keys_keep_their_order() {
    let export =
        export_of("_export:\n  z: 08\n  a: 07\n  '0x10': '7'\n  0x1F: 1.50\n  t: 00:00:00\n");

    assert_eq!(export.to_string(), r#"{"z":"08","a":7,"0x10":"7","31":1.5,"t":"00:00:00"}"#);
}

#[test]
fn carriage_returns_a_byte_order_mark_and_a_missing_last_newline_are_fine() {
    let export = export_of("\u{feff}# 日本語\r\n_export:\r\n  a: 1\r\n  b: |\r\n    x\r\n    y");

    assert_eq!(export, json!({"a": 1, "b": "x\ny"}));
}

#[test]
fn columns_are_counted_from_one_behind_a_byte_order_mark() {
    assert_eq!(place_of(&problem_of("\u{feff}foo: 1\n")), "wf.dig:1:1");
}

#[test]
fn aliases_repeat_their_anchor_and_merge_keys_yield_to_written_keys() {
    let export = export_of(
        "_export:\n  base: &b {x: 1, y: 2}\n  again: *b\n  merged:\n    y: 3\n    <<: *b\n    z: 4",
    );

    assert_eq!(export["again"], json!({"x": 1, "y": 2}));
    assert_eq!(export["merged"].to_string(), r#"{"y":3,"x":1,"z":4}"#);
}

#[test]
fn of_several_merged_mappings_the_first_wins() {
    let export = export_of("_export:\n  a: &a {x: 1}\n  b: &b {x: 2, y: 2}\n  m: {<<: [*a, *b]}\n");

    assert_eq!(export["m"], json!({"x": 1, "y": 2}));
}

#[test]
fn flow_lists_may_continue_without_indentation() {
    assert_eq!(export_of("_export:\n  a: [1,\n  2\n  ]\n"), json!({"a": [1, 2]}));
}

#[test]
fn a_comment_directly_behind_a_quote_or_bracket_moves_no_place() {
    let problem = problem_of("_export:\n  a: \"日\"#c\n  b: [1, #d\n    '2'#e\n  ]#f\n+t u: {}\n");

    assert_eq!((problem.code, place_of(&problem).as_str()), ("DIG0015", "wf.dig:6:1"));
    assert_eq!(export_of("_export: {a: 'x'}#c\n"), json!({"a": "x"}));
}

#[test]
fn a_duplicate_key_is_an_error_at_the_second_one() {
    let problem = problem_of("+a:\n  echo>: x\n+b:\n  echo>: y\n+a:\n  echo>: z\n");

    assert_eq!(problem.code, "DIG0004");
    assert_eq!(place_of(&problem), "wf.dig:5:1");
    assert_eq!(problem.source_line.as_deref(), Some("+a:"));
    assert!(problem.message.contains("first on line 1"), "{problem}");
}

#[test]
fn files_that_digdag_refuses_are_refused_with_place_and_cure() {
    let table = [
        ("", "DIG0002", "wf.dig:1:1", "write at least one task"),
        ("# only a comment\n", "DIG0002", "wf.dig:1:1", "write at least one task"),
        ("- a\n", "DIG0003", "wf.dig:1:1", ""),
        ("just text\n", "DIG0003", "wf.dig:1:1", ""),
        ("_export:\n  !include:a.yml\n", "DIG0005", "wf.dig:2:3", "space before the colon"),
        ("_export:\n  a: !foo 1\n", "DIG0005", "wf.dig:2:6", "quotes"),
        ("_export:\n  a: !include b.yml\n", "DIG0008", "wf.dig:2:6", "`!include : b.yml`"),
        ("+a:\n  echo>: *****\n", "DIG0001", "wf.dig:2:10", "quotes"),
        ("+a:\n  echo>: x\n    +b:\n      echo>: y\n", "DIG0001", "wf.dig:3:7", "indented"),
        ("+a:\n  echo>: ${a ? \"b\" : c}\n", "DIG0001", "wf.dig:2:20", "quotes"),
        ("+a:\n\techo>: x\n", "DIG0001", "wf.dig:2:2", "spaces"),
        ("+a:\n  echo>: x\n\t\n+b:\n  echo>: y\n", "DIG0001", "wf.dig:3:1", "spaces"),
        ("+a:\n  echo>: \"x\u{7}\"\n", "DIG0001", "wf.dig:2:12", "delete it"),
        ("+a:\n  echo>: \"x\n", "DIG0001", "wf.dig:2:10", ""),
        ("_export:\n  : 1\n", "DIG0007", "wf.dig:2:3", ""),
        ("_export:\n  ~: 1\n", "DIG0007", "wf.dig:2:3", "before the colon"),
        ("_export:\n  a: !!int x\n", "DIG0017", "wf.dig:2:12", "remove the tag"),
        ("a: &b {c: 1}\nd:\n  <<: *b\n  <<: *b\n", "DIG0004", "wf.dig:4:3", "one key"),
        ("_export:\n  a: \"!include:b.yml\"\n", "DIG0008", "wf.dig:2:6", "`!include : b.yml`"),
        ("_export: {<<: 1}\n", "DIG0017", "wf.dig:1:11", "anchored mapping"),
        ("_export: &a\n  b: *a\n", "DIG0001", "wf.dig:2:6", ""),
        ("+a:\n  echo>: x\n---\n+b:\n  echo>: x\n", "DIG0001", "wf.dig:3:1", "one document"),
    ];

    let mut wrong = Vec::new();
    for (text, code, place, help) in table {
        let problem = problem_of(text);
        let fits = problem.code == code
            && place_of(&problem) == place
            && problem.help.as_deref().unwrap_or_default().contains(help);
        if !fits {
            wrong.push(format!("{text:?}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_tree_of_the_deepest_nesting_survives_json() {
    let mut text = String::new();
    for level in 0..48 {
        text += &format!("{}+t:\n", " ".repeat(level));
    }
    text += &format!("{}echo>: hello\n", " ".repeat(48));

    let root = compile_workflow(&project(&text), "wf").unwrap().root;
    let json = serde_json::to_string(&json!({"decision": {"task": root}})).unwrap();
    let back: Value = serde_json::from_str(&json).unwrap();

    let task = serde_json::from_value(back["decision"]["task"].clone()).unwrap();
    assert_eq!(root, task);
    assert!(matches!(root.kind, TaskKind::Group { .. }));
}

#[test]
fn no_damage_to_a_file_makes_the_compiler_panic() {
    let sample = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n_export:\n\
                  \x20 !include : c.yml\n  b: &b {v: 1}\n  x: [1, {y: *b, <<: *b}]\n+a:\n\
                  \x20 loop>: 2\n  _do:\n    +b: {bq>: q.sql, _retry: 3}\n  note: |\n    日本\n";
    let damages = [
        ":",
        "\n",
        "\t",
        "\"",
        "[",
        "}",
        "- ",
        "&a",
        "*a",
        "!include ",
        "?",
        "#",
        "|",
        "% ",
        "---\n",
    ];
    let (mut accepted, mut refused) = (0, 0);
    for (offset, _) in sample.char_indices() {
        let (before, after) = sample.split_at(offset);
        let mut texts = vec![before.to_owned()];
        texts.extend(damages.map(|damage| format!("{before}{damage}{after}")));
        for text in texts {
            let files = [("wf.dig", text.as_str()), ("c.yml", "k: {v: 1}")];
            match compile_workflow(&ProjectFiles::from_iter(files), "wf") {
                Ok(_) => accepted += 1,
                Err(problems) => {
                    assert!(problems.0.iter().all(|problem| problem.position.is_some()));
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 500 && refused > 500, "{accepted} accepted, {refused} refused");
}
