//! Which faults belong together.

use super::faults::Fault;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Name on the command line.
    pub name: &'static str,
    /// What happens, in a few words.
    pub about: &'static str,
    /// Why it is left out unless it is named, if it is.
    pub left_out: Option<&'static str>,
    /// One list for each hand that strikes: the hands do not know of each other.
    pub(super) hands: [&'static [Fault]; 3],
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 20] = [
        one("broker-kill", "SIGKILL, a restart after seconds", &[Fault::BrokerKill]),
        one("broker-freeze", "SIGSTOP for 5 to 25 s", &[Fault::BrokerFreeze]),
        one("broker-restart", "SIGTERM and a start", &[Fault::BrokerRestart]),
        one("redis-kill", "SIGKILL with appendfsync everysec", &[Fault::RedisKill]),
        one("redis-freeze", "SIGSTOP for 2 to 15 s", &[Fault::RedisFreeze]),
        one("redis-restart", "SIGTERM and a start", &[Fault::RedisRestart]),
        one("coordinator-kill", "SIGKILL of the leader", &[Fault::CoordinatorKill]),
        one(
            "coordinator-freeze",
            "SIGSTOP of the leader for longer than its lease: it must end, and change nothing",
            &[Fault::CoordinatorFreeze],
        ),
        one("coordinator-restart", "SIGTERM of the leader", &[Fault::CoordinatorRestart]),
        one("worker-kill", "SIGKILL of a worker", &[Fault::WorkerKill]),
        one("worker-freeze", "SIGSTOP of a worker for 40 s", &[Fault::WorkerFreeze]),
        one("worker-restart", "SIGTERM of a worker", &[Fault::WorkerRestart]),
        one("connections-cut", "all connections closed with RST", &[Fault::Cut]),
        one(
            "connections-half-open",
            "bytes are held or lost for 5 to 40 s, in one or both directions",
            &[Fault::HalfOpen],
        ),
        one("connections-slow", "delay and few bytes a second", &[Fault::Slow]),
        one("broker-alarm", "memory and disk alarms", &[Fault::MemoryAlarm, Fault::DiskAlarm]),
        one("clock-step", "a coordinator's clock, an hour on and back", &[Fault::ClockStep]),
        one("rolling-restart", "SIGTERM of each process in turn", &[Fault::RollingRestart]),
        Self {
            name: "everything",
            about: "servers, connections and processes at the same time",
            left_out: None,
            hands: [
                &[
                    Fault::BrokerKill,
                    Fault::BrokerFreeze,
                    Fault::BrokerRestart,
                    Fault::RedisFreeze,
                    Fault::RedisRestart,
                    Fault::MemoryAlarm,
                ],
                &[Fault::Cut, Fault::HalfOpen, Fault::Slow],
                &[
                    Fault::CoordinatorKill,
                    Fault::CoordinatorFreeze,
                    Fault::CoordinatorRestart,
                    Fault::WorkerKill,
                    Fault::WorkerFreeze,
                    Fault::WorkerRestart,
                ],
            ],
        },
        Self {
            name: "redis-flushall",
            about: "FLUSHALL in the middle of the work",
            left_out: None,
            hands: [&[Fault::RedisFlush], &[], &[]],
        },
    ];

    /// Those that run unless others are named.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        Self::ALL.into_iter().filter(|scenario| scenario.left_out.is_none()).collect()
    }

    /// By name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name == name)
    }

    /// Whether connections go through links.
    pub(super) fn has_links(&self) -> bool {
        self.faults().any(|fault| matches!(fault, Fault::Cut | Fault::HalfOpen | Fault::Slow))
    }

    /// Whether the coordinators' clocks are not the machine's.
    pub(super) fn steps_clocks(&self) -> bool {
        self.faults().any(|fault| fault == Fault::ClockStep)
    }

    /// Whether Redis loses all that it has.
    pub(super) fn empties_the_store(&self) -> bool {
        self.faults().any(|fault| fault == Fault::RedisFlush)
    }

    fn faults(&self) -> impl Iterator<Item = Fault> {
        self.hands.iter().flat_map(|hand| hand.iter().copied())
    }
}

const fn one(name: &'static str, about: &'static str, faults: &'static [Fault]) -> Scenario {
    Scenario { name, about, left_out: None, hands: [faults, &[], &[]] }
}
