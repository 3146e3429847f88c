//! Cloud Storage as far as jobs need it: a bucket is a folder of this machine, an object a file in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{BqError, Reason};

/// The folders that stand for buckets.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    folders: BTreeMap<String, PathBuf>,
}

/// `gs://bucket/object`; an object's name may hold one `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    pub(crate) bucket: String,
    pub(crate) object: String,
}

/// One file of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Path inside the bucket, with `/`.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

impl Buckets {
    /// Lets a folder stand for a bucket; the last one of a name counts.
    pub fn insert(&mut self, bucket: impl Into<String>, folder: PathBuf) {
        self.folders.insert(bucket.into(), folder);
    }

    /// The folder of a bucket.
    ///
    /// # Errors
    /// `notFound` with the option that names it.
    pub(crate) fn folder(&self, bucket: &str) -> Result<&Path, BqError> {
        self.folders.get(bucket).map(PathBuf::as_path).ok_or_else(|| {
            BqError::not_found(format_args!(
                "Bucket {bucket} (the local warehouse knows it after --gcs {bucket}=FOLDER)"
            ))
        })
    }

    /// The file of an object, whether it exists or not.
    ///
    /// # Errors
    /// `notFound` for the bucket, `invalid` for a name that leaves its folder.
    pub(crate) fn file(&self, bucket: &str, object: &str) -> Result<PathBuf, BqError> {
        let parts = object.split('/');
        if object.is_empty() || parts.clone().any(|part| ["", ".", ".."].contains(&part)) {
            return Err(BqError::invalid(format!("Invalid object name: '{object}'")));
        }
        Ok(parts.fold(self.folder(bucket)?.to_owned(), |folder, part| folder.join(part)))
    }

    /// All files of a bucket whose names begin so, by name.
    ///
    /// # Errors
    /// `notFound` for the bucket, `backendError` when its folder cannot be read.
    pub(crate) fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, BqError> {
        let folder = self.folder(bucket)?;
        let mut objects = Vec::new();
        let failed = |error: io::Error| {
            let why = format!("could not read the folder `{}`: {error}", folder.display());
            BqError::new(Reason::BackendError, why)
        };
        match collect(folder, "", prefix, &mut objects) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Err(_) | Ok(()) => {}
        }
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(objects)
    }

    /// The files that a URI names, by name.
    ///
    /// # Errors
    /// `notFound` when there is none.
    pub(crate) fn matching(&self, uri: &Uri) -> Result<Vec<Object>, BqError> {
        let found = match uri.object.split_once('*') {
            None => {
                let file = self.file(&uri.bucket, &uri.object)?;
                let object = Object { name: uri.object.clone(), file };
                if object.file.is_file() { vec![object] } else { Vec::new() }
            }
            Some((before, after)) => {
                let mut found = self.list(&uri.bucket, before)?;
                found.retain(|object| {
                    let rest = &object.name[before.len()..];
                    rest.len() >= after.len() && rest.ends_with(after)
                });
                found
            }
        };
        if found.is_empty() {
            return Err(BqError::not_found(format_args!("URI gs://{}/{}", uri.bucket, uri.object)));
        }
        Ok(found)
    }
}

/// Files that are being written are named so; nobody sees them.
pub(crate) const UNFINISHED: &str = ".himekuri-part";

fn collect(folder: &Path, path: &str, prefix: &str, into: &mut Vec<Object>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(part) = entry.file_name().into_string() else {
            continue;
        };
        let name = if path.is_empty() { part } else { format!("{path}/{part}") };
        if entry.path().is_dir() {
            // A folder outside of the prefix holds nothing that is wanted.
            let inside = format!("{name}/");
            if inside.starts_with(prefix) || prefix.starts_with(&inside) {
                collect(&entry.path(), &name, prefix, into)?;
            }
        } else if name.starts_with(prefix) && !name.ends_with(UNFINISHED) {
            into.push(Object { name, file: entry.path() });
        }
    }
    Ok(())
}

/// Writes a file so that others see all of it or nothing.
///
/// # Errors
/// The operating system's.
pub(crate) fn put_file(file: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut unfinished = file.to_owned().into_os_string();
    unfinished.push(UNFINISHED);
    fs::write(&unfinished, content)?;
    fs::rename(&unfinished, file)
}

impl Uri {
    /// Reads `gs://bucket/object`.
    ///
    /// # Errors
    /// `invalid` for anything else, and for more than one `*`.
    pub(crate) fn parse(text: &str) -> Result<Self, BqError> {
        let parts = text.strip_prefix("gs://").and_then(|rest| rest.split_once('/'));
        let named = parts.filter(|(bucket, object)| !bucket.is_empty() && !object.is_empty());
        let Some((bucket, object)) = named else {
            return Err(BqError::invalid(format!(
                "Source URI must be a Google Cloud Storage location: {text}"
            )));
        };
        if object.matches('*').count() > 1 || bucket.contains('*') {
            return Err(BqError::invalid(format!(
                "Invalid URI: {text}: one wildcard is allowed, and not in the bucket's name"
            )));
        }
        Ok(Self { bucket: bucket.into(), object: object.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_a_bucket_and_an_object_with_one_wildcard_at_most() {
        let uri = Uri::parse("gs://logs/2026/11/*.csv").unwrap();

        assert_eq!((uri.bucket.as_str(), uri.object.as_str()), ("logs", "2026/11/*.csv"));
        for wrong in ["logs/a.csv", "gs://logs", "gs:///a", "gs://logs/*/*.csv", "gs://l*/a"] {
            assert!(Uri::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_name_leaves_the_folder_of_its_bucket() {
        let mut buckets = Buckets::default();
        buckets.insert("logs", PathBuf::from("/somewhere"));

        assert!(buckets.file("logs", "a/b.csv").is_ok());
        for wrong in ["../a", "a/../../b", "/etc/passwd", "a//b", ""] {
            assert!(buckets.file("logs", wrong).is_err(), "{wrong}");
        }
        assert!(buckets.file("other", "a").is_err());
    }
}
