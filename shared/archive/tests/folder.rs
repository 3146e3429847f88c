//! An archive in a folder.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::PathBuf;
use std::sync::Arc;

use himekuri_archive::{Archive, ArchiveError, ArchivedAttempt};
use himekuri_protocol::AttemptId;
use tempfile::TempDir;

const OBJECT: &str = "attempts/00000000000000000/00000000000000000012.jsonl.gz";

fn archive() -> (TempDir, Archive, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new").join("archive");
    let archive = Archive::open(place.to_str().unwrap()).unwrap();
    (folder, archive, place.join(OBJECT))
}

fn attempt() -> Arc<ArchivedAttempt> {
    Arc::new(ArchivedAttempt {
        attempt: AttemptId(12),
        session_key: "title/daily/2019-09-01T15:00:00Z".to_owned(),
        number: 1,
        summary: "{\"project\":\"title\"}".to_owned(),
        log: vec!["{\"n\":1}".to_owned(), "{\"n\":2}".to_owned()],
    })
}

#[tokio::test]
async fn an_attempt_is_found_by_its_id_alone() {
    let (_folder, archive, object) = archive();

    archive.write(&attempt()).await.unwrap();

    archive.verify(&attempt()).await.unwrap();
    assert!(object.is_file());
    assert!(archive.contains(AttemptId(12)).await.unwrap());
    assert_eq!(archive.read(AttemptId(12)).await.unwrap().as_ref(), Some(&*attempt()));
    assert!(!archive.contains(AttemptId(13)).await.unwrap());
    assert_eq!(archive.read(AttemptId(13)).await.unwrap(), None);
}

#[tokio::test]
async fn writing_twice_changes_nothing() {
    let (_folder, archive, object) = archive();
    archive.write(&attempt()).await.unwrap();
    let before = std::fs::read(&object).unwrap();

    archive.write(&attempt()).await.unwrap();

    archive.verify(&attempt()).await.unwrap();
    assert_eq!(std::fs::read(&object).unwrap(), before);
    assert_eq!(std::fs::read_dir(object.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_attempt_of_another_life_is_neither_overwritten_nor_taken_for_ours() {
    let (_folder, archive, _) = archive();
    archive.write(&attempt()).await.unwrap();
    let ours =
        ArchivedAttempt { session_key: "title_b/daily/x".to_owned(), ..(*attempt()).clone() };
    let ours = Arc::new(ours);

    archive.write(&ours).await.unwrap();
    let refused = archive.verify(&ours).await.unwrap_err();

    assert!(matches!(refused, ArchiveError::Other { .. }), "{refused}");
    assert!(!refused.is_retryable());
    let text = refused.to_string();
    assert!(text.contains(OBJECT) && text.contains("title_b") && text.contains("--archive"));
    archive.verify(&attempt()).await.unwrap();
}

#[tokio::test]
async fn a_damaged_object_is_refused_and_written_again_when_it_is_moved_away() {
    let (_folder, archive, object) = archive();
    archive.write(&attempt()).await.unwrap();
    let bytes = std::fs::read(&object).unwrap();
    std::fs::write(&object, &bytes[..bytes.len() / 2]).unwrap();

    archive.write(&attempt()).await.unwrap();
    for refused in [
        archive.verify(&attempt()).await.unwrap_err(),
        archive.read(AttemptId(12)).await.unwrap_err(),
    ] {
        assert!(matches!(refused, ArchiveError::Damaged { .. }), "{refused}");
        assert!(refused.to_string().contains("move it away"), "{refused}");
    }

    std::fs::rename(&object, object.with_extension("damaged")).unwrap();
    archive.write(&attempt()).await.unwrap();
    archive.verify(&attempt()).await.unwrap();
}

#[tokio::test]
async fn an_object_that_is_gone_is_not_taken_for_written() {
    let (_folder, archive, _) = archive();

    let refused = archive.verify(&attempt()).await.unwrap_err();

    assert!(matches!(refused, ArchiveError::Lost { .. }), "{refused}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();

    let refused = Archive::open(file.join("x").to_str().unwrap()).unwrap_err();

    assert!(matches!(refused, ArchiveError::Open { .. }), "{refused}");
}
