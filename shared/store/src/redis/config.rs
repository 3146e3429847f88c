//! How to reach Redis.

use std::{fmt, time::Duration};

use himekuri_tls::Tls;

/// Settings of [`RedisStore`](crate::RedisStore).
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://user:password@host:6379/0`, or `rediss://` for TLS.
    pub url: String,
    /// Password that replaces the one in the address, as it is: nothing in it is escaped.
    pub password: Option<String>,
    /// Whom to trust, and who we are, for `rediss://`.
    pub tls: Tls,
    /// First part of every key; pools with different prefixes share a Redis without meeting. Without braces,
    /// which Redis Cluster reads as a hash tag.
    pub prefix: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for one answer.
    pub response_timeout: Duration,
    /// How long a command is repeated while Redis restarts, loads or fails over, before it is an error.
    /// Shorter than the lease: a coordinator that cannot write should notice before another one leads.
    pub retry_for: Duration,
}

impl RedisConfig {
    /// The pool's defaults: keys `himekuri:*`, 5 s for a connection and for an answer, repeats for 5 s.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password: None,
            tls: Tls::default(),
            prefix: "himekuri".to_owned(),
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(5),
            retry_for: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for RedisConfig {
    /// Leaves out the address, which may hold a password, and the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("tls", &self.tls)
            .field("prefix", &self.prefix)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("retry_for", &self.retry_for)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let password = Some("hunter2".to_owned());
        let config = RedisConfig { password, ..RedisConfig::new("redis://u:hunter3@h") };

        let text = format!("{config:?}");

        assert!(!text.contains("hunter"), "{text}");
    }
}
