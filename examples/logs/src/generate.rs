//! Makes the rows of one table and one UTC day.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::day::{DAY_MS, Day};
use crate::draw::Streams;
use crate::player::{LIFETIME_DAYS, Player, Population};
use crate::session::{Session, sessions};
use crate::table::Table;

mod access;
mod consume;
mod guild_battle;
mod install;
mod quest_battle;

/// Most players per day that [`Logs`] can number.
pub const USERS_MAX: u32 = 100_000_000;

/// What a title's `battle` table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Battles {
    /// Players against quests (title_a).
    Quests,
    /// Guilds against guilds, and duels in the arena (title_b).
    Guilds,
}

/// A game: its name is a part of the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// As in the project's folder: `title_a`.
    pub name: String,
    /// What its `battle` table is about.
    pub battles: Battles,
}

/// The logs of one title, for any day.
pub struct Logs {
    title: Title,
    streams: Streams,
    population: Population,
}

impl Logs {
    /// `users` is about how many players are active per day, at most [`USERS_MAX`] (more are taken
    /// for that many).
    pub fn new(seed: u64, title: Title, users: u32) -> Self {
        let streams = Streams::new(seed, &title.name);
        Self { title, streams, population: Population::new(users.min(USERS_MAX)) }
    }

    /// The title whose logs these are.
    pub fn title(&self) -> &Title {
        &self.title
    }

    /// Writes the rows of `table` whose `created_at` lies in the UTC day, one JSON object a line,
    /// and returns their number. Memory does not grow with the number of players.
    ///
    /// Rows come player by player, not in order of time, as from many log servers.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write_day(&self, table: Table, day: Day, out: &mut dyn Write) -> io::Result<u64> {
        let start = day.utc_midnight_ms();
        let mut rows = Rows { out, start, end: start + DAY_MS, written: 0 };
        // Japan's date begins nine hours before UTC's: the evening hours of a UTC day belong to
        // Japan's next date.
        for japan_day in [day.number(), day.number() + 1] {
            self.write_japan_day(table, japan_day, &mut rows)?;
        }
        Ok(rows.written)
    }

    fn write_japan_day(&self, table: Table, day: u32, rows: &mut Rows<'_>) -> io::Result<()> {
        for age in (0..=LIFETIME_DAYS).rev() {
            for player in self.population.visitors(&self.streams, day - age, age) {
                self.write_player(table, &player, age, rows)?;
            }
        }
        Ok(())
    }

    fn write_player(
        &self,
        table: Table,
        player: &Player,
        age: u32,
        rows: &mut Rows<'_>,
    ) -> io::Result<()> {
        let sessions = if player.opens { sessions(&self.streams, player, age) } else { Vec::new() };
        let play = PlayerDay { logs: self, player, age, sessions: &sessions };
        match (table, self.title.battles) {
            (Table::Install, _) => install::write(&play, rows),
            (Table::Access, _) => access::write(&play, rows),
            (Table::Consume, _) => consume::write(&play, rows),
            (Table::Battle, Battles::Quests) => quest_battle::write(&play, rows),
            (Table::Battle, Battles::Guilds) => guild_battle::write(&play, rows),
        }
    }
}

/// One player on one Japanese date.
struct PlayerDay<'a> {
    logs: &'a Logs,
    player: &'a Player,
    /// Days since the install.
    age: u32,
    /// Empty if the player installs the game and never opens it.
    sessions: &'a [Session],
}

impl PlayerDay<'_> {
    /// A name for the `number`-th thing of a kind that this player does on this date.
    fn id(&self, kind: char, number: u32) -> String {
        let day = self.player.key.install_day + self.age;
        format!("{kind}{day}-{}-{number}", self.player.id)
    }
}

/// Writes the rows that lie in the UTC day and drops the others: they belong to another day.
struct Rows<'a> {
    out: &'a mut dyn Write,
    start: i64,
    end: i64,
    written: u64,
}

impl Rows<'_> {
    fn push(&mut self, created_at: Timestamp, row: &impl Serialize) -> io::Result<()> {
        if !(self.start..self.end).contains(&created_at.as_millisecond()) {
            return Ok(());
        }
        serde_json::to_writer(&mut *self.out, row)?;
        self.out.write_all(b"\n")?;
        self.written += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
