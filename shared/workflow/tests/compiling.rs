//! From a file's mapping to the task tree, by digdag's rules.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::sync::Arc;

use himekuri_workflow::{
    Diagnostic, Parallel, ProjectFiles, Severity, SlaTrigger, TaskDefinition, TaskKind, Workflow,
    compile_body, compile_called, compile_workflow,
};
use serde_json::json;

fn compile(text: &str) -> Workflow {
    compile_workflow(&ProjectFiles::from_iter([("wf.dig", text)]), "wf").unwrap()
}

fn problems_of(text: &str) -> Vec<Diagnostic> {
    compile_workflow(&ProjectFiles::from_iter([("wf.dig", text)]), "wf").unwrap_err().0
}

fn names(tasks: &[Arc<TaskDefinition>]) -> Vec<&str> {
    tasks.iter().map(|task| task.name.as_str()).collect()
}

#[test]
fn a_workflow_has_its_zone_its_schedule_and_a_tree_in_file_order() {
    let workflow = compile(
        "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n_export:\n  a: 1\n\
         +b:\n  echo>: b\n+a:\n  +x:\n    echo>: x\n",
    );

    assert_eq!(workflow.timezone.unwrap().value, "Asia/Tokyo");
    assert_eq!(json!(workflow.schedule.unwrap().value), json!({"daily>": "07:00:00"}));
    assert_eq!(workflow.root.name, "+wf");
    assert_eq!(workflow.root.position.to_string(), "wf.dig:1:1");
    assert_eq!(names(workflow.root.children()), ["+b", "+a"]);
    assert_eq!(names(workflow.root.children()[1].children()), ["+x"]);
    assert_eq!(workflow.root.children()[1].position.to_string(), "wf.dig:8:1");
}

#[test]
fn an_operator_keeps_all_its_keys_but_the_export() {
    let workflow = compile(
        "+load:\n  _export:\n    d: x\n  bq>: q.sql\n  _retry: 3\n  destination_table: t$${d}\n",
    );

    let task = &workflow.root.children()[0];

    let TaskKind::Operator { operator, command, config } = &task.kind else { panic!("{task:?}") };
    assert_eq!((operator.as_str(), command), ("bq", &json!("q.sql")));
    assert_eq!(
        json!(config).to_string(),
        r#"{"bq>":"q.sql","_retry":3,"destination_table":"t$${d}"}"#
    );
    assert_eq!(json!(task.export), json!({"d": "x"}));
    assert_eq!(task.retry, Some(json!(3)));
    let place = |pointer| task.positions.value(pointer).unwrap().to_string();
    assert_eq!(place("/destination_table"), "wf.dig:6:22");
    assert_eq!(place("/_export/d"), "wf.dig:3:8");
    assert_eq!(task.positions.nearest("/destination_table/9").unwrap().to_string(), "wf.dig:6:22");
}

#[test]
fn the_long_form_names_operator_and_command() {
    let workflow = compile("+a:\n  _type: echo\n  _command: hello\n");

    let TaskKind::Operator { operator, command, .. } = &workflow.root.children()[0].kind else {
        panic!("not an operator");
    };
    assert_eq!((operator.as_str(), command), ("echo", &json!("hello")));
}

#[test]
fn an_operator_named_by_a_template_is_known_at_run_time_only() {
    let workflow = compile("+a:\n  _type: ${kind}\n  _command: x\n+b:\n  bq>: q.sql\n");

    let [dynamic, fixed] = workflow.root.children() else { panic!("{workflow:?}") };
    assert_eq!(dynamic.dynamic_operator(), Some("${kind}"));
    let TaskKind::Operator { operator, command, .. } = &dynamic.kind else { panic!("no operator") };
    assert_eq!((operator.as_str(), command), ("${kind}", &json!("x")));
    assert_eq!(fixed.dynamic_operator(), None);
}

#[test]
fn a_type_wins_over_an_operator_key_and_a_warning_says_so() {
    let workflow = compile("+a:\n  bq>: q.sql\n  _type: echo\n  _command: x\n");

    let TaskKind::Operator { operator, command, .. } = &workflow.root.children()[0].kind else {
        panic!("no operator");
    };
    assert_eq!((operator.as_str(), command), ("echo", &json!("x")));
    assert!(workflow.warnings[0].message.contains("`bq>` has no effect"), "{workflow:?}");
}

