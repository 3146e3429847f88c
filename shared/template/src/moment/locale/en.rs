//! English, the language moment starts with. Source: moment 2.21.0, `locale/en.js` and the base configuration.

use super::{Calendar, Locale, Relative};

pub(super) static LOCALE: Locale = Locale {
    id: "en",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    months_short: [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    weekdays: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    weekdays_short: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
    weekdays_min: ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"],
    long_formats: [
        ("LTS", "h:mm:ss A"),
        ("LT", "h:mm A"),
        ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
        ("LLL", "MMMM D, YYYY h:mm A"),
        ("LL", "MMMM D, YYYY"),
        ("L", "MM/DD/YYYY"),
        ("llll", "ddd, MMM D, YYYY h:mm A"),
        ("lll", "MMM D, YYYY h:mm A"),
        ("ll", "MMM D, YYYY"),
        ("l", "M/D/YYYY"),
    ],
    calendar: Calendar {
        same_day: "[Today at] LT",
        next_day: "[Tomorrow at] LT",
        next_week: "dddd [at] LT",
        last_day: "[Yesterday at] LT",
        last_week: "[Last] dddd [at] LT",
        same_else: "L",
    },
    relative: Relative {
        future: "in %s",
        past: "%s ago",
        words: [
            ["a few seconds", "%d seconds"],
            ["a minute", "%d minutes"],
            ["an hour", "%d hours"],
            ["a day", "%d days"],
            ["a month", "%d months"],
            ["a year", "%d years"],
        ],
    },
    meridiems: [["AM", "am"], ["PM", "pm"]],
    meridiem_length,
    is_afternoon: |text| text.starts_with(['p', 'P']),
    ordinal,
    ordinal_suffixes: &["th", "st", "nd", "rd"],
};

/// `a`, `PM`, `p.m.`
fn meridiem_length(text: &str) -> Option<usize> {
    let mut length = text.starts_with(['a', 'p', 'A', 'P']).then_some(1)?;
    for optional in [&['.', '.'], &['m', 'M'], &['.', '.']] {
        length += usize::from(text[length..].starts_with(*optional));
    }
    Some(length)
}

/// `1st`, `2nd`, `3rd`, `11th`.
fn ordinal(number: i64, _: &str) -> String {
    let suffix = match (number % 100 / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}
