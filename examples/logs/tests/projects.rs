//! The example projects fit together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

const TITLES: [&str; 2] = ["title_a", "title_b"];

fn examples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every file under `root`: its path, and what it holds.
fn files(root: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read_to_string(&path)?);
            }
        }
    }
    Ok(found)
}

#[test]
fn every_title_holds_the_common_repository_unchanged() {
    let root = examples().join("common");
    let common = files(&root).unwrap();
    assert!(common.len() >= 9, "{:?}", common.keys());

    for title in TITLES {
        let folder = examples().join(title).join("common_summary");
        let copy = files(&folder).unwrap();

        for (path, text) in &common {
            let inner = path.strip_prefix(&root).unwrap();
            let in_title = copy.get(&folder.join(inner));
            assert!(in_title == Some(text), "`{}` of {title} differs from common", inner.display());
        }
        assert_eq!(copy.len(), common.len(), "{title} has more files than common");
    }
}

#[test]
fn every_call_and_every_query_names_a_file_that_exists() {
    let mut named = 0;
    for title in TITLES {
        for (path, text) in files(&examples().join(title)).unwrap() {
            let folder = path.parent().unwrap();
            for line in text.lines().map(str::trim) {
                let file = line.strip_prefix("call>: ").or_else(|| line.strip_prefix("bq>: "));
                if let Some(file) = file {
                    assert!(folder.join(file).is_file(), "{}: `{file}`", path.display());
                    named += 1;
                }
            }
        }
    }
    assert_eq!(named, TITLES.len() * 5 * 2, "five marts, each called once and with one query");
}

#[test]
fn queries_take_the_date_from_the_workflow_and_never_the_clock() {
    for title in TITLES {
        for (path, text) in files(&examples().join(title)).unwrap() {
            if path.extension().is_some_and(|extension| extension == "sql") {
                assert!(text.contains("TIMESTAMP('${DATE}', 'Asia/Tokyo')"), "{}", path.display());
                assert!(!text.contains("CURRENT_"), "{}", path.display());
            }
        }
    }
}
