//! Strikes and heals.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use fastrand::Rng;
use himekuri_testkit::{RabbitMq, RedisServer, TestkitError};
use tokio_util::sync::CancellationToken;

use super::link::{Link, Mode, Way};
use super::rig::{Rig, blocking};
use super::run::Tell;
use super::supervisor::{Send as Signal, Supervised, send};
use crate::clock::Clock;
use crate::wait::until;

/// Longest wait for a process that was told to end, and for the next one in its place.
const RESTART_DEADLINE: Duration = Duration::from_secs(60);

/// Seconds of a fault that make the pause behind it longer.
const REST_MAX: f64 = 20.0;

/// Longest wait for the next leader: the lease of 6 s, and the start of a process.
const LEAD_DEADLINE: Duration = Duration::from_secs(20);

/// Longest wait for an alarm: RabbitMQ looks at its disk every 10 s.
const ALARM_DEADLINE: Duration = Duration::from_secs(40);

/// Within this a leader that was frozen for longer than its lease has noticed it: its next renewal is at most 2 s away,
/// and then it winds up.
const DEPOSED_DEADLINE: Duration = Duration::from_secs(30);

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    BrokerKill,
    BrokerFreeze,
    BrokerRestart,
    RedisKill,
    RedisFreeze,
    RedisRestart,
    RedisFlush,
    CoordinatorKill,
    CoordinatorFreeze,
    CoordinatorRestart,
    WorkerKill,
    WorkerFreeze,
    WorkerRestart,
    Cut,
    HalfOpen,
    Slow,
    MemoryAlarm,
    DiskAlarm,
    ClockStep,
    RollingRestart,
}

/// What all hands have done.
#[derive(Debug, Default)]
pub(super) struct Tally {
    strikes: AtomicU64,
    deposed: Mutex<Vec<String>>,
}

impl Tally {
    pub(super) fn strikes(&self) -> u64 {
        self.strikes.load(Ordering::Relaxed)
    }

    /// Leaders that went on after they had been deposed.
    pub(super) fn deposed(&self) -> Vec<String> {
        self.deposed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Strikes with some faults, one after another, and heals each.
pub(super) struct Hand<'a> {
    rig: &'a Rig,
    dice: Rng,
    tally: &'a Tally,
    tell: &'a Tell,
    /// The end of the scenario: whatever lasts is healed then.
    stop: &'a CancellationToken,
    /// Longest time that a fault lasts: a short scenario has room for more than one.
    longest: Duration,
    /// Epoch of the leader that was struck last.
    struck: Option<u64>,
}

impl<'a> Hand<'a> {
    pub(super) fn new(
        rig: &'a Rig,
        dice: Rng,
        tally: &'a Tally,
        tell: &'a Tell,
        stop: &'a CancellationToken,
        longest: Duration,
    ) -> Self {
        Self { rig, dice, tally, tell, stop, longest, struck: None }
    }

    /// Strikes until the end; at once when there is nothing to strike with.
    pub(super) async fn work(mut self, faults: &[Fault]) -> anyhow::Result<()> {
        let mut rest = 0.0;
        loop {
            let Some(fault) = self.dice.choice(faults).copied() else { return Ok(()) };
            self.pause(rest + 3.0..rest + 9.0).await;
            if self.stop.is_cancelled() {
                return Ok(());
            }
            let began = Instant::now();
            let what = self.strike(fault).await.with_context(|| format!("{fault:?}"))?;
            // Work has to go on in between, or the next fault meets nothing.
            rest = began.elapsed().as_secs_f64().min(REST_MAX) / 2.0;
            self.tally.strikes.fetch_add(1, Ordering::Relaxed);
            self.tell.line(&what);
        }
    }

