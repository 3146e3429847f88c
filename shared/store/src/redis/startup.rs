//! Whether a server is fit to hold state.

use redis::cmd;
use tracing::{info, warn};

use super::connection::Link;
use crate::StoreError;

/// The oldest version with all commands: `ZRANGE` knows `BYSCORE` and `REV` from 6.2 on
/// (<https://redis.io/docs/latest/commands/zrange/>).
const OLDEST: (u32, u32) = (6, 2);
/// The oldest version that the tests have met.
const TESTED: (u32, u32) = (7, 0);

/// Tells who serves, refuses one that cannot hold state or may drop it, and warns of one that forgets on a restart.
pub(super) async fn check(link: &Link) -> Result<(), StoreError> {
    let address = link.address();
    let Some(info) = link.ask(&cmd("INFO")).await? else {
        warn!(
            address,
            "this user may not read INFO: make sure that this is a primary, that `maxmemory-policy` is `noeviction` and \
             that `appendonly` is `yes`"
        );
        return Ok(());
    };
    info!("{} serves at {address}", said(&info));
    let unfit = |unfit: Unfit| StoreError::Unfit {
        address: address.to_owned(),
        why: unfit.why,
        cure: unfit.cure,
    };
    judge(&info).map_err(unfit)?;
    if field(&info, "cluster_enabled") == Some("1") {
        match link.ask(cmd("CLUSTER").arg("INFO")).await? {
            Some(cluster) => judge_cluster(&cluster).map_err(unfit)?,
            None => warn!(
                address,
                "this user may not read CLUSTER INFO: make sure that the cluster has one primary"
            ),
        }
    }
    match field(&info, "maxmemory_policy") {
        Some("noeviction") => {}
        Some(policy) => {
            return Err(StoreError::Evicts {
                address: address.to_owned(),
                policy: policy.to_owned(),
            });
        }
        None => warn!(
            address,
            "Redis does not show its `maxmemory-policy`: make sure that it is `noeviction`"
        ),
    }
    if field(&info, "aof_enabled") != Some("1") {
        warn!(
            address,
            "Redis keeps no append-only file: a restart loses state; set `appendonly yes` and \
             `appendfsync everysec`"
        );
    }
    if version(&info).is_some_and(|version| version < TESTED) {
        warn!(address, "Himekuri is not tested with Redis before 7.0; upgrade when you can");
    }
    Ok(())
}

/// Why a server is refused, and what to do.
#[derive(Debug, PartialEq, Eq)]
struct Unfit {
    why: String,
    cure: &'static str,
}

fn judge(info: &str) -> Result<(), Unfit> {
    if field(info, "redis_mode") == Some("sentinel") {
        return Err(Unfit {
            why: "it is a Sentinel, which holds no data".to_owned(),
            cure: "give the address of the primary",
        });
    }
    if version(info).is_some_and(|version| version < OLDEST) {
        return Err(Unfit {
            why: format!("it is {}, which lacks `ZRANGE ... BYSCORE REV`", said(info)),
            cure: "upgrade it to Redis 7 or Valkey",
        });
    }
    // The word of the protocol, also with Valkey.
    if field(info, "role") == Some("slave") {
        let of = |name| field(info, name).unwrap_or("?");
        return Err(Unfit {
            why: format!(
                "it is a replica of `{}:{}`, and takes no writes",
                of("master_host"),
                of("master_port")
            ),
            cure: "give the address of the primary, or a name that follows it",
        });
    }
    Ok(())
}

/// The client speaks to one server and follows no redirection: it must have all slots
/// (<https://redis.io/docs/latest/commands/cluster-info/>).
fn judge_cluster(info: &str) -> Result<(), Unfit> {
    let of = |name| field(info, name).unwrap_or("?");
    let (primaries, slots) = (of("cluster_size"), of("cluster_slots_assigned"));
    if (primaries, slots) == ("1", "16384") {
        return Ok(());
    }
    Err(Unfit {
        why: format!(
            "it is part of a cluster with {slots} of 16384 slots on {primaries} primaries"
        ),
        cure: "give a Redis without cluster mode, or a cluster that has all slots on one primary",
    })
}

/// Product and version for people.
fn said(info: &str) -> String {
    let redis = field(info, "redis_version").unwrap_or("without a version");
    match field(info, "valkey_version") {
        Some(valkey) => format!("Valkey {valkey}, which speaks as Redis {redis},"),
        None => format!("Redis {redis}"),
    }
}

/// Major and minor version of the commands: Valkey says there which Redis it can stand for. `None` if it is not said; nothing is
/// judged by it then.
fn version(info: &str) -> Option<(u32, u32)> {
    let mut numbers = field(info, "redis_version")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
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

    #[test]
    fn redis_from_6_2_on_and_valkey_are_fit() {
        for text in [
            "redis_version:6.2.0\r\n",
            "redis_version:7.0.15\r\nrole:master\r\n",
            "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n",
            "redis_version:8.0.2\r\n",
            // A service that does not say.
            "maxmemory_policy:noeviction\r\n",
        ] {
            assert_eq!(judge(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn an_older_redis_is_refused_with_its_version_and_what_it_lacks() {
        for version in ["6.0.16", "5.0.14", "3.2.0"] {
            let unfit = judge(&format!("redis_version:{version}\r\n")).unwrap_err();

            assert!(unfit.why.contains(&format!("Redis {version}")), "{unfit:?}");
            assert!(unfit.why.contains("ZRANGE"), "{unfit:?}");
        }
    }

    #[test]
    fn a_sentinel_is_refused() {
        let unfit = judge("redis_version:7.0.15\r\nredis_mode:sentinel\r\n").unwrap_err();

        assert!(unfit.why.contains("Sentinel"), "{unfit:?}");
    }

    #[test]
    fn a_cluster_must_have_one_primary() {
        let cluster =
            |slots, size| format!("cluster_slots_assigned:{slots}\r\ncluster_size:{size}\r\n");

        assert_eq!(judge_cluster(&cluster(16384, 1)), Ok(()));
        // Redis 7.0 counts a primary without slots as one.
        for text in [cluster(0, 1), cluster(0, 0), cluster(16384, 3), String::new()] {
            assert!(judge_cluster(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn valkey_is_called_by_its_name() {
        let valkey = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n";

        assert!(said(valkey).starts_with("Valkey 8.1.1"));
        assert_eq!(said("redis_version:7.0.15\r\n"), "Redis 7.0.15");
    }
}
