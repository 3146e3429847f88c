//! The floor: the same messages with nothing around them. One task is a confirmed publish to a quorum queue, its delivery,
//! a confirmed reply, the acknowledgement, and the delivery and acknowledgement of the reply.

use std::time::Instant;

use anyhow::{Context, bail};
use futures::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};

const TASKS: &str = "bare.tasks";
const REPLIES: &str = "bare.replies";

/// About what a task message of the pool is.
const BODY: [u8; 400] = [b'x'; 400];

/// Sends `tasks` tasks, at most `window` at a time.
pub(crate) async fn tasks_per_second(url: &str, tasks: u32, window: u32) -> anyhow::Result<f64> {
    let (sender, worker) = (connect(url).await?, connect(url).await?);
    let publisher = confirming(&sender).await?;
    for queue in [TASKS, REPLIES] {
        declare(&publisher, queue).await?;
    }
    let replies = consume(&sender, REPLIES).await?;
    let working = tokio::spawn(work(consume(&worker, TASKS).await?, confirming(&worker).await?));
    let began = Instant::now();
    send(&publisher, replies, tasks, window).await?;
    let seconds = began.elapsed().as_secs_f64();
    working.abort();
    for queue in [TASKS, REPLIES] {
        publisher.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    }
    Ok(f64::from(tasks) / seconds)
}

async fn connect(url: &str) -> anyhow::Result<Connection> {
    Connection::connect(url, ConnectionProperties::default())
        .await
        .context("could not connect to RabbitMQ")
}

async fn confirming(connection: &Connection) -> anyhow::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

async fn declare(channel: &Channel, queue: &str) -> anyhow::Result<()> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, arguments).await?;
    Ok(())
}

async fn consume(connection: &Connection, queue: &str) -> anyhow::Result<Consumer> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(1_000, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    Ok(channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?)
}

/// Replies to each task, and acknowledges it when the reply is confirmed.
async fn work(consumer: Consumer, channel: Channel) -> anyhow::Result<()> {
    consumer
        .map(|delivery| async {
            let delivery = delivery?;
            publish(&channel, REPLIES).await?;
            delivery.ack(BasicAckOptions::default()).await?;
            anyhow::Ok(())
        })
        .buffer_unordered(1_000)
        .for_each(|_| std::future::ready(()))
        .await;
    Ok(())
}

async fn send(
    publisher: &Channel,
    mut replies: Consumer,
    tasks: u32,
    window: u32,
) -> anyhow::Result<()> {
    let mut sent = 0;
    let mut done = 0;
    let mut confirms = futures::stream::FuturesUnordered::new();
    while done < tasks {
        while sent < tasks && sent - done < window {
            confirms.push(publish(publisher, TASKS));
            sent += 1;
        }
        tokio::select! {
            Some(confirmed) = confirms.next(), if !confirms.is_empty() => confirmed?,
            reply = replies.next() => {
                let Some(reply) = reply else { bail!("the replies ended") };
                reply?.ack(BasicAckOptions::default()).await?;
                done += 1;
            }
        }
    }
    Ok(())
}

async fn publish(channel: &Channel, queue: &str) -> anyhow::Result<()> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let properties = BasicProperties::default().with_delivery_mode(2);
    let confirm =
        channel.basic_publish("".into(), queue.into(), options, &BODY, properties).await?.await?;
    if confirm.is_nack() {
        bail!("the broker refused a message");
    }
    Ok(())
}
