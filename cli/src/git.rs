//! What Git says of a project's folder: from which commit a revision was pushed.

use std::path::Path;
use std::process::Command;

use himekuri_coordinator::{GitState, GitSubmodule};

/// Nothing for a folder that is in no repository, or where there is no Git.
pub(crate) fn state_of(folder: &Path) -> Option<GitState> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        let text = output.status.success().then(|| String::from_utf8(output.stdout).ok());
        text.flatten()
    };
    let commit = git(&["rev-parse", "HEAD"])?.trim().to_owned();
    // Of this folder alone: a title may be one of several in a repository.
    let dirty = git(&["status", "--porcelain", "--", "."])?;
    let submodules = git(&["submodule", "status", "--recursive"]).unwrap_or_default();
    Some(GitState {
        commit,
        dirty: !dirty.trim().is_empty(),
        submodules: submodules.lines().filter_map(submodule).collect(),
    })
}

/// A line of `git submodule status`: ` <commit> <path> (<describe>)`, with `+` before a commit that is not the one of the
/// superproject and `-` before one that is not checked out.
fn submodule(line: &str) -> Option<GitSubmodule> {
    let line = line.trim_start_matches([' ', '+', '-', 'U']);
    let (commit, rest) = line.split_once(' ')?;
    let path = rest.split_once(" (").map_or(rest, |(path, _)| path);
    Some(GitSubmodule { path: path.to_owned(), commit: commit.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submodule_is_its_path_and_its_commit() {
        let expected =
            Some(GitSubmodule { path: "common files".to_owned(), commit: "abc123".to_owned() });

        assert_eq!(submodule(" abc123 common files (v1.2-3-gabc)"), expected);
        assert_eq!(submodule("+abc123 common files (heads/main)"), expected);
        assert_eq!(submodule("-abc123 common files"), expected);
        assert_eq!(submodule(""), None);
    }

    #[test]
    fn a_commit_is_found_and_what_is_not_committed_too() {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let ran = Command::new("git").arg("-C").arg(folder.path()).args(arguments).output();
            assert!(ran.unwrap().status.success(), "{arguments:?}");
        };
        assert_eq!(state_of(folder.path()), None);
        run(&["init", "-q"]);
        std::fs::write(folder.path().join("wf.dig"), "+a:\n  echo>: x\n").unwrap();
        run(&["add", "."]);
        let author = ["-c", "user.name=kim", "-c", "user.email=kim@example.com"];
        run(&[&author[..], &["commit", "-q", "-m", "first"]].concat());

        let clean = state_of(folder.path()).unwrap();
        std::fs::write(folder.path().join("wf.dig"), "+a:\n  echo>: y\n").unwrap();
        let dirty = state_of(folder.path()).unwrap();

        assert_eq!((clean.commit.len(), clean.dirty, clean.submodules.len()), (40, false, 0));
        assert_eq!(dirty, GitState { dirty: true, ..clean });
    }
}
