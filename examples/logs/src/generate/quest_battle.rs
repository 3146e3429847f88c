//! `battle` of a title with quests.

use std::io;

use super::{PlayerDay, Rows};
use crate::catalog::{DIFFICULTIES, QUESTS};
use crate::day::timestamp;
use crate::draw::{Draw, Purpose};
use crate::rows::QuestBattle;

/// Days of age that open one more quest.
const DAYS_PER_QUEST: u32 = 3;

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
    let quests = u32::try_from(QUESTS.len()).unwrap_or(1);
    let open = (2 + play.age / DAYS_PER_QUEST).min(quests);
    let place = draw.below(open);
    let level = draw.weighted(&[(0_u32, 60), (1, 28), (2, 12)]);
    // In percent: the first quest is nearly always won, the last one at the highest level seldom.
    let win = (104 + play.player.skill / 4).saturating_sub(place * 2 + level * 22).clamp(8, 98);
    let outcome = draw.below(100);
    let result = if outcome < win {
        "win"
    } else if outcome.is_multiple_of(5) {
        "retire"
    } else {
        "lose"
    };
    let turns = draw.between(3, 6) + place / 3 + level * 2;
    let quest = &QUESTS[place as usize];
    let created_at = timestamp(moment);
    rows.push(
        created_at,
        &QuestBattle {
            created_at,
            battle_id: &play.id('b', number),
            user_id: &play.player.id,
            quest_id: quest.id,
            quest_name: quest.name,
            difficulty: DIFFICULTIES[level as usize],
            result,
            turns,
            seconds: turns * 9 + draw.below(40),
        },
    )
}
