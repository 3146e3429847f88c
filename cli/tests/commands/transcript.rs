//! A transcript: commands behind `$`, and below each what a terminal would show, with the exit code if it is not 0.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;

/// Where commands run.
pub(crate) struct Stage {
    /// Their folder, and their home.
    pub(crate) folder: PathBuf,
    /// Folder of the programs.
    pub(crate) programs: PathBuf,
    /// The pool's API.
    pub(crate) coordinator: String,
    /// `$BIGQUERY`.
    pub(crate) bigquery: String,
}

/// The commands of a transcript.
pub(crate) fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("$ "))
}

impl Stage {
    /// Runs all commands of a transcript, one after another, and writes it anew.
    pub(crate) fn play(&self, text: &str) -> String {
        let parts = commands(text).map(|command| format!("$ {command}\n{}", self.run(command)));
        parts.collect::<Vec<_>>().join("\n")
    }

    fn run(&self, command: &str) -> String {
        let output = Command::new("timeout")
            .args(["60", "bash", "-c", &format!("{{ {command}\n}} 2>&1")])
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.programs.display()))
            .env("HOME", &self.folder)
            .envs([("TZ", "UTC"), ("USER", "kim"), ("LC_ALL", "C.UTF-8"), ("NO_COLOR", "1")])
            .env("HIMEKURI_COORDINATOR", &self.coordinator)
            .env("BIGQUERY", &self.bigquery)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let mut said = self.masked(&String::from_utf8(output.stdout).unwrap());
        if !said.is_empty() && !said.ends_with('\n') {
            said.push('\n');
        }
        match output.status.code() {
            Some(0) => said,
            Some(code) => format!("{said}exit code: {code}\n"),
            None => panic!("`{command}` was killed: {said}"),
        }
    }

    /// Without what differs each time.
    fn masked(&self, said: &str) -> String {
        let folder = self.folder.canonicalize().unwrap();
        let mut said = said
            .replace(&self.coordinator, "http://127.0.0.1:7070")
            .replace(&self.bigquery, "http://127.0.0.1:9050")
            .replace(folder.to_str().unwrap(), "/home/kim")
            .replace(env!("CARGO_PKG_VERSION"), "VERSION");
        // Column widths follow from how long ago 2019 is.
        if SO_FAR.is_match_in(&said) {
            said = replaced(&said, r"(\d+[hms] )+so far", "1h so far");
            said = replaced(&said, r"(?m)([^ \n]) {3,}", "$1  ");
        }
        for (pattern, mask) in MASKS {
            said = replaced(&said, pattern, mask);
        }
        said
    }
}

/// A pattern that is looked for.
struct Pattern(&'static str);

const SO_FAR: Pattern = Pattern(r"\d[hms] so far");

impl Pattern {
    fn is_match_in(&self, text: &str) -> bool {
        Regex::new(self.0).unwrap().is_match(text)
    }
}

/// Patterns of what differs each time, and what stands for it.
const MASKS: [(&str, &str); 9] = [
    (r#""seconds":[0-9.]+"#, "\"seconds\":0.0"),
    (r"\bin \d+\.\d s\b", "in 0.0 s"),
    (r"\d+h( \d+m)?( \d+s)?( ago| ->)", "1h$3"),
    // The pool's clock goes on while commands run.
    (r"2019-10-01([T ])03:0\d:\d\d(\.\d+)?", "2019-10-01${1}03:04:00"),
    (r"\b(in|for|to|after) \d+s\b", "$1 0s"),
    (r"  \ds\b", "  0s"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"himekuri_[0-9A-Za-z]{30,}", "himekuri_HASH"),
];

fn replaced(text: &str, pattern: &str, mask: &str) -> String {
    Regex::new(pattern).unwrap().replace_all(text, mask).into_owned()
}

/// All transcripts, by name.
pub(crate) fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "text")).collect();
    found.sort();
    found
}
