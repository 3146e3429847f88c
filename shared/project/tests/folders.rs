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
use himekuri_workflow::{ProjectFiles, compile_workflow};
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
fn a_link_that_leaves_by_any_way_is_refused_by_name() {
    let outside = folder(&[("secret.yml", "a: 1")]);
    let file = outside.path().join("secret.yml");
    let root = folder(&[("a.dig", "+a: {}"), ("sub/b.sql", "")]);
    let links = [
        ("direct.yml", file.clone()),
        ("sub/nested.yml", file.clone()),
        ("sub/up", Path::new("../..").to_owned()),
        ("absolute", Path::new("/").to_owned()),
    ];

    for (name, target) in links {
        let place = root.path().join(name);
        symlink(&target, &place).unwrap();
        let error = read_folder(root.path()).unwrap_err();
        assert!(
            matches!(&error, ProjectError::OutgoingLink { path, .. } if path == name),
            "{error}"
        );
        assert!(error.to_string().contains(&format!("`{name}` is a link to")), "{error}");
        fs::remove_file(place).unwrap();
    }
    // Over a link that stays inside.
    symlink(&file, root.path().join("sub/out.yml")).unwrap();
    symlink("sub/out.yml", root.path().join("in.yml")).unwrap();
    assert!(matches!(read_folder(root.path()), Err(ProjectError::OutgoingLink { .. })));
}

#[test]
fn a_file_is_included_through_a_link_that_stays_inside() {
    let root = folder(&[("a.dig", "_export:\n  !include : link.yml\n"), ("real/c.yml", "x: 1\n")]);
    symlink("real/c.yml", root.path().join("link.yml")).unwrap();

    let files = read_folder(root.path()).unwrap();

    assert_eq!(compile_workflow(&files, "a").unwrap().root.export["x"], 1);
}

#[test]
fn patterns_are_read_as_git_reads_them() {
    let table: [(&str, &[&str]); 14] = [
        ("*.log\n", &["a.log", "s/b.log"]),
        ("/a.log\n", &["a.log"]),
        ("s/b.log\n", &["s/b.log"]),
        ("s/\n", &["s/b.log", "s/t/c.sql", "s/t/d.log.sql"]),
        ("t\n", &["s/t/c.sql", "s/t/d.log.sql"]),
        ("**/t/*.sql\n", &["s/t/c.sql", "s/t/d.log.sql"]),
        ("s/**\n", &["s/b.log", "s/t/c.sql", "s/t/d.log.sql"]),
        ("?.log\n", &["a.log", "s/b.log"]),
        ("[ab].log\n", &["a.log", "s/b.log"]),
        ("# a.log\n\n   \n", &[]),
        ("\\#x\n", &["#x"]),
        ("*.log\n!a.log\n", &["s/b.log"]),
        // What is below an ignored folder cannot come back.
        ("s/\n!s/b.log\n", &["s/b.log", "s/t/c.sql", "s/t/d.log.sql"]),
        ("a.log  \r\n", &["a.log"]),
    ];
    let all = ["#x", "a.log", "s/b.log", "s/t/c.sql", "s/t/d.log.sql"];

    for (patterns, ignored) in table {
        let root = folder(&all.map(|path| (path, "")));
        write(root.path(), ".digdagignore", patterns);
        let kept: Vec<&str> = all.into_iter().filter(|path| !ignored.contains(path)).collect();
        assert_eq!(paths(&read_folder(root.path()).unwrap()), kept, "{patterns:?}");
    }
    // A line that is no pattern, which git drops without a word.
    for line in ["a[", "[z-", "a\\"] {
        let root = folder(&[("a.dig", "+a: {}")]);
        write(root.path(), ".digdagignore", &format!("*.log\n{line}\n"));
        let refused = read_folder(root.path());
        assert!(matches!(refused, Err(ProjectError::Ignore { .. })), "{line}: {refused:?}");
    }
}

#[test]
fn a_huge_file_is_refused_by_its_size_without_being_read() {
    for name in ["dump.bin", ".digdagignore"] {
        let root = folder(&[("a.dig", "+a: {}")]);
        // Sparse: reading it would take longer than the test.
        fs::File::create(root.path().join(name)).unwrap().set_len(1 << 40).unwrap();

        let error = read_folder(root.path()).unwrap_err();

        let ProjectError::TooLarge(LimitsExceeded::File { path, .. }) = &error else {
            panic!("{error}");
        };
        assert_eq!(path, name);
    }
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
