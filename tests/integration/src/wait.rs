//! Waiting for a condition, with a deadline: a test never guesses how long something takes.

use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks until `check` gives a value.
///
/// # Errors
/// `check` fails, or nothing for `deadline`: the error says what was waited for.
pub async fn until<T>(
    what: &str,
    deadline: Duration,
    mut check: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = check().await? {
            return Ok(value);
        }
        if Instant::now() >= end {
            bail!("waited {deadline:?} in vain for: {what}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
