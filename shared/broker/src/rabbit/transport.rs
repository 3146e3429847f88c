//! The stream under a connection: TCP, and TLS over it for `amqps://`.

use std::{io, sync::Arc};

use async_rs::{
    Runtime,
    traits::{Reactor, RuntimeKit},
};
use lapin::{
    Connection, ConnectionProperties,
    runtime::default_runtime,
    tcp::{AMQPUriTcpExt, AsyncTcpStream, RustlsConnector, TLSConfig},
    uri::{AMQPScheme, AMQPUri},
};
use rustls::ClientConfig;

use super::{
    address,
    greeting::{self, Greeting},
};

/// How to reach one server; cheap to clone.
#[derive(Clone)]
pub(super) struct Transport {
    uri: AMQPUri,
    /// Absent for `amqp://`.
    tls: Option<Arc<ClientConfig>>,
}

impl std::fmt::Debug for Transport {
    /// Shows no password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&address::shown(&self.uri))
    }
}

impl Transport {
    pub(super) fn new(uri: AMQPUri, tls: Option<Arc<ClientConfig>>) -> Self {
        Self { uri, tls }
    }

    pub(super) fn uri(&self) -> &AMQPUri {
        &self.uri
    }

    /// A connection for use.
    pub(super) async fn connect(
        &self,
        properties: ConnectionProperties,
    ) -> lapin::Result<Connection> {
        let transport = self.clone();
        let dial = async move |_, runtime| transport.dial(&runtime).await.map_err(Into::into);
        Connection::connector(self.uri.clone(), default_runtime()?, dial, properties).await
    }

    /// What the server says of itself to everybody, before a login. lapin reads it and keeps it to itself, so it is read over a
    /// connection of its own; RabbitMQ logs that one as closed early.
    pub(super) async fn greeting(&self) -> lapin::Result<Greeting> {
        let stream = self.dial(&default_runtime()?).await?;
        Ok(greeting::read(stream).await?)
    }

    async fn dial<R: RuntimeKit + Send + Sync>(
        &self,
        runtime: &Runtime<R>,
    ) -> io::Result<AsyncTcpStream<<R as Reactor>::TcpStream>> {
        // Plain in any case: lapin's own TLS would trust the system's authorities beside ours.
        let plain = AMQPUri { scheme: AMQPScheme::AMQP, ..self.uri.clone() };
        let stream = plain.connect_with_config_async(TLSConfig::default(), runtime).await?;
        match &self.tls {
            None => Ok(stream),
            Some(tls) => {
                let connector = RustlsConnector::from(Arc::clone(tls));
                stream.into_rustls(&connector, &self.uri.authority.host).await
            }
        }
    }
}
