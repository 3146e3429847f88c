//! Where a server's programs are: on this machine, or in a folder with another Debian inside.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::guard::Guard;

/// Runs a program of the folder `$1` with that folder as `/`. The server's own folder `$2` has the same path inside. All mounts
/// belong to the mount namespace of this process alone and go with it.
const ENTER: &str = r#"
mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp" &&
    mkdir -p "$1$2" && mount --bind "$2" "$1$2" || exit 1
root=$1 folder=$2
shift 2
exec chroot "$root" env -C "$folder" "$@"
"#;

/// Programs of one Debian.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    root: Option<PathBuf>,
}

impl Installation {
    /// The folder named by this environment variable (see `scripts/fetch-rabbitmq-4.sh`), or this machine.
    pub(crate) fn of_variable(variable: &str) -> Self {
        Self { root: std::env::var_os(variable).filter(|value| !value.is_empty()).map(Into::into) }
    }

    /// Where an absolute path of the installation really is.
    pub(crate) fn real(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    /// Where it is for its own programs.
    pub(crate) fn inside(&self, real: &Path) -> PathBuf {
        match self.root.as_ref().and_then(|root| real.strip_prefix(root).ok()) {
            Some(path) => Path::new("/").join(path),
            None => real.to_owned(),
        }
    }

    pub(crate) fn is_of_this_machine(&self) -> bool {
        self.root.is_none()
    }

    /// A command that runs `program`, which is a name or a path inside.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, guard: &Guard) -> Command {
        let Some(root) = &self.root else { return Command::new(program) };
        let mut command = Command::new("unshare");
        if !is_root(guard.folder()) {
            // Others may not mount anything, except in a user namespace of their own.
            command.arg("--map-root-user");
        }
        command.args(["--mount", "sh", "-c", ENTER, "himekuri-testkit"]);
        command.args([root, guard.folder()]).arg(program);
        command
    }
}

/// Whether this process is root: it has just made the folder.
fn is_root(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|folder| folder.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_folder_lose_it_inside() {
        let other = Installation { root: Some("/srv/debian".into()) };
        let own = Installation { root: None };

        assert_eq!(other.real("/usr/lib"), Path::new("/srv/debian/usr/lib"));
        assert_eq!(other.inside(Path::new("/srv/debian/usr/lib/x")), Path::new("/usr/lib/x"));
        assert_eq!(own.real("/usr/lib"), Path::new("/usr/lib"));
        assert_eq!(own.inside(Path::new("/usr/lib/x")), Path::new("/usr/lib/x"));
    }
}
