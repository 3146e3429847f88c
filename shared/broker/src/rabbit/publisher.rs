//! The publishing connection: one channel with confirms, shared by all callers.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::StreamExt;
use lapin::{
    Channel, Confirmation, Connection, Event, PublisherConfirm,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tracing::warn;

use super::{
    connector::{Connector, chain},
    metrics, outgoing, session,
};
use crate::{MAX_BODY_BYTES, OutgoingMessage, PublishError};

/// Unconfirmed messages per call. The rate grows up to about 1,000 (measured on 3.10.8 with 1 KiB
/// bodies: 27 thousand per second at 256, 31 thousand at 1,024).
const WINDOW: usize = 1_024;

/// Publishes over whatever connection is up.
#[derive(Debug)]
pub(super) struct Publisher {
    connector: Connector,
    link: watch::Receiver<Link>,
}

/// State of the publishing connection.
#[derive(Clone, Debug)]
enum Link {
    Down,
    Up(Arc<Session>),
    Closed,
}

/// One connection with its channel, until the first error.
#[derive(Debug)]
struct Session {
    connection: Connection,
    channel: Channel,
    broken: Notify,
}

impl Publisher {
    /// Starts the supervisor with a connection that is up already.
    pub(super) fn start(
        connector: Connector,
        first: Connection,
        closing: watch::Receiver<bool>,
    ) -> (Self, JoinHandle<()>) {
        let (sender, link) = watch::channel(Link::Down);
        let supervisor = tokio::spawn(supervise(connector.clone(), first, sender, closing));
        (Self { connector, link }, supervisor)
    }

    /// Whether a connection is up at the moment.
    pub(super) fn is_up(&self) -> bool {
        matches!(*self.link.borrow(), Link::Up(_))
    }

    pub(super) async fn publish(
        &self,
        messages: &[OutgoingMessage],
    ) -> Vec<Result<(), PublishError>> {
        let waited = self.connector.config().confirm_timeout;
        let mut link = self.link.clone();
        let up = link.wait_for(|link| match link {
            Link::Up(_) | Link::Closed => true,
            Link::Down => false,
        });
        let session = match timeout(waited, up).await {
            Ok(Ok(link)) => match &*link {
                Link::Up(session) => Some(Arc::clone(session)),
                Link::Down | Link::Closed => None,
            },
            Ok(Err(_)) => None,
            Err(_) => return each(messages, |id| PublishError::Unreachable { id, waited }),
        };
        match session {
            Some(session) => self.publish_over(&session, messages).await,
            None => each(messages, |id| PublishError::Closed { id }),
        }
    }

    /// Sends in order with up to [`WINDOW`] unconfirmed, and collects the confirms in the same order.
    async fn publish_over(
        &self,
        session: &Session,
        messages: &[OutgoingMessage],
    ) -> Vec<Result<(), PublishError>> {
        let mut results = Vec::with_capacity(messages.len());
        let mut window = VecDeque::with_capacity(messages.len().min(WINDOW));
        for message in messages {
            if window.len() == WINDOW {
                results.push(self.settle_oldest(session, &mut window).await);
            }
            window.push_back((message, self.send(session, message).await));
        }
        while !window.is_empty() {
            results.push(self.settle_oldest(session, &mut window).await);
        }
        if results.iter().any(|result| matches!(result, Err(PublishError::Unroutable { .. }))) {
            self.declare_again(session).await;
        }
        results
    }

    async fn settle_oldest(
        &self,
        session: &Session,
        window: &mut VecDeque<(&OutgoingMessage, Result<Sent, PublishError>)>,
    ) -> Result<(), PublishError> {
        match window.pop_front() {
            Some((message, Ok(sent))) => self.confirmed(session, message, sent).await,
            Some((_, Err(error))) => Err(error),
            // Nothing open: the callers check.
            None => Ok(()),
        }
    }

    async fn send(
        &self,
        session: &Session,
        message: &OutgoingMessage,
    ) -> Result<Sent, PublishError> {
        if message.body.len() > MAX_BODY_BYTES {
            return Err(PublishError::TooLarge {
                id: message.id.clone(),
                size: message.body.len(),
                limit: MAX_BODY_BYTES,
            });
        }
        let waited = self.connector.config().confirm_timeout;
        let at = Instant::now();
        let publishing = session.channel.basic_publish(
            ShortString::default(),
            self.connector.topology().name(message.queue).into(),
            BasicPublishOptions { mandatory: true, immediate: false },
            &message.body,
            outgoing::properties(message),
        );
        match timeout(waited, publishing).await {
            Ok(Ok(confirm)) => Ok(Sent { at, confirm }),
            Ok(Err(error)) => Err(session.lost(message, error)),
            Err(_) => Err(session.unconfirmed(message, waited)),
        }
    }

    async fn confirmed(
        &self,
        session: &Session,
        message: &OutgoingMessage,
        sent: Sent,
    ) -> Result<(), PublishError> {
        let waited = self.connector.config().confirm_timeout;
        match timeout_at(sent.at + waited, sent.confirm).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            // RabbitMQ confirms what it could not route; only the returned message tells.
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => {
                Err(PublishError::Unroutable { id: message.id.clone(), queue: message.queue })
            }
            Ok(Ok(Confirmation::Nack(None))) => {
                Err(PublishError::Refused { id: message.id.clone(), queue: message.queue })
            }
            // Impossible after `confirm_select`; without a confirm nothing is known.
            Ok(Ok(Confirmation::NotRequested)) | Err(_) => {
                Err(session.unconfirmed(message, waited))
            }
            Ok(Err(error)) => Err(session.lost(message, error)),
        }
    }

    async fn declare_again(&self, session: &Session) {
        tokio::time::sleep(session::AFTER_DELETION).await;
        if let Err(error) = self.connector.declare_all(&session.connection).await {
            warn!(error = chain(&error), "a missing queue could not be declared again");
            session.broken.notify_one();
        }
    }
}

