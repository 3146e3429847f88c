//! The rows of the log tables. The order of the fields is the order of the schema's columns.

use jiff::Timestamp;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Access<'a> {
    pub(crate) created_at: Timestamp,
    pub(crate) user_id: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) country: &'a str,
    pub(crate) app_version: &'a str,
    pub(crate) event: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Install<'a> {
    pub(crate) created_at: Timestamp,
    pub(crate) user_id: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) country: &'a str,
    pub(crate) campaign: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct Consume<'a> {
    pub(crate) created_at: Timestamp,
    pub(crate) purchase_id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) country: &'a str,
    pub(crate) item_id: &'a str,
    pub(crate) item_name: &'a str,
    pub(crate) quantity: u32,
    pub(crate) amount_jpy: u32,
}

#[derive(Serialize)]
pub(crate) struct QuestBattle<'a> {
    pub(crate) created_at: Timestamp,
    pub(crate) battle_id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) quest_id: &'a str,
    pub(crate) quest_name: &'a str,
    pub(crate) difficulty: &'a str,
    pub(crate) result: &'a str,
    pub(crate) turns: u32,
    pub(crate) seconds: u32,
}

#[derive(Serialize)]
pub(crate) struct GuildBattle<'a> {
    pub(crate) created_at: Timestamp,
    pub(crate) battle_id: &'a str,
    pub(crate) mode: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) guild_id: &'a str,
    pub(crate) opponent_guild_id: &'a str,
    pub(crate) result: &'a str,
    pub(crate) rating_change: Option<i32>,
}
