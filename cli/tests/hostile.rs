//! Hostile projects and expressions are refused with a message, and cost little memory.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

/// Memory that each may take, KiB.
const RESIDENT_MAX: i64 = 64 * 1024;

/// Runs `himekuri`; killed after a minute, so that a program that never ends fails its test.
fn himekuri(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("timeout")
        .arg("60")
        .arg(env!("CARGO_BIN_EXE_himekuri"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A project in the folder `p`, made by `make`, which gets its path.
fn project(make: impl FnOnce(&Path)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p");
    fs::create_dir(&path).unwrap();
    make(&path);
    folder
}

fn workflow(text: String) -> impl FnOnce(&Path) {
    move |path| fs::write(path.join("wf.dig"), text).unwrap()
}

fn said(output: &Output) -> String {
    let both = [&output.stderr[..], &output.stdout[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn hostile_projects_are_refused_with_a_message_and_in_little_memory() {
    let laughs = (1..12).fold("a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let items = vec![format!("*a{}", n - 1); 8].join(", ");
        format!("{text}a{n}: &a{n} [{items}]\n")
    });
    let deep = format!("+a:\n  x: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let refused = [
        (project(workflow(laughs)), "more than 100000 keys and values"),
        (project(workflow(deep)), "nested deeper than 50 levels"),
        (
            project(|path| {
                fs::write(path.join("wf.dig"), "!include : a.dig\n").unwrap();
                fs::write(path.join("a.dig"), "!include : wf.dig\n").unwrap();
            }),
            "`wf.dig` -> `a.dig` -> `wf.dig`",
        ),
        (
            project(|path| {
                fs::write(path.join("wf.dig"), "+a:\n  echo>: x\n").unwrap();
                std::os::unix::fs::symlink("/etc", path.join("conf")).unwrap();
            }),
            "`conf` is a link to `/etc`, outside the project",
        ),
        (
            project(|path| {
                fs::write(path.join("wf.dig"), "+a:\n  echo>: x\n").unwrap();
                File::create(path.join("big.bin")).unwrap().set_len(200 << 20).unwrap();
            }),
            "`big.bin` is larger than",
        ),
    ];
    for (folder, words) in &refused {
        let output = himekuri(folder.path(), &["check", "p"]);

        assert_eq!(output.status.code(), Some(1), "{words}: {}", said(&output));
        assert!(said(&output).contains(words), "no `{words}` in {}", said(&output));
    }
    assert_little_memory();
}

#[test]
fn hostile_expressions_fail_their_task_and_name_it() {
    let expressions = [
        ("(function(){ while(true){} })()", "more than 50 ms of CPU time"),
        ("(function f(){ return f() })()", "functions called each other too deeply"),
        ("'x'.repeat(1 << 30)", "memory"),
        ("/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", "more than 50 ms of CPU time"),
    ];
    for (expression, words) in expressions {
        let text = format!("+a:\n  echo>: \"${{{expression}}}\"\n");
        let folder = project(workflow(text));

        let output = himekuri(folder.path(), &["plan", "p", "--session", "2019-09-01"]);

        assert_eq!(output.status.code(), Some(1), "{expression}: {}", said(&output));
        for part in ["+wf+a", "wf.dig:2:", words] {
            assert!(said(&output).contains(part), "no `{part}` in {}", said(&output));
        }
    }
    assert_little_memory();
}

/// Of all programs that this process has waited for, the largest.
fn assert_little_memory() {
    let largest = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    assert!(largest < RESIDENT_MAX, "{largest} KiB");
}
