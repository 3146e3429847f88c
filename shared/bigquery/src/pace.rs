//! Not more calls in a second than Google allows.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token bucket that holds half a second's calls: whoever asks for one more waits for its turn.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Between two calls.
    gap: Duration,
    /// When the bucket is full again.
    full_at: Mutex<Option<Instant>>,
}

/// How far calls may run ahead.
const AHEAD: Duration = Duration::from_millis(500);

impl Pace {
    pub(crate) fn per_second(calls: u32) -> Self {
        Self { gap: Duration::from_secs(1) / calls, full_at: Mutex::new(None) }
    }

    pub(crate) fn unlimited() -> Self {
        Self { gap: Duration::ZERO, full_at: Mutex::new(None) }
    }

    /// Comes back when it is this call's turn.
    pub(crate) async fn wait(&self) {
        let turn = {
            let mut full_at = self.full_at.lock().await;
            let now = Instant::now();
            let full = full_at.unwrap_or(now).max(now) + self.gap;
            *full_at = Some(full);
            full.checked_sub(AHEAD)
        };
        if let Some(turn) = turn {
            tokio::time::sleep_until(turn).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_beyond_the_bucket_wait_for_their_turn() {
        let pace = Pace::per_second(80);
        let began = Instant::now();

        for _ in 0..240 {
            pace.wait().await;
        }

        let took = began.elapsed();
        assert!(took >= Duration::from_millis(2_500), "{took:?}");
        assert!(took <= Duration::from_millis(2_600), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let (pace, began) = (Pace::unlimited(), Instant::now());

        for _ in 0..1_000 {
            pace.wait().await;
        }

        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
