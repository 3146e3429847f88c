//! One shared connection that repeats what may be repeated.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{
    Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue, IntoConnectionInfo,
    Pipeline, RedisError, RedisResult, RetryMethod, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};
use tracing::{debug, warn};

use super::{config::RedisConfig, tls};
use crate::StoreError;

/// First wait before a repeat: a broken connection is usually back at once.
const FIRST_WAIT: Duration = Duration::from_millis(20);
/// Longest wait before a repeat.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
const _: () = assert!(FIRST_WAIT.as_millis() < LONGEST_WAIT.as_millis());

/// The connection to Redis; cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    manager: ConnectionManager,
    address: Arc<str>,
    retry_for: Duration,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Something to ask Redis, as often as needed.
pub(super) enum Call<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    Script(&'a ScriptInvocation<'a>),
}

impl Link {
    /// Connects, or says why not.
    pub(super) async fn open(config: &RedisConfig) -> Result<Self, StoreError> {
        let info = parse(config).map_err(|e| StoreError::Address { source: Box::new(e) })?;
        let address: Arc<str> =
            format!("{}, database {}", info.addr(), info.redis_settings().db()).into();
        let settings = ConnectionManagerConfig::new()
            // Repeating is done here, command by command and within a bound.
            .set_number_of_retries(0)
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(Some(config.response_timeout));
        let client = if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            tls::client(&config.tls, info)?
        } else {
            Client::open(info).map_err(|e| StoreError::Address { source: Box::new(e) })?
        };
        let connecting = ConnectionManager::new_with_config(client, settings);
        let manager = connecting.await.map_err(|error| failed(&address, error))?;
        Ok(Self { manager, address, retry_for: config.retry_for })
    }

    /// Asks once, as part of connecting. `None`: this user may not ask that.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Option<String>, StoreError> {
        match self.once(&Call::Command(command)).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.code() == Some("NOPERM") => Ok(None),
            Err(error) => Err(failed(&self.address, error)),
        }
    }

    /// Host, port and database: what may be shown.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Runs a call, and repeats it while Redis is away. `operation` names it in errors.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        operation: impl Fn() -> String + Send,
        call: Call<'_>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let mut step = FIRST_WAIT;
        loop {
            let error = match self.once(&call).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let wait = step.mul_f64(rand::random_range(0.5..=1.0));
            if !is_passing(&error) || started.elapsed() + wait > self.retry_for {
                return Err(StoreError::Command {
                    operation: operation(),
                    source: Box::new(error),
                });
            }
            if step == FIRST_WAIT {
                warn!(address = self.address(), %error, "Redis did not answer; trying again");
            } else {
                debug!(address = self.address(), %error, "Redis still does not answer");
            }
            tokio::time::sleep(wait).await;
            step = (step * 2).min(LONGEST_WAIT);
        }
    }

    async fn once<T: FromRedisValue>(&self, call: &Call<'_>) -> RedisResult<T> {
        let mut manager = self.manager.clone();
        match call {
            Call::Command(command) => command.query_async(&mut manager).await,
            Call::Pipeline(pipeline) => pipeline.query_async(&mut manager).await,
            Call::Script(script) => script.invoke_async(&mut manager).await,
        }
    }
}

fn parse(config: &RedisConfig) -> RedisResult<ConnectionInfo> {
    // Small commands must not wait to be joined with later ones.
    let tcp = TcpSettings::default().set_nodelay(true);
    let info = config.url.as_str().into_connection_info()?.set_tcp_settings(tcp);
    // One right less that the user needs; servers before 7.2 do not know the command.
    let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
    if let Some(password) = &config.password {
        settings = settings.set_password(password);
    }
    Ok(info.set_redis_settings(settings))
}

/// Whether the same call can succeed a little later: a broken connection, a restart, a failover.
fn is_passing(error: &RedisError) -> bool {
    match error.retry_method() {
        RetryMethod::NoRetry => error.is_io_error(),
        RetryMethod::Reconnect
        | RetryMethod::RetryImmediately
        | RetryMethod::WaitAndRetry
        | RetryMethod::AskRedirect
        | RetryMethod::MovedRedirect
        | RetryMethod::ReconnectFromInitialConnections
        | RetryMethod::RefreshSlotsAndRetry => true,
        // The library's list is open.
        _ => false,
    }
}

fn failed(address: &str, error: RedisError) -> StoreError {
    let address = address.to_owned();
    StoreError::Connect { address, cure: cure(&error), source: Box::new(error) }
}

/// What an admin can do about a failed connection.
fn cure(error: &RedisError) -> &'static str {
    if error.is_connection_refusal() {
        return "nothing listens there: check that the server is running, and the port";
    }
    if error.is_timeout() {
        return "nobody answered in time: check host, port and firewall, and whether the port speaks TLS as the address says";
    }
    let is_refused = error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"));
    if is_refused {
        return "check user and password (`requirepass` or `ACL LIST` on the server)";
    }
    if let Some(cure) = tls::cure(error) {
        return cure;
    }
    if error.is_io_error() {
        return "check the host name and the network between (a port for TLS needs `rediss://`)";
    }
    "check that it is Redis 7 or Valkey, and that the database number exists"
}