/// A message on its way to its confirm.
struct Sent {
    at: Instant,
    confirm: PublisherConfirm,
}

impl Session {
    async fn open(connection: Connection) -> lapin::Result<Self> {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { connection, channel, broken: Notify::new() })
    }

    fn lost(&self, message: &OutgoingMessage, error: lapin::Error) -> PublishError {
        self.broken.notify_one();
        PublishError::ConnectionLost { id: message.id.clone(), source: Some(Box::new(error)) }
    }

    /// A confirm that is late makes the whole connection suspect: it is opened anew.
    fn unconfirmed(&self, message: &OutgoingMessage, waited: Duration) -> PublishError {
        self.broken.notify_one();
        PublishError::Unconfirmed { id: message.id.clone(), waited }
    }

    /// Returns when the connection failed or a caller called it broken.
    async fn failed(&self) {
        tokio::select! {
            error = self.connection_error() => {
                warn!(error = chain(&error), "the publishing connection to RabbitMQ failed");
            }
            () = self.broken.notified() => {}
        }
    }

    async fn connection_error(&self) -> lapin::Error {
        let mut events = std::pin::pin!(self.connection.events_listener());
        while let Some(event) = events.next().await {
            if let Event::ConnectionBlocked(reason) = &event {
                warn!(reason, "RabbitMQ blocks publishing: it is short of memory or disk");
            }
            if let Event::Error(error) = event {
                return error;
            }
        }
        // The listener ends with the connection.
        lapin::ErrorKind::InvalidConnectionState(lapin::ConnectionState::Closed).into()
    }
}

async fn supervise(
    connector: Connector,
    first: Connection,
    link: watch::Sender<Link>,
    mut closing: watch::Receiver<bool>,
) {
    let mut connection = Some(first);
    loop {
        let next = match connection.take() {
            Some(connection) => Some(connection),
            None => connector.reconnect("publish", &mut closing).await,
        };
        let Some(next) = next else { break };
        let session = match Session::open(next).await {
            Ok(session) => Arc::new(session),
            Err(error) => {
                warn!(error = chain(&error), "could not open a publishing channel");
                continue;
            }
        };
        link.send_replace(Link::Up(Arc::clone(&session)));
        metrics::connected(true);
        let closed = tokio::select! {
            () = session.failed() => false,
            _ = closing.wait_for(|closing| *closing) => true,
        };
        link.send_replace(if closed { Link::Closed } else { Link::Down });
        metrics::connected(false);
        session::end(&session.connection).await;
        if closed {
            return;
        }
    }
    link.send_replace(Link::Closed);
}

fn each(
    messages: &[OutgoingMessage],
    error: impl Fn(String) -> PublishError,
) -> Vec<Result<(), PublishError>> {
    messages.iter().map(|message| Err(error(message.id.clone()))).collect()
}
