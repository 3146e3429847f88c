//! `battle` of a title with guilds: guild wars, and duels of players in the arena.

use std::io;

use super::{PlayerDay, Rows};
use crate::day::timestamp;
use crate::draw::{Draw, Key, Purpose};
use crate::rows::GuildBattle;

pub(super) fn write(play: &PlayerDay<'_>, rows: &mut Rows<'_>) -> io::Result<()> {
    let mut draw = play.logs.streams.open(Purpose::Battle, play.player.key, play.age);
    let mut number = 0;
    for session in play.sessions {
        for _ in 0..draw.between(0, 3) {
            let moment = session.some_moment(&mut draw) + i64::from(draw.between(25_000, 60_000));
            write_battle(play, number, moment, &mut draw, rows)?;
            number += 1;
        }
    }
    Ok(())
}

fn write_battle(
    play: &PlayerDay<'_>,
    number: u32,
    moment: i64,
    draw: &mut Draw,
    rows: &mut Rows<'_>,
) -> io::Result<()> {
    let player = play.player;
    let guilds = play.logs.population.guilds();
    // Any guild but one's own.
    let opponent = (player.guild + 1 + draw.below(guilds - 1)) % guilds;
    let war = draw.chance(450_000);
    // In percent: even guilds and an average player win every other battle.
    let edge = 50 + strength(play, player.guild) + player.skill * 3 / 10;
    let win = edge.saturating_sub(strength(play, opponent) + 15).clamp(5, 95);
    let outcome = draw.below(100);
    let result = if outcome < win {
        "win"
    } else if war && outcome.is_multiple_of(8) {
        // Only a war ends when the time is up.
        "draw"
    } else {
        "lose"
    };
    let change = i32::try_from(draw.between(8, 24)).unwrap_or(8);
    let rating_change = (!war).then_some(if result == "win" { change } else { -change });
    let created_at = timestamp(moment);
    rows.push(
        created_at,
        &GuildBattle {
            created_at,
            battle_id: &play.id('b', number),
            mode: if war { "guild_war" } else { "arena" },
            user_id: &player.id,
            guild_id: &guild_id(player.guild),
            opponent_guild_id: &guild_id(opponent),
            result,
            rating_change,
        },
    )
}

/// 0 to 25: the percent by which a guild wins more often than the weakest.
fn strength(play: &PlayerDay<'_>, guild: u32) -> u32 {
    let key = Key { install_day: 0, index: guild };
    play.logs.streams.open(Purpose::Guild, key, 0).below(26)
}

fn guild_id(guild: u32) -> String {
    format!("g{guild:04}")
}
