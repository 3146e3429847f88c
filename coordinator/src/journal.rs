//! What the pool must know again when its store is gone, written beside the archive: projects and their revisions, schedules and
//! backfills, and of each attempt its id, its number and what it was started with. From that, the next leader starts the
//! attempts that were not over once more, under their old numbers: their jobs have the ids of before, and BigQuery's answers
//! to them tell which ran, which runs, and which is still to be sent (design D5).
//!
//! An attempt is in the journal before anybody is told that it was started. Its end comes there a little later, beside the
//! driver's rounds; what a crash leaves behind is put right by the next leader.

mod entries;
mod keeping;
mod opening;

pub(crate) use keeping::JournaledStore;
pub use opening::JournalError;
