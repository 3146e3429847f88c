//! One consumer: its connection, its supervisor, and the stream its owner reads.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::{
    Channel, Connection,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions,
        BasicRejectOptions,
    },
    types::FieldTable,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tracing::warn;

use super::{
    connector::{Connector, chain},
    incoming, metrics, session,
    settling::{Frame, Unsettled},
};
use crate::{
    BrokerError, Consumer, Delivery, Queue, SettleError, Settlement, Settler, delivery::SettleSink,
};

/// Consumer tag: one consumer per channel, so it need not be unique.
const TAG: &str = "himekuri";

/// What the owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Deliver,
    Cancel,
}

/// The owner's end.
pub(super) struct RabbitConsumer {
    // Dropped first: unread deliveries hand themselves back before the supervisor sees us gone.
    deliveries: mpsc::Receiver<Delivery>,
    wish: watch::Sender<Wish>,
}

impl RabbitConsumer {
    /// Connects and starts consuming, or says why not; later losses are healed.
    pub(super) async fn start(
        connector: Connector,
        queue: Queue,
        prefetch: u16,
        closing: watch::Receiver<bool>,
    ) -> Result<(Self, JoinHandle<()>), BrokerError> {
        let connection = connector.connect(queue.suffix()).await?;
        let (sender, deliveries) = mpsc::channel(usize::from(prefetch));
        let (wish, wished) = watch::channel(Wish::Deliver);
        let supervisor =
            Supervisor { connector, queue, prefetch, deliveries: Some(sender), wished, closing };
        let task = tokio::spawn(supervisor.run(connection));
        Ok((Self { deliveries, wish }, task))
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            let delivery = self.deliveries.recv().await?;
            // Its connection was lost while it waited here: it comes again over the next one.
            if !delivery.settler.is_lost() {
                return Some(delivery);
            }
        }
    }

    async fn cancel(&mut self) {
        self.wish.send_replace(Wish::Cancel);
    }
}

struct Supervisor {
    connector: Connector,
    queue: Queue,
    prefetch: u16,
    /// Way to the owner; `None` once it shall read the end.
    deliveries: Option<mpsc::Sender<Delivery>>,
    wished: watch::Receiver<Wish>,
    closing: watch::Receiver<bool>,
}

/// Why a round ended.
enum End {
    /// Cancelled and settled, dropped by the owner, or the broker is closed.
    Done,
    /// The connection or the channel is gone; without an error when the queue was deleted.
    Lost(Option<lapin::Error>),
}

impl Supervisor {
    async fn run(mut self, first: Connection) {
        let mut connection = first;
        loop {
            let end = self.serve(&connection).await;
            session::end(&connection).await;
            let wait = match end {
                End::Done => return,
                End::Lost(Some(error)) => {
                    let queue = self.queue.suffix();
                    warn!(queue, error = chain(&error), "a consumer lost RabbitMQ");
                    Duration::ZERO
                }
                End::Lost(None) => {
                    let queue = self.queue.suffix();
                    warn!(queue, "a consumer's queue was deleted; it is declared again");
                    session::AFTER_DELETION
                }
            };
            let reconnect = async {
                tokio::time::sleep(wait).await;
                self.connector.reconnect(self.queue.suffix(), &mut self.closing).await
            };
            let next = tokio::select! {
                // Nothing new is wanted, and what was open comes again to others.
                () = cancel_wished(&mut self.wished) => None,
                next = reconnect => next,
            };
            match next {
                Some(next) => connection = next,
                None => return,
            }
        }
    }

    /// One round on one channel, from the first delivery to the end of the channel.
    async fn serve(&mut self, connection: &Connection) -> End {
        let (channel, stream) = match self.open(connection).await {
            Ok(opened) => opened,
            Err(error) => return End::Lost(Some(error)),
        };
        let mut round = Round::new(channel);
        let end = self.deliver(&mut round, stream).await;
        match end {
            Some(end) => end,
            None => {
                // The owner reads `None` after what it has; its settlements are still taken.
                self.deliveries = None;
                self.drain(&mut round).await
            }
        }
    }

    /// Hands deliveries to the owner. `None`: cancelled, and everything received is handed over.
    async fn deliver(&mut self, round: &mut Round, mut stream: lapin::Consumer) -> Option<End> {
        let Some(out) = self.deliveries.clone() else {
            return Some(End::Done);
        };
        // Taken from the library, waiting for room at the owner.
        let mut staged: Option<Delivery> = None;
        let mut cancelled = false;
        loop {
            tokio::select! {
                () = closed(&mut self.closing) => return Some(round.finish().await),
                () = out.closed() => return Some(round.finish().await),
                () = cancel_wished(&mut self.wished), if !cancelled => {
                    cancelled = true;
                    let options = BasicCancelOptions { nowait: false };
                    if let Err(error) = round.channel.basic_cancel(TAG.into(), options).await {
                        return Some(End::Lost(Some(error)));
                    }
                }
                Some(first) = round.settled.recv() => {
                    if let Err(error) = round.settle(first).await {
                        return Some(End::Lost(Some(error)));
                    }
                }
                permit = out.reserve(), if staged.is_some() => {
                    if let (Ok(permit), Some(delivery)) = (permit, staged.take()) {
                        permit.send(delivery);
                    }
                }
                received = stream.next(), if staged.is_none() => match received {
                    Some(Ok(received)) => {
                        metrics::delivered(self.queue, incoming::sent_at(&received));
                        let settler = round.receive(received.delivery_tag);
                        staged = Some(incoming::convert(received, self.connector.topology(), settler));
                    }
                    Some(Err(error)) => return Some(End::Lost(Some(error))),
                    None if cancelled => return None,
                    None => return Some(End::Lost(None)),
                }
            }
        }
    }