    async fn strike(&mut self, fault: Fault) -> anyhow::Result<String> {
        match fault {
            Fault::BrokerKill => self.down(Server::Broker, Down::Kill).await,
            Fault::BrokerFreeze => self.freeze(Server::Broker, 5.0..25.0).await,
            Fault::BrokerRestart => self.down(Server::Broker, Down::Stop).await,
            Fault::RedisKill => self.down(Server::Redis, Down::Kill).await,
            Fault::RedisFreeze => self.freeze(Server::Redis, 2.0..15.0).await,
            Fault::RedisRestart => self.down(Server::Redis, Down::Stop).await,
            Fault::RedisFlush => self.flush().await,
            Fault::CoordinatorKill => self.signal_leader(Signal::Kill).await,
            Fault::CoordinatorFreeze => self.freeze_leader().await,
            Fault::CoordinatorRestart => self.signal_leader(Signal::Terminate).await,
            Fault::WorkerKill => self.signal_worker(Signal::Kill).await,
            Fault::WorkerFreeze => self.freeze_worker().await,
            Fault::WorkerRestart => self.signal_worker(Signal::Terminate).await,
            Fault::Cut => Ok(self.cut()),
            Fault::HalfOpen => Ok(self.half_open().await),
            Fault::Slow => Ok(self.slow().await),
            Fault::MemoryAlarm => {
                let command = "set_vm_memory_high_watermark";
                self.alarm("memory alarm", command, "0.00001", "0.4").await
            }
            Fault::DiskAlarm => {
                self.alarm("disk alarm", "set_disk_free_limit", "99999GB", "50MB").await
            }
            Fault::ClockStep => self.step_clock().await,
            Fault::RollingRestart => self.restart_all().await,
        }
    }

    /// Waits so many seconds, or until the end of the scenario.
    async fn pause(&mut self, seconds: std::ops::Range<f64>) -> Duration {
        let drawn = seconds.start + self.dice.f64() * (seconds.end - seconds.start);
        let drawn = Duration::from_secs_f64(drawn).min(self.longest);
        let began = Instant::now();
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(drawn) => {}
        }
        began.elapsed()
    }

    async fn down(&mut self, server: Server, down: Down) -> anyhow::Result<String> {
        let handle = server.of(self.rig);
        blocking({
            let handle = handle.clone();
            move || handle.down(down)
        })
        .await?;
        let away = self.pause(0.5..6.0).await;
        blocking(move || handle.restart()).await?;
        let how = match down {
            Down::Kill => "killed",
            Down::Stop => "stopped",
        };
        Ok(format!("{server} {how}, and started again after {away:.1?}"))
    }

    async fn freeze(
        &mut self,
        server: Server,
        seconds: std::ops::Range<f64>,
    ) -> anyhow::Result<String> {
        let handle = server.of(self.rig);
        handle.freeze()?;
        let frozen = self.pause(seconds).await;
        handle.thaw()?;
        Ok(format!("{server} frozen for {frozen:.1?}"))
    }

    async fn flush(&mut self) -> anyhow::Result<String> {
        let mut connection = self.rig.redis_connection().await?;
        redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await?;
        // A pool that lost everything needs time to begin anew.
        let left_alone = self.pause(15.0..30.0).await;
        Ok(format!("Redis lost everything {left_alone:.1?} ago"))
    }

