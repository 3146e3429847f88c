//! Private RabbitMQ, Redis and Prometheus servers for tests.
//!
//! A test must meet the real broker and the real store, but never those of the machine it runs on. Each
//! server here has its own ports on 127.0.0.1, its own data folder and, for RabbitMQ, its own node name and
//! port mapper; several run at once. Starting RabbitMQ takes seconds, so the tests of one binary share a
//! server ([`RabbitMq::shared`], [`RedisServer::shared`]) and keep apart by prefixes ([`unique_name`]).
//!
//! Nothing is left behind: a server dies with its handle, and a small guard process removes it when the
//! test process itself ends in whatever way (a `static` is never dropped, a killed process drops nothing).
//!
//! The servers are those of this machine, unless `HIMEKURI_TEST_RABBITMQ_ROOT` or `HIMEKURI_TEST_REDIS_ROOT` names a folder with
//! another Debian inside (`scripts/fetch-rabbitmq-4.sh` makes one): then RabbitMQ and Valkey of that folder run.

mod certificates;
mod error;
mod guard;
mod installation;
mod process;
mod prometheus;
mod rabbitmq;
mod redis_server;

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU64, Ordering},
};

pub use certificates::{Authority, Issued};
pub use error::TestkitError;
pub use prometheus::Prometheus;
pub use rabbitmq::RabbitMq;
pub use redis_server::RedisServer;

/// A name that no other call in this process gets and that other processes avoid: `<stem>-<pid>-<n>`.
/// For queue and key prefixes.
#[must_use]
pub fn unique_name(stem: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{stem}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A port that was free a moment ago. Another process may take it before the server does; the start then
/// fails and is tried again with other ports.
fn free_port() -> Result<u16, TestkitError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| TestkitError::Port { source })
}