    /// Takes settlements until nothing is open.
    async fn drain(&mut self, round: &mut Round) -> End {
        while !round.unsettled.is_empty() {
            tokio::select! {
                () = closed(&mut self.closing) => return round.finish().await,
                () = owner_gone(&mut self.wished) => return round.finish().await,
                Some(first) = round.settled.recv() => {
                    if let Err(error) = round.settle_and_wait(first).await {
                        return End::Lost(Some(error));
                    }
                }
            }
        }
        End::Done
    }

    async fn open(&self, connection: &Connection) -> lapin::Result<(Channel, lapin::Consumer)> {
        let channel = connection.create_channel().await?;
        // Per consumer: a limit for the whole channel is refused on quorum queues.
        channel.basic_qos(self.prefetch, BasicQosOptions { global: false }).await?;
        let name = self.connector.topology().name(self.queue);
        let options = BasicConsumeOptions::default();
        let stream =
            channel.basic_consume(name.into(), TAG.into(), options, FieldTable::default()).await?;
        Ok((channel, stream))
    }
}

/// One channel's deliveries and their settlements.
struct Round {
    channel: Channel,
    sink: mpsc::UnboundedSender<(u64, Settlement)>,
    settled: mpsc::UnboundedReceiver<(u64, Settlement)>,
    unsettled: Unsettled,
}

impl Round {
    fn new(channel: Channel) -> Self {
        // Not bounded by itself: one settlement per delivery, and prefetch bounds those.
        let (sink, settled) = mpsc::unbounded_channel();
        Self { channel, sink, settled, unsettled: Unsettled::default() }
    }

    fn receive(&mut self, tag: u64) -> Settler {
        self.unsettled.received(tag);
        Settler::new(Sink { tag, channel: self.sink.clone() })
    }

    /// Sends this settlement and all others that wait already.
    async fn settle(&mut self, first: (u64, Settlement)) -> lapin::Result<()> {
        let mut decided = vec![first];
        while let Ok(next) = self.settled.try_recv() {
            decided.push(next);
        }
        self.send(decided).await
    }

    /// Like [`Self::settle`], then waits for the channel, so that settlements given meanwhile become few frames
    /// and the queue keeps up: see [`Self::flush`].
    async fn settle_and_wait(&mut self, first: (u64, Settlement)) -> lapin::Result<()> {
        self.settle(first).await?;
        self.answer().await
    }

    /// Accepts no more settlements, sends those already given and sees them through.
    async fn finish(&mut self) -> End {
        self.settled.close();
        let mut decided = Vec::new();
        while let Ok(next) = self.settled.try_recv() {
            decided.push(next);
        }
        let sending = async {
            self.send(decided).await?;
            self.flush().await
        };
        match timeout(session::GOODBYE_LIMIT, sending).await {
            Ok(Err(error)) => End::Lost(Some(error)),
            Ok(Ok(())) | Err(_) => End::Done,
        }
    }

    /// Waits until the queue has every settlement sent so far.
    ///
    /// A quorum queue takes about 32 settlements at a time from a channel; RabbitMQ keeps the others in the
    /// channel and forgets them when it closes (seen on 3.10.8). The answer to `basic.cancel` comes from the queue
    /// after what it took before; the answer to the next method comes from the channel after it handed over the
    /// rest.
    async fn flush(&self) -> lapin::Result<()> {
        let nowait = false;
        self.channel.basic_cancel(TAG.into(), BasicCancelOptions { nowait }).await?;
        self.answer().await
    }

    /// Any method that the channel itself answers; the value is for consumers to come, of which there are none.
    async fn answer(&self) -> lapin::Result<()> {
        self.channel.basic_qos(1, BasicQosOptions { global: false }).await
    }

    async fn send(&mut self, decided: Vec<(u64, Settlement)>) -> lapin::Result<()> {
        for frame in self.unsettled.settle(decided) {
            match frame {
                Frame::Ack(tag) => self.ack(tag, false).await?,
                Frame::AckUpTo(tag) => self.ack(tag, true).await?,
                Frame::Requeue(tag) => self.reject(tag, true).await?,
                Frame::DeadLetter(tag) => self.reject(tag, false).await?,
            }
        }
        Ok(())
    }

    async fn ack(&self, tag: u64, multiple: bool) -> lapin::Result<()> {
        self.channel.basic_ack(tag, BasicAckOptions { multiple }).await
    }

    async fn reject(&self, tag: u64, requeue: bool) -> lapin::Result<()> {
        self.channel.basic_reject(tag, BasicRejectOptions { requeue }).await
    }
}

/// The way from one delivery back to its channel. Gone with the channel.
struct Sink {
    tag: u64,
    channel: mpsc::UnboundedSender<(u64, Settlement)>,
}

impl SettleSink for Sink {
    fn settle(self: Box<Self>, settlement: Settlement) -> Result<(), SettleError> {
        self.channel.send((self.tag, settlement)).map_err(|_| SettleError)
    }

    fn is_lost(&self) -> bool {
        self.channel.is_closed()
    }
}

/// Returns once the broker is closed, also when it was dropped.
async fn closed(closing: &mut watch::Receiver<bool>) {
    let _closed = closing.wait_for(|closing| *closing).await;
}

/// Returns once the owner wants no more deliveries, also when it is gone.
async fn cancel_wished(wished: &mut watch::Receiver<Wish>) {
    let _wished = wished.wait_for(|wish| *wish == Wish::Cancel).await;
}

/// Returns once the owner dropped its end.
async fn owner_gone(wished: &mut watch::Receiver<Wish>) {
    while wished.changed().await.is_ok() {}
}
