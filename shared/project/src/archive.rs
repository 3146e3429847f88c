//! A project as tar.gz: made the same every time, and read without trusting it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use himekuri_workflow::ProjectFiles;
use tar::{Archive, Builder, Entry, EntryType, Header};

use crate::limits::{Limits, LimitsExceeded, Meter};

/// Headers of a tar beside its files, bytes for each entry: header, padding, and a long name.
/// Bounds what is unpacked at all.
const TAR_OVERHEAD: u64 = 8 << 10;

/// An archive that cannot be made or taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A path does not fit into an archive.
    #[error("could not pack file `{path}`")]
    Pack {
        /// The path.
        path: String,
        /// What the packer says.
        #[source]
        source: io::Error,
    },
    /// The archive could not be finished.
    #[error("could not finish the archive")]
    Finish {
        /// What the packer says.
        #[source]
        source: io::Error,
    },
    /// It is no tar.gz, or a damaged one.
    #[error("the archive is not a readable tar.gz")]
    Unreadable {
        /// What the reader says.
        #[source]
        source: io::Error,
    },
    /// An entry has a name that does not stay inside the project.
    #[error("the archive's entry `{name}` is not a plain path inside the project")]
    BadName {
        /// The name, bad characters escaped.
        name: String,
    },
    /// An entry is no file and no folder.
    #[error("the archive's entry `{name}` is a link or a device; push the file itself")]
    NotAFile {
        /// The name.
        name: String,
    },
    /// A path stands twice.
    #[error("the archive has two entries `{name}`")]
    Twice {
        /// The name.
        name: String,
    },
    /// It is too large.
    #[error(transparent)]
    TooLarge(#[from] LimitsExceeded),
}

/// The project as a tar.gz that depends on nothing but paths and contents (and the compressor's
/// version).
///
/// # Errors
/// A path that a tar cannot hold.
pub fn pack(files: &ProjectFiles) -> Result<Vec<u8>, ArchiveError> {
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let mut tar = Builder::new(gzip);
    for (path, content) in files.iter() {
        append(&mut tar, path, content)
            .map_err(|source| ArchiveError::Pack { path: path.to_owned(), source })?;
    }
    tar.into_inner()
        .and_then(flate2::write::GzEncoder::finish)
        .map_err(|source| ArchiveError::Finish { source })
}

fn append(tar: &mut Builder<impl Write>, path: &str, content: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(u64::try_from(content.len()).map_err(io::Error::other)?);
    tar.append_data(&mut header, path, content)
}

/// The project in a tar.gz. Hidden files (`.git/config`) are left out, as [`crate::read_folder`]
/// leaves them out.
///
/// # Errors
/// Anything but files and folders, names that leave the project, more than `limits` allow, a
/// damaged archive.
pub fn unpack(bytes: &[u8], limits: Limits) -> Result<ProjectFiles, ArchiveError> {
    let entries = u64::try_from(limits.files).unwrap_or(u64::MAX);
    let overhead = entries.saturating_add(1).saturating_mul(TAR_OVERHEAD);
    let unpacked = GzDecoder::new(bytes).take(limits.total_bytes.saturating_add(overhead));
    let mut archive = Archive::new(unpacked);
    let mut meter = Meter::new(limits);
    let mut files = BTreeMap::new();
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        meter.add_entry()?;
        if let Some(path) = file_path(&entry)? {
            let content = read_content(&mut entry, &path, &mut meter)?;
            if files.insert(path.clone(), content).is_some() {
                return Err(ArchiveError::Twice { name: path });
            }
        }
    }
    Ok(files.into_iter().collect())
}

fn unreadable(source: io::Error) -> ArchiveError {
    ArchiveError::Unreadable { source }
}

/// Path of a file to be taken; `None` for a folder, a hidden file, or a note of the packer.
fn file_path<R: Read>(entry: &Entry<'_, R>) -> Result<Option<String>, ArchiveError> {
    let raw = entry.path_bytes();
    let shown = || String::from_utf8_lossy(&raw).escape_debug().to_string();
    let kind = entry.header().entry_type();
    if kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
        return Ok(None);
    }
    if !kind.is_file() && !kind.is_dir() {
        return Err(ArchiveError::NotAFile { name: shown() });
    }
    let path = std::str::from_utf8(&raw)
        .ok()
        .and_then(plain_path)
        .ok_or_else(|| ArchiveError::BadName { name: shown() })?;
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    Ok((kind.is_file() && !hidden).then_some(path))
}

