//! How long calls of Redis take, repeats included.

use std::sync::LazyLock;
use std::time::Instant;

use himekuri_telemetry::{Histogram, KeyValue, histogram, metrics::pool};

static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&pool::STORE_DURATION));

/// Runs a call of the store and notes how long it took.
pub(super) async fn timed<T, E>(
    operation: &'static str,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let began = Instant::now();
    let result = call.await;
    note(operation, began, result.is_err());
    result
}

/// The same for several calls that are made as one.
pub(super) async fn timed_many<T, E>(
    operation: &'static str,
    calls: impl Future<Output = Vec<Result<T, E>>>,
) -> Vec<Result<T, E>> {
    let began = Instant::now();
    let results = calls.await;
    note(operation, began, results.iter().any(Result::is_err));
    results
}

fn note(operation: &'static str, began: Instant, failed: bool) {
    let labels = [
        KeyValue::new("db.system.name", "redis"),
        KeyValue::new("db.operation.name", operation),
        KeyValue::new("error.type", if failed { "error" } else { "" }),
    ];
    DURATION.record(began.elapsed().as_secs_f64(), &labels);
}
