//! `install`: first installs, and those who install again.

use std::io;

use super::{PlayerDay, Rows};
use crate::catalog::RETURN_CAMPAIGNS;
use crate::day::timestamp;
use crate::draw::Purpose;
use crate::rows::Install;
use crate::session::{Session, moment_of_day};

/// Days after which an active player may have deleted the app and come back, and how many do, per
/// million days of play.
const REINSTALL_AGE: u32 = 14;
const REINSTALL_PARTS: u32 = 10_000;

pub(super) fn write(play: &PlayerDay<'_>, rows: &mut Rows<'_>) -> io::Result<()> {
    let player = play.player;
    let mut draw = play.logs.streams.open(Purpose::Install, player.key, play.age);
    let start = play.sessions.first().map(Session::start);
    let (moment, campaign) = match start {
        Some(start) if play.age == 0 => (start, player.campaign),
        None if play.age == 0 => (moment_of_day(&mut draw, player, play.age), player.campaign),
        Some(start) if play.age >= REINSTALL_AGE && draw.chance(REINSTALL_PARTS) => {
            (start, draw.weighted(RETURN_CAMPAIGNS))
        }
        Some(_) | None => return Ok(()),
    };
    let created_at = timestamp(moment);
    rows.push(
        created_at,
        &Install {
            created_at,
            user_id: &player.id,
            platform: player.platform,
            country: player.country,
            campaign,
        },
    )
}
