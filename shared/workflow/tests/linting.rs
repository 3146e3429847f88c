//! What `check` finds before anything runs.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use himekuri_workflow::{
    ProjectFiles, Severity, compile_workflow, lint, replaced_by_later_keys, visit_strings,
};

const KNOWN: &[&str] = &["bq", "call", "echo", "for_each", "http_call", "if", "loop"];

fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let files = ProjectFiles::from_iter(files.iter().copied());
    let workflow = compile_workflow(&files, "wf").unwrap();
    lint(&files, &workflow, KNOWN).iter().map(ToString::to_string).collect()
}

#[test]
fn an_unknown_operator_is_found_with_the_probable_one() {
    assert_eq!(
        findings(&[("wf.dig", "+load:\n  bg>: q.sql\n")]),
        ["DIG0012: unknown operator `bg>` in wf.dig:2:3, task `+wf+load`; did you mean `bq>`?"]
    );
}

#[test]
fn an_operator_that_does_not_run_here_is_a_warning_and_only_a_misspelt_one_an_error() {
    let severities = |text: &str| {
        let files = ProjectFiles::from_iter([("wf.dig", text)]);
        let workflow = compile_workflow(&files, "wf").unwrap();
        let problems = lint(&files, &workflow, KNOWN);
        problems.iter().map(|p| (p.code, p.severity)).collect::<Vec<_>>()
    };

    let found =
        severities("+a:\n  sh>: x\n+b:\n  slack>: x\n+c:\n  _type: td\n+d:\n  _type: ${t}\n");
    let [sh, slack, td] = ["DIG0018", "DIG0012", "DIG0018"].map(|code| (code, Severity::Warning));
    assert_eq!(found, [sh, slack, td]);
    assert_eq!(severities("+a:\n  ehco>: x\n"), [("DIG0012", Severity::Error)]);
    let found = severities("_export:\n  plugin: {dependencies: [x]}\n+b:\n  ehco>: x\n");
    assert_eq!(found, [("DIG0012", Severity::Warning)]);
    assert_eq!(severities("+b:\n  '>': x\n"), [("DIG0012", Severity::Error)]);
}

#[test]
fn bodies_of_errors_checks_and_slas_are_checked_too() {
    let text = "sla:\n  time: 09:00\n  +s:\n    bg>: x\n_error:\n  be>: x\n+a:\n  echo>: x\n\
                \x20 _check:\n    bc>: x\n  _error:\n    bd>: x\n";

    let found = findings(&[("wf.dig", text)]);

    let tasks = ["`+wf^sla+s`", "`+wf^error`", "`+wf+a^check`", "`+wf+a^error`"];
    assert_eq!(found.len(), tasks.len(), "{found:#?}");
    for (problem, task) in found.iter().zip(tasks) {
        assert!(problem.contains("unknown operator") && problem.contains(task), "{problem}");
    }
}

#[test]
fn a_missing_query_file_is_found_and_a_dynamic_one_is_not_judged() {
    let text = "+a:\n  bq>: qery.sql\n+b:\n  bq>: ${x}.sql\n\
                +c:\n  bq>:\n    data: SELECT 1\n+d:\n  bq>: query.sql\n";

    assert_eq!(
        findings(&[("wf.dig", text), ("query.sql", "SELECT 1")]),
        ["DIG0010: file `qery.sql` is not in the project in wf.dig:2:8, task `+wf+a`; \
          did you mean `query.sql`?"]
    );
}

#[test]
fn a_file_is_suggested_by_its_name_and_not_by_its_folder() {
    let files = [("common/summary/create.dig", ""), ("other/acess.sql", ""), ("b/q.sql", "")];
    let files = ProjectFiles::from_iter(files);

    let message = |path| files.text(path).unwrap_err().to_string();

    assert!(!message("common/summary/access.sql").contains("did you mean"));
    assert!(message("other/access.sql").ends_with("did you mean `other/acess.sql`?"));
    assert!(message("a/q.sql").ends_with("did you mean `b/q.sql`?"));
}

