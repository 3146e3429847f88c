//! The data folder of a server, and the process that cleans up after us.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::TestkitError;

/// Waits until its standard input ends, which happens when this process drops the pipe or dies, then ends
/// every process group noted in `groups/` and removes the folder. (`kill -KILL -- -1` is not understood by every
/// `sh`; `kill -s` is.)
const CLEAN_UP: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
for group in "$1"/groups/*; do
    [ -e "$group" ] && kill -s KILL -- "-${group##*/}" 2>/dev/null
done
for round in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$1" 2>/dev/null && break
    sleep 0.1
done
"#;

/// A temporary folder that outlives no test process.
#[derive(Debug)]
pub(crate) struct Guard {
    folder: PathBuf,
    cleaner: Child,
}

impl Guard {
    pub(crate) fn new(stem: &str) -> Result<Self, TestkitError> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("himekuri-{stem}-"))
            .tempdir()
            .map_err(|source| TestkitError::File { path: std::env::temp_dir(), source })?
            .keep();
        let groups = folder.join("groups");
        fs::create_dir(&groups).map_err(|source| TestkitError::File { path: groups, source })?;
        let cleaner = Command::new("sh")
            .args(["-c", CLEAN_UP, "himekuri-testkit"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| TestkitError::Process {
                operation: "start",
                program: "sh",
                source,
            })?;
        Ok(Self { folder, cleaner })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file of this name into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), TestkitError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|source| TestkitError::File { path, source })
    }

    /// From now on this process group ends with us.
    pub(crate) fn note(&self, group: u32) -> Result<(), TestkitError> {
        let path = self.note_path(group);
        fs::write(&path, "").map_err(|source| TestkitError::File { path, source })
    }

    /// The process group is gone; its number may soon be somebody else's.
    pub(crate) fn forget(&self, group: u32) {
        // Without the note there is nothing to do; with it, the folder is gone already.
        let _gone = fs::remove_file(self.note_path(group));
    }

    fn note_path(&self, group: u32) -> PathBuf {
        self.folder.join("groups").join(group.to_string())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.cleaner.stdin.take());
        // Nothing to tell anybody while dropping.
        let _status = self.cleaner.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt, process::Command};

    use super::*;

    #[test]
    fn the_guard_ends_what_its_owner_left_running() {
        let guard = Guard::new("guard").unwrap();
        let folder = guard.folder().to_owned();
        let mut left = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        guard.note(left.id()).unwrap();

        drop(guard);

        assert_eq!(left.wait().unwrap().signal(), Some(9));
        assert!(!folder.exists());
    }

    #[test]
    fn the_guard_leaves_forgotten_groups_alone() {
        let guard = Guard::new("guard").unwrap();
        let mut other = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        guard.note(other.id()).unwrap();
        guard.forget(other.id());

        drop(guard);

        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
