//! What people were told.

use std::collections::BTreeMap;

use himekuri_store::RecordKind;
use jiff::Timestamp;

use super::{Coordinator, StartError};

impl Coordinator {
    /// When each notice was told, by its key. What cannot be read was told by another version, and is told again.
    pub(crate) async fn told(&self) -> Result<BTreeMap<String, Timestamp>, StartError> {
        let stored = self.store.records(RecordKind::Notice).await?;
        Ok(stored.into_iter().filter_map(|(key, at)| Some((key, at.parse().ok()?))).collect())
    }

    /// Remembers that a notice was told, or forgets it.
    pub(crate) async fn put_told(
        &self,
        key: &str,
        at: Option<Timestamp>,
    ) -> Result<(), StartError> {
        let at = at.map(|at| at.to_string());
        Ok(self.store.put_record(self.epoch, RecordKind::Notice, key, at.as_deref()).await?)
    }
}
