//! RabbitMQ away, unfit, or coming back.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use std::{collections::BTreeSet, error::Error, net::TcpListener, sync::Arc, time::Duration};

use himekuri_broker::{
    Broker, BrokerError, PublishError, Queue, RabbitBroker, RabbitConfig, Topology,
    conformance::{message, next, publish, take},
};
use himekuri_testkit::{RabbitMq, unique_name};
use tokio::{sync::watch, time::timeout};

/// Longest wait for something that must happen.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn nobody_listening_is_told_with_address_and_cure_but_without_the_password() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

    let url = format!("amqp://user:hunter2@127.0.0.1:{port}/pool");
    let text = refused(RabbitConfig::new(url)).await;

    assert!(text.contains(&format!("127.0.0.1:{port}, virtual host pool")), "{text}");
    assert!(text.contains("check that the server is running"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_malformed_address_is_told_without_repeating_it() {
    let text = refused(RabbitConfig::new("http://user:hunter2@host")).await;

    assert!(text.contains("amqp://user:password@host:5672/vhost"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_the_first_connect_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("amqp://{}", silent.local_addr().unwrap());
    let connect_timeout = Duration::from_millis(200);

    let text = refused(RabbitConfig { connect_timeout, ..RabbitConfig::new(url) }).await;

    assert!(text.contains("nobody answered in time"), "{text}");
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let url = server().await.url().replace("guest:guest@", "guest:hunter2@");

    let text = refused(RabbitConfig::new(url)).await;

    assert!(text.contains("check user and password"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_missing_virtual_host_is_told_as_such() {
    let url = server().await.url().replace("%2f", "nowhere");

    let text = refused(RabbitConfig::new(url)).await;

    assert!(text.contains("virtual host nowhere"), "{text}");
    assert!(text.contains("check that the virtual host exists"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_arguments_is_refused_by_name() {
    let config = fresh_config().await;
    RabbitBroker::connect(config.clone()).await.unwrap().close().await;

    let other = RabbitConfig { delivery_limit: config.delivery_limit + 1, ..config.clone() };
    let error = RabbitBroker::connect(other).await.unwrap_err();

    let BrokerError::Declare { queue, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*queue, config.topology.name(Queue::Tasks));
    assert!(chain(&error).contains("x-delivery-limit"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_returns_messages_and_is_declared_again() {
    let config = fresh_config().await;
    let name = config.topology.name(Queue::Tasks);
    let broker = RabbitBroker::connect(config).await.unwrap();
    delete_queue(&name).await;

    let results = broker.publish(vec![message("lost"), message("too")]).await;

    for result in results {
        assert!(matches!(result, Err(PublishError::Unroutable { .. })), "{result:?}");
    }
    publish(&broker, [message("kept")]).await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    assert_eq!(take(&mut *consumer).await, "kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_goes_on_after_its_queue_was_deleted() {
    let config = fresh_config().await;
    let name = config.topology.name(Queue::Tasks);
    let broker = RabbitBroker::connect(config).await.unwrap();
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    publish(&broker, [message("before")]).await;
    assert_eq!(take(&mut *consumer).await, "before");

    delete_queue(&name).await;

    publish_until_confirmed(&broker, "after").await;
    assert_eq!(take(&mut *consumer).await, "after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_connections_heal_and_open_deliveries_come_again() {
    let (broker, vhost) = alone_on_a_virtual_host().await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    publish(&broker, [message("open")]).await;
    let held = next(&mut *consumer).await;

    control(&["close_all_connections", "--vhost", &vhost, "test"]).await;

    let again = next(&mut *consumer).await;
    assert!(again.redelivered);
    assert!(held.ack().is_err());
    again.ack().unwrap();
    publish_until_confirmed(&broker, "healed").await;
    assert_eq!(take(&mut *consumer).await, "healed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_confirmed_message_arrives_over_a_restart_and_a_kill() {
    const MESSAGES: usize = 600;
    let private = tokio::task::spawn_blocking(RabbitMq::start).await.unwrap().unwrap();
    let private = Arc::new(private);
    let broker = Arc::new(RabbitBroker::connect(RabbitConfig::new(private.url())).await.unwrap());
    let mut consumer = broker.consume(Queue::Tasks, 50).await.unwrap();
    let (confirmed, mut progress) = watch::channel(0);
    let publisher = Arc::clone(&broker);
    let publishing = tokio::spawn(async move {
        for n in 0..MESSAGES {
            publish_until_confirmed(&*publisher, &n.to_string()).await;
            confirmed.send_replace(n + 1);
        }
    });
    let outages = tokio::spawn(async move {
        for (at, kill) in [(MESSAGES / 3, false), (2 * MESSAGES / 3, true)] {
            progress.wait_for(|done| *done >= at).await.unwrap();
            let server = Arc::clone(&private);
            tokio::task::spawn_blocking(move || {
                if kill {
                    server.kill().unwrap();
                }
                server.restart().unwrap();
            })
            .await
            .unwrap();
        }
        private
    });

    let mut received = BTreeSet::new();
    while received.len() < MESSAGES {
        let delivery = timeout(LIMIT, consumer.next()).await.unwrap().unwrap();
        received.insert(String::from_utf8(delivery.body.clone()).unwrap());
        // Lost with a connection now and then: the message comes again.
        let _settled = delivery.ack();
    }

    publishing.await.unwrap();
    let private = outages.await.unwrap();
    broker.close().await;
    drop(private);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_without_a_broker_says_so_and_a_close_does_not_wait_for_it() {
    let private = tokio::task::spawn_blocking(RabbitMq::start).await.unwrap().unwrap();
    let confirm_timeout = Duration::from_millis(300);
    let config = RabbitConfig { confirm_timeout, ..RabbitConfig::new(private.url()) };
    let broker = RabbitBroker::connect(config).await.unwrap();
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    tokio::task::spawn_blocking(move || private.kill()).await.unwrap().unwrap();

    loop {
        let results = broker.publish(vec![message("nowhere")]).await;
        match &results[..] {
            [Err(PublishError::Unreachable { .. })] => break,
            [Err(PublishError::ConnectionLost { .. } | PublishError::Unconfirmed { .. })] => {}
            other => panic!("{other:?}"),
        }
    }

    broker.close().await;
    assert!(timeout(LIMIT, consumer.next()).await.unwrap().is_none());
}

async fn server() -> &'static RabbitMq {
    tokio::task::spawn_blocking(server_now).await.unwrap()
}

fn server_now() -> &'static RabbitMq {
    RabbitMq::shared().unwrap()
}

async fn fresh_config() -> RabbitConfig {
    let topology = Topology::new(unique_name("outages"));
    RabbitConfig { topology, ..RabbitConfig::new(server().await.url()) }
}

/// Nobody else's connections are on it.
async fn alone_on_a_virtual_host() -> (RabbitBroker, String) {
    let vhost = unique_name("alone");
    control(&["add_vhost", &vhost]).await;
    control(&["set_permissions", "-p", &vhost, "guest", ".*", ".*", ".*"]).await;
    let url = server().await.url().replace("%2f", &vhost);
    (RabbitBroker::connect(RabbitConfig::new(url)).await.unwrap(), vhost)
}

async fn delete_queue(name: &str) {
    control(&["delete_queue", name]).await;
}

/// Runs `rabbitmqctl` on the shared server.
async fn control(arguments: &[&str]) {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let run = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        server_now().control(&arguments).unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap();
}

async fn publish_until_confirmed(broker: &dyn Broker, name: &str) {
    let publishing = async {
        loop {
            match &broker.publish(vec![message(name)]).await[..] {
                [Ok(())] => return,
                [Err(error)] => assert!(error.is_retryable(), "{error:?}"),
                other => panic!("{other:?}"),
            }
        }
    };
    timeout(LIMIT, publishing).await.expect("no confirm came");
}

async fn refused(config: RabbitConfig) -> String {
    chain(&RabbitBroker::connect(config).await.unwrap_err())
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
