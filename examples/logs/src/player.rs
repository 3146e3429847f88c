//! Who plays: how many players install on a date, what they are like, and who comes back.
//!
//! Nothing is remembered between days. A player is the date of the install and a number, and all
//! else is drawn again from that.

use crate::catalog::{CAMPAIGNS, COUNTRIES, PLATFORMS};
use crate::draw::{Key, MILLION, Purpose, Streams};

/// Days after which a player has left for good. A day's logs look back so far.
pub(crate) const LIFETIME_DAYS: u32 = 180;

/// Days of play that an average player has, with the retention below: the number of installs per
/// day follows from it and from the active players asked for.
const PLAYED_DAYS_X10: u64 = 110;

/// Percent of the average player's inclination to come back.
const KEENNESS_MIN: u32 = 50;
const KEENNESS_MAX: u32 = 150;

/// Players of a title asked for per guild.
const PLAYERS_PER_GUILD: u32 = 20;
const GUILDS_MIN: u32 = 12;

/// How readily a player pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spender {
    Never,
    Seldom,
    Often,
    Much,
}

/// What stays the same for a player.
pub(crate) struct Player {
    pub(crate) key: Key,
    pub(crate) id: String,
    pub(crate) platform: &'static str,
    pub(crate) country: &'static str,
    pub(crate) campaign: Option<&'static str>,
    pub(crate) spender: Spender,
    pub(crate) guild: u32,
    /// 0 to 99; better players win more.
    pub(crate) skill: u32,
    /// Percent of the average player's inclination to come back.
    keenness: u32,
    /// False for those who install the game and never play it.
    pub(crate) opens: bool,
}

/// All players of a title.
pub(crate) struct Population {
    users: u32,
}

impl Population {
    /// `users`: about how many players are active on one day.
    pub(crate) fn new(users: u32) -> Self {
        Self { users }
    }

    /// How many guilds there are.
    pub(crate) fn guilds(&self) -> u32 {
        (self.users / PLAYERS_PER_GUILD).max(GUILDS_MIN)
    }

    /// How many players install the game on a Japanese date.
    pub(crate) fn installs(&self, streams: &Streams, install_day: u32) -> u32 {
        let mut draw = streams.open(Purpose::Launches, Key { install_day, index: 0 }, 0);
        let noise = u64::from(draw.between(85, 115));
        let weekend = if is_weekend(install_day) { 125 } else { 100 };
        let parts = u64::from(MILLION);
        let expected =
            u64::from(self.users) * parts * 10 / PLAYED_DAYS_X10 * weekend * noise / 10_000;
        let remainder = expected % parts;
        let one_more = draw.chance(u32::try_from(remainder).unwrap_or(0));
        u32::try_from(expected / parts).unwrap_or(u32::MAX) + u32::from(one_more)
    }

    /// Of those who installed the game on `install_day`: everybody on that day itself (`age` 0), and
    /// who plays on the Japanese date `age` days after it.
    pub(crate) fn visitors(
        &self,
        streams: &Streams,
        install_day: u32,
        age: u32,
    ) -> impl Iterator<Item = Player> {
        // One stream for all of them: most stay away on most days, and opening a stream costs more
        // than all that is drawn from it for one player.
        let key = Key { install_day, index: 0 };
        let mut moods = streams.open(Purpose::Activity, key, age);
        let inclined = move |mood, keenness| mood < returning_parts(install_day, age, keenness);
        (0..self.installs(streams, install_day)).filter_map(move |index| {
            let mood = moods.below(MILLION);
            if age > 0 && !inclined(mood, KEENNESS_MAX) {
                return None;
            }
            let player = self.player(streams, Key { install_day, index });
            (age == 0 || player.opens && inclined(mood, player.keenness)).then_some(player)
        })
    }

    fn player(&self, streams: &Streams, key: Key) -> Player {
        let mut draw = streams.open(Purpose::Traits, key, 0);
        Player {
            key,
            id: format!("u{:05}{:06}", key.install_day, key.index),
            platform: draw.weighted(PLATFORMS),
            country: draw.weighted(COUNTRIES),
            campaign: draw.weighted(CAMPAIGNS),
            spender: draw.weighted(&[
                (Spender::Never, 785),
                (Spender::Seldom, 140),
                (Spender::Often, 60),
                (Spender::Much, 15),
            ]),
            guild: draw.below(self.guilds()),
            skill: draw.below(100),
            keenness: draw.between(KEENNESS_MIN, KEENNESS_MAX),
            opens: draw.chance(MILLION / 100 * 96),
        }
    }
}

/// The part of the players, per million, who play `age` days after the install. Of average players
/// these are 43 % on the next day, 24 % after a week and 9 % after a month, and more at weekends.
fn returning_parts(install_day: u32, age: u32, keenness: u32) -> u32 {
    let weekend = if is_weekend(install_day + age) { 112 } else { 100 };
    MILLION / 2 * 100 / (100 + 15 * age) / 10_000 * keenness * weekend
}

fn is_weekend(day: u32) -> bool {
    // 1970-01-01 was a Thursday.
    matches!((day + 4) % 7, 0 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUNDAY: u32 = 18_140;

    #[test]
    fn the_first_of_september_2019_was_a_sunday() {
        assert!(is_weekend(SUNDAY) && is_weekend(SUNDAY - 1));
        assert!(!is_weekend(SUNDAY + 1) && !is_weekend(SUNDAY - 2));
    }

    #[test]
    fn about_as_many_players_are_active_as_were_asked_for() {
        let streams = Streams::new(1, "title_a");
        let population = Population::new(1_000);

        let active: usize = (0..=LIFETIME_DAYS)
            .map(|age| {
                let visitors = population.visitors(&streams, SUNDAY + 3 - age, age);
                visitors.filter(|player| player.opens).count()
            })
            .sum();

        assert!((700..1_300).contains(&active), "{active}");
    }

    #[test]
    fn a_title_with_few_players_still_gets_installs() {
        let streams = Streams::new(1, "title_a");
        let population = Population::new(1);

        let installs: u32 = (0..365).map(|day| population.installs(&streams, SUNDAY + day)).sum();

        assert!((10..100).contains(&installs), "{installs}");
    }

    #[test]
    fn fewer_players_come_back_with_every_day() {
        let percent = |age| returning_parts(SUNDAY + 2, age, 100) / 10_000;

        assert_eq!([1, 7, 30, 180].map(percent), [43, 24, 9, 1]);
    }
}
