//! Generated and damaged projects: nothing panics, every error has its place within a file, what
//! compiles survives a trip through JSON. `PROPTEST_CASES=100000 cargo test --release --test fuzzing`
//! runs longer.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::ops::Range;

use himekuri_workflow::{
    Diagnostic, ProjectFiles, TaskDefinition, TaskKind, compile_body, compile_called,
    compile_workflow, lint, load_config, reachable, visit_strings,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Pieces that YAML and digdag give a meaning, and some that only texts hold.
const PIECES: &[&str] = &[
    "+a",
    "+b:",
    "+c: ",
    "bq>: ",
    "sh>:",
    "_do:\n",
    "_export:",
    "_error:",
    "_check:",
    "_parallel: ",
    "_after: [+a]",
    "_background: true",
    "_retry: 3",
    "_disable: true",
    "_type: ",
    "${x}",
    "$${x}",
    "${",
    "timezone: UTC",
    "schedule:",
    "daily>: 07:00:00",
    "sla:",
    "time: 09:00",
    "!include : c.yml",
    "!include",
    "!include : wf.dig",
    "!!int ",
    "!!str ",
    "! ",
    "call>: c",
    "loop>: 2",
    "if>: true",
    "if>: ${a ? b : c}",
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    " ",
    "  ",
    "\t",
    ": ",
    ":",
    ", ",
    "[",
    "]",
    "{",
    "}",
    "- ",
    "? ",
    "# c",
    "\"",
    "'",
    "\\",
    "|\n",
    ">-\n",
    "|2\n",
    "&a ",
    "*a",
    "<<: *a",
    "<<: ",
    "~",
    "true",
    "07",
    "08",
    "0x1F",
    "1.5",
    "1e400",
    "2019-09-01",
    "日本",
    "😀",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "\r\n",
    "\r",
    "\0",
    "\u{7}",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "@",
    "`",
    "=",
    "*",
    "&",
    "!",
    "%",
    "|",
    ">",
];

const SAMPLES: &[&str] = &[
    "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n_export:\n  !include : c.yml\n  b: &b {v: 1}\n\
     \x20 x: [1, {y: *b, <<: *b}]\n+a:\n  loop>: 2\n  _do:\n    +b: {bq>: q.sql, _retry: 3}\n  note: |\n    日本\n",
    "_parallel: {limit: 2}\n_error:\n  echo>: ${error.message}\nsla:\n  time: 09:00\n  +n:\n    echo>: late\n+a:\n\
     \x20 call>: c\n+b:\n  _after: [+a]\n  for_each>: {k: [a, b]}\n  _do:\n    if>: ${k == 'a'}\n    _do:\n      echo>: \
     \"x # ${k}\"\n    _else_do: {fail>: no}\n",
    "+g:\n  +x:\n    _background: true\n    py>: m.f\n  +y:\n    - sh>: |\n        echo ${a}\n    - _env: {K: \
     ${secret:k}}\n  +z:\n    _type: ${t}\n    _command: c\n    _check: {echo>: ok}\n",
];

const CALLED: &str = "_export: {k: {v: 1}}\n+x:\n  echo>: ${k.v}\n  _error: {echo>: e}\n";

/// Texts of pieces in a row.
fn pieces() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

/// A sample with pieces in place of some of its characters.
fn damaged() -> impl Strategy<Value = String> {
    let damage = (any::<prop::sample::Index>(), 0..4_usize, select(PIECES));
    (select(SAMPLES), vec(damage, 1..5)).prop_map(|(sample, damages)| {
        let mut chars: Vec<String> = sample.chars().map(String::from).collect();
        for (at, cut, piece) in damages {
            let start = at.index(chars.len());
            let end = (start + cut).min(chars.len());
            chars.splice(start..end, [piece.to_owned()]);
        }
        chars.concat()
    })
}

/// An indented tree of plausible lines.
fn tree() -> impl Strategy<Value = String> {
    let key = select(PIECES).prop_map(|piece| piece.trim().trim_end_matches(':').to_owned());
    vec((0..6_usize, key, select(PIECES)), 0..25).prop_map(|lines| {
        lines
            .iter()
            .map(|(indent, key, value)| format!("{}{key}: {value}\n", "  ".repeat(*indent)))
            .collect()
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![3 => pieces(), 4 => damaged(), 3 => tree(), 1 => any::<String>()]
}

/// Whether the mark of a problem begins and ends within its file.
fn is_placed(problem: &Diagnostic, files: &ProjectFiles) -> bool {
    let Some(position) = &problem.position else { return false };
    let Ok(text) = files.text(&position.file) else { return false };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let lines: Vec<usize> = text.split(['\n', '\r']).map(|line| line.chars().count()).collect();
    // A file's end is a place too: behind the last character.
    let within = |(line, column): (u32, u32)| {
        let length = usize::try_from(line).ok().and_then(|line| lines.get(line.checked_sub(1)?));
        length.is_some_and(|length| (1..=length + 1).contains(&usize::try_from(column).unwrap()))
    };
    let start = (position.line, position.column);
    within(start) && problem.end.is_none_or(|end| within(end) && end > start)
}

fn compile_all_bodies(task: &TaskDefinition) {
    for key in ["_do", "_else_do", "_error", "_check"] {
        let _ = compile_body(task, key, "^sub");
    }
    for child in task.children() {
        compile_all_bodies(child);
    }
}

fn check(wf: &str, included: &str) {
    let files = ProjectFiles::from_iter([("wf.dig", wf), ("c.yml", included), ("c.dig", CALLED)]);
    if let Err(problems) = load_config(&files, "wf.dig") {
        assert!(problems.0.iter().all(|problem| is_placed(problem, &files)), "{problems:?}");
    }
    let _ = compile_called(&files, "", "wf");
    match compile_workflow(&files, "wf") {
        Err(problems) => {
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| is_placed(problem, &files)), "{problems:?}");
        }
        Ok(workflow) => {
            let json = serde_json::to_string(&workflow.root).unwrap();
            let back: TaskDefinition = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), json);
            for problem in lint(&files, &workflow, &["echo", "call", "loop", "if"]) {
                assert!(is_placed(&problem, &files), "{problem:?}");
            }
            for found in reachable(&files, &workflow).trees {
                visit_strings(&found.tree, &mut |_, position, _| assert!(position.line > 0));
                compile_all_bodies(&found.tree);
            }
            let is_group = matches!(workflow.root.kind, TaskKind::Group { .. });
            assert!(is_group);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_loader_or_the_compiler_panic(wf in any_text(), included in any_text()) {
        check(&wf, &included);
    }

    #[test]
    fn every_integer_of_digdag_keeps_its_value(number in any::<i64>(), digits in 1..20_usize) {
        let forms = [format!("{number}"), format!("{:+}", number), format!("{number:0digits$}")];
        let range: Range<usize> = 0..2;
        for form in &forms[range] {
            let text = format!("a: {form}\n");
            let config = load_config(&ProjectFiles::from_iter([("wf.dig", text)]), "wf.dig").unwrap();
            prop_assert_eq!(config["a"].as_i64(), Some(number));
        }
    }
}
