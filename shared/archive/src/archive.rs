//! Writing and reading attempts.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use himekuri_protocol::AttemptId;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutPayload};
use tokio::task::spawn_blocking;

use crate::location::Objects;
use crate::{ArchiveError, ArchivedAttempt, Cause, format};

/// A folder or a bucket with finished attempts. Cheap to clone.
#[derive(Clone)]
pub struct Archive {
    location: Arc<str>,
    pub(crate) objects: Arc<Objects>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Archive {
    /// Opens a folder, which is made if it is missing, or `gs://bucket/prefix`, with the credentials of the environment (a
    /// key file, the login of `gcloud`, or those of the machine). A bucket is asked at the first use only.
    ///
    /// # Errors
    /// [`ArchiveError::Location`], and [`ArchiveError::Open`].
    pub fn open(location: &str) -> Result<Self, ArchiveError> {
        Ok(Self { location: location.into(), objects: Arc::new(Objects::open(location)?) })
    }

    /// As it was given.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Writes an attempt, unless its object is there already: [`Self::verify`] says whether it is the same.
    ///
    /// # Errors
    /// [`ArchiveError::Write`], and [`ArchiveError::Unwritable`].
    pub async fn write(&self, attempt: &Arc<ArchivedAttempt>) -> Result<(), ArchiveError> {
        let id = attempt.attempt;
        let object = self.objects.object(id);
        let attempt = Arc::clone(attempt);
        let encoded = spawn_blocking(move || format::encode(&attempt)).await;
        let encoded = encoded.map_err(|error| self.writing(&object, error.into()))?;
        let unwritable = |detail| ArchiveError::Unwritable { attempt: id, detail };
        let payload = PutPayload::from(encoded.map_err(unwritable)?);
        let put = self.objects.store.put_opts(&object, payload, PutMode::Create.into());
        match put.await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => self.keep(&object).await,
            Err(error) => Err(self.writing(&object, error.into())),
        }
    }

    /// Reads an attempt back and compares.
    ///
    /// # Errors
    /// Whatever keeps it from being read as it is: only without an error may its log go.
    pub async fn verify(&self, attempt: &Arc<ArchivedAttempt>) -> Result<(), ArchiveError> {
        let object = self.objects.object(attempt.attempt);
        let Some(bytes) = self.bytes(&object).await? else {
            let location = self.location.to_string();
            return Err(ArchiveError::Lost { object: object.to_string(), location });
        };
        let expected = Arc::clone(attempt);
        let compared = spawn_blocking(move || format::difference(&bytes, &expected)).await;
        let compared = compared.map_err(|error| self.reading(&object, error.into()))?;
        match compared.map_err(|error| self.unreadable(&object, error))? {
            None => Ok(()),
            Some(detail) => Err(self.other(&object, detail)),
        }
    }

    /// An attempt; `None` when it is not here.
    ///
    /// # Errors
    /// [`ArchiveError::Read`], [`ArchiveError::Damaged`], [`ArchiveError::Version`].
    pub async fn read(&self, attempt: AttemptId) -> Result<Option<ArchivedAttempt>, ArchiveError> {
        let object = self.objects.object(attempt);
        let Some(bytes) = self.bytes(&object).await? else { return Ok(None) };
        let decoded = spawn_blocking(move || format::decode(&bytes)).await;
        let decoded = decoded.map_err(|error| self.reading(&object, error.into()))?;
        let found = decoded.map_err(|error| self.unreadable(&object, error))?;
        if found.attempt != attempt {
            return Err(self.other(&object, format!("it says that it is of {}", found.attempt)));
        }
        Ok(Some(found))
    }

    /// Whether an attempt has an object here, readable or not.
    ///
    /// # Errors
    /// [`ArchiveError::Read`].
    pub async fn contains(&self, attempt: AttemptId) -> Result<bool, ArchiveError> {
        self.has(&self.objects.object(attempt)).await
    }

    pub(crate) async fn has(&self, object: &Path) -> Result<bool, ArchiveError> {
        match self.objects.store.head(object).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.reading(object, error.into())),
        }
    }

    pub(crate) async fn bytes(&self, object: &Path) -> Result<Option<Vec<u8>>, ArchiveError> {
        let found = match self.objects.store.get(object).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.reading(object, error.into())),
        };
        let bytes = found.bytes().await.map_err(|error| self.reading(object, error.into()))?;
        Ok(Some(bytes.into()))
    }

    /// A bucket keeps what it has confirmed. A file is only in the machine's memory until the disk is told to keep it.
    pub(crate) async fn keep(&self, object: &Path) -> Result<(), ArchiveError> {
        let Some(folder) = self.objects.folder.clone() else { return Ok(()) };
        let file = folder.join(object.as_ref());
        let kept = spawn_blocking(move || sync(&file, &folder)).await;
        let kept = kept.map_err(|error| self.writing(object, error.into()))?;
        kept.map_err(|error| self.writing(object, error.into()))
    }

    pub(crate) fn writing(&self, object: &Path, source: Cause) -> ArchiveError {
        let (object, location) = (object.to_string(), self.location.to_string());
        ArchiveError::Write { object, location, source }
    }

    pub(crate) fn reading(&self, object: &Path, source: Cause) -> ArchiveError {
        let (object, location) = (object.to_string(), self.location.to_string());
        ArchiveError::Read { object, location, source }
    }

    fn other(&self, object: &Path, detail: String) -> ArchiveError {
        let (object, location) = (object.to_string(), self.location.to_string());
        ArchiveError::Other { object, location, detail }
    }

    fn unreadable(&self, object: &Path, error: format::Unreadable) -> ArchiveError {
        let (object, location) = (object.to_string(), self.location.to_string());
        match error {
            format::Unreadable::Damaged(detail) => {
                ArchiveError::Damaged { object, location, detail }
            }
            format::Unreadable::Version { found, known } => {
                ArchiveError::Version { object, location, found, known }
            }
        }
    }
}

/// The file, and its names in the folders above it.
fn sync(file: &FilePath, folder: &FilePath) -> std::io::Result<()> {
    for path in file.ancestors().take_while(|path| path.starts_with(folder)) {
        std::fs::File::open(path)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod bucket_tests;
