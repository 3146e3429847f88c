//! The log tables and their schemas.

use std::fmt;

use serde::Serialize;

use crate::generate::Battles;

/// A table of the dataset `raw_log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// What players do: several rows per session.
    Access,
    /// Installs and reinstalls.
    Install,
    /// Purchases; a few of them are logged twice.
    Consume,
    /// Battles. The columns are the title's own, see [`Battles`].
    Battle,
}

/// A column, as BigQuery's REST API writes it in a table's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name of the column, the key in a row.
    pub name: &'static str,
    /// BigQuery's type: `STRING`, `INTEGER` or `TIMESTAMP`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `REQUIRED` or `NULLABLE`.
    pub mode: &'static str,
}

/// The column by which each table is partitioned, one partition per UTC day.
pub const PARTITION_COLUMN: &str = "created_at";

const CREATED_AT: Column = required(PARTITION_COLUMN, "TIMESTAMP");
const USER_ID: Column = required("user_id", "STRING");
const PLATFORM: Column = required("platform", "STRING");
const COUNTRY: Column = required("country", "STRING");
const BATTLE_ID: Column = required("battle_id", "STRING");
const RESULT: Column = required("result", "STRING");

const ACCESS: &[Column] = &[
    CREATED_AT,
    USER_ID,
    PLATFORM,
    COUNTRY,
    required("app_version", "STRING"),
    required("event", "STRING"),
];

const INSTALL: &[Column] =
    &[CREATED_AT, USER_ID, PLATFORM, COUNTRY, nullable("campaign", "STRING")];

const CONSUME: &[Column] = &[
    CREATED_AT,
    required("purchase_id", "STRING"),
    USER_ID,
    PLATFORM,
    COUNTRY,
    required("item_id", "STRING"),
    required("item_name", "STRING"),
    required("quantity", "INTEGER"),
    required("amount_jpy", "INTEGER"),
];

const QUEST_BATTLE: &[Column] = &[
    CREATED_AT,
    BATTLE_ID,
    USER_ID,
    required("quest_id", "STRING"),
    required("quest_name", "STRING"),
    required("difficulty", "STRING"),
    RESULT,
    required("turns", "INTEGER"),
    required("seconds", "INTEGER"),
];

const GUILD_BATTLE: &[Column] = &[
    CREATED_AT,
    BATTLE_ID,
    required("mode", "STRING"),
    USER_ID,
    required("guild_id", "STRING"),
    required("opponent_guild_id", "STRING"),
    RESULT,
    nullable("rating_change", "INTEGER"),
];

impl Table {
    /// Every table, in the order in which they are loaded.
    pub const ALL: [Self; 4] = [Self::Access, Self::Install, Self::Consume, Self::Battle];

    /// The table's name in the dataset, and the folder's name under `--out`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Install => "install",
            Self::Consume => "consume",
            Self::Battle => "battle",
        }
    }

    /// The columns, in the order of the keys of each row.
    pub fn schema(self, battles: Battles) -> &'static [Column] {
        match (self, battles) {
            (Self::Access, _) => ACCESS,
            (Self::Install, _) => INSTALL,
            (Self::Consume, _) => CONSUME,
            (Self::Battle, Battles::Quests) => QUEST_BATTLE,
            (Self::Battle, Battles::Guilds) => GUILD_BATTLE,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

const fn required(name: &'static str, kind: &'static str) -> Column {
    Column { name, kind, mode: "REQUIRED" }
}

const fn nullable(name: &'static str, kind: &'static str) -> Column {
    Column { name, kind, mode: "NULLABLE" }
}