#[test]
fn operators_that_do_not_run_here_compile_and_only_one_sign_is_cut_off() {
    let names = ["sh", "py", "td", "athena.table_exists?", "no_such", "a>", ""];
    for name in names {
        let root = compile(&format!("+a:\n  '{name}>': x\n  _parallel: ${{p}}\n")).root;
        let TaskKind::Operator { operator, .. } = &root.children()[0].kind else {
            panic!("{name}")
        };
        assert_eq!(operator, name);
    }
}

#[test]
fn names_hold_what_digdag_allows() {
    for name in ["+", "+1", "+a-_=[]{}%&@`,.", &format!("+{}", "x".repeat(254))] {
        let root = compile(&format!("'{name}':\n  echo>: x\n")).root;
        assert_eq!(names(root.children()), [name]);
    }
    for name in ["+a b", "+a:b", "+a/b", "+a+b", "+a$b", "+a#b", "+a(b", "+é", "+日", "+*"] {
        assert_eq!(problems_of(&format!("'{name}':\n  echo>: x\n"))[0].code, "DIG0015", "{name}");
    }
    let long = format!("+{}:\n  echo>: x\n", "x".repeat(255));
    assert_eq!(problems_of(&long)[0].code, "DIG0015");
    assert_eq!(
        names(compile("+g:\n  +a^b:\n    echo>: x\n").root.children()[0].children()),
        ["+a^b"]
    );
}

#[test]
fn background_is_read_as_digdag_reads_a_flag() {
    let table = [
        ("true", true),
        ("\"true\"", true),
        ("\"True\"", true),
        ("1", true),
        ("0", false),
        ("\"false\"", false),
        ("\"\"", false),
        ("~", false),
    ];

    for (text, expected) in table {
        let root = compile(&format!("+a:\n  _background: {text}\n  echo>: x\n")).root;
        assert_eq!(root.children()[0].background, expected, "{text}");
    }
}

#[test]
fn an_sla_has_its_time_and_its_own_tasks() {
    let table = [
        ("time: 09:30", SlaTrigger::Time { seconds: 34_200 }),
        ("time: 9:30:15", SlaTrigger::Time { seconds: 34_215 }),
        ("time: \"09:30:\"", SlaTrigger::Time { seconds: 34_200 }),
        ("time: 25:00", SlaTrigger::Time { seconds: 90_000 }),
        ("duration: 00:00:10", SlaTrigger::Duration { seconds: 10 }),
        ("duration: 0:90", SlaTrigger::Duration { seconds: 5_400 }),
    ];

    for (text, expected) in table {
        let workflow = compile(&format!("sla:\n  {text}\n  fail: true\n  +n:\n    echo>: late\n"));
        let sla = &workflow.sla[0];
        assert_eq!((sla.trigger, sla.alert, sla.fail), (expected, true, true), "{text}");
        assert_eq!(names(sla.body.as_ref().unwrap().children()), ["+n"]);
    }
}

#[test]
fn the_order_of_the_keys_at_the_top_does_not_matter() {
    let first = compile("timezone: UTC\n_export: {a: 1}\n_retry: 1\n+a:\n  echo>: x\n").root;
    let last = compile("+a:\n  echo>: x\n_retry: 1\n_export: {a: 1}\ntimezone: UTC\n").root;

    assert_eq!(names(first.children()), names(last.children()));
    assert_eq!((first.export, first.retry), (last.export, last.retry));
}

#[test]
fn a_called_file_is_named_as_a_workflow_is() {
    let files = ProjectFiles::from_iter([("1st.dig", "+a: {}"), ("sub/1st.dig", "+a: {}")]);

    assert_eq!(compile_called(&files, "", "1st").unwrap_err().0[0].code, "DIG0021");
    assert!(compile_called(&files, "", "sub/1st").is_ok());
}

