//! Small objects beside the attempts, by folder and name: whatever a pool wants to know again when its store is gone.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutPayload};

use crate::{Archive, ArchiveError};

/// Objects read at a time: a bucket answers each within some 50 ms.
const AT_ONCE: usize = 64;

/// What becomes of an object that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    Replace,
    /// It stays.
    Keep,
}

impl Archive {
    /// Writes a note, and says whether it was written: `false` if another one was there and was to stay.
    ///
    /// # Errors
    /// [`ArchiveError::Write`].
    pub async fn write_note(
        &self,
        folder: &str,
        name: &str,
        body: Vec<u8>,
        existing: Existing,
    ) -> Result<bool, ArchiveError> {
        let object = self.note(folder, name);
        let mode = match existing {
            Existing::Replace => PutMode::Overwrite,
            Existing::Keep => PutMode::Create,
        };
        let put = self.objects.store.put_opts(&object, PutPayload::from(body), mode.into());
        match put.await {
            Ok(_) => self.keep(&object).await.map(|()| true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.writing(&object, error.into())),
        }
    }

    /// A note, if there is one.
    ///
    /// # Errors
    /// [`ArchiveError::Read`].
    pub async fn read_note(
        &self,
        folder: &str,
        name: &str,
    ) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.bytes(&self.note(folder, name)).await
    }

    /// All notes of a folder with their names, in no order.
    ///
    /// # Errors
    /// [`ArchiveError::Read`].
    pub async fn read_notes(&self, folder: &str) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
        let place = self.objects.prefix().clone().join("journal").join(folder);
        let listed = self.objects.store.list(Some(&place));
        let reading = listed.map_err(|error| self.reading(&place, error.into()));
        let read = reading
            .map_ok(|found| async move {
                let name = found.location.filename().unwrap_or_default().to_owned();
                let body = self.bytes(&found.location).await?;
                Ok(body.map(|body| (name, body)))
            })
            .try_buffer_unordered(AT_ONCE);
        // One that was removed meanwhile is none any more.
        read.try_filter_map(|body| async move { Ok(body) }).try_collect().await
    }

    /// Removes a note; one that is not there is no error.
    ///
    /// # Errors
    /// [`ArchiveError::Write`].
    pub async fn remove_note(&self, folder: &str, name: &str) -> Result<(), ArchiveError> {
        let object = self.note(folder, name);
        match self.objects.store.delete(&object).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.writing(&object, error.into())),
        }
    }

    fn note(&self, folder: &str, name: &str) -> Path {
        self.objects.prefix().clone().join("journal").join(folder).join(name)
    }
}
