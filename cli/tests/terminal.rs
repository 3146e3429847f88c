//! What happens before a terminal: questions, progress, Ctrl-C, and pictures that are drawn again.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

#[path = "terminal/pty.rs"]
mod pty;
#[path = "commands/worker.rs"]
mod worker;
#[path = "commands/world.rs"]
mod world;

use std::path::Path;
use std::process::Command;

use pty::Terminal;
use world::World;

fn pool() -> World {
    World::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/titles"))
}

fn himekuri(pool: &World, arguments: &[&str]) -> Terminal {
    Terminal::start(
        Command::new(env!("CARGO_BIN_EXE_himekuri"))
            .args(arguments)
            .env("HIMEKURI_COORDINATOR", pool.url())
            .env("HOME", "/nowhere")
            .envs([("TERM", "xterm"), ("TZ", "UTC"), ("NO_COLOR", "1")])
            .env_remove("HIMEKURI_BIGQUERY")
            .env_remove("GOOGLE_APPLICATION_CREDENTIALS"),
    )
}

const JULY: [&str; 7] =
    ["backfill", "title_a", "summary", "--from", "2019-07-01", "--to", "2019-07-03"];

/// Its dates never end in this pool.
const AUGUST: [&str; 7] =
    ["backfill", "title_a", "summary", "--from", "2019-08-11", "--to", "2019-08-13"];

#[test]
fn a_backfill_that_was_agreed_to_is_followed_to_its_end() {
    let pool = pool();
    let mut terminal = himekuri(&pool, &JULY);

    terminal.until("Start? [y/N] ");
    let asked = terminal.said();
    terminal.write("y\n");
    terminal.until("backfill 2 is done: 3 of 3 sessions succeeded");

    assert!(asked.contains("writes      6 partitions: title-a.summary.access$20190701"), "{asked}");
    assert!(!asked.contains("backfill 2"), "{asked}");
    assert_eq!(terminal.ended(), Some(0), "{}", terminal.said());
}

#[test]
fn without_a_yes_nothing_is_started() {
    let pool = pool();
    let mut terminal = himekuri(&pool, &JULY);
    terminal.until("Start? [y/N] ");

    terminal.write("\n");

    terminal.until("nothing was started");
    assert_eq!(terminal.ended(), Some(1));
    let mut list = himekuri(&pool, &["backfills", "--json"]);
    assert_eq!(list.ended(), Some(0));
    assert_eq!(list.said().lines().count(), 1, "only that of the pool's past: {}", list.said());
}

#[test]
fn a_backfill_that_is_left_goes_on_and_says_how_to_come_back() {
    let pool = pool();
    let mut terminal = himekuri(&pool, &[&AUGUST[..], &["--yes"]].concat());
    terminal.until("0/3 sessions; 1 running, 0 failed, 0 B billed");

    terminal.interrupt();

    terminal.until("backfill 2 goes on without you");
    terminal.until("himekuri backfills wait 2");
    assert_eq!(terminal.ended(), Some(130));
    let mut again = himekuri(&pool, &["backfills", "wait", "2"]);
    again.until("0/3 sessions; 1 running");
    let mut kill = himekuri(&pool, &["backfills", "kill", "2"]);
    assert_eq!(kill.ended(), Some(0));
    again.until("backfill 2 was killed: 0 of 3 sessions succeeded");
    assert_eq!(again.ended(), Some(1));
}

#[test]
fn a_watched_attempt_is_drawn_until_it_has_ended() {
    let pool = pool();
    let mut terminal = himekuri(&pool, &["tasks", "3", "--watch=1"]);
    terminal.until("+access: running");

    let mut kill = himekuri(&pool, &["kill", "3"]);
    assert_eq!(kill.ended(), Some(0));

    terminal.until("+access: canceled");
    assert_eq!(terminal.ended(), Some(0));
}

#[test]
fn whatever_lists_can_be_watched() {
    let pool = pool();
    for (list, words) in [
        ("status", "2 titles: "),
        ("sessions", "2019-09-03T00:00:00+09:00"),
        ("attempts", "2019-09-03T00:00:00+09:00"),
        ("backfills", "2019-08-01..2019-08-03"),
    ] {
        let mut terminal = himekuri(&pool, &[list, "--watch=1"]);

        terminal.until(words);
        // The cursor goes home before each picture.
        terminal.until("\x1b[H");
        terminal.until(words);

        assert!(terminal.is_running(), "{list}");
    }
}
