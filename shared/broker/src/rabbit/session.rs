//! Ending a connection without waiting for a broker that does not answer.

use std::time::Duration;

use lapin::Connection;
use tokio::time::timeout;

/// Longest wait for the broker's goodbye. A frozen broker must not hold up a shutdown of 10 s.
pub(super) const GOODBYE_LIMIT: Duration = Duration::from_secs(2);

/// Closes the connection; what was sent before arrives before.
pub(super) async fn end(connection: &Connection) {
    // Lost or frozen: there is nobody to say goodbye to.
    let _closed = timeout(GOODBYE_LIMIT, connection.close(200, "done".into())).await;
}
