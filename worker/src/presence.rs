//! Tells the coordinator that the worker lives, for people who look at the pool.

use std::sync::atomic::Ordering;
use std::time::Duration;

use himekuri_broker::{OutgoingMessage, Queue};
use himekuri_protocol::{PRESENCE_VERSION, Presence, PresenceKind};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::executor::Executor;

/// How long a worker that stops tries to say so.
const FAREWELL: Duration = Duration::from_secs(1);

impl Executor {
    /// Says every now and then that the worker lives, until it stops. What cannot be said is not said later.
    pub(crate) async fn announce(&self) {
        let Some(every) = self.config.announce_every else { return };
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            self.say(false).await;
        }
    }

    /// Says that the worker is gone.
    pub(crate) async fn leave(&self) {
        if self.config.announce_every.is_some() && timeout(FAREWELL, self.say(true)).await.is_err()
        {
            tracing::debug!("nobody hears that the worker is gone; it is missed after a minute");
        }
    }

    async fn say(&self, leaves: bool) {
        let presence = Presence {
            version: PRESENCE_VERSION,
            kind: PresenceKind::Presence,
            worker: self.config.name.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: Instant::now().duration_since(self.started).as_secs(),
            capacity: self.config.prefetch,
            in_hand: self.in_hand.load(Ordering::Relaxed),
            done: self.done.load(Ordering::Relaxed),
            leaves,
        };
        let Ok(body) = presence.encode() else { return };
        let message = OutgoingMessage::new(Queue::Reports, "presence", body);
        for sent in self.broker.publish(vec![message]).await {
            if let Err(error) = sent {
                tracing::debug!("could not say that the worker lives: {error}");
            }
        }
    }
}
