//! What exists in the game: countries, campaigns, items, quests.

/// An item of the shop.
pub(crate) struct Item {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) price_jpy: u32,
}

/// A quest, easiest first.
pub(crate) struct Quest {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) const PLATFORMS: &[(&str, u32)] = &[("ios", 56), ("android", 44)];

pub(crate) const COUNTRIES: &[(&str, u32)] =
    &[("JP", 720), ("TW", 90), ("US", 70), ("KR", 50), ("HK", 40), ("TH", 30)];

/// `None` is an install that no campaign brought.
pub(crate) const CAMPAIGNS: &[(Option<&str>, u32)] = &[
    (None, 46),
    (Some("search_ads"), 18),
    (Some("tv_cm"), 14),
    (Some("friend_invite"), 12),
    (Some("summer_festival"), 10),
];

/// Campaigns that bring players back.
pub(crate) const RETURN_CAMPAIGNS: &[(Option<&str>, u32)] =
    &[(None, 60), (Some("welcome_back"), 40)];

/// Weight of each hour of the Japanese day as the start of a session: commuting, lunch, evening.
pub(crate) const HOURS: &[(u32, u32)] = &[
    (0, 30),
    (1, 18),
    (2, 10),
    (3, 6),
    (4, 5),
    (5, 9),
    (6, 22),
    (7, 46),
    (8, 50),
    (9, 28),
    (10, 26),
    (11, 32),
    (12, 62),
    (13, 40),
    (14, 28),
    (15, 32),
    (16, 36),
    (17, 46),
    (18, 58),
    (19, 66),
    (20, 78),
    (21, 92),
    (22, 84),
    (23, 56),
];

/// What a player does between opening and closing the game.
pub(crate) const EVENTS: &[(&str, u32)] = &[
    ("quest", 38),
    ("home", 24),
    ("gacha", 10),
    ("party_edit", 10),
    ("shop", 7),
    ("present_box", 6),
    ("guild", 5),
];

pub(crate) const ITEMS: &[Item] = &[
    Item { id: "stone_001", name: "Stone x1", price_jpy: 120 },
    Item { id: "stone_006", name: "Stone x6", price_jpy: 610 },
    Item { id: "stone_030", name: "Stone x30", price_jpy: 2_940 },
    Item { id: "stone_100", name: "Stone x100", price_jpy: 9_800 },
    Item { id: "pass_month", name: "Monthly pass", price_jpy: 980 },
    Item { id: "ticket_10", name: "Gacha ticket x10", price_jpy: 1_500 },
    Item { id: "costume", name: "Festival costume", price_jpy: 2_200 },
    Item { id: "starter", name: "Starter set", price_jpy: 480 },
];

/// Which of [`ITEMS`] a player buys, by weight: those who pay little, those who pay often, those
/// who pay much, and everybody in the first days.
pub(crate) const SMALL_CART: &[(usize, u32)] = &[(0, 50), (1, 25), (4, 20), (5, 5)];
pub(crate) const MIDDLE_CART: &[(usize, u32)] = &[(1, 30), (2, 25), (4, 15), (5, 18), (6, 12)];
pub(crate) const LARGE_CART: &[(usize, u32)] = &[(2, 25), (3, 50), (5, 15), (6, 10)];
pub(crate) const STARTER: usize = 7;

pub(crate) const DIFFICULTIES: [&str; 3] = ["normal", "hard", "extreme"];

pub(crate) const QUESTS: &[Quest] = &[
    Quest { id: "q01", name: "The Gate of Paper" },
    Quest { id: "q02", name: "Lantern Street" },
    Quest { id: "q03", name: "The Fox's Ferry" },
    Quest { id: "q04", name: "Rain over the Rice" },
    Quest { id: "q05", name: "The Clockmaker" },
    Quest { id: "q06", name: "Seven Bridges" },
    Quest { id: "q07", name: "The Silent Bell" },
    Quest { id: "q08", name: "Mountain of Ink" },
    Quest { id: "q09", name: "The Drowned Library" },
    Quest { id: "q10", name: "Night Market" },
    Quest { id: "q11", name: "The Iron Carp" },
    Quest { id: "q12", name: "Thirteen Masks" },
    Quest { id: "q13", name: "The Last Calendar" },
    Quest { id: "q14", name: "Snow in August" },
    Quest { id: "q15", name: "The Empty Throne" },
    Quest { id: "q16", name: "Red Moon" },
];
