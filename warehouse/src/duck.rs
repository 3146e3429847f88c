//! The embedded DuckDB database: one file per data folder, and a pool of connections to it.

use std::ops::Deref;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use duckdb::{Config, Connection};

use crate::udf;

/// Connections to one database, opened on demand and used again.
pub(crate) struct Pool {
    root: Mutex<Connection>,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    /// Opens or creates the database file and prepares functions and settings.
    ///
    /// # Errors
    /// DuckDB's, such as a lock held by another process.
    pub(crate) fn open(file: &Path) -> duckdb::Result<Self> {
        // Looking for extensions on the network costs seconds at start and is never wanted.
        let config = Config::default()
            .enable_autoload_extension(false)?
            .with("autoinstall_known_extensions", "false")?
            .with("default_null_order", "nulls_first_on_asc_last_on_desc")?;
        let root = Connection::open_with_flags(file, config)?;
        udf::register(&root)?;
        root.execute_batch("SET GLOBAL TimeZone = 'UTC'")?;
        Ok(Self { root: Mutex::new(root), idle: Mutex::new(Vec::new()) })
    }

    /// A connection of its own for the caller.
    ///
    /// # Errors
    /// DuckDB's, when no connection can be opened.
    pub(crate) fn take(&self) -> duckdb::Result<Pooled<'_>> {
        let idle = locked(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => locked(&self.root).try_clone()?,
        };
        Ok(Pooled { pool: self, connection: Some(connection) })
    }
}

/// A connection that goes back to the pool.
pub(crate) struct Pooled<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Deref for Pooled<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        // Only `drop` takes the connection out.
        #[expect(clippy::expect_used, reason = "`None` exists only inside `drop`")]
        self.connection.as_ref().expect("the connection is there until drop")
    }
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            locked(&self.pool.idle).push(connection);
        }
    }
}

/// A panic elsewhere leaves no half-changed value behind in this crate: the lock stays usable.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
