//! moment's English names.

/// The months, January first.
pub(crate) const MONTHS: [&str; 12] = [
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
];

/// The days of the week, Sunday first.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `1st`, `2nd`, `3rd`, `11th`.
pub(crate) fn ordinal(number: i64) -> String {
    let suffix = match (number % 100 / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// The month (0 to 11) whose full or short name `text` starts with, in any case.
pub(crate) fn month_index(text: &str) -> Option<usize> {
    MONTHS.iter().position(|name| starts_with(text, &name[..3]))
}

/// The day of the week (0 is Sunday) whose full, short or two-letter name `text` starts with, in any case.
pub(crate) fn weekday_index(text: &str) -> Option<usize> {
    WEEKDAYS.iter().position(|name| starts_with(text, &name[..2]))
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