#[test]
fn called_files_and_bodies_are_checked_in_their_own_place() {
    let found = findings(&[
        ("wf.dig", "+each:\n  for_each>: {x: [1]}\n  _do:\n    +c:\n      call>: common/sub\n"),
        ("common/sub.dig", "+q:\n  bq>: q.sql\n+again:\n  call>: sub\n+s:\n  mail>: m\n"),
        ("q.sql", "SELECT 1"),
    ]);

    assert_eq!(
        found,
        [
            "DIG0010: file `common/q.sql` is not in the project in common/sub.dig:2:8, \
             task `+wf+each^sub+c^sub+q`; did you mean `q.sql`?",
            "DIG0018: `mail>` is an operator of digdag that does not run here in \
             common/sub.dig:6:3, task `+wf+each^sub+c^sub+s`; the task fails when it is reached; \
             everything else of the workflow runs",
        ]
    );
}

#[test]
fn a_call_of_a_missing_or_broken_file_is_found_once() {
    let found = findings(&[
        ("wf.dig", "+a:\n  call>: sbu\n+b:\n  call>: sub\n+c:\n  call>: sub\n+d:\n  call>: ${x}\n"),
        ("sub.dig", "+x:\n"),
    ]);

    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("DIG0016: ") && found[0].contains("sub.dig:1:1"), "{found:?}");
    assert_eq!(
        found[1],
        "DIG0020: cannot call `sbu`: file `sbu.dig` is not in the project in wf.dig:2:10, \
         task `+wf+a`; did you mean `sub.dig`?"
    );
}

#[test]
fn a_retry_that_cannot_be_read_is_found() {
    let text = "+g:\n  _retry: \"${n}\"\n  +a:\n    echo>: x\n    _retry: {interval: 3}\n\
                \x20 +b:\n    echo>: x\n    _retry: \"${n}\"\n";

    let found = findings(&[("wf.dig", text)]);

    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("DIG0019: ") && found[0].contains("wf.dig:2:11"), "{found:?}");
    assert!(found[1].contains("without `limit`") && found[1].contains("wf.dig:5:13"), "{found:?}");
}

#[test]
fn a_misspelt_directive_of_an_operator_is_a_warning() {
    assert_eq!(
        findings(&[("wf.dig", "+a:\n  loop>: 2\n  _parellel: true\n  _do: {echo>: x}\n")]),
        ["DIG0011: unknown directive `_parellel` has no effect in wf.dig:3:3, task `+wf+a`; \
          did you mean `_parallel`?"]
    );
}

#[test]
fn files_are_not_judged_where_the_working_folder_is_a_variable() {
    let text = "_export:\n  _workdir: queries\n+a:\n  bq>: q.sql\n+b:\n  call>: c\n";

    assert_eq!(findings(&[("wf.dig", text)]), Vec::<String>::new());
}

#[test]
fn all_texts_of_a_tree_are_visited_with_pointer_and_place() {
    let text = "_export:\n  d: ${x}\n+a:\n  bq>: q.sql\n  l:\n    - p\n    - {k/1: v}\n  n: 1\n";
    let files = ProjectFiles::from_iter([("wf.dig", text)]);
    let root = compile_workflow(&files, "wf").unwrap().root;
    let mut visited = Vec::new();

    visit_strings(&root, &mut |pointer, position, text| {
        visited.push(format!("{pointer} {position} {text}"));
    });

    assert_eq!(
        visited,
        [
            "/_export/d wf.dig:2:6 ${x}",
            "/bq> wf.dig:4:8 q.sql",
            "/l/0 wf.dig:6:7 p",
            "/l/1/k~11 wf.dig:7:13 v",
        ]
    );
}

