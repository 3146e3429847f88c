//! The Redis user of `docs/security.md` has every right that the store needs, and no other.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use std::sync::OnceLock;

use himekuri_store::{RedisConfig, RedisStore};
use himekuri_testkit::{RedisServer, unique_name};

himekuri_store::conformance_tests!(store);

/// The rule is read from the page: what is promised there is what is tested.
const PAGE: &str = include_str!("../../../docs/security.md");
/// How the page names the password.
const PLACEHOLDER: &str = "PASSWORD";

#[tokio::test]
async fn keys_of_others_and_commands_of_admins_are_refused() {
    let mut connection = redis::Client::open(url()).unwrap().get_connection().unwrap();
    for words in [
        &["GET", "other:key"][..],
        &["FLUSHALL"],
        &["KEYS", "*"],
        &["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
        &["SHUTDOWN"],
        &["ACL", "LIST"],
        &["EVAL", "return redis.call('GET', KEYS[1])", "1", "other:key"],
    ] {
        let refused = redis::cmd(words[0]).arg(&words[1..]).exec(&mut connection).unwrap_err();
        assert_eq!(refused.code(), Some("NOPERM"), "{words:?}: {refused}");
    }
}

async fn store() -> RedisStore {
    // The page's key pattern is for the default prefix.
    let prefix = format!("himekuri:{}", unique_name("acl"));
    RedisStore::connect(RedisConfig { prefix, ..RedisConfig::new(url()) }).await.unwrap()
}

fn url() -> String {
    let (user, password) = ("himekuri", "sesame");
    server(user, password).url().replace("redis://", &format!("redis://{user}:{password}@"))
}

/// A server with this user, on which nobody else can do anything.
fn server(user: &str, password: &str) -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = RedisServer::start().unwrap();
        let mut redis = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
        let rule = rule();
        assert_eq!(rule[..3], ["ACL", "SETUSER", user]);
        let rule: Vec<String> =
            rule.iter().map(|word| word.replace(PLACEHOLDER, password)).collect();
        redis::cmd("ACL").arg(&rule[1..]).exec(&mut redis).unwrap();
        redis::cmd("ACL").arg(&["SETUSER", "default", "off"]).exec(&mut redis).unwrap();
        server
    })
}

/// The command of the page, over as many lines as end in a backslash.
fn rule() -> Vec<&'static str> {
    let from = PAGE.find("ACL SETUSER").unwrap();
    let mut words = Vec::new();
    for line in PAGE[from..].lines() {
        words.extend(line.trim_end_matches('\\').split_whitespace());
        if !line.ends_with('\\') {
            break;
        }
    }
    words
}
