//! Where the rows of a load job are: an upload, or files in buckets.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;

use crate::error::{BqError, Reason};
use crate::jobs::config::LoadConfig;
use crate::warehouse::Warehouse;

/// One file with rows.
pub(super) struct Source {
    /// As messages name it.
    pub(super) name: String,
    pub(super) content: Content,
}

pub(super) enum Content {
    Upload(Vec<u8>),
    File(PathBuf),
}

/// All files of a job, in the order of its URIs and then by name.
///
/// # Errors
/// `notFound` for a URI without files, `invalid` for a job without rows.
pub(super) fn sources(
    warehouse: &Warehouse,
    config: &LoadConfig,
    upload: Option<Vec<u8>>,
) -> Result<Vec<Source>, BqError> {
    if let Some(rows) = upload {
        return Ok(vec![Source { name: "the upload".into(), content: Content::Upload(rows) }]);
    }
    if config.uris.is_empty() {
        let why = "Load configuration must specify at least one source URI";
        return Err(BqError::invalid(why));
    }
    let mut sources = Vec::new();
    for uri in &config.uris {
        let objects = warehouse.buckets.matching(uri)?;
        sources.extend(objects.into_iter().map(|object| Source {
            name: format!("gs://{}/{}", uri.bucket, object.name),
            content: Content::File(object.file),
        }));
    }
    Ok(sources)
}

impl Source {
    /// The whole file, unpacked when it is a GZIP.
    ///
    /// # Errors
    /// `backendError` when it cannot be read, `invalid` for a broken GZIP.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, BqError> {
        let bytes = match &self.content {
            Content::Upload(bytes) => bytes.clone(),
            Content::File(file) => fs::read(file).map_err(|error| {
                let why = format!("could not read {}: {error}", self.name);
                BqError::new(Reason::BackendError, why)
            })?,
        };
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            return Ok(bytes);
        }
        let mut unpacked = Vec::new();
        let read = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked);
        read.map(|_| unpacked).map_err(|error| self.unreadable(&error.to_string()))
    }

    /// The error of a file that as a whole makes no sense.
    pub(super) fn unreadable(&self, why: &str) -> BqError {
        BqError {
            reason: Reason::Invalid,
            message: format!("Error while reading data, error message: {why}. File: {}", self.name),
            location: Some(self.name.clone()),
        }
    }
}
