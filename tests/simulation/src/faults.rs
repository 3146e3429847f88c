//! What can go wrong, how often, and how often it did.
//!
//! Each seed has a choice of the faults of its own ("swarm testing", Groce et al. 2012): a fault that always comes with all
//! others hides what it does alone.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::dice::Dice;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// A fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in tables.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// A coordinator dies before or after one of its calls.
    CoordinatorCrash => "coordinator crashes",
    /// A worker dies before or after one of its calls.
    WorkerCrash => "worker crashes",
    /// A coordinator's calls stand still for longer than its lease: another takes over, and the calls arrive afterwards.
    CoordinatorPause => "coordinator stands still",
    /// The same for a worker: its deliveries are given to others, and it goes on.
    WorkerPause => "worker stands still",
    /// A worker is told to stop, winds up, and is started again.
    WorkerRestart => "worker restarted",
    /// The same for a coordinator.
    CoordinatorRestart => "coordinator restarted",
    /// The broker has a message twice.
    MessageDuplicated => "message duplicated",
    /// A message comes late, behind others.
    MessageDelayed => "message delayed",
    /// The message is in the queue, but nobody says so.
    ConfirmLost => "confirm lost",
    /// The broker does not take a message.
    PublishRefused => "publish refused",
    /// A connection to the broker breaks: what is not settled comes again.
    ConnectionLost => "broker connection lost",
    /// The store does not answer, and nothing was written.
    StoreRefused => "store unreachable",
    /// The store has written, and does not answer.
    StoreReplyLost => "store reply lost",
    /// The store forgets its last seconds.
    StoreRolledBack => "store rolled back",
    /// BigQuery runs the job, and answers with an error.
    InsertReplyLost => "executed, reported as failed",
    /// BigQuery does not know a job that it has accepted.
    JobUnknown => "404 after 409",
    /// An answer of 503.
    BigQueryDown => "BigQuery 503",
    /// No answer at all.
    BigQuerySilent => "BigQuery silent",
    /// An insert is refused because of a rate limit.
    InsertQuota => "insert over quota",
    /// A job ends with `quotaExceeded`, `backendError` or the like.
    JobFailed => "job fails by quota or backend",
    /// A job that is told to stop runs on for a while, and may end well.
    CancelLate => "cancel comes late",
    /// A person kills an attempt.
    Kill => "attempt killed",
    /// A job runs far longer than a delivery.
    JobSlow => "job outlives its delivery",
}

impl Fault {
    /// Whether another coordinator may lead after it, or whether it lets a task go before its job was sent again. Not together
    /// with a store that goes back: what the store has forgotten is known to nobody but the leader (`docs/decisions/0017-what-the-simulation-leaves-out.md`).
    const fn may_depose(self) -> bool {
        matches!(
            self,
            Self::CoordinatorCrash
                | Self::CoordinatorPause
                | Self::CoordinatorRestart
                | Self::Kill
                | Self::StoreRefused
                | Self::StoreReplyLost
        )
    }
}

/// The faults of one seed.
#[derive(Debug)]
pub struct Faults {
    on: AtomicBool,
    rates: Vec<f64>,
    hits: Vec<AtomicU64>,
}

impl Faults {
    /// A choice of faults and rates.
    #[must_use]
    pub(crate) fn choose(dice: &Dice) -> Self {
        let goes_back = dice.chance(0.2);
        let rate = |fault: &Fault| {
            let rate = rate_of(*fault) * dice.pick(&[0.3, 1.0, 3.0]).copied().unwrap_or(1.0);
            let chosen = match *fault == Fault::StoreRolledBack {
                true => goes_back,
                false => dice.chance(0.5) && !(goes_back && fault.may_depose()),
            };
            if chosen { rate } else { 0.0 }
        };
        let rates = Fault::ALL.iter().map(rate).collect();
        let hits = Fault::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Self { on: AtomicBool::new(true), rates, hits }
    }

    /// One fault alone.
    #[must_use]
    pub(crate) fn only(fault: Fault, rate: f64) -> Self {
        let rate = |other: &Fault| if *other == fault { rate } else { 0.0 };
        let rates = Fault::ALL.iter().map(rate).collect();
        let hits = Fault::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Self { on: AtomicBool::new(true), rates, hits }
    }

    /// Whether the fault strikes now; counted if so.
    pub(crate) fn strikes(&self, fault: Fault, dice: &Dice) -> bool {
        let strikes = self.are_on() && dice.chance(self.rate(fault));
        if strikes {
            self.hit(fault);
        }
        strikes
    }

    /// Whether the seed has the fault at all.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.rate(fault) > 0.0
    }

    /// Counts a fault that was planned, not drawn.
    pub fn hit(&self, fault: Fault) {
        if let Some(hits) = self.hits.get(fault as usize) {
            hits.fetch_add(1, Ordering::Relaxed);
            tracing::info!("FAULT {}", fault.text());
        }
    }

    /// From now on, nothing goes wrong.
    pub fn end(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    /// Whether anything may still go wrong.
    #[must_use]
    pub fn are_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// How often each fault struck, in the order of [`Fault::ALL`].
    #[must_use]
    pub fn hits(&self) -> Vec<u64> {
        self.hits.iter().map(|hits| hits.load(Ordering::Relaxed)).collect()
    }

    fn rate(&self, fault: Fault) -> f64 {
        self.rates.get(fault as usize).copied().unwrap_or(0.0)
    }
}

/// Probability for each call, message or job.
const fn rate_of(fault: Fault) -> f64 {
    match fault {
        Fault::CoordinatorCrash | Fault::WorkerCrash => 0.01,
        Fault::CoordinatorPause | Fault::WorkerPause => 0.005,
        Fault::WorkerRestart | Fault::CoordinatorRestart | Fault::ConnectionLost => 0.02,
        Fault::MessageDuplicated | Fault::MessageDelayed => 0.1,
        Fault::ConfirmLost | Fault::PublishRefused => 0.05,
        Fault::StoreRefused | Fault::StoreReplyLost => 0.03,
        Fault::StoreRolledBack => 0.01,
        Fault::InsertReplyLost | Fault::BigQueryDown | Fault::InsertQuota => 0.1,
        Fault::JobUnknown => 0.2,
        Fault::BigQuerySilent => 0.02,
        Fault::JobFailed | Fault::JobSlow | Fault::CancelLate | Fault::Kill => 0.2,
    }
}