    async fn alarm(
        &mut self,
        name: &str,
        command: &'static str,
        on: &'static str,
        off: &'static str,
    ) -> anyhow::Result<String> {
        let rabbitmq = Arc::clone(&self.rig.rabbitmq);
        let set = move |value: &'static str| {
            let rabbitmq = Arc::clone(&rabbitmq);
            blocking(move || rabbitmq.control(&[command, value]))
        };
        set(on).await?;
        let rabbitmq = Arc::clone(&self.rig.rabbitmq);
        until("RabbitMQ raises the alarm", ALARM_DEADLINE, || async {
            let rabbitmq = Arc::clone(&rabbitmq);
            let alarms = move || rabbitmq.control(&["eval", "rabbit_alarm:get_alarms()."]);
            Ok(blocking(alarms).await?.contains("resource_limit").then_some(()))
        })
        .await?;
        let raised = self.pause(5.0..20.0).await;
        set(off).await?;
        Ok(format!("{name} for {raised:.1?}"))
    }

    /// The leader, or any coordinator when nobody leads for a while. Whoever was struck holds the lease until it has run out.
    async fn leader(&mut self) -> anyhow::Result<&'a Supervised> {
        let (rig, stop, struck) = (self.rig, self.stop, self.struck);
        let next = until("another leadership begins", LEAD_DEADLINE, || async {
            let lease = rig.lease().await.filter(|(epoch, _)| Some(*epoch) != struck);
            Ok(lease.map(Some).or_else(|| stop.is_cancelled().then_some(None)))
        });
        match next.await {
            Ok(Some((epoch, leader))) => {
                self.struck = Some(epoch);
                Ok(leader)
            }
            Ok(None) | Err(_) => {
                self.dice.choice(&rig.coordinators).context("there is no coordinator")
            }
        }
    }

    async fn signal_leader(&mut self, signal: Signal) -> anyhow::Result<String> {
        let leader = self.leader().await?;
        let sent = leader.send(signal).await?;
        Ok(told(leader.name(), signal, sent))
    }

    async fn signal_worker(&mut self, signal: Signal) -> anyhow::Result<String> {
        let rig = self.rig;
        let worker = self.dice.choice(&rig.workers).context("there is no worker")?;
        let sent = worker.send(signal).await?;
        Ok(told(worker.name(), signal, sent))
    }

    async fn freeze_worker(&mut self) -> anyhow::Result<String> {
        let rig = self.rig;
        let worker = self.dice.choice(&rig.workers).context("there is no worker")?;
        let Some(pid) = worker.send(Signal::Stop).await? else {
            return Ok(format!("{} had just ended", worker.name()));
        };
        let frozen = self.pause(38.0..42.0).await;
        send(pid, Signal::Continue).await?;
        Ok(format!("{} frozen for {frozen:.1?}", worker.name()))
    }

    /// Longer than the lease of 6 s: somebody else leads when it goes on, so it has to end.
    async fn freeze_leader(&mut self) -> anyhow::Result<String> {
        let leader = self.leader().await?;
        let Some(pid) = leader.send(Signal::Stop).await? else {
            return Ok(format!("{} had just ended", leader.name()));
        };
        let frozen = self.pause(8.0..20.0).await;
        let successor = self.rig.lease().await.map(|(_, successor)| successor.name());
        send(pid, Signal::Continue).await?;
        let is_deposed = successor.is_some_and(|successor| successor != leader.name());
        if !is_deposed {
            return Ok(format!("{} frozen for {frozen:.1?}; nobody took over", leader.name()));
        }
        let ended = until("the deposed leader ends", DEPOSED_DEADLINE, || async {
            Ok((leader.pid() != Some(pid)).then_some(()))
        });
        if ended.await.is_err() {
            let finding = format!(
                "{} was frozen for {frozen:.1?} and deposed, and still ran after {DEPOSED_DEADLINE:?}",
                leader.name()
            );
            self.tally.deposed.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
        }
        Ok(format!("{} frozen for {frozen:.1?}, and deposed", leader.name()))
    }

    /// Some links, or all of them.
    fn links(&mut self) -> Vec<&Link> {
        let rig = self.rig;
        let mut links: Vec<&Link> = rig.links.iter().collect();
        if self.dice.bool() {
            self.dice.shuffle(&mut links);
            links.truncate(self.dice.usize(1..=links.len().max(1)));
        }
        links
    }

    fn cut(&mut self) -> String {
        let links = self.links();
        links.iter().for_each(|link| link.cut());
        format!("cut: {}", names(&links))
    }

    async fn half_open(&mut self) -> String {
        let way = match self.dice.u32(0..3) {
            0 => Way::Up,
            1 => Way::Down,
            _ => Way::Both,
        };
        let mode = if self.dice.bool() { Mode::Swallow(way) } else { Mode::Hold(way) };
        self.while_set(mode, 5.0..40.0).await
    }

    async fn slow(&mut self) -> String {
        let delay = Duration::from_millis(self.dice.u64(20..250));
        let mode = Mode::Slow { delay, rate: self.dice.u32(20_000..200_000) };
        self.while_set(mode, 5.0..20.0).await
    }

    async fn while_set(&mut self, mode: Mode, seconds: std::ops::Range<f64>) -> String {
        let rig = self.rig;
        let names_of: Vec<String> =
            self.links().iter().map(|link| link.name().to_owned()).collect();
        let links: Vec<&Link> = rig
            .links
            .iter()
            .filter(|link| names_of.iter().any(|name| name == link.name()))
            .collect();
        links.iter().for_each(|link| link.set(mode));
        let lasted = self.pause(seconds).await;
        links.iter().for_each(|link| link.set(Mode::Pass));
        format!("{mode:?} for {lasted:.1?}: {}", names(&links))
    }

    async fn step_clock(&mut self) -> anyhow::Result<String> {
        let rig = self.rig;
        let mut clocks: Vec<&Clock> = rig.clocks.iter().collect();
        if self.dice.bool() {
            self.dice.shuffle(&mut clocks);
            clocks.truncate(1);
        }
        let step = if self.dice.bool() { 3_600 } else { -3_600 };
        clocks.iter().try_for_each(|clock| clock.set(step))?;
        let lasted = self.pause(5.0..15.0).await;
        clocks.iter().try_for_each(|clock| clock.set(0))?;
        let count = clocks.len();
        Ok(format!("clocks of {count} coordinators at {step:+} s for {lasted:.1?}"))
    }

    async fn restart_all(&mut self) -> anyhow::Result<String> {
        let mut restarted = 0;
        for process in self.rig.processes() {
            if self.stop.is_cancelled() {
                break;
            }
            let Some(pid) = process.send(Signal::Terminate).await? else { continue };
            until("the process is replaced", RESTART_DEADLINE, || async {
                Ok(process.pid().filter(|next| *next != pid))
            })
            .await
            .with_context(|| format!("{} was told to end", process.name()))?;
            until("a coordinator answers", RESTART_DEADLINE, || async {
                Ok(self.rig.client.get("/v1/attempts?limit=1").await.ok())
            })
            .await?;
            restarted += 1;
        }
        Ok(format!("{restarted} processes restarted in turn"))
    }
}

