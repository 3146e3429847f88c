//! What is part of a project's folder.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use himekuri_project::{
    Limits, LimitsExceeded, OutgoingSymlinks, ProjectError, pack, read_folder, read_folder_with,
    revision_id, unpack,
};
use himekuri_workflow::ProjectFiles;
use tempfile::TempDir;

fn write(root: &Path, path: &str, content: &str) {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, content).unwrap();
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, content) in files {
        write(root.path(), path, content);
    }
    root
}

fn paths(files: &ProjectFiles) -> Vec<&str> {
    files.paths().collect()
}

#[test]
fn a_folder_becomes_its_visible_files_with_relative_paths() {
    let root = folder(&[
        ("daily.dig", "+a: {}"),
        ("queries/a.sql", "SELECT 1"),
        (".git/config", "x"),
        ("queries/.env", "x"),
    ]);

    let files = read_folder(root.path()).unwrap();

    assert_eq!(
        files,
        [("daily.dig", "+a: {}"), ("queries/a.sql", "SELECT 1")].into_iter().collect()
    );
}

#[test]
fn ignored_files_are_left_out() {
    let root = folder(&[
        (".digdagignore", "*.log\n/tmp/\n!keep.log\n"),
        ("a.dig", ""),
        ("x.log", ""),
        ("sub/y.log", ""),
        ("sub/keep.log", ""),
        ("tmp/z.sql", ""),
        ("sub/tmp/z.sql", ""),
    ]);

    let files = read_folder(root.path()).unwrap();

    assert_eq!(paths(&files), ["a.dig", "sub/keep.log", "sub/tmp/z.sql"]);
}

#[test]
fn a_folder_survives_packing_with_the_same_revision() {
    let root = folder(&[("a.dig", "+a: {}"), ("b/c.sql", "SELECT 1")]);
    let files = read_folder(root.path()).unwrap();

    let unpacked = unpack(&pack(&files).unwrap(), Limits::default()).unwrap();

    assert_eq!(revision_id(&unpacked), revision_id(&files));
}

#[test]
fn links_inside_the_project_are_followed() {
    let root = folder(&[("a.dig", "+a: {}"), ("real/q.sql", "SELECT 1")]);
    symlink("a.dig", root.path().join("b.dig")).unwrap();
    symlink("real", root.path().join("linked")).unwrap();

    let files = read_folder(root.path()).unwrap();

    assert_eq!(paths(&files), ["a.dig", "b.dig", "linked/q.sql", "real/q.sql"]);
}

#[test]
fn a_link_to_a_folder_outside_is_refused_with_a_cure_or_copied() {
    let common = folder(&[("access/create.dig", "+a: {}")]);
    let root = folder(&[("a.dig", "+a: {}")]);
    symlink(common.path(), root.path().join("common")).unwrap();

    let refused = read_folder(root.path()).unwrap_err();
    let copied = read_folder_with(root.path(), OutgoingSymlinks::Copy, Limits::default()).unwrap();

    assert!(matches!(&refused, ProjectError::OutgoingLink { path, .. } if path == "common"));
    assert!(refused.to_string().contains("git submodule or a copy"), "{refused}");
    assert_eq!(paths(&copied), ["a.dig", "common/access/create.dig"]);
}

#[test]
fn an_ignored_link_to_the_outside_is_no_problem() {
    let common = folder(&[("x.sql", "")]);
    let root = folder(&[("a.dig", "+a: {}"), (".digdagignore", "common/\n")]);
    symlink(common.path(), root.path().join("common")).unwrap();

    assert_eq!(paths(&read_folder(root.path()).unwrap()), ["a.dig"]);
}

#[test]
fn a_link_to_nothing_is_refused() {
    let root = folder(&[("a.dig", "+a: {}")]);
    symlink("missing", root.path().join("common")).unwrap();

    let error = read_folder(root.path()).unwrap_err();

    assert!(matches!(&error, ProjectError::BrokenLink { path, .. } if path == "common"), "{error}");
}

#[test]
fn a_link_to_a_folder_around_it_is_refused() {
    let root = folder(&[("sub/a.sql", "")]);
    symlink("..", root.path().join("sub/up")).unwrap();

    let error = read_folder(root.path()).unwrap_err();

    assert!(matches!(&error, ProjectError::LinkCycle { path } if path == "sub/up"), "{error}");
}

#[test]
fn each_limit_is_kept() {
    let root = folder(&[("a", "1234"), ("b", "123"), ("c", "")]);
    let read = |limits| read_folder_with(root.path(), OutgoingSymlinks::Refuse, limits);
    let limits = Limits { file_bytes: 4, total_bytes: 7, files: 3 };

    assert_eq!(paths(&read(limits).unwrap()), ["a", "b", "c"]);
    let error = read(Limits { file_bytes: 3, ..limits }).unwrap_err();
    assert!(matches!(error, ProjectError::TooLarge(LimitsExceeded::File { .. })), "{error}");
    let error = read(Limits { total_bytes: 6, ..limits }).unwrap_err();
    assert!(matches!(error, ProjectError::TooLarge(LimitsExceeded::Total { .. })), "{error}");
    let error = read(Limits { files: 2, ..limits }).unwrap_err();
    assert!(matches!(error, ProjectError::TooLarge(LimitsExceeded::Count { .. })), "{error}");
}

#[test]
fn a_missing_folder_and_a_file_are_no_projects() {
    let root = folder(&[("a", "")]);

    for path in [root.path().join("missing"), root.path().join("a")] {
        let error = read_folder(&path).unwrap_err();
        assert!(matches!(error, ProjectError::Open { .. }), "{error}");
    }
}
