//! The same store over TLS, and who is refused there.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use std::{error::Error, sync::OnceLock, time::Duration};

use himekuri_store::{
    ClientCertificate, RedisConfig, RedisStore, StoreError, Tls,
    conformance::{self, an_unknown_attempt_is_named},
};
use himekuri_testkit::{Authority, RedisServer, unique_name};

struct Server {
    authority: Authority,
    redis: RedisServer,
}

#[tokio::test]
async fn the_store_keeps_its_promises_over_tls() {
    conformance::a_lease_excludes_others_until_it_is_released(&store().await).await;
    conformance::archives_come_back_byte_for_byte(&store().await).await;
    conformance::a_commit_appends_and_returns_the_length(&store().await).await;
    conformance::the_outbox_keeps_order_until_published(&store().await).await;
    conformance::a_thousand_records_and_messages_go_in_one_commit(&store().await).await;
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_accepted() {
    let server = server();

    let tls = Tls { client: Some(client(&server.authority)), ..server.tls() };
    let store = RedisStore::connect(RedisConfig { tls, ..server.config() }).await.unwrap();

    an_unknown_attempt_is_named(&store).await;
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused_with_the_cure() {
    let server = server();

    let other = Authority::new("another authority").unwrap().certificate().into_bytes();
    let tls = Tls { authorities: Some(other), client: None };
    let text = refused(RedisConfig { tls, ..server.config() }).await;

    assert!(text.contains("no authority that is trusted signed"), "{text}");
    assert!(text.contains("--tls-ca"), "{text}");
}

#[tokio::test]
async fn the_authorities_of_the_system_do_not_know_ours() {
    let config = RedisConfig { tls: Tls::default(), ..server().config() };

    let text = refused(config).await;

    assert!(text.contains("--tls-ca"), "{text}");
}

#[tokio::test]
async fn a_client_of_another_authority_is_refused() {
    let server = server();

    let stranger = Authority::new("another authority").unwrap();
    let tls = Tls { client: Some(client(&stranger)), ..server.tls() };
    let text = refused(RedisConfig { tls, ..server.config() }).await;

    assert!(text.contains("could not connect to Redis"), "{text}");
}

#[tokio::test]
async fn tls_on_the_plain_port_and_the_other_way_round_are_told() {
    let server = server();

    let url = server.redis.url().replace("redis://", "rediss://");
    // Redis waits for the end of a line.
    let connect_timeout = Duration::from_millis(300);
    let text = refused(RedisConfig { url, connect_timeout, ..server.config() }).await;
    assert!(text.contains("whether the port speaks TLS"), "{text}");

    let url = server.redis.tls_url().unwrap().replace("rediss://", "redis://");
    let text = refused(RedisConfig { url, ..server.config() }).await;
    assert!(text.contains("a port for TLS needs `rediss://`"), "{text}");
}

#[tokio::test]
async fn checking_nothing_is_refused() {
    let server = server();

    let url = format!("{}#insecure", server.redis.tls_url().unwrap());
    let error = RedisStore::connect(RedisConfig { url, ..server.config() }).await.unwrap_err();

    assert!(
        matches!(
            error,
            StoreError::Connect { .. }
                | StoreError::Address { .. }
                | StoreError::Certificates { .. }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_over_tls_is_not_repeated() {
    let server = server();
    let mut redis = redis::Client::open(server.redis.url()).unwrap().get_connection().unwrap();
    let user = ["SETUSER", "pool", "on", ">right", "~*", "+@all"];
    redis::cmd("ACL").arg(&user).exec(&mut redis).unwrap();
    let url = server.redis.tls_url().unwrap().replace("rediss://", "rediss://pool@");
    let with = |password: &str| RedisConfig {
        url: url.clone(),
        password: Some(password.to_owned()),
        ..server.config()
    };

    let text = refused(with("hunter2")).await;

    assert!(text.contains("check user and password"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    RedisStore::connect(with("right")).await.unwrap();
}

impl Server {
    fn tls(&self) -> Tls {
        Tls { authorities: Some(self.authority.certificate().into_bytes()), client: None }
    }

    fn config(&self) -> RedisConfig {
        RedisConfig {
            prefix: unique_name("tls"),
            tls: self.tls(),
            ..RedisConfig::new(self.redis.tls_url().unwrap())
        }
    }
}

async fn store() -> RedisStore {
    RedisStore::connect(server().config()).await.unwrap()
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let authority = Authority::new("himekuri tests").unwrap();
        let redis = RedisServer::start_with_tls(&authority).unwrap();
        Server { authority, redis }
    })
}

fn client(authority: &Authority) -> ClientCertificate {
    let issued = authority.client("coordinator-1").unwrap();
    ClientCertificate { chain: issued.certificate.into_bytes(), key: issued.key.into_bytes() }
}

async fn refused(config: RedisConfig) -> String {
    let mut text = String::new();
    let error = RedisStore::connect(config).await.unwrap_err();
    let mut next: Option<&dyn Error> = Some(&error);
    while let Some(error) = next {
        text.push_str(&format!("{error}: "));
        next = error.source();
    }
    text
}