/// `./a/b/` as `a/b`; `None` if it is absolute, leaves the project, or holds control characters.
fn plain_path(raw: &str) -> Option<String> {
    if raw.starts_with('/') || raw.chars().any(char::is_control) {
        return None;
    }
    let parts: Vec<&str> = raw.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

fn read_content<R: Read>(
    entry: &mut Entry<'_, R>,
    path: &str,
    meter: &mut Meter,
) -> Result<Vec<u8>, ArchiveError> {
    let declared = entry.size();
    let mut content = Vec::new();
    entry.take(meter.read_at_most()).read_to_end(&mut content).map_err(unreadable)?;
    meter.add_bytes(path, content.len())?;
    if u64::try_from(content.len()) != Ok(declared) {
        return Err(unreadable(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> ProjectFiles {
        let long = format!("{}q.sql", "folder/".repeat(40));
        [("b.dig".to_owned(), "+a: {}"), ("a/日本.sql".to_owned(), ""), (long, "SELECT 1")]
            .into_iter()
            .collect()
    }

    /// A tar.gz of raw entries, whatever their names.
    fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut tar = Builder::new(GzBuilder::new().write(Vec::new(), Compression::fast()));
        for (name, kind, content) in entries {
            let mut header = Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(u64::try_from(content.len()).unwrap());
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        assert_eq!(unpack(&pack(&files()).unwrap(), Limits::default()).unwrap(), files());
    }

    #[test]
    fn packing_twice_gives_the_same_bytes() {
        assert_eq!(pack(&files()).unwrap(), pack(&files()).unwrap());
    }

    #[test]
    fn folders_notes_and_hidden_files_are_left_out() {
        let bytes = archive(&[
            ("./", EntryType::Directory, b""),
            ("./sub/", EntryType::Directory, b""),
            ("./sub/a.dig", EntryType::Regular, b"x"),
            (".git/config", EntryType::Regular, b"x"),
            ("sub/.env", EntryType::Regular, b"x"),
        ]);

        let unpacked = unpack(&bytes, Limits::default()).unwrap();

        assert_eq!(unpacked, ProjectFiles::from_iter([("sub/a.dig", "x")]));
    }

    #[test]
    fn names_that_leave_the_project_are_refused() {
        for name in ["../evil", "a/../../evil", "/etc/passwd", "a\nb"] {
            let result = unpack(&archive(&[(name, EntryType::Regular, b"x")]), Limits::default());
            assert!(matches!(result, Err(ArchiveError::BadName { .. })), "{name}: {result:?}");
        }
    }

    #[test]
    fn links_and_devices_are_refused() {
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Fifo] {
            let result = unpack(&archive(&[("a", kind, b"")]), Limits::default());
            assert!(matches!(result, Err(ArchiveError::NotAFile { .. })), "{kind:?}: {result:?}");
        }
    }

    #[test]
    fn a_path_that_stands_twice_is_refused() {
        let entry = ("a", EntryType::Regular, b"x".as_slice());
        let again = ("./a", EntryType::Regular, b"y".as_slice());

        let result = unpack(&archive(&[entry, again]), Limits::default());

        assert!(matches!(result, Err(ArchiveError::Twice { .. })), "{result:?}");
    }

    #[test]
    fn each_limit_is_kept() {
        let limits = Limits { file_bytes: 4, total_bytes: 6, files: 3 };
        let file = |name, content| (name, EntryType::Regular, content);
        type Fits = fn(&LimitsExceeded) -> bool;
        let table: [(Vec<_>, Fits); 3] = [
            (vec![file("a", b"12345".as_slice())], |e| matches!(e, LimitsExceeded::File { .. })),
            (vec![file("a", b"1234"), file("b", b"123")], |e| {
                matches!(e, LimitsExceeded::Total { .. })
            }),
            (["a", "b", "c", "d"].map(|name| file(name, b"")).to_vec(), |e| {
                matches!(e, LimitsExceeded::Count { .. })
            }),
        ];

        for (entries, fits) in table {
            let error = unpack(&archive(&entries), limits).unwrap_err();
            assert!(matches!(&error, ArchiveError::TooLarge(e) if fits(e)), "{error:?}");
        }
    }

    #[test]
    fn a_small_archive_of_a_huge_file_is_refused_without_unpacking_it() {
        let zeros = vec![0; 80 << 20];
        let bytes = archive(&[("bomb", EntryType::Regular, zeros.as_slice())]);

        let result = unpack(&bytes, Limits::default());

        assert!(bytes.len() < 1 << 20);
        assert!(matches!(result, Err(ArchiveError::TooLarge(_))), "{result:?}");
    }

    #[test]
    fn damaged_archives_are_errors() {
        let whole = pack(&files()).unwrap();

        for bytes in [b"not gzip".as_slice(), &whole[..whole.len() / 2]] {
            let result = unpack(bytes, Limits::default());
            assert!(matches!(result, Err(ArchiveError::Unreadable { .. })), "{result:?}");
        }
    }
}
