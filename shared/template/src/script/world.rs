//! What JavaScript is allowed to know of the world: the session's time and zone, and how long it may run.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use rquickjs::{Ctx, Exception, JsLifetime, Result};
use rustix::time::{ClockId, clock_gettime};

use crate::moment::{EN, Locale, Thresholds, Zone};

/// Named zones kept: more than the zones a configuration names, few enough to forget.
const NAMED_ZONES_MAX: usize = 64;

/// Shared by the evaluator, the interrupt handler and the native functions.
#[derive(Debug)]
pub(crate) struct World {
    zone: RefCell<Zone>,
    /// Zones of `tz()`: reading one from the database costs more than an expression.
    named_zones: RefCell<HashMap<String, Zone>>,
    now_ms: Cell<f64>,
    /// The language of new moments: `moment.locale()`.
    locale: Cell<&'static Locale>,
    /// `moment.relativeTimeThreshold()`.
    thresholds: Cell<Thresholds>,
    cpu: Duration,
    /// Whether a text runs: the engine's own start is nobody's expression and has no limit.
    is_counting: Cell<bool>,
    /// Thread CPU time at which the running text is stopped; set at the first check.
    stop_at: Cell<Option<Duration>>,
    was_stopped: Cell<bool>,
    /// What native functions read since they last looked at the clock, in characters.
    spent: Cell<f64>,
}

impl World {
    pub(crate) fn new(cpu: Duration) -> Self {
        World {
            zone: RefCell::new(Zone(TimeZone::UTC)),
            named_zones: RefCell::default(),
            now_ms: Cell::new(0.0),
            locale: Cell::new(EN),
            thresholds: Cell::new(Thresholds::default()),
            cpu,
            is_counting: Cell::new(false),
            stop_at: Cell::new(None),
            was_stopped: Cell::new(false),
            spent: Cell::new(0.0),
        }
    }

    /// Sets time and zone, forgets the settings of the last text and starts a new budget.
    pub(crate) fn begin(&self, now_ms: f64, zone: &TimeZone) {
        self.now_ms.set(now_ms);
        self.locale.set(EN);
        self.thresholds.set(Thresholds::default());
        let mut current = self.zone.borrow_mut();
        if !is_same(&current.0, zone) {
            *current = Zone(zone.clone());
        }
        self.renew_budget();
    }

    /// Starts a new budget. The clock is read at the first check, which comes after some thousand steps: most
    /// expressions never pay for it.
    pub(crate) fn renew_budget(&self) {
        self.is_counting.set(true);
        self.stop_at.set(None);
        self.was_stopped.set(false);
    }

    /// The interrupt handler: whether the running text has used up its CPU time.
    pub(crate) fn should_stop(&self) -> bool {
        if !self.is_counting.get() {
            return false;
        }
        if self.was_stopped.get() {
            return true;
        }
        let used = thread_cpu_time();
        match self.stop_at.get() {
            None => self.stop_at.set(Some(used + self.cpu)),
            Some(stop_at) if used >= stop_at => self.was_stopped.set(true),
            Some(_) => {}
        }
        self.was_stopped.get()
    }

    /// Counts what a native function is about to read; zero looks at the clock in any case. False if the running text
    /// has used up its CPU time.
    pub(crate) fn spend(&self, characters: f64) -> bool {
        /// Some 100 microseconds of copying or comparing.
        const LOOK_AFTER: f64 = 100_000.0;
        let spent = self.spent.get() + characters;
        if characters > 0.0 && spent < LOOK_AFTER {
            self.spent.set(spent);
            return true;
        }
        self.spent.set(0.0);
        !self.should_stop()
    }

    /// The abbreviation of the zone at an instant, such as `JST`.
    pub(crate) fn zone_name(&self, utc_ms: f64) -> String {
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        let at = jiff::Timestamp::from_millisecond(utc_ms as i64).unwrap_or_default();
        self.with_zone(|zone| zone.0.to_offset_info(at).abbreviation().to_owned())
    }

    /// Whether the last text was stopped.
    pub(crate) fn was_stopped(&self) -> bool {
        self.was_stopped.get()
    }

    /// The time that `moment()` and `Date` answer, in milliseconds from 1970.
    pub(crate) fn now_ms(&self) -> f64 {
        self.now_ms.get()
    }

    /// The language of new moments.
    pub(crate) fn locale(&self) -> &'static Locale {
        self.locale.get()
    }

    /// Sets the language of new moments until the text ends.
    pub(crate) fn set_locale(&self, locale: &'static Locale) {
        self.locale.set(locale);
    }

    /// The thresholds of durations in words.
    pub(crate) fn thresholds(&self) -> Thresholds {
        self.thresholds.get()
    }

    /// Sets the thresholds until the text ends.
    pub(crate) fn set_thresholds(&self, thresholds: Thresholds) {
        self.thresholds.set(thresholds);
    }

    /// The zone of a name in the time zone database, in any case; `None` if there is none.
    pub(crate) fn named_zone(&self, name: &str) -> Option<Zone> {
        let mut zones = self.named_zones.borrow_mut();
        if let Some(zone) = zones.get(name) {
            return Some(zone.clone());
        }
        let zone = Zone(TimeZone::get(name).ok()?);
        if zones.len() >= NAMED_ZONES_MAX {
            zones.clear();
        }
        zones.insert(name.to_owned(), zone.clone());
        Some(zone)
    }

    /// Calls `f` with the workflow's zone.
    pub(crate) fn with_zone<T>(&self, f: impl FnOnce(&Zone) -> T) -> T {
        f(&self.zone.borrow())
    }
}

/// Zones are compared by content, which looks names up; clones of one zone share their name.
fn is_same(left: &TimeZone, right: &TimeZone) -> bool {
    match (left.iana_name(), right.iana_name()) {
        (Some(left), Some(right)) if std::ptr::eq(left, right) => true,
        _ => left == right,
    }
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanoseconds)
}

#[derive(JsLifetime)]
struct Handle(Rc<World>);

/// Makes the world known to native functions of a context.
pub(crate) fn install(ctx: &Ctx<'_>, world: Rc<World>) -> Result<()> {
    match ctx.store_userdata(Handle(world)) {
        Ok(_) => Ok(()),
        Err(_) => Err(Exception::throw_internal(ctx, "the world is in use")),
    }
}

/// The world of a context.
pub(crate) fn of(ctx: &Ctx<'_>) -> Result<Rc<World>> {
    match ctx.userdata::<Handle>() {
        Some(handle) => Ok(Rc::clone(&handle.0)),
        None => Err(Exception::throw_internal(ctx, "the context has no world")),
    }
}
