//! Projects and revisions come back as they were stored.

use crate::Store;

/// An archive is no text.
pub async fn archives_come_back_byte_for_byte(store: &dyn Store) {
    let archive: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();

    store.put_revision("rev-1", &archive).await.unwrap();
    store.put_revision("empty", &[]).await.unwrap();

    assert_eq!(store.revision("rev-1").await.unwrap(), Some(archive));
    assert_eq!(store.revision("empty").await.unwrap(), Some(Vec::new()));
    assert_eq!(store.revision("rev-2").await.unwrap(), None);
}

/// The last record counts.
pub async fn a_project_record_is_replaced_and_projects_are_sorted(store: &dyn Store) {
    store.put_project("title_b", "{\"rev\":1}").await.unwrap();
    store.put_project("title_a", "{\"rev\":1}").await.unwrap();

    store.put_project("title_b", "{\"rev\":2}").await.unwrap();

    assert_eq!(store.project("title_b").await.unwrap().as_deref(), Some("{\"rev\":2}"));
    assert_eq!(store.project("title_c").await.unwrap(), None);
    let all = store.projects().await.unwrap();
    let expected = [("title_a", "{\"rev\":1}"), ("title_b", "{\"rev\":2}")];
    assert_eq!(all, expected.map(|(name, record)| (name.to_owned(), record.to_owned())));
}
