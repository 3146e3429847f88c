//! The same broker over TLS, and who is refused there.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use std::{error::Error, sync::OnceLock};

use async_trait::async_trait;
use himekuri_broker::{
    Broker, BrokerError, ClientCertificate, RabbitBroker, RabbitConfig, Tls, Topology,
    conformance::{self, DELIVERY_LIMIT, Pool},
};
use himekuri_testkit::{Authority, RabbitMq, unique_name};

struct Server {
    authority: Authority,
    rabbitmq: RabbitMq,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_keeps_its_promises_over_tls() {
    let server = server().await;

    conformance::a_confirmed_message_is_received(&server.pool()).await;
    conformance::body_and_headers_arrive_unchanged(&server.pool()).await;
    conformance::a_requeued_message_comes_again_marked(&server.pool()).await;
    conformance::a_dead_lettered_message_dies_with_the_reason(&server.pool()).await;
    conformance::a_thousand_messages_keep_their_order(&server.pool()).await;
    conformance::a_body_over_the_limit_fails_alone(&server.pool()).await;
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_accepted() {
    let server = server().await;

    let tls = Tls { client: Some(client(&server.authority)), ..server.tls() };
    let broker = RabbitBroker::connect(RabbitConfig { tls, ..server.config() }).await.unwrap();

    let connected = tokio::task::spawn_blocking(|| {
        let columns = ["list_connections", "name", "ssl", "peer_cert_subject"];
        server_now().rabbitmq.control(&columns).unwrap()
    });
    let connected = connected.await.unwrap();
    assert!(connected.lines().any(|line| line.ends_with("true\tCN=worker-1")), "{connected}");
    broker.close().await;
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused_with_the_cure() {
    let server = server().await;

    let other = Authority::new("another authority").unwrap().certificate().into_bytes();
    let tls = Tls { authorities: Some(other), client: None };
    let text = refused(RabbitConfig { tls, ..server.config() }).await;

    assert!(text.contains("no authority that is trusted signed"), "{text}");
    assert!(text.contains("--tls-ca"), "{text}");
}

#[tokio::test]
async fn the_authorities_of_the_system_do_not_know_ours() {
    let server = server().await;

    let config = RabbitConfig { tls: Tls::default(), ..server.config() };
    let error = RabbitBroker::connect(config).await.unwrap_err();

    // A machine may have no authorities at all.
    if !matches!(error, BrokerError::Certificates { .. }) {
        assert!(error.to_string().contains("--tls-ca"), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_with_the_cure() {
    let server = server().await;

    let url = server.config().url.replace("127.0.0.1", "127.0.0.2");
    let listening = RabbitConfig { url, ..server.config() };
    // It listens on 127.0.0.1 alone; a second address leads there.
    let _forward = forward(&server.rabbitmq.tls_url().unwrap()).await;
    let text = refused(listening).await;

    assert!(text.contains("is for another name"), "{text}");
}

#[tokio::test]
async fn a_client_of_another_authority_is_refused() {
    let server = server().await;

    let stranger = Authority::new("another authority").unwrap();
    let tls = Tls { client: Some(client(&stranger)), ..server.tls() };
    let text = refused(RabbitConfig { tls, ..server.config() }).await;

    assert!(text.contains("check the certificates of both sides"), "{text}");
}

#[tokio::test]
async fn tls_on_the_plain_port_and_the_other_way_round_are_told() {
    let server = server().await;

    let url = server.rabbitmq.url().replace("amqp://", "amqps://");
    let text = refused(RabbitConfig { url, ..server.config() }).await;
    assert!(text.contains("there is no TLS on this port"), "{text}");

    let url = server.rabbitmq.tls_url().unwrap().replace("amqps://", "amqp://");
    let text = refused(RabbitConfig { url, ..server.config() }).await;
    assert!(text.contains("a port for TLS needs `amqps://`"), "{text}");
}

#[tokio::test]
async fn a_wrong_password_over_tls_is_not_repeated() {
    let server = server().await;

    let password = Some("hunter2".to_owned());
    let text = refused(RabbitConfig { password, ..server.config() }).await;

    assert!(text.contains("check user and password"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_password_of_its_own_replaces_the_one_of_the_address() {
    let server = server().await;

    let url = server.config().url.replace("guest:guest@", "guest:wrong@");
    let password = Some("guest".to_owned());
    let broker = RabbitBroker::connect(RabbitConfig { url, password, ..server.config() }).await;

    broker.unwrap().close().await;
}

impl Server {
    fn tls(&self) -> Tls {
        Tls { authorities: Some(self.authority.certificate().into_bytes()), client: None }
    }

    fn config(&self) -> RabbitConfig {
        RabbitConfig {
            topology: Topology::new(unique_name("tls")),
            delivery_limit: DELIVERY_LIMIT,
            tls: self.tls(),
            ..RabbitConfig::new(self.rabbitmq.tls_url().unwrap())
        }
    }

    fn pool(&self) -> TlsPool {
        TlsPool(self.config())
    }
}

struct TlsPool(RabbitConfig);

#[async_trait]
impl Pool for TlsPool {
    async fn connect(&self) -> Box<dyn Broker> {
        Box::new(RabbitBroker::connect(self.0.clone()).await.unwrap())
    }
}

async fn server() -> &'static Server {
    tokio::task::spawn_blocking(server_now).await.unwrap()
}

fn server_now() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let authority = Authority::new("himekuri tests").unwrap();
        let rabbitmq = RabbitMq::start_with_tls(&authority).unwrap();
        Server { authority, rabbitmq }
    })
}

fn client(authority: &Authority) -> ClientCertificate {
    let issued = authority.client("worker-1").unwrap();
    ClientCertificate { chain: issued.certificate.into_bytes(), key: issued.key.into_bytes() }
}

/// Leads one connection to 127.0.0.2 to this server's port on 127.0.0.1.
async fn forward(url: &str) -> tokio::task::JoinHandle<()> {
    let port: u16 = url.rsplit(':').next().unwrap().trim_end_matches("/%2f").parse().unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        // Ends with either side.
        let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    })
}

async fn refused(config: RabbitConfig) -> String {
    let mut text = String::new();
    let error = RabbitBroker::connect(config).await.unwrap_err();
    let mut next: Option<&dyn Error> = Some(&error);
    while let Some(error) = next {
        text.push_str(&format!("{error}: "));
        next = error.source();
    }
    text
}