#[test]
fn checks_errors_secrets_and_environment_are_kept() {
    let root = compile(
        "_check:\n  echo>: c\n_error:\n  echo>: e\n+a:\n  sh>: x\n  _check: {echo>: c}\n\
         \x20 _secrets: {k: other}\n  _env: {K: \"${secret:k}\"}\n  _retry: ${n}\n",
    )
    .root;

    assert_eq!(
        (root.check, root.error),
        (Some(json!({"echo>": "c"})), Some(json!({"echo>": "e"})))
    );
    let TaskKind::Group { children, .. } = &root.kind else { panic!("no group") };
    assert_eq!(children[0].check, Some(json!({"echo>": "c"})));
    let TaskKind::Operator { config, .. } = &children[0].kind else { panic!("no operator") };
    assert_eq!(
        json!(config),
        json!({"sh>": "x", "_secrets": {"k": "other"}, "_env": {"K": "${secret:k}"}, "_retry": "${n}"})
    );
}

#[test]
fn parallel_of_a_group_is_a_boolean_or_a_limit() {
    let table = [
        ("true", Parallel::Yes),
        ("\"True\"", Parallel::Yes),
        ("false", Parallel::No),
        ("\"\"", Parallel::No),
        ("{limit: 2.9}", Parallel::Limit(2)),
        ("{limit: \"\"}", Parallel::Yes),
        ("{limit: 3}", Parallel::Limit(3)),
        ("{limit: \"4\"}", Parallel::Limit(4)),
        ("{limit: 0}", Parallel::Yes),
        ("{limit: -1}", Parallel::Yes),
    ];

    for (text, expected) in table {
        let root = compile(&format!("_parallel: {text}\n+a:\n  echo>: x\n")).root;
        let TaskKind::Group { parallel, .. } = root.kind else { panic!("not a group") };
        assert_eq!(parallel, expected, "{text}");
    }
}

#[test]
fn a_disabled_task_is_an_empty_group_whatever_it_holds() {
    let root = compile("+a:\n  _disable: true\n  bq>: x\n  sh>: y\n  +b c: {_after: 1}\n").root;

    assert!(root.children()[0].children().is_empty());
    assert!(matches!(root.children()[0].kind, TaskKind::Group { .. }));
}

#[test]
fn a_list_of_mappings_is_one_task() {
    let root = compile("+a:\n  - echo>: x\n  - _export: {n: 1}\n").root;

    let task = &root.children()[0];

    assert!(matches!(&task.kind, TaskKind::Operator { operator, .. } if operator == "echo"));
    assert_eq!(json!(task.export), json!({"n": 1}));
}

#[test]
fn an_empty_export_and_an_empty_group_are_fine() {
    let root = compile("_export:\n+a: {}\n+b: []\n").root;

    assert_eq!(names(root.children()), ["+a", "+b"]);
}

#[test]
fn directives_that_are_switched_off_are_fine() {
    let workflow = compile("+a:\n  _background: false\n  _error:\n  echo>: x\n");

    assert_eq!(workflow.warnings, []);
}

#[test]
fn keys_that_digdag_ignores_in_a_group_are_warnings() {
    for line in [
        "timezone: UTC",
        "schedule: {daily>: 07:00:00}",
        "sla: {time: 09:00}",
        "_secrets: {k: other}",
    ] {
        let workflow = compile(&format!("+a:\n  {line}\n  +b:\n    echo>: x\n"));

        let [warning] = workflow.warnings.as_slice() else { panic!("{line}: {workflow:?}") };
        assert_eq!(warning.severity, Severity::Warning, "{line}");
        assert_eq!(warning.source_line.as_deref().map(str::trim_start), Some(line));
        assert!(workflow.schedule.is_none() && workflow.sla.is_empty(), "{line}");
    }
}

