//! How much one worker takes on and how long it holds on.

use std::time::Duration;

/// Settings of one worker.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Name in reports and logs.
    pub name: String,
    /// Deliveries held at once. Each mostly waits for BigQuery, so the number is about jobs, not about cores.
    pub prefetch: u16,
    /// How long a delivery waits for its job to end before it is handed over to watching.
    pub job_wait: Duration,
    /// How long BigQuery is asked again when it gives no clear answer.
    pub patience: Duration,
    /// How long a list of the jobs that run serves all watch messages of its GCP project (decision 0020).
    pub list_age: Duration,
    /// How long after the first careful task of a leader a delivery of before may still send a job (decision 0023).
    pub unknown_for: Duration,
    /// How often the worker says that it lives; `None` for never.
    pub announce_every: Option<Duration>,
    /// How long running deliveries may take to wind up after a stop.
    pub drain: Duration,
}

/// A delivery must end within 60 s (design D4): RabbitMQ closes the channel of one held for 30 minutes, and a spot node
/// gives 15 s.
pub(crate) const DELIVERY_MAX: Duration = Duration::from_secs(60);

impl WorkerConfig {
    /// Defaults, with a name of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: format!("worker-{}", uuid::Uuid::new_v4().simple()),
            prefetch: 256,
            job_wait: Duration::from_secs(20),
            patience: Duration::from_secs(20),
            list_age: Duration::from_millis(1_500),
            unknown_for: DELIVERY_MAX + Duration::from_secs(30),
            announce_every: Some(Duration::from_secs(20)),
            drain: Duration::from_secs(10),
        }
    }

    /// Refuses settings that break a promise.
    ///
    /// # Errors
    /// A sentence with the setting, its value and the bound.
    pub fn validate(&self) -> Result<(), String> {
        if self.job_wait + self.patience > DELIVERY_MAX {
            return Err(format!(
                "`job_wait` ({:?}) and `patience` ({:?}) together must be at most {DELIVERY_MAX:?}: a delivery is not held longer",
                self.job_wait, self.patience
            ));
        }
        if self.prefetch == 0 {
            return Err("`prefetch` must be at least 1: the worker would take nothing".to_owned());
        }
        Ok(())
    }
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_longer_than_a_minute_is_refused_with_both_settings_named() {
        let config = WorkerConfig { job_wait: Duration::from_secs(50), ..WorkerConfig::new() };

        let error = config.validate().unwrap_err();

        assert!(
            error.contains("`job_wait` (50s)") && error.contains("`patience` (20s)"),
            "{error}"
        );
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(WorkerConfig::new().validate(), Ok(()));
    }
}
