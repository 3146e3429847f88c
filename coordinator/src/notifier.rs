//! Tells people what they have to know: looks now and then at what the store says, and remembers there what it has told. So
//! nothing is told twice by one leader after another, and nothing is left out when one dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Context as _;
use himekuri_service::Secret;
use himekuri_telemetry::{Counter, KeyValue, counter, metrics::pool};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::coordinator::Coordinator;
use crate::mail::Mail;
use crate::notices::{Notice, due};

static NOTICES: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&pool::NOTICES));

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Newest attempts that are looked at.
const ATTEMPTS: usize = 1_000;
/// Longest wait for a receiver.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long it is remembered what was told: longer than anything is news.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(72);

/// Who is told.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// Gets the notice as JSON.
    Webhook(Secret),
    /// An incoming webhook of Slack, or of whatever understands the same: `{"text": ...}`.
    Slack(Secret),
    /// Gets the notice as mail.
    Mail(Box<Mail>),
}

impl Receiver {
    /// For labels.
    const fn word(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Mail(_) => "mail",
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "Slack",
            Self::Mail(_) => "mail server",
        }
    }
}

/// Tells the receivers, as long as its coordinator leads.
pub struct Notifier {
    coordinator: Coordinator,
    receivers: Vec<Receiver>,
    /// After how long a session that did not start is late.
    grace: SignedDuration,
    http: reqwest::Client,
    /// When each was told, by key; read from the store once.
    told: Option<BTreeMap<String, Timestamp>>,
    /// Which receivers have taken a notice that others have not yet, by key and place.
    taken: BTreeSet<(String, usize)>,
}

impl Notifier {
    /// One that has told nothing yet.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(
        coordinator: Coordinator,
        receivers: Vec<Receiver>,
        grace: SignedDuration,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        Ok(Self { coordinator, receivers, grace, http, told: None, taken: BTreeSet::new() })
    }

    /// Looks until `stop`. A look that fails is logged, and the next one does its work.
    pub async fn run(mut self, stop: CancellationToken) {
        if self.receivers.is_empty() {
            return;
        }
        loop {
            if let Err(error) = self.look(self.coordinator.now()).await {
                tracing::warn!("nobody could be told: {error:#}");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Tells what is due at `now` and was not told; returns how much.
    ///
    /// # Errors
    /// The store cannot be reached, or a receiver did not take a notice: the next look tells it once more, and not those who
    /// have taken it.
    pub async fn look(&mut self, now: Timestamp) -> anyhow::Result<usize> {
        let mut told = match self.told.take() {
            Some(told) => told,
            None => self.coordinator.told().await?,
        };
        let new = self.tell(&mut told, now).await;
        self.told = Some(told);
        new
    }

    async fn tell(
        &mut self,
        told: &mut BTreeMap<String, Timestamp>,
        now: Timestamp,
    ) -> anyhow::Result<usize> {
        let attempts = self.coordinator.attempts(ATTEMPTS).await?;
        let schedules = self.coordinator.schedule_views().await?;
        let (mut new, mut unreachable) = (0, BTreeMap::new());
        for notice in due(&attempts, &schedules, now, self.grace) {
            let key = notice.key();
            if told.contains_key(&key) {
                continue;
            }
            for (place, receiver) in self.receivers.iter().enumerate() {
                let taken = (key.clone(), place);
                if self.taken.contains(&taken) || unreachable.contains_key(&place) {
                    continue;
                }
                match self.send(receiver, &notice).await {
                    Ok(()) => drop(self.taken.insert(taken)),
                    // One that is down must not keep the others from knowing.
                    Err(error) => drop(unreachable.insert(place, error)),
                }
            }
            let places = 0..self.receivers.len();
            if places.clone().all(|place| self.taken.contains(&(key.clone(), place))) {
                self.coordinator.put_told(&key, Some(now)).await?;
                self.taken.retain(|(taken, _)| *taken != key);
                told.insert(key, now);
                new += 1;
            }
        }
        self.forget(told, now).await?;
        match unreachable.into_values().next() {
            Some(error) => Err(error),
            None => Ok(new),
        }
    }

    /// What is too old to be told again need not be remembered.
    async fn forget(
        &self,
        told: &mut BTreeMap<String, Timestamp>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let is_old = |at: &Timestamp| now.duration_since(*at) > REMEMBERED;
        let old: Vec<String> =
            told.iter().filter(|(_, at)| is_old(at)).map(|(key, _)| key.clone()).collect();
        for key in old {
            self.coordinator.put_told(&key, None).await?;
            told.remove(&key);
        }
        Ok(())
    }

    /// Addresses of receivers are secrets: no error has them.
    async fn send(&self, receiver: &Receiver, notice: &Notice) -> anyhow::Result<()> {
        let what = || format!("the {} did not take a notice", receiver.kind());
        let sent = match receiver {
            Receiver::Webhook(address) => self.post(address, &json!(notice)).await,
            Receiver::Slack(address) => self.post(address, &json!({"text": notice.text})).await,
            Receiver::Mail(mail) => mail.send(notice).await,
        };
        let outcome = if sent.is_ok() { "success" } else { "error" };
        let labels =
            [KeyValue::new("receiver", receiver.word()), KeyValue::new("outcome", outcome)];
        NOTICES.add(1, &labels);
        sent.with_context(what)?;
        tracing::info!("told the {}: {}", receiver.kind(), notice.text);
        Ok(())
    }

    async fn post(&self, address: &Secret, body: &Value) -> anyhow::Result<()> {
        let sent = self.http.post(address.clone().reveal()).json(body).send().await;
        let answer = sent.map_err(reqwest::Error::without_url)?;
        answer.error_for_status().map_err(reqwest::Error::without_url)?;
        Ok(())
    }
}
