//! What the leader keeps beside attempts comes back as it left it.

use super::{LONG, lead};
use crate::{RecordKind, Store, StoreError};

/// The last record counts.
pub async fn records_come_back_by_key_until_they_are_forgotten(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    store
        .put_record(epoch, RecordKind::Schedule, "title_b/daily", Some("{\"n\":1}"))
        .await
        .unwrap();
    store.put_record(epoch, RecordKind::Schedule, "title_a/daily", Some("{}")).await.unwrap();

    store
        .put_record(epoch, RecordKind::Schedule, "title_b/daily", Some("{\"n\":2}"))
        .await
        .unwrap();

    let expected = [("title_a/daily", "{}"), ("title_b/daily", "{\"n\":2}")];
    let expected = expected.map(|(key, record)| (key.to_owned(), record.to_owned()));
    assert_eq!(store.records(RecordKind::Schedule).await.unwrap(), expected);

    store.put_record(epoch, RecordKind::Schedule, "title_a/daily", None).await.unwrap();
    store.put_record(epoch, RecordKind::Schedule, "never/there", None).await.unwrap();

    assert_eq!(store.records(RecordKind::Schedule).await.unwrap(), expected[1..]);
}

/// The same key may be used by each.
pub async fn records_of_one_kind_are_none_of_another(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    store.put_record(epoch, RecordKind::Schedule, "1", Some("{\"s\":1}")).await.unwrap();
    store.put_record(epoch, RecordKind::Backfill, "1", Some("{\"b\":1}")).await.unwrap();

    store.put_record(epoch, RecordKind::Schedule, "1", None).await.unwrap();

    assert_eq!(store.records(RecordKind::Schedule).await.unwrap(), []);
    let backfills = store.records(RecordKind::Backfill).await.unwrap();
    assert_eq!(backfills, [("1".to_owned(), "{\"b\":1}".to_owned())]);
}

/// Even one that the newer leader has not touched.
pub async fn a_deposed_leader_cannot_write_a_record(store: &dyn Store) {
    let old = lead(store, "a", LONG).await;
    store.put_record(old, RecordKind::Schedule, "title/daily", Some("{}")).await.unwrap();
    let new = lead(store, "a", LONG).await;

    for record in [Some("{\"late\":1}"), None] {
        match store.put_record(old, RecordKind::Schedule, "title/daily", record).await {
            Err(StoreError::Fenced { epoch, by }) => assert_eq!((epoch, by), (old, new)),
            other => panic!("not fenced: {other:?}"),
        }
    }

    assert_eq!(
        store.records(RecordKind::Schedule).await.unwrap(),
        [("title/daily".to_owned(), "{}".to_owned())]
    );
    store.put_record(new, RecordKind::Schedule, "title/daily", Some("{\"n\":1}")).await.unwrap();
}
