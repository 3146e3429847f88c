//! Every command as people use it: its help, what it prints, what programs read, and what it says to a wrong use, word for
//! word.
//!
//! `tests/commands/transcripts/NAME.text` holds the commands, each behind `$`, and below it what it says. To add a use, write its
//! line; `HIMEKURI_BLESS=1 cargo test -p himekuri --test commands` writes the rest. Read the difference before it is
//! committed. That no command is left out is tested beside the commands (`src/tests.rs`).

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

#[path = "costs/bigquery.rs"]
#[expect(dead_code, reason = "another test counts dry runs")]
mod bigquery;
#[path = "commands/transcript.rs"]
mod transcript;
#[path = "commands/worker.rs"]
mod worker;
#[path = "commands/world.rs"]
mod world;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bigquery::{BigQuery, Refusal, Rules};
use serde_json::Value;
use transcript::{Stage, commands};
use world::World;

/// Transcripts that are played at once: most of the time, one waits for its programs.
const AT_ONCE: usize = 4;

/// Stands for the real warehouse, which other tests start.
const WAREHOUSE: &str = "#!/bin/bash\necho listening on http://127.0.0.1:9050\necho \"$@\" >&2\n";

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands").join(path)
}

/// A gibibyte for each query, but for the broken one.
fn reads(query: &str) -> Result<u64, Refusal> {
    match query.contains("amonut") {
        true => {
            let message = "Unrecognized name: amonut; Did you mean amount? at [2:7]";
            Err((400, "invalidQuery", message.to_owned()))
        }
        false => Ok(1 << 30),
    }
}

/// A folder with the titles, and the programs.
fn stage() -> tempfile::TempDir {
    let stage = tempfile::tempdir().unwrap();
    let programs = stage.path().join("bin");
    fs::create_dir(&programs).unwrap();
    // The copy has no warehouse beside it but this one.
    let himekuri = programs.join("himekuri");
    if fs::hard_link(env!("CARGO_BIN_EXE_himekuri"), &himekuri).is_err() {
        fs::copy(env!("CARGO_BIN_EXE_himekuri"), &himekuri).unwrap();
    }
    let warehouse = programs.join("himekuri-warehouse");
    fs::write(&warehouse, WAREHOUSE).unwrap();
    fs::set_permissions(&warehouse, fs::Permissions::from_mode(0o755)).unwrap();
    stage
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        match entry.is_dir() {
            true => copy(&entry, &target),
            false => drop(fs::copy(&entry, &target).unwrap()),
        }
    }
}

/// A transcript as it is today.
fn play(text: &str, programs: &Path) -> String {
    let home = tempfile::tempdir().unwrap();
    copy(&folder("titles"), home.path());
    let world = World::start(home.path());
    let bigquery = BigQuery::start(Rules { partitioned: true, reads });
    let stage = Stage {
        folder: home.path().to_owned(),
        programs: programs.to_owned(),
        coordinator: world.url().to_owned(),
        bigquery: bigquery.url().to_owned(),
    };
    stage.play(text)
}

#[test]
fn every_command_says_what_its_transcript_says() {
    let stage = stage();
    let programs = stage.path().join("bin");
    let (left, differences) =
        (Mutex::new(transcript::all(&folder("transcripts"))), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(path) = left.lock().unwrap().pop() else { return };
                    let expected = fs::read_to_string(&path).unwrap();
                    let found = play(&expected, &programs);
                    if std::env::var_os("HIMEKURI_BLESS").is_some() {
                        fs::write(&path, found).unwrap();
                    } else if found != expected {
                        let name = path.file_name().unwrap().display();
                        let difference = format!("{name}: expected\n{expected}\nfound\n{found}");
                        differences.lock().unwrap().push(difference);
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn what_programs_read_is_json_a_line() {
    let mut answers = 0;
    for path in transcript::all(&folder("transcripts")) {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("\n$ ").filter(|part| !part.contains("exit code: ")) {
            let (command, said) = part.split_once('\n').unwrap_or((part, ""));
            if !command.contains(" --json") || command.contains('|') {
                continue;
            }
            answers += 1;
            for line in said.lines().filter(|line| !line.is_empty()) {
                let parsed = serde_json::from_str::<Value>(line);
                assert!(parsed.is_ok(), "{}, `{command}`: {line}", path.display());
            }
        }
    }
    assert!(answers > 20, "only {answers} answers for programs");
}

#[test]
fn a_transcript_holds_its_commands_behind_dollars() {
    let text = "$ himekuri a\nsaid $ this\n\n$ himekuri b 'x'\n";

    assert_eq!(commands(text).collect::<Vec<_>>(), ["himekuri a", "himekuri b 'x'"]);
}