/// A file that a process reads at any moment is replaced as a whole.
fn told(name: &str, signal: Signal, sent: Option<u32>) -> String {
    match (sent, signal) {
        (None, _) => format!("{name} had just ended"),
        (Some(_), Signal::Kill) => format!("{name} killed"),
        (Some(_), Signal::Terminate) => format!("{name} told to end"),
        (Some(_), Signal::Stop) => format!("{name} frozen"),
        (Some(_), Signal::Continue) => format!("{name} goes on"),
    }
}

fn names(links: &[&Link]) -> String {
    let names: Vec<&str> = links.iter().map(|link| link.name()).collect();
    names.join(", ")
}

#[derive(Clone, Copy, Debug)]
enum Server {
    Broker,
    Redis,
}

#[derive(Clone, Copy, Debug)]
enum Down {
    Kill,
    Stop,
}

#[derive(Clone)]
enum Handle {
    Broker(Arc<RabbitMq>),
    Redis(Arc<RedisServer>),
}

impl Server {
    fn of(self, rig: &Rig) -> Handle {
        match self {
            Self::Broker => Handle::Broker(Arc::clone(&rig.rabbitmq)),
            Self::Redis => Handle::Redis(Arc::clone(&rig.redis)),
        }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Broker => "RabbitMQ",
            Self::Redis => "Redis",
        })
    }
}

impl Handle {
    fn down(&self, down: Down) -> Result<(), TestkitError> {
        match (self, down) {
            (Self::Broker(server), Down::Kill) => server.kill(),
            (Self::Broker(server), Down::Stop) => server.stop(),
            (Self::Redis(server), Down::Kill) => server.kill(),
            (Self::Redis(server), Down::Stop) => server.stop(),
        }
    }

    fn restart(&self) -> Result<(), TestkitError> {
        match self {
            Self::Broker(server) => server.restart(),
            Self::Redis(server) => server.restart(),
        }
    }

    fn freeze(&self) -> Result<(), TestkitError> {
        match self {
            Self::Broker(server) => server.freeze(),
            Self::Redis(server) => server.freeze(),
        }
    }

    fn thaw(&self) -> Result<(), TestkitError> {
        match self {
            Self::Broker(server) => server.thaw(),
            Self::Redis(server) => server.thaw(),
        }
    }
}
