//! How long calls of BigQuery take, and what it answers.

use std::sync::LazyLock;
use std::time::Instant;

use himekuri_telemetry::{Histogram, KeyValue, histogram, metrics::worker};

use crate::answer::Answer;

static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&worker::CALL_DURATION));

/// Makes a call and notes how long it took.
pub(crate) async fn timed<T>(
    method: &'static str,
    call: impl Future<Output = Result<T, Answer>>,
) -> Result<T, Answer> {
    let began = Instant::now();
    let answer = call.await;
    let error = match &answer {
        Ok(_) => "",
        Err(Answer::AlreadyExists(_)) => "duplicate",
        Err(Answer::NotFound(why) | Answer::Transient(why) | Answer::Rejected(why)) => &why.reason,
    };
    let labels = [
        KeyValue::new("himekuri.bigquery.method", method),
        KeyValue::new("error.type", error.to_owned()),
    ];
    DURATION.record(began.elapsed().as_secs_f64(), &labels);
    answer
}