#[test]
fn bodies_of_error_and_check_are_checked_as_well() {
    let text = "_error:\n  bq>: e.sql\n+g:\n  _check:\n    bq>: c.sql\n  +a:\n    echo>: x\n";

    let found = findings(&[("wf.dig", text)]);

    let places: Vec<&str> = found.iter().map(|text| &text[..7]).collect();
    assert_eq!(places, ["DIG0010", "DIG0043", "DIG0010"], "{found:#?}");
    assert!(found[0].contains("wf.dig:2:8, task `+wf^error`"), "{found:?}");
    assert!(found[2].contains("wf.dig:5:10, task `+wf+g^check`"), "{found:?}");
}

#[test]
fn a_key_that_the_tasks_texts_use_is_a_variable_and_no_unknown_option() {
    let text = "+a:\n  bq>: q.sql\n  DAY: 1\n  note: x\n  destination_tabel: d.t\n";

    let found = findings(&[("wf.dig", text), ("q.sql", "SELECT ${DAY}")]);

    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("no option `note` in wf.dig:4:3"), "{found:?}");
    assert!(found[1].contains("did you mean `destination_table`?"), "{found:?}");
}

#[test]
fn the_options_of_http_call_are_known() {
    let with = |option: &str| {
        findings(&[("wf.dig", &format!("+a:\n  http_call>: http://h/w\n  {option}\n"))])
    };

    for good in ["method: POST", "headers: [{a: b}]", "content_type_override: application/json"] {
        assert_eq!(with(good), [""; 0], "{good}");
    }
    let found = with("content_typ_override: x");
    assert!(found[0].contains("`http_call>` has no option `content_typ_override`"), "{found:?}");
    assert_eq!(with("follow_redirects: maybe").len(), 1);
}

#[test]
fn a_timeout_is_an_option_of_what_workers_run_and_a_duration() {
    let with = |operator: &str, timeout: &str| {
        findings(&[("wf.dig", &format!("+a:\n  {operator}\n  timeout: {timeout}\n"))])
    };

    for good in ["1h 30m", "45", "'45'", "10s", "${minutes}m", "null"] {
        assert_eq!(with("echo>: x", good), [""; 0], "{good}");
    }
    for bad in ["soon", "0", "-1", "1.5", "true", "[1]"] {
        let found = with("bq>: {data: SELECT 1}", bad);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert!(found[0].contains("`timeout` must be a duration, but it is"), "{found:?}");
        assert!(found[0].contains("wf.dig:3:12"), "{found:?}");
    }
    let found = with("if>: true\n  _do: {echo>: x}", "1h");
    assert!(found[0].contains("`if>` has no option `timeout`"), "{found:?}");
}

#[test]
fn an_option_may_come_from_an_export_of_its_family() {
    let text = "_export:\n  bq: {destination_table: d.t}\n+a:\n  bq_load>: gs://b/o\n";
    let files = ProjectFiles::from_iter([("wf.dig", text)]);
    let workflow = compile_workflow(&files, "wf").unwrap();

    assert_eq!(lint(&files, &workflow, &["bq_load"]), []);
}

#[test]
fn a_mapping_below_an_include_that_drops_included_keys_is_found() {
    let text = "_export:\n  !include : c.yml\n  bq:\n    dataset: x\n  n: 2\n";
    let below = "_export:\n  bq:\n    dataset: x\n  !include : c.yml\n";
    let included = "bq:\n  dataset: y\n  location: US\nn: 1\n";
    let found = |text| {
        let files = ProjectFiles::from_iter([("wf.dig", text), ("c.yml", included)]);
        let found = replaced_by_later_keys(&files, "wf.dig");
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };

    assert_eq!(
        found(text),
        ["DIG0045: `bq` replaces the `bq` that line 2 includes, so `location` is lost in \
          wf.dig:3:3; write `!include :` below `bq`: an include is merged into what stands above it"]
    );
    assert_eq!(found(below), Vec::<String>::new());
}
