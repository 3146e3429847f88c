//! Opens connections, the same way the first time and every other time.

use std::{io, sync::Arc};

use lapin::{
    Connection, ConnectionProperties,
    uri::{AMQPScheme, AMQPUri},
};
use tokio::{sync::watch, time::timeout};
use tracing::{info, warn};

use super::{
    address,
    backoff::Backoff,
    config::RabbitConfig,
    fitness::{self, Urgency},
    queues,
    transport::Transport,
};
use crate::tls;
use crate::{BrokerError, Queue, Topology};

/// Bytes of the largest frame. The client library keeps room for 32 frames in each direction of each connection, all of it in
/// memory: with RabbitMQ's 128 KiB that were 8 MiB a connection. Larger messages take several frames.
const FRAME_MAX: u32 = 32 * 1_024;

/// Knows how to connect; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: RabbitConfig,
    transport: Transport,
}

impl Connector {
    pub(super) fn new(config: RabbitConfig) -> Result<Self, BrokerError> {
        let mut uri: AMQPUri = config
            .url
            .parse()
            .map_err(|text: String| BrokerError::Address { source: text.into() })?;
        if let Some(password) = &config.password {
            uri.authority.userinfo.password.clone_from(password);
        }
        uri.query.heartbeat = Some(config.heartbeat);
        uri.query.frame_max = Some(FRAME_MAX);
        let millis = u64::try_from(config.connect_timeout.as_millis()).unwrap_or(u64::MAX);
        uri.query.connection_timeout = Some(millis);
        let tls = match uri.scheme {
            AMQPScheme::AMQP => None,
            AMQPScheme::AMQPS => Some(tls::client_config(&config.tls)?),
        };
        Ok(Self { inner: Arc::new(Inner { config, transport: Transport::new(uri, tls) }) })
    }

    pub(super) fn config(&self) -> &RabbitConfig {
        &self.inner.config
    }

    pub(super) fn topology(&self) -> &Topology {
        &self.inner.config.topology
    }

    /// Looks who serves there, tells it once, and refuses a server that lacks what the pool needs.
    pub(super) async fn look(&self) -> Result<(), BrokerError> {
        let looking =
            async { self.inner.transport.greeting().await.map_err(|error| self.failed(error)) };
        let greeting = self.in_time(looking).await?;
        let address = self.address();
        let version = match fitness::judge(&greeting) {
            Ok(version) => version,
            Err(unfit) => {
                let (why, cure) = (unfit.why, unfit.cure);
                return Err(BrokerError::Unfit { address, why, cure });
            }
        };
        info!("{} serves at {address}", fitness::said(&greeting));
        for (urgency, remark) in fitness::remarks(version) {
            match urgency {
                Urgency::Remark => info!("RabbitMQ {version}: {remark}"),
                Urgency::Warning => warn!("RabbitMQ {version}: {remark}"),
            }
        }
        Ok(())
    }

    /// One try: connection and queues.
    pub(super) async fn connect(&self, role: &str) -> Result<Connection, BrokerError> {
        let connecting = async {
            let connection = self.open(role).await?;
            self.declare_all(&connection).await?;
            Ok(connection)
        };
        self.in_time(connecting).await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, BrokerError>>,
    ) -> Result<T, BrokerError> {
        timeout(self.inner.config.connect_timeout, work).await.unwrap_or_else(|_| {
            let error = io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
            Err(self.failed(error.into()))
        })
    }

    /// Tries until it succeeds; `None` when the broker is closed meanwhile.
    pub(super) async fn reconnect(
        &self,
        role: &str,
        closing: &mut watch::Receiver<bool>,
    ) -> Option<Connection> {
        let mut backoff = Backoff::new();
        loop {
            let wait = backoff.next();
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep(wait) => {}
            }
            let tried = tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return None,
                tried = self.connect(role) => tried,
            };
            match tried {
                Ok(connection) => {
                    info!(role, "connected to RabbitMQ again");
                    return Some(connection);
                }
                Err(error) => {
                    warn!(role, error = chain(&error), "RabbitMQ cannot be reached; trying again");
                }
            }
        }
    }

    /// Declares every queue, each on a channel of its own: a refused declaration closes its channel.
    pub(super) async fn declare_all(&self, connection: &Connection) -> Result<(), BrokerError> {
        for queue in Queue::ALL {
            let declared = async {
                let channel = connection.create_channel().await?;
                let limit = self.config().delivery_limit;
                queues::declare(&channel, self.topology(), queue, limit).await?;
                channel.close(200, "declared".into()).await
            };
            declared.await.map_err(|error: lapin::Error| BrokerError::Declare {
                queue: self.topology().name(queue),
                address: self.address(),
                cure: "if it exists with other arguments (another delivery limit, a classic queue), \
                       empty and delete it or choose another prefix; otherwise check the user's permissions",
                source: Box::new(error),
            })?;
        }
        Ok(())
    }

    async fn open(&self, role: &str) -> Result<Connection, BrokerError> {
        let name = format!("{} {role}", self.inner.config.connection_name);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        self.inner.transport.connect(properties).await.map_err(|error| self.failed(error))
    }

    /// Host, port and virtual host: what may be shown.
    fn address(&self) -> String {
        address::shown(self.inner.transport.uri())
    }

    fn failed(&self, error: lapin::Error) -> BrokerError {
        BrokerError::Connect {
            address: self.address(),
            cure: address::cure(&error),
            source: Box::new(error),
        }
    }
}

/// An error and its causes in one line, for the log.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // The client library repeats its cause in its own text.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
