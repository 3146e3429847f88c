//! How long to wait around the end of a connection or a queue.

use std::time::Duration;

use lapin::Connection;
use tokio::time::timeout;

/// Longest wait for the broker's goodbye. A frozen broker must not hold up a shutdown of 10 s.
pub(super) const GOODBYE_LIMIT: Duration = Duration::from_secs(2);

/// Wait before a deleted queue is declared again. RabbitMQ tells its consumers a moment later (20 ms on 3.10.8);
/// if the queue exists again by then, it silently attaches them to the new one with the old one's counters, and
/// they receive nothing.
pub(super) const AFTER_DELETION: Duration = Duration::from_secs(1);

/// Closes the connection; what was sent before arrives before.
pub(super) async fn end(connection: &Connection) {
    // Lost or frozen: there is nobody to say goodbye to.
    let _closed = timeout(GOODBYE_LIMIT, connection.close(200, "done".into())).await;
}
