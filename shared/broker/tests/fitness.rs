//! Servers that cannot be used, each played by a few bytes.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use std::time::Duration;

use himekuri_broker::{BrokerError, RabbitBroker, RabbitConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const CAPABILITIES: [&str; 4] =
    ["publisher_confirms", "basic.nack", "consumer_cancel_notify", "per_consumer_qos"];

#[tokio::test]
async fn an_old_rabbitmq_is_refused_with_version_reason_and_cure() {
    let text = refused(&start("RabbitMQ", "3.9.29", &CAPABILITIES)).await;

    assert!(text.contains("RabbitMQ 3.9.29"), "{text}");
    assert!(text.contains("dead-letter"), "{text}");
    assert!(text.contains("upgrade it to RabbitMQ 3.10 or later"), "{text}");
    assert!(text.contains("127.0.0.1:"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn another_product_is_refused_by_its_name() {
    let text = refused(&start("LavinMQ", "2.1.0", &CAPABILITIES)).await;

    assert!(text.contains("it is LavinMQ 2.1.0"), "{text}");
}

#[tokio::test]
async fn a_server_without_confirms_is_refused_with_what_they_are_for() {
    let text = refused(&start("RabbitMQ", "4.0.5", &CAPABILITIES[1..])).await;

    assert!(text.contains("`publisher_confirms`"), "{text}");
    assert!(text.contains("a lost message is not noticed"), "{text}");
}

#[tokio::test]
async fn a_web_server_is_told_as_such() {
    let error = connect(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;

    assert!(matches!(error, BrokerError::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains("speaks AMQP 0-9-1"), "{error}");
}

#[tokio::test]
async fn a_greeting_of_gigabytes_is_not_read() {
    // Nothing follows the size: were it believed, the connection would wait for the rest.
    let error = connect(&[1, 0, 0, 0xff, 0xff, 0xff, 0xff]).await;

    let BrokerError::Connect { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("too large"), "{source}");
}

async fn refused(greeting: &[u8]) -> String {
    let error = connect(greeting).await;
    assert!(matches!(error, BrokerError::Unfit { .. }), "{error:?}");
    error.to_string()
}

/// Connects to a server that says this and nothing more, and keeps the connection open.
async fn connect(says: &[u8]) -> BrokerError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://user:hunter2@{}/%2f", listener.local_addr().unwrap());
    let says = says.to_vec();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut header = [0; 8];
        stream.read_exact(&mut header).await.unwrap();
        assert_eq!(&header, b"AMQP\0\0\x09\x01");
        stream.write_all(&says).await.unwrap();
        // Ends when the client goes.
        let _rest = stream.read_to_end(&mut Vec::new()).await;
    });
    let connect_timeout = Duration::from_secs(60);
    let config = RabbitConfig { connect_timeout, ..RabbitConfig::new(url) };
    let error = RabbitBroker::connect(config).await.unwrap_err();
    server.await.unwrap();
    error
}

/// The frame of `connection.start` with these properties.
fn start(product: &str, version: &str, capabilities: &[&str]) -> Vec<u8> {
    let offers: Vec<u8> =
        capabilities.iter().flat_map(|name| [short(name), vec![b't', 1]].concat()).collect();
    let mut properties = Vec::new();
    for (name, value) in [("product", product), ("version", version)] {
        properties.extend([short(name), vec![b'S'], long(value.as_bytes())].concat());
    }
    properties.extend([short("capabilities"), vec![b'F'], long(&offers)].concat());
    let (mechanisms, locales) = (long(b"PLAIN"), long(b"en_US"));
    let method = [0, 10, 0, 10, 0, 9].to_vec();
    let payload = [method, long(&properties), mechanisms, locales].concat();
    [vec![1, 0, 0], long(&payload), vec![0xce]].concat()
}

fn short(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}
