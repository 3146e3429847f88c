//! Writes logs to files: `FOLDER/access/2019-09-01.ndjson`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::day::Day;
use crate::generate::Logs;
use crate::progress::{Made, Progress};
use crate::table::Table;

/// A file or folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write `{}`; is the disk full, or the folder not yours?", path.display())]
pub struct FolderError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Writes each day of each table to a file of its own, replacing what is there.
///
/// # Errors
/// Names the first file that could not be written.
pub fn write(
    logs: &Logs,
    folder: &Path,
    days: &[Day],
    progress: &dyn Progress,
) -> Result<(), FolderError> {
    for table in Table::ALL {
        progress.table_started(table);
        let folder = folder.join(table.name());
        let failed = |source| FolderError { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut total = Made::default();
        for day in days {
            let path = folder.join(format!("{day}.ndjson"));
            let made = write_file(logs, table, *day, &path)
                .map_err(|source| FolderError { path, source })?;
            progress.day_done(table, *day, made);
            total = total.plus(made);
        }
        progress.table_done(table, days.len(), total);
    }
    Ok(())
}

fn write_file(logs: &Logs, table: Table, day: Day, path: &Path) -> io::Result<Made> {
    let mut file = BufWriter::new(File::create(path)?);
    let rows = logs.write_day(table, day, &mut file)?;
    file.flush()?;
    let bytes = file.get_ref().metadata()?.len();
    Ok(Made { rows, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Battles, Title};
    use crate::progress::Silent;

    fn logs() -> Logs {
        Logs::new(1, Title { name: "title_a".to_owned(), battles: Battles::Quests }, 20)
    }

    fn days() -> Vec<Day> {
        ["2019-08-31", "2019-09-01"].map(|text| text.parse().unwrap()).to_vec()
    }

    #[test]
    fn each_day_of_each_table_is_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();

        write(&logs(), folder.path(), &days(), &Silent).unwrap();

        for table in Table::ALL {
            for day in days() {
                let file = fs::read(folder.path().join(format!("{table}/{day}.ndjson"))).unwrap();
                let mut rows = Vec::new();
                logs().write_day(table, day, &mut rows).unwrap();
                assert!(file == rows, "{table} {day}");
            }
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("access");
        fs::write(&in_the_way, "").unwrap();

        let error = write(&logs(), folder.path(), &days(), &Silent).unwrap_err();

        assert!(error.to_string().contains(&in_the_way.display().to_string()), "{error}");
    }
}
