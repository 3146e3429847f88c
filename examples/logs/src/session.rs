//! When a player plays on a Japanese date.

use crate::catalog::HOURS;
use crate::day::{DAY_MS, JAPAN_AHEAD_MS};
use crate::draw::{Draw, Purpose, Streams};
use crate::player::Player;

/// Most events of one session, and most seconds between two of them.
const EVENTS_MAX: u32 = 12;
const GAP_SECONDS_MAX: u32 = 300;

// A UTC day is made from two Japanese dates: its own and the next one. That holds as long as what
// begins on a Japanese date has ended nine hours after it.
const _: () = assert!(
    (EVENTS_MAX * GAP_SECONDS_MAX) as i64 * 1_000 < JAPAN_AHEAD_MS,
    "a session must not reach the second UTC day after its start"
);

/// One stay in the game.
pub(crate) struct Session {
    /// When each event happens, in milliseconds since 1970; never empty, in order of time.
    pub(crate) moments: Vec<i64>,
}

impl Session {
    /// When the session begins.
    pub(crate) fn start(&self) -> i64 {
        self.moments[0]
    }

    /// One of the session's moments.
    pub(crate) fn some_moment(&self, draw: &mut Draw) -> i64 {
        // At most `EVENTS_MAX` moments.
        let count = u32::try_from(self.moments.len()).unwrap_or(EVENTS_MAX);
        self.moments[draw.below(count) as usize]
    }
}

/// The sessions of an active player on the date `age` days after the install, in order of start.
pub(crate) fn sessions(streams: &Streams, player: &Player, age: u32) -> Vec<Session> {
    let mut draw = streams.open(Purpose::Sessions, player.key, age);
    let count = draw.weighted(&[(1, 40), (2, 30), (3, 18), (4, 9), (5, 3)]);
    let midnight = japan_midnight(player, age);
    let mut sessions: Vec<_> = (0..count).map(|_| session(&mut draw, midnight)).collect();
    sessions.sort_by_key(Session::start);
    sessions
}

/// A moment of the date `age` days after the install, at the hours when people play.
pub(crate) fn moment_of_day(draw: &mut Draw, player: &Player, age: u32) -> i64 {
    start(draw, japan_midnight(player, age))
}

fn session(draw: &mut Draw, midnight: i64) -> Session {
    let mut moment = start(draw, midnight);
    let events = draw.between(2, EVENTS_MAX);
    let moments = (0..events)
        .map(|_| {
            let now = moment;
            moment += i64::from(draw.between(5_000, GAP_SECONDS_MAX * 1_000));
            now
        })
        .collect();
    Session { moments }
}

fn start(draw: &mut Draw, midnight: i64) -> i64 {
    let hour = i64::from(draw.weighted(HOURS));
    midnight + hour * 3_600_000 + i64::from(draw.below(3_600_000))
}

/// Midnight in Japan on the date `age` days after the install, in milliseconds since 1970.
fn japan_midnight(player: &Player, age: u32) -> i64 {
    i64::from(player.key.install_day + age) * DAY_MS - JAPAN_AHEAD_MS
}
