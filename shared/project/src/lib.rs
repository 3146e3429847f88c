//! Project folders and archives, read into memory and identified by content.
//!
//! [`read_folder`] takes what digdag would push; [`pack`] and [`unpack`] carry it as a tar.gz;
//! [`revision_id`] names it. The name depends on paths and contents only, so the same folder is the
//! same revision on every machine and with every version of the compressor.

mod archive;
mod folder;
mod limits;
mod revision;

pub use archive::{ArchiveError, pack, unpack};
pub use folder::{OutgoingSymlinks, ProjectError, read_folder, read_folder_with};
pub use limits::{Limits, LimitsExceeded};
pub use revision::revision_id;
