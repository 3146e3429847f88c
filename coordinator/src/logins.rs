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
        let files = self.tls.read()?;
        let client = |(chain, key)| himekuri_store::ClientCertificate { chain, key };
        Ok(RedisConfig {
            password: self.redis.password()?,
            tls: himekuri_store::Tls {
                authorities: files.authorities,
                client: files.client.map(client),
            },
            ..RedisConfig::new(address.reveal())
        })
    }

    /// RabbitMQ at this address.
    pub(crate) fn amqp(&self, address: Secret) -> anyhow::Result<RabbitConfig> {
        let files = self.tls.read()?;
        let client = |(chain, key)| himekuri_broker::ClientCertificate { chain, key };
        Ok(RabbitConfig {
            password: self.amqp.password()?,
            tls: himekuri_broker::Tls {
                authorities: files.authorities,
                client: files.client.map(client),
            },
            ..RabbitConfig::new(address.reveal())
        })
    }
}
