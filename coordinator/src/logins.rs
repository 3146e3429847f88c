//! How the coordinator logs in to its servers.

use himekuri_broker::RabbitConfig;
use himekuri_service::{AmqpLogin, RedisLogin, Secret, TlsArguments};
use himekuri_store::RedisConfig;

/// Passwords and certificates.
#[derive(Debug, clap::Args)]
pub(crate) struct Logins {
    #[command(flatten)]
    redis: RedisLogin,
    #[command(flatten)]
    amqp: AmqpLogin,
    #[command(flatten)]
    tls: TlsArguments,
}

impl Logins {
    /// Redis at this address.
    pub(crate) fn redis(&self, address: Secret) -> anyhow::Result<RedisConfig> {
        Ok(RedisConfig {
            password: self.redis.password()?,
            tls: self.tls.read()?,
            ..RedisConfig::new(address.reveal())
        })
    }

    /// RabbitMQ at this address.
    pub(crate) fn amqp(&self, address: Secret) -> anyhow::Result<RabbitConfig> {
        Ok(RabbitConfig {
            password: self.amqp.password()?,
            tls: self.tls.read()?,
            ..RabbitConfig::new(address.reveal())
        })
    }
}
