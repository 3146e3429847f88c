//! Whether a Redis is fit to hold state.

use redis::cmd;
use tracing::warn;

use super::connection::{Call, Link};
use crate::StoreError;

/// Refuses a Redis that may drop keys; warns of one that forgets on a restart.
pub(super) async fn check(link: &Link) -> Result<(), StoreError> {
    let text = match info(link).await {
        Ok(text) => text,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            warn!(
                address = link.address(),
                error,
                "could not read INFO: make sure that `maxmemory-policy` is `noeviction` and `appendonly` is `yes`"
            );
            return Ok(());
        }
    };
    match field(&text, "maxmemory_policy") {
        Some("noeviction") => {}
        Some(policy) => {
            return Err(StoreError::Evicts {
                address: link.address().to_owned(),
                policy: policy.to_owned(),
            });
        }
        None => warn!(
            address = link.address(),
            "Redis does not show its `maxmemory-policy`: make sure that it is `noeviction`"
        ),
    }
    if field(&text, "aof_enabled") != Some("1") {
        warn!(
            address = link.address(),
            "Redis keeps no append-only file: a restart loses state; set `appendonly yes` and \
             `appendfsync everysec`"
        );
    }
    Ok(())
}

async fn info(link: &Link) -> Result<String, StoreError> {
    let operation = || "read INFO of Redis".to_owned();
    // One section per call: several at once need Redis 7.
    let memory: String = link.run(operation, Call::Command(cmd("INFO").arg("memory"))).await?;
    let persistence: String =
        link.run(operation, Call::Command(cmd("INFO").arg("persistence"))).await?;
    Ok(memory + &persistence)
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let info = "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n";

        assert_eq!(field(info, "maxmemory_policy"), Some("noeviction"));
        assert_eq!(field(info, "maxmemory"), Some("0"));
        assert_eq!(field(info, "memory"), None);
    }
}
