//! The warehouse as a whole: data folder, catalog, jobs. Everything behind the REST interface.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use duckdb::Connection;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::warn;

use crate::buckets::Buckets;
use crate::calls::Calls;
use crate::catalog::{self, Catalog};
use crate::duck::{Pool, Pooled, locked};
use crate::error::{BqError, Reason};
use crate::faults::{self, Faults};
use crate::ids::TableId;
use crate::insert_ids::InsertIds;
use crate::jobs::ledger;
use crate::jobs::registry::Registry;
use crate::jobs::request::Request;

/// Jobs that run at the same time. DuckDB spreads each over all cores; a few more than one let
/// small jobs pass while a long one reads.
const JOBS_AT_ONCE: usize = 3;

/// How long a shutdown waits for jobs. Supervisors kill after some seconds, and a parent process
/// waits for this one.
const STOP_MAX: Duration = Duration::from_millis(1500);

/// The database file inside the data folder.
const FILE: &str = "warehouse.duckdb";

/// DuckDB schema of results without destination. No dataset can have this name.
pub(crate) const RESULTS_SCHEMA: &str = "himekuri_results";

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be created.
    #[error("could not create the data folder `{}`", folder.display())]
    Folder {
        /// What was to be created.
        folder: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// Another process has the folder open.
    #[error(
        "the data folder `{}` is used by another process: stop that warehouse, or choose another \
         folder with --data", folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// DuckDB cannot read or write the file.
    #[error("could not open the data folder `{}`", folder.display())]
    Database {
        /// The folder.
        folder: PathBuf,
        /// DuckDB's reason.
        #[source]
        source: duckdb::Error,
    },
    /// The entries of the catalog or of the jobs cannot be read.
    #[error("could not read the catalog of the data folder `{}`", folder.display())]
    Catalog {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        #[source]
        source: BqError,
    },
}

/// An upload in parts, as far as it came.
pub(crate) struct Upload {
    /// The load job.
    pub(crate) request: Request,
    /// What was received.
    pub(crate) rows: Vec<u8>,
}

/// An open data folder.
pub struct Warehouse {
    pool: Pool,
    /// Snapshots are cheap and never change under a query.
    catalog: RwLock<Arc<Catalog>>,
    /// Held by whoever changes the catalog, so that changes are made one after the other.
    changing: Mutex<()>,
    writing: Mutex<HashMap<TableId, Arc<Mutex<()>>>>,
    pub(crate) jobs: Registry,
    pub(crate) slots: Semaphore,
    /// Uploads in parts that are not complete, by their id.
    pub(crate) uploads: Mutex<HashMap<String, Upload>>,
    pub(crate) folder: PathBuf,
    pub(crate) buckets: Buckets,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) insert_ids: InsertIds,
}

/// What a warehouse is given beside its data folder.
#[derive(Debug, Default)]
pub struct Setup {
    /// Folders that stand for buckets of Cloud Storage.
    pub buckets: Buckets,
    /// What goes wrong on purpose.
    pub faults: faults::Setup,
}

impl Warehouse {
    /// Opens a data folder, creating it when it is new.
    ///
    /// # Errors
    /// [`OpenError`], with the folder and the cure.
    pub fn open(folder: &Path, setup: Setup) -> Result<Arc<Self>, OpenError> {
        fs::create_dir_all(folder)
            .map_err(|source| OpenError::Folder { folder: folder.into(), source })?;
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.into());
        let pool = Pool::open(&folder.join(FILE)).map_err(|source| {
            match source.to_string().contains("lock") {
                true => OpenError::InUse { folder: folder.clone() },
                false => OpenError::Database { folder: folder.clone(), source },
            }
        })?;
        let damaged = |source| OpenError::Catalog { folder: folder.clone(), source };
        let (catalog, records) = read(&pool).map_err(damaged)?;
        Ok(Arc::new(Self {
            pool,
            catalog: RwLock::new(Arc::new(catalog)),
            changing: Mutex::default(),
            writing: Mutex::default(),
            jobs: Registry::new(records),
            slots: Semaphore::new(JOBS_AT_ONCE),
            uploads: Mutex::default(),
            folder,
            buckets: setup.buckets,
            faults: Faults::new(setup.faults),
            calls: Calls::default(),
            insert_ids: InsertIds::default(),
        }))
    }

    /// The catalog as it is now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A connection for the caller alone.
    ///
    /// # Errors
    /// `backendError`.
    pub(crate) fn connection(&self) -> Result<Pooled<'_>, BqError> {
        Ok(self.pool.take()?)
    }

    /// Changes data and catalog in one commit; on an error nothing changes.
    ///
    /// # Errors
    /// The error of `change`, or `backendError`.
    pub(crate) fn change<T>(
        &self,
        connection: &Connection,
        change: impl FnOnce(&Connection, &mut Catalog) -> Result<T, BqError>,
    ) -> Result<T, BqError> {
        let _one_at_a_time = locked(&self.changing);
        let mut catalog = Catalog::clone(&self.catalog());
        let result = in_transaction(connection, |c| change(c, &mut catalog))?;
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        Ok(result)
    }

    /// Notes the time of a write; it is shown by `tables.get`.
    pub(crate) fn touch(&self, id: &TableId, now_ms: i64) {
        let _one_at_a_time = locked(&self.changing);
        let mut current = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        let mut catalog = Catalog::clone(&current);
        if let Some(dataset) = catalog.datasets.get_mut(&id.dataset_id())
            && let Some(table) = dataset.tables.get_mut(&id.table)
        {
            table.modified_ms = now_ms;
        }
        *current = Arc::new(catalog);
    }

    /// The lock of everybody who writes to a table.
    pub(crate) fn write_lock(&self, id: &TableId) -> Arc<Mutex<()>> {
        Arc::clone(locked(&self.writing).entry(id.clone()).or_default())
    }

    /// Stops all jobs with an error and waits for their end, at most [`STOP_MAX`]: what goes on
    /// after that is broken off with the process, as by a crash, and has written nothing.
    pub async fn shut_down(&self) {
        let mut stopping = JoinSet::new();
        for job in self.jobs.unfinished() {
            let why = "The local warehouse was stopped while this job was not done";
            stopping
                .spawn(async move { job.cancel(BqError::new(Reason::BackendError, why)).await });
        }
        let all = async { while stopping.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_MAX, all).await.is_err() {
            let left = self.jobs.unfinished().len();
            warn!(jobs = left, "some jobs did not stop in time; the next start ends them");
        }
    }
}

/// Runs `work` in a transaction: committed on success, rolled back on an error.
pub(crate) fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, BqError>,
) -> Result<T, BqError> {
    let transaction = connection.unchecked_transaction()?;
    let result = work(connection)?;
    transaction.commit()?;
    Ok(result)
}

fn read(pool: &Pool) -> Result<(Catalog, Vec<crate::jobs::record::JobRecord>), BqError> {
    let connection = pool.take()?;
    let catalog = catalog::load(&connection)?;
    ledger::prepare(&connection)?;
    let records = ledger::load(&connection)?;
    connection.execute_batch(&format!("CREATE SCHEMA IF NOT EXISTS {RESULTS_SCHEMA}"))?;
    Ok((catalog, records))
}
