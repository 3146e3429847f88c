//! Every bound of the loader and the checks, with the place it names.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::fmt::Write;

use himekuri_workflow::{ProjectFiles, compile_workflow, lint};

type Files = Vec<(String, String)>;

fn problem_of(files: Files) -> String {
    let files = ProjectFiles::from_iter(files);
    let problems = compile_workflow(&files, "wf").unwrap_err().0;
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

fn workflow(text: String) -> Files {
    vec![("wf.dig".to_owned(), text)]
}

/// The texts of `count` units in a row.
fn repeat(count: usize, unit: impl Fn(usize) -> String) -> String {
    (0..count).map(unit).collect()
}

/// A file that includes `fan` files, each of which includes `fan` again, for `levels`.
fn bomb(levels: usize, fan: usize, leaf: &str) -> Files {
    let mut files = workflow("_export:\n  !include : f0.yml\n".to_owned());
    for level in 0..levels {
        let next = level + 1;
        let text = repeat(fan, |key| format!("k{key}:\n  !include : f{next}.yml\n"));
        files.push((format!("f{level}.yml"), text));
    }
    files.push((format!("f{levels}.yml"), leaf.to_owned()));
    files
}

#[test]
fn a_file_beyond_its_bound_is_refused_at_the_place_that_asked_for_it() {
    let large = format!("a: {}\n", "x".repeat(2 << 20));
    let including = vec![
        ("wf.dig".to_owned(), "_export:\n  !include : a.yml\n".to_owned()),
        ("a.yml".to_owned(), large.clone()),
    ];

    assert!(problem_of(workflow(large)).contains("larger than 2 MiB in wf.dig:1:1"));
    assert!(problem_of(including).contains("larger than 2 MiB in wf.dig:2:14"));
}

#[test]
fn keys_and_values_are_counted_in_every_form() {
    let aliases = "_export:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let aliases = (1..10).fold(aliases, |mut text, n| {
        let list = vec![format!("*a{}", n - 1); 9].join(", ");
        writeln!(text, "  a{n}: &a{n} [{list}]").unwrap();
        text
    });
    let merges = "_export:\n  a0: &a0 {x: 1}\n".to_owned();
    let merges = (1..40).fold(merges, |mut text, n| {
        let before = n - 1;
        writeln!(text, "  a{n}: &a{n} {{b: *a{before}, c: *a{before}, <<: *a{before}}}").unwrap();
        text
    });
    let table = [
        aliases,
        merges,
        format!("_export:\n{}", repeat(60_000, |n| format!("  k{n}: 1\n"))),
        format!("_export: {{a: [{}]}}\n", "1,".repeat(110_000)),
        format!("_export: {{a: [{}]}}\n", "{},".repeat(110_000)),
        repeat(60_000, |n| format!("+t{n}: {{}}\n")),
    ];

    for text in table {
        let problem = problem_of(workflow(text));
        assert!(problem.contains("more than 100000 keys and values"), "{problem}");
        assert!(problem.contains("in wf.dig:") && problem.contains("split the workflow"));
    }
}

#[test]
fn nesting_is_bounded_in_every_form() {
    let tasks = repeat(100, |n| format!("{}+t:\n", " ".repeat(n)));
    let anchors = repeat(200, |n| format!("  a{}: &a{} [*a{n}]\n", n + 1, n + 1));
    let table = [
        format!("_export: {}\n", "[".repeat(10_000)),
        format!("_export: {}\n", "{a: ".repeat(10_000)),
        format!("_export:\n  - {}x\n", "- ".repeat(10_000)),
        format!("_export:\n  a0: &a0 [x]\n{anchors}"),
        tasks,
    ];

    for text in table {
        let problem = problem_of(workflow(text));
        assert!(problem.contains("nested deeper than 50 levels in wf.dig:"), "{problem}");
    }
}

#[test]
fn an_include_tree_is_bounded_in_files_text_and_length() {
    let files = problem_of(bomb(8, 10, "x: 1\n"));
    let text = problem_of(bomb(2, 10, &format!("x: {}\n", "y".repeat(200_000))));
    let mut chain = workflow("!include : f0.yml\n".to_owned());
    chain.extend((0..60).map(|n| (format!("f{n}.yml"), format!("!include : f{}.yml\n", n + 1))));
    let chain = problem_of(chain);

    assert!(files.contains("reads more than 1000 files in f7.yml:"), "{files}");
    assert!(text.contains("more than 16 MiB of text"), "{text}");
    assert!(chain.contains("include one another more than 50 deep in f48.yml:1:12"), "{chain}");
}

#[test]
fn a_very_long_line_is_read() {
    let files = workflow(format!("_export:\n  a: {}\n", "x ".repeat(1_000_000)));
    let root = compile_workflow(&ProjectFiles::from_iter(files), "wf").unwrap().root;

    assert_eq!(root.export["a"].as_str().unwrap().len(), 1_999_999);
}

#[test]
fn of_many_problems_the_first_hundred_are_reported() {
    let text = repeat(20_000, |n| format!("+t{n}: 1\n"));
    let files = ProjectFiles::from_iter(workflow(text));

    let problems = compile_workflow(&files, "wf").unwrap_err().0;

    assert_eq!(problems.len(), 101);
    assert_eq!(problems[99].position.as_ref().unwrap().line, 100);
    assert!(problems[100].message.contains("the rest is not shown"));

    let text = repeat(10_000, |n| format!("+t{n}: {{no>: x}}\n"));
    let files = ProjectFiles::from_iter(workflow(text));
    let found = lint(&files, &compile_workflow(&files, "wf").unwrap(), &["bq"]);
    assert_eq!(found.len(), 101);
}

#[test]
fn calls_that_never_end_stop_the_checks() {
    let mut files = workflow("+a:\n  call>: f0\n".to_owned());
    files.extend((0..1_000).map(|n| (format!("f{n}.dig"), format!("+a:\n  call>: f{}\n", n + 1))));
    let files = ProjectFiles::from_iter(files);
    let workflow = compile_workflow(&files, "wf").unwrap();

    let problems = lint(&files, &workflow, &["call"]);

    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("deeper than 50 levels; the checks stop here"));
}

#[test]
fn bodies_that_multiply_stop_the_checks() {
    let list = "1,".repeat(10_000);
    let mut text = "+a:\n".to_owned();
    for level in 1..20 {
        let indent = " ".repeat(level);
        writeln!(text, "{indent}if>: true\n{indent}_do:").unwrap();
    }
    writeln!(text, "{}echo>: [{list}]", " ".repeat(20)).unwrap();
    let files = ProjectFiles::from_iter(workflow(text));
    let workflow = compile_workflow(&files, "wf").unwrap();

    let problems = lint(&files, &workflow, &["if", "echo"]);

    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("more than 100000 keys and values"), "{problems:?}");
}
