//! What shells and `man` are told of the command line.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::process::{Command, Output, Stdio};

fn himekuri(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(arguments: &[&str]) -> String {
    let output = himekuri(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = himekuri(arguments);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = text(&["completion", shell]);

        for word in ["backfill", "why", "status", "max-cost"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn a_script_of_bash_is_one_that_bash_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("himekuri.bash");
    std::fs::write(&path, text(&["completion", "bash"])).unwrap();

    let checked = Command::new("bash").arg("-n").arg(&path).output().unwrap();

    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn a_page_tells_name_options_and_examples_of_its_command() {
    let page = text(&["man", "backfills", "pause"]);

    assert!(page.contains(".TH himekuri-backfills-pause 1"), "{page}");
    assert!(page.contains("Let what runs end"), "{page}");
    assert!(page.contains("coordinator"), "{page}");
    assert!(page.contains("himekuri backfills pause 3"), "{page}");
    assert!(text(&["man"]).contains(".TH himekuri 1"));
}

#[test]
fn a_folder_gets_the_pages_of_all_commands() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("share/man1");

    text(&["man", "--out", out.to_str().unwrap()]);

    for name in ["himekuri.1", "himekuri-why.1", "himekuri-status.1", "himekuri-backfills-kill.1"] {
        let page = std::fs::read_to_string(out.join(name)).unwrap();
        assert!(page.contains(".SH NAME"), "{name}");
    }
}

#[test]
fn a_misspelt_command_or_shell_is_told_with_the_nearest() {
    let command = refused(&["man", "bakfill"]);
    let deep = refused(&["man", "backfills", "stop"]);
    let shell = refused(&["completion", "zhs"]);

    assert!(
        command.contains("`himekuri` has no command `bakfill`; did you mean `backfill`?"),
        "{command}"
    );
    assert!(deep.contains("`backfills` has no command `stop`"), "{deep}");
    assert!(shell.contains("bash, elvish, fish, powershell, zsh"), "{shell}");
}
