//! A case, read from its file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use himekuri_engine::Config;
use himekuri_workflow::ProjectFiles;

use crate::answer::{Answer, SessionAnswer};

/// A small project, what the world answers to it, and the run that must come of it.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Name of the file.
    pub name: String,
    path: PathBuf,
    /// Everything before the run, as written.
    head: String,
    /// The rule that it shows and where the rule comes from.
    pub rule: String,
    /// The project; its workflow is `wf`.
    pub files: ProjectFiles,
    /// `-p`.
    pub params: Config,
    /// `--override`.
    pub overrides: Config,
    /// What a task's tries are answered with; the last answer repeats.
    pub answers: BTreeMap<String, Vec<Answer>>,
    /// What `require>` meets, by the workflow.
    pub sessions: BTreeMap<String, Vec<SessionAnswer>>,
    /// Seconds after which somebody kills the attempt.
    pub kill_after: Option<i64>,
    /// The expected run.
    pub run: String,
}

/// All cases, by name.
///
/// # Panics
/// When a file cannot be read.
#[must_use]
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == "case")).collect();
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (head, run) = text.split_once("--- run\n").unwrap_or((&text, ""));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut case = Self {
            name,
            path: path.to_owned(),
            head: head.to_owned(),
            run: run.to_owned(),
            ..Self::default()
        };
        let mut sections = head.split("--- ");
        case.rule = sections.next().unwrap().trim().to_owned();
        let mut files = Vec::new();
        for section in sections {
            let (title, text) = section.split_once('\n').unwrap();
            match title.trim() {
                "world" => text.lines().for_each(|line| case.read_answer(line)),
                path => files.push((path.to_owned(), text.to_owned())),
            }
        }
        case.files = files.into_iter().collect();
        case
    }

    fn read_answer(&mut self, line: &str) {
        let Some((subject, answers)) = line.split_once(": ") else {
            assert!(line.trim().is_empty(), "{}: no answer in `{line}`", self.name);
            return;
        };
        match subject.split_once(' ') {
            Some(("param", key)) => {
                self.params.insert(key.to_owned(), serde_json::from_str(answers).unwrap());
            }
            Some(("override", key)) => {
                self.overrides.insert(key.to_owned(), serde_json::from_str(answers).unwrap());
            }
            Some(("session", workflow)) => {
                let answers = answers.split("; ").map(SessionAnswer::parse).collect();
                self.sessions.insert(workflow.to_owned(), answers);
            }
            Some((other, _)) => panic!("{}: `{other}` is no subject of an answer", self.name),
            None if subject == "kill" => self.kill_after = Some(Answer::parse(answers).after),
            None => {
                let answers = answers.split("; ").map(Answer::parse).collect();
                self.answers.insert(subject.to_owned(), answers);
            }
        }
    }

    /// Writes `run` into the case's file.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn bless(&self, run: &str) {
        fs::write(&self.path, format!("{}--- run\n{run}", self.head)).unwrap();
    }
}