#[test]
fn every_broken_rule_has_its_code_its_place_and_its_cure() {
    let table = [
        ("bq>: x\n", "DIG0011", "1:1", "task of its own"),
        ("exports: {}\n", "DIG0011", "1:1", "did you mean `_export`?"),
        ("_background: true\n", "DIG0011", "1:1", "known are"),
        ("_after: []\n", "DIG0011", "1:1", "known are"),
        ("_secrets: {}\n", "DIG0011", "1:1", "known are"),
        ("+a:\n  parallel: true\n", "DIG0011", "2:3", "did you mean `_parallel`?"),
        ("+a:\n  echo: x\n", "DIG0011", "2:3", "known are"),
        ("+a:\n", "DIG0016", "1:1", "indented deeper"),
        ("+a: text\n", "DIG0016", "1:1", ""),
        ("+a: [1]\n", "DIG0016", "1:1", ""),
        ("+a:\n  bq>: x\n  sh>: y\n", "DIG0014", "3:3", "two tasks"),
        ("+a:\n  bq>: x\n  +b: {}\n", "DIG0013", "3:3", "beside"),
        ("+a b:\n  echo>: x\n", "DIG0015", "1:1", "letters"),
        ("+日本:\n  echo>: x\n", "DIG0015", "1:1", "letters"),
        ("+a^b:\n  echo>: x\n", "DIG0015", "1:1", "tasks that the engine adds"),
        ("+a:\n  _disable: true\n  +b: 1\n", "DIG0016", "3:3", ""),
        ("+a:\n  _type:\n", "DIG0017", "2:8", ""),
        ("+a:\n  _type: 5\n", "DIG0017", "2:10", ""),
        ("_export: [1]\n", "DIG0017", "1:10", ""),
        ("_parallel: ${p}\n", "DIG0017", "1:12", "before anything is evaluated"),
        ("_parallel: {limit: ${p}}\n", "DIG0001", "1:21", "quotes"),
        ("_parallel: {limit: \"${p}\"}\n", "DIG0017", "1:12", "before anything is evaluated"),
        ("_parallel: yes\n", "DIG0017", "1:12", ""),
        ("_parallel:\n", "DIG0017", "1:10", "remove the key"),
        ("_parallel: 1\n", "DIG0017", "1:12", "remove the key"),
        ("_parallel: {limit: true}\n", "DIG0017", "1:20", ""),
        ("_parallel: {limit: 3000000000}\n", "DIG0017", "1:20", ""),
        ("_parallel: {max: 3}\n", "DIG0017", "1:12", ""),
        ("+a:\n  _disable: ${d}\n  echo>: x\n", "DIG0017", "2:13", "`if>:`"),
        ("timezone: 9\n", "DIG0017", "1:11", "Asia/Tokyo"),
        ("schedule: daily\n", "DIG0017", "1:11", ""),
        ("_error:\n  echo>: x\n  sh>: y\n", "DIG0014", "3:3", "two tasks"),
        ("_error: text\n", "DIG0016", "1:1", "without `-`"),
        ("_error: [{echo>: x}]\n", "DIG0016", "1:1", "without `-`"),
        ("+a:\n  +b:\n    _error:\n      +c:\n", "DIG0016", "4:7", "indented deeper"),
        ("sla:\n  time: 09:00\n  bq>: x\n  sh>: y\n", "DIG0014", "4:3", "two tasks"),
        ("sla:\n  time: 9\n", "DIG0017", "2:9", ""),
        ("sla:\n  duration: 1:2:3:4\n", "DIG0017", "2:13", ""),
        ("sla:\n  duration: -1:00\n", "DIG0017", "2:13", ""),
        ("sla: soon\n", "DIG0017", "1:6", ""),
        ("sla: {}\n", "DIG0027", "1:1", "`time: 09:00`"),
        ("sla:\n  time: 02:00\n  duration: 01:00\n", "DIG0027", "3:3", "keep one"),
        ("sla:\n  time: 2\n", "DIG0017", "2:9", ""),
        ("+a:\n  _after: [+b]\n  echo>: x\n", "DIG0026", "2:3", "`_parallel: true`"),
        ("+a:\n  _after: []\n  echo>: x\n", "DIG0026", "2:3", "`_parallel: true`"),
        ("_parallel: true\n+a: {}\n+b:\n  _after: +a\n", "DIG0017", "4:11", "[+load]"),
        ("_parallel: true\n+b:\n  _after: [+c]\n+c: {}\n", "DIG0026", "3:3", "stand above"),
        ("+a:\n  _background: \"yes\"\n  echo>: x\n", "DIG0017", "2:16", "write `true`"),
        (
            "_parallel: true\n+a:\n  _background: true\n  echo>: y\n",
            "DIG0026",
            "3:3",
            "at once anyway",
        ),
        (
            "_parallel: true\n+load:\n  echo>: x\n+b:\n  _after: [+laod]\n  echo>: x\n",
            "DIG0026",
            "5:3",
            "did you mean `+load`?",
        ),
    ];

    let mut wrong = Vec::new();
    for (text, code, place, help) in table {
        let problems = problems_of(text);
        let problem = &problems[0];
        let position = problem.position.clone().unwrap();
        let fits = problems.len() == 1
            && problem.end.is_some()
            && problem.code == code
            && format!("{}:{}", position.line, position.column) == place
            && problem.help.as_deref().unwrap_or_default().contains(help);
        if !fits {
            wrong.push(format!("{text:?}: {problems:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_problems_of_a_file_are_reported_in_file_order() {
    let problems = problems_of("+a:\n  bq>: x\n  sh>: y\n+b:\n  paralel: true\nfoo: 1\n");

    let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();

    assert_eq!(codes, ["DIG0014", "DIG0011", "DIG0011"]);
}

#[test]
fn a_problem_reads_as_one_line() {
    let problem = &problems_of("+load:\n  +users:\n    exprot: 1\n")[0];

    assert_eq!(
        problem.to_string(),
        "DIG0011: unknown key `exprot` in a task without an operator in wf.dig:3:5, \
         task `+wf+load+users`; did you mean `_export`?"
    );
}

#[test]
fn a_missing_workflow_is_named_with_the_nearest_one() {
    let files = ProjectFiles::from_iter([("daily.dig", "+a: {}"), ("sub/dayly.dig", "+a: {}")]);

    let error = compile_workflow(&files, "dayly").unwrap_err();

    assert!(error.to_string().ends_with("did you mean `daily`?"), "{error}");
}

#[test]
fn a_workflow_name_cannot_begin_with_a_digit() {
    let files = ProjectFiles::from_iter([("1st.dig", "+a: {}")]);

    assert_eq!(compile_workflow(&files, "1st").unwrap_err().0[0].code, "DIG0021");
}

#[test]
fn only_visible_files_of_the_project_folder_are_workflows() {
    let paths = ["b.dig", "a.dig", ".hidden.dig", "sub/c.dig", "d.yml"];
    let files = ProjectFiles::from_iter(paths.map(|path| (path, "+a: {}")));

    assert_eq!(files.workflow_names(), ["a", "b"]);
}

#[test]
fn a_called_file_is_a_group_with_its_own_folder() {
    let files = ProjectFiles::from_iter([(
        "common/access/create.dig",
        "timezone: UTC\nschedule: {daily>: 00:00:00}\n_export: {a: 1}\n+x:\n  bq>: x.sql\n",
    )]);

    for target in ["common/access/create.dig", "common/access/create", "./common/access/create"] {
        let tree = compile_called(&files, "", target).unwrap();
        assert_eq!((tree.name.as_str(), tree.workdir.as_str()), ("^sub", "common/access"));
        assert_eq!(tree.children()[0].workdir, "common/access");
        assert_eq!(json!(tree.export), json!({"a": 1}));
        assert!(tree.positions.value("/timezone").is_none());
    }
}

#[test]
fn a_called_file_may_be_above_but_not_outside_the_project() {
    let files = ProjectFiles::from_iter([("a.dig", "+x: {}"), ("sub/b.dig", "+x: {}")]);

    assert_eq!(compile_called(&files, "sub", "../a").unwrap().workdir, "");
    let error = compile_called(&files, "sub", "../../a").unwrap_err();
    assert_eq!(error.0[0].code, "DIG0020");
    let error = compile_called(&files, "sub", "../aa").unwrap_err();
    assert!(error.to_string().ends_with("did you mean `a.dig`?"), "{error}");
}

#[test]
fn a_body_is_compiled_with_the_places_of_its_file() {
    let root = compile(
        "+each:\n  for_each>: {x: [1, 2]}\n  _do:\n    _export: {y: 1}\n    +a:\n      echo>: ${x}\n\
         \x20   +b:\n      bq>: q.sql\n      dataset: d\n",
    )
    .root;

    let body = compile_body(&root.children()[0], "_do", "+for-0=x=0=1").unwrap();

    assert_eq!(body.name, "+for-0=x=0=1");
    assert_eq!(body.position.to_string(), "wf.dig:3:3");
    assert_eq!(names(body.children()), ["+a", "+b"]);
    assert_eq!(body.children()[1].position.to_string(), "wf.dig:7:5");
    assert_eq!(body.positions.value("/_export/y").unwrap().to_string(), "wf.dig:4:18");
    let dataset = body.children()[1].positions.value("/dataset").unwrap();
    assert_eq!(dataset.to_string(), "wf.dig:9:16");
}

#[test]
fn a_body_compiled_after_a_trip_through_json_is_the_same() {
    let files = ProjectFiles::from_iter([
        ("wf.dig", "+each:\n  loop>: 2\n  _do:\n    !include : sub/body.yml\n"),
        ("sub/body.yml", "bq>: q.sql\n\"a/b~c\": [1, {x: 2}]\n"),
    ]);
    let task = compile_workflow(&files, "wf").unwrap().root.children()[0].clone();

    let text = serde_json::to_string(&task).unwrap();
    let back: Arc<TaskDefinition> = Arc::new(serde_json::from_str(&text).unwrap());

    assert_eq!(back, task);
    let body = compile_body(&back, "_do", "+loop-0").unwrap();
    assert_eq!(body, compile_body(&task, "_do", "+loop-0").unwrap());
    let place = body.positions.value("/a~1b~0c/1/x").unwrap();
    assert_eq!(place.to_string(), "sub/body.yml:2:18");
}

#[test]
fn a_body_that_is_an_operator_is_an_operator_task() {
    let root = compile("+a:\n  if>: true\n  _do:\n    echo>: x\n").root;

    let body = compile_body(&root.children()[0], "_do", "^sub").unwrap();

    assert!(matches!(&body.kind, TaskKind::Operator { operator, .. } if operator == "echo"));
    let list = compile("+a:\n  if>: true\n  _do:\n    - echo>: x\n").root;
    assert_eq!(compile_body(&list.children()[0], "_do", "^sub").unwrap_err().0[0].code, "DIG0016");
    assert_eq!(
        compile_body(&root.children()[0], "_else_do", "^sub").unwrap_err().0[0].code,
        "DIG0022"
    );
}

#[test]
fn problems_of_a_body_name_their_line() {
    let root = compile("+a:\n  loop>: 2\n  _do:\n    +x:\n      bq>: x\n      sh>: y\n").root;

    let problem = compile_body(&root.children()[0], "_do", "^sub").unwrap_err().0.remove(0);

    assert_eq!(
        problem.to_string(),
        "DIG0014: a task can't have more than one operator, but it has `bq>` and `sh>` in \
         wf.dig:6:7, task `+a^sub+x`; make it two tasks"
    );
}

#[test]
fn an_sla_is_read_as_written() {
    for (text, column) in [("time: ${t}", 9), ("duration: ${t}", 13)] {
        let problems = problems_of(&format!("sla:\n  {text}\n+a:\n  echo>: x\n"));

        let [problem] = problems.as_slice() else { panic!("{text}: {problems:?}") };
        let position = problem.position.as_ref().unwrap();
        assert_eq!(problem.code, "DIG0017", "{text}");
        assert_eq!((position.line, position.column), (2, column), "{text}");
    }
}

#[test]
fn an_sla_alerts_and_does_not_fail_unless_told() {
    for (flags, expected) in
        [("", (true, false)), ("  alert: false\n  fail: true\n", (false, true))]
    {
        let workflow = compile(&format!("sla:\n  time: 09:00\n{flags}+a:\n  echo>: x\n"));

        let sla = &workflow.sla[0];
        assert_eq!((sla.alert, sla.fail), expected, "{flags:?}");
    }
}
