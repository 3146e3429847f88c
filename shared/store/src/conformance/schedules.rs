//! Schedules come back as the leader left them.

use super::{LONG, lead};
use crate::{Store, StoreError};

/// The last record counts.
pub async fn schedules_come_back_by_key_until_they_are_forgotten(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    store.put_schedule(epoch, "title_b/daily", Some("{\"n\":1}")).await.unwrap();
    store.put_schedule(epoch, "title_a/daily", Some("{}")).await.unwrap();

    store.put_schedule(epoch, "title_b/daily", Some("{\"n\":2}")).await.unwrap();

    let expected = [("title_a/daily", "{}"), ("title_b/daily", "{\"n\":2}")];
    let expected = expected.map(|(key, record)| (key.to_owned(), record.to_owned()));
    assert_eq!(store.schedules().await.unwrap(), expected);

    store.put_schedule(epoch, "title_a/daily", None).await.unwrap();
    store.put_schedule(epoch, "never/there", None).await.unwrap();

    assert_eq!(store.schedules().await.unwrap(), expected[1..]);
}

/// Even for a schedule that the newer leader has not touched.
pub async fn a_deposed_leader_cannot_write_a_schedule(store: &dyn Store) {
    let old = lead(store, "a", LONG).await;
    store.put_schedule(old, "title/daily", Some("{}")).await.unwrap();
    let new = lead(store, "a", LONG).await;

    for record in [Some("{\"late\":1}"), None] {
        match store.put_schedule(old, "title/daily", record).await {
            Err(StoreError::Fenced { epoch, by }) => assert_eq!((epoch, by), (old, new)),
            other => panic!("not fenced: {other:?}"),
        }
    }

    assert_eq!(store.schedules().await.unwrap(), [("title/daily".to_owned(), "{}".to_owned())]);
    store.put_schedule(new, "title/daily", Some("{\"n\":1}")).await.unwrap();
}
