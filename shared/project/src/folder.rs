//! A project's folder, as digdag would push it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use himekuri_workflow::ProjectFiles;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::limits::{Limits, LimitsExceeded, Meter};

/// Names the files that are not part of the project, in the syntax of `.gitignore`.
const IGNORE_FILE: &str = ".digdagignore";

/// Deepest folder: enough for any project, and an end to what follows links.
const MAX_DEPTH: usize = 64;

/// What to do with a symbolic link to a place outside the project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutgoingSymlinks {
    /// An error that names the link.
    #[default]
    Refuse,
    /// What it points to becomes part of the project, as with digdag's `--copy-outgoing-symlinks`.
    Copy,
}

/// A folder that cannot be read as a project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder itself is missing or no folder.
    #[error("could not open the project folder `{}`", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Something in it cannot be read.
    #[error("could not read `{path}` of the project")]
    Read {
        /// Path from the project's folder.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// `.digdagignore` has a line that is no pattern.
    #[error("could not understand `.digdagignore`")]
    Ignore {
        /// The line and the reason.
        #[source]
        source: ignore::Error,
    },
    /// A name is not UTF-8.
    #[error("the name `{}` is not UTF-8; rename the file", name.display())]
    Name {
        /// The path, as far as it can be shown.
        name: PathBuf,
    },
    /// A link leads out of the project.
    #[error(
        "`{path}` is a link to `{}`, outside the project; make it a folder of the project (a git \
         submodule or a copy), or allow outgoing links to be copied",
        target.display()
    )]
    OutgoingLink {
        /// Path from the project's folder.
        path: String,
        /// Where it leads.
        target: PathBuf,
    },
    /// A link leads nowhere.
    #[error(
        "`{path}` is a link to something that cannot be opened; is a submodule not checked out?"
    )]
    BrokenLink {
        /// Path from the project's folder.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A link leads to a folder around itself.
    #[error("`{path}` is a link to a folder that it is itself a part of; remove the link")]
    LinkCycle {
        /// Path from the project's folder.
        path: String,
    },
    /// Folders are nested too deeply.
    #[error("`{path}` is deeper than 64 folders; exclude it in `.digdagignore`")]
    TooDeep {
        /// Path from the project's folder.
        path: String,
    },
    /// It is too large.
    #[error(transparent)]
    TooLarge(#[from] LimitsExceeded),
}

/// The files of a project's folder. Links out of the project are refused.
///
/// Names that begin with `.` are left out, and what `.digdagignore` names.
///
/// # Errors
/// See [`ProjectError`].
pub fn read_folder(path: &Path) -> Result<ProjectFiles, ProjectError> {
    read_folder_with(path, OutgoingSymlinks::Refuse, Limits::default())
}

/// The same with a choice for outgoing links and sizes.
///
/// # Errors
/// See [`ProjectError`].
pub fn read_folder_with(
    path: &Path,
    outgoing: OutgoingSymlinks,
    limits: Limits,
) -> Result<ProjectFiles, ProjectError> {
    let open = |source| ProjectError::Open { path: path.to_owned(), source };
    let root = fs::canonicalize(path).map_err(open)?;
    if !root.is_dir() {
        return Err(open(io::ErrorKind::NotADirectory.into()));
    }
    let meter = Meter::new(limits);
    let ignored = ignored(&root, &meter)?;
    let mut reader = FolderReader { root, outgoing, ignored, meter, files: Vec::new() };
    let root = reader.root.clone();
    reader.folder("", &mut vec![root])?;
    Ok(reader.files.into_iter().collect())
}

fn ignored(root: &Path, meter: &Meter) -> Result<Gitignore, ProjectError> {
    let path = root.join(IGNORE_FILE);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => meter.refuse_larger(IGNORE_FILE, metadata.len())?,
        Ok(_) | Err(_) => return Ok(Gitignore::empty()),
    }
    let mut builder = GitignoreBuilder::new(root);
    // Otherwise `a[` names a file of this name, which it does not for git.
    builder.allow_unclosed_class(false);
    match builder.add(&path) {
        Some(source) => Err(ProjectError::Ignore { source }),
        None => builder.build().map_err(|source| ProjectError::Ignore { source }),
    }
}

struct FolderReader {
    root: PathBuf,
    outgoing: OutgoingSymlinks,
    ignored: Gitignore,
    meter: Meter,
    files: Vec<(String, Vec<u8>)>,
}

impl FolderReader {
    /// Reads the folder at `path` (from the project's folder); `around` holds its real place and
    /// those of all folders around it, itself last.
    fn folder(&mut self, path: &str, around: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
        if around.len() > MAX_DEPTH {
            return Err(ProjectError::TooDeep { path: path.to_owned() });
        }
        let Some(place) = around.last().cloned() else {
            return Ok(());
        };
        let read = |source| ProjectError::Read { path: path.to_owned(), source };
        for entry in fs::read_dir(place).map_err(read)? {
            let entry = entry.map_err(read)?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let Some(name) = name.to_str() else {
                return Err(ProjectError::Name { name: Path::new(path).join(name) });
            };
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            self.entry(path, &entry.path(), around)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        path: String,
        place: &Path,
        around: &mut Vec<PathBuf>,
    ) -> Result<(), ProjectError> {
        let kind = fs::symlink_metadata(place)
            .map_err(|source| ProjectError::Read { path: path.clone(), source })?
            .file_type();
        // A link to a folder is ignored by a pattern for folders too, so it is followed first where
        // it can be.
        let is_dir = kind.is_dir() || (kind.is_symlink() && place.is_dir());
        if self.ignored.matched(&path, is_dir).is_ignore() {
            return Ok(());
        }
        let real = if kind.is_symlink() { self.follow(&path, place)? } else { place.to_owned() };
        if is_dir {
            if around.contains(&real) {
                return Err(ProjectError::LinkCycle { path });
            }
            around.push(real);
            let result = self.folder(&path, around);
            around.pop();
            result
        } else if real.is_file() {
            self.file(path, &real)
        } else {
            Ok(()) // a socket or a device, which is no part of a project
        }
    }

    /// Where a link leads.
    fn follow(&self, path: &str, place: &Path) -> Result<PathBuf, ProjectError> {
        let target = fs::canonicalize(place)
            .map_err(|source| ProjectError::BrokenLink { path: path.to_owned(), source })?;
        match self.outgoing {
            OutgoingSymlinks::Refuse if !target.starts_with(&self.root) => {
                Err(ProjectError::OutgoingLink { path: path.to_owned(), target })
            }
            OutgoingSymlinks::Refuse | OutgoingSymlinks::Copy => Ok(target),
        }
    }

    fn file(&mut self, path: String, place: &Path) -> Result<(), ProjectError> {
        self.meter.add_entry()?;
        let read = |source| ProjectError::Read { path: path.clone(), source };
        let file = fs::File::open(place).map_err(read)?;
        self.meter.refuse_larger(&path, file.metadata().map_err(read)?.len())?;
        // It may grow while it is read.
        let mut content = Vec::new();
        file.take(self.meter.read_at_most()).read_to_end(&mut content).map_err(read)?;
        self.meter.add_bytes(&path, content.len())?;
        self.files.push((path, content));
        Ok(())
    }
}
