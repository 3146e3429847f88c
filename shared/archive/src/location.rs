//! From a location as an admin writes it to the objects there.

use std::path::{Path as FolderPath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use himekuri_protocol::AttemptId;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, RetryConfig};

use crate::ArchiveError;

/// How long a request to a bucket is repeated. Behind it waits a person, or the next round.
const RETRY_FOR: Duration = Duration::from_secs(20);

/// Digits of an id that name its folder; the last three are left out.
const FOLDER_DIGITS: usize = 17;

/// The objects of an archive.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// The folder, where it is one.
    pub(crate) folder: Option<PathBuf>,
}

impl Objects {
    /// A folder is made if it is not there. A bucket is not asked.
    pub(crate) fn open(location: &str) -> Result<Self, ArchiveError> {
        if let Some(place) = location.strip_prefix("gs://") {
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            if bucket.is_empty() {
                return Err(ArchiveError::Location { location: location.to_owned() });
            }
            let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
            return Self::bucket(location, builder, prefix);
        }
        if location.is_empty() || location.contains("://") {
            return Err(ArchiveError::Location { location: location.to_owned() });
        }
        Self::folder(location)
    }

    pub(crate) fn bucket(
        location: &str,
        builder: GoogleCloudStorageBuilder,
        prefix: &str,
    ) -> Result<Self, ArchiveError> {
        let retry = RetryConfig { retry_timeout: RETRY_FOR, ..RetryConfig::default() };
        let store = builder.with_retry(retry).build().map_err(|error| opening(location, error))?;
        Ok(Self { store: Arc::new(store), prefix: Path::from(prefix), folder: None })
    }

    fn folder(location: &str) -> Result<Self, ArchiveError> {
        let folder = FolderPath::new(location);
        std::fs::create_dir_all(folder).map_err(|error| opening(location, error))?;
        let folder = folder.canonicalize().map_err(|error| opening(location, error))?;
        let store =
            LocalFileSystem::new_with_prefix(&folder).map_err(|error| opening(location, error))?;
        Ok(Self { store: Arc::new(store), prefix: Path::default(), folder: Some(folder) })
    }

    pub(crate) const fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The object of an attempt.
    pub(crate) fn object(&self, attempt: AttemptId) -> Path {
        let id = format!("{:020}", attempt.0);
        let folder = id.get(..FOLDER_DIGITS).unwrap_or(&id);
        let place = self.prefix.clone().join("attempts").join(folder);
        place.join(format!("{id}.jsonl.gz"))
    }
}

fn opening(location: &str, source: impl std::error::Error + Send + Sync + 'static) -> ArchiveError {
    ArchiveError::Open { location: location.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_ids_and_a_folder_holds_a_thousand() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::open(folder.path().to_str().unwrap()).unwrap();
        let ids = [0, 1, 999, 1_000, 12_345, u64::MAX];

        let names: Vec<String> =
            ids.iter().map(|id| objects.object(AttemptId(*id)).to_string()).collect();

        assert_eq!(names[4], "attempts/00000000000000012/00000000000000012345.jsonl.gz");
        assert!(names.is_sorted(), "{names:?}");
        let folder = |name: &str| name.rsplit_once('/').unwrap().0.to_owned();
        assert_eq!(folder(&names[1]), folder(&names[2]));
        assert_ne!(folder(&names[2]), folder(&names[3]));
    }

    #[test]
    fn a_bucket_has_a_prefix_or_none() {
        for (location, object) in [
            ("gs://b", "attempts/00000000000000000/00000000000000000007.jsonl.gz"),
            ("gs://b/p/q/", "p/q/attempts/00000000000000000/00000000000000000007.jsonl.gz"),
        ] {
            let objects = Objects::open(location).unwrap();
            assert_eq!(objects.object(AttemptId(7)).to_string(), object);
        }
    }

    #[test]
    fn what_is_no_folder_and_no_bucket_is_refused() {
        for location in ["", "gs://", "gs:///p", "s3://bucket", "http://host/x"] {
            let refused = Objects::open(location);
            assert!(matches!(refused, Err(ArchiveError::Location { .. })), "{location}");
        }
    }
}
