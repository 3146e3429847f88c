//! `consume`: purchases. Few players pay, and of those few pay most.

use std::io;

use super::{PlayerDay, Rows};
use crate::catalog::{ITEMS, LARGE_CART, MIDDLE_CART, SMALL_CART, STARTER};
use crate::day::timestamp;
use crate::draw::{Draw, Purpose};
use crate::player::Spender;
use crate::rows::Consume;

/// Purchases that the payment server logs a second time, per million.
const REPEATED_PARTS: u32 = 20_000;

/// The starter set is sold in the first days only.
const STARTER_DAYS: u32 = 3;
const STARTER_PARTS: u32 = 30_000;

pub(super) fn write(play: &PlayerDay<'_>, rows: &mut Rows<'_>) -> io::Result<()> {
    if play.sessions.is_empty() {
        return Ok(());
    }
    let mut draw = play.logs.streams.open(Purpose::Consume, play.player.key, play.age);
    for (number, item) in (0..).zip(cart(&mut draw, play)) {
        write_purchase(play, number, item, &mut draw, rows)?;
    }
    Ok(())
}

/// What the player buys today: places in [`ITEMS`].
fn cart(draw: &mut Draw, play: &PlayerDay<'_>) -> Vec<usize> {
    let (parts, most, choices) = match play.player.spender {
        Spender::Never => (0, 0, SMALL_CART),
        Spender::Seldom => (100_000, 1, SMALL_CART),
        Spender::Often => (300_000, 2, MIDDLE_CART),
        Spender::Much => (550_000, 6, LARGE_CART),
    };
    let mut items = Vec::new();
    if play.age < STARTER_DAYS && draw.chance(STARTER_PARTS) {
        items.push(STARTER);
    }
    if draw.chance(parts) {
        items.extend((0..draw.between(1, most)).map(|_| draw.weighted(choices)));
    }
    items
}

fn write_purchase(
    play: &PlayerDay<'_>,
    number: u32,
    item: usize,
    draw: &mut Draw,
    rows: &mut Rows<'_>,
) -> io::Result<()> {
    let player = play.player;
    let item = &ITEMS[item];
    let purchase_id = play.id('p', number);
    let session =
        &play.sessions[draw.below(u32::try_from(play.sessions.len()).unwrap_or(1)) as usize];
    let moment = session.some_moment(draw) + i64::from(draw.between(22_000, 40_000));
    let quantity = draw.weighted(&[(1, 90), (2, 7), (3, 3)]);
    let repeated = draw.chance(REPEATED_PARTS).then(|| moment + 1_500);
    for moment in [Some(moment), repeated].into_iter().flatten() {
        let created_at = timestamp(moment);
        rows.push(
            created_at,
            &Consume {
                created_at,
                purchase_id: &purchase_id,
                user_id: &player.id,
                platform: player.platform,
                country: player.country,
                item_id: item.id,
                item_name: item.name,
                quantity,
                amount_jpy: quantity * item.price_jpy,
            },
        )?;
    }
    Ok(())
}
