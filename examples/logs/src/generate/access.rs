//! `access`: what players do.

use std::io;

use super::{PlayerDay, Rows};
use crate::catalog::EVENTS;
use crate::day::timestamp;
use crate::draw::Purpose;
use crate::rows::Access;

/// Days from one version of the app to the next.
const RELEASE_DAYS: u32 = 28;

/// From the install to the first event, in milliseconds.
pub(super) const FIRST_START_MS: i64 = 20_000;

pub(super) fn write(play: &PlayerDay<'_>, rows: &mut Rows<'_>) -> io::Result<()> {
    let player = play.player;
    let mut draw = play.logs.streams.open(Purpose::Access, player.key, play.age);
    // Some players update a release late.
    let release =
        (player.key.install_day + play.age) / RELEASE_DAYS - u32::from(draw.chance(200_000));
    let app_version = format!("{}.{}.0", release / 100, release % 100);
    for session in play.sessions {
        for (position, moment) in session.moments.iter().enumerate() {
            let event = if position == 0 { "app_open" } else { draw.weighted(EVENTS) };
            let created_at = timestamp(moment + FIRST_START_MS);
            rows.push(
                created_at,
                &Access {
                    created_at,
                    user_id: &player.id,
                    platform: player.platform,
                    country: player.country,
                    app_version: &app_version,
                    event,
                },
            )?;
        }
    }
    Ok(())
}
