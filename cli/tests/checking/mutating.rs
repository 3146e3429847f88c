//! Whatever a project holds, `check` ends, and its problems are places in the files.

use std::fs;
use std::path::Path;

use crate::projects::Project;
use himekuri_coordinator::check;
use himekuri_workflow::ProjectFiles;

/// Projects tried. `HIMEKURI_MUTATIONS` sets another number for a long run.
const MUTATIONS: u64 = 600;

/// Pieces that mean something to one of the readers.
const PIECES: &[&str] = &[
    "${",
    "}",
    "$$",
    "'",
    "\"",
    "\n",
    "  ",
    "\t",
    ": ",
    "+a:",
    "_export:",
    "_do:",
    "!include : ",
    "call>: ",
    "bq>: ",
    "&a ",
    "*a",
    "[",
    "]",
    "{",
    "|",
    ">",
    "#",
    "08",
    "moment(",
    "typeof ",
    "/",
    "\\",
    "日本",
    "\u{feff}",
    "<<: ",
    "loop>: 2",
    "_error:",
    "secret:",
    "=",
    "\r\n",
    "\u{0}",
];

/// A generator of numbers (Marsaglia's xorshift): the same ones in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

fn mutated(text: &str, numbers: &mut Numbers) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(chars.len() + 1);
        match numbers.below(3) {
            0 => drop(chars.drain(at..(at + numbers.below(6)).min(chars.len()))),
            1 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
            _ => {
                let end = (at + numbers.below(40)).min(chars.len());
                let copied: Vec<char> = chars[at..end].to_vec();
                let to = numbers.below(chars.len() + 1);
                chars.splice(to..to, copied);
            }
        }
    }
    chars.into_iter().collect()
}

fn cases() -> Vec<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == "project"));
    paths.sort();
    paths.iter().map(|path| Project::parse(&fs::read_to_string(path).unwrap()).texts()).collect()
}

#[test]
fn every_problem_of_a_mutated_project_is_a_place_in_one_of_its_files() {
    let cases = cases();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let wanted = std::env::var("HIMEKURI_MUTATIONS").ok().and_then(|n| n.parse().ok());
    for _ in 0..wanted.unwrap_or(MUTATIONS) {
        let case = &cases[numbers.below(cases.len())];
        let files: Vec<(String, String)> =
            case.iter().map(|(path, text)| (path.clone(), mutated(text, &mut numbers))).collect();
        let project = ProjectFiles::from_iter(files.clone());

        let problems = check(&project).unwrap().problems;

        for problem in problems {
            let Some(position) = &problem.position else { continue };
            // A problem of a file that is missing is placed where it is asked for.
            let text = project.text(&position.file).unwrap_or_default();
            let last = u32::try_from(text.split('\n').count()).unwrap();
            let end = problem.end.unwrap_or((position.line, position.column));
            assert!(
                position.line <= last && end.0 <= last && (position.line, position.column) <= end,
                "{problem} until {end:?} in {files:#?}"
            );
        }
    }
}
