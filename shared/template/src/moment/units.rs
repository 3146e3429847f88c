//! Units of time and moment's many names for them.

/// A unit that moment can get, set, add or compare by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    IsoWeek,
    /// A day as a distance, or the day of the week as a getter.
    Day,
    /// The day of the month.
    Date,
    DayOfYear,
    Weekday,
    IsoWeekday,
    WeekYear,
    IsoWeekYear,
    Hour,
    Minute,
    Second,
    Millisecond,
}

/// The unit of a name: `days`, `day`, `d`, `Days`; the short names tell cases apart (`M` and `m`).
/// Source: moment 2.21.0, `units/aliases.js`.
pub(crate) fn unit(name: &str) -> Option<Unit> {
    let exact = match name {
        "y" => Some(Unit::Year),
        "Q" => Some(Unit::Quarter),
        "M" => Some(Unit::Month),
        "w" => Some(Unit::Week),
        "W" => Some(Unit::IsoWeek),
        "d" | "day" | "days" => Some(Unit::Day),
        "D" => Some(Unit::Date),
        "DDD" => Some(Unit::DayOfYear),
        "e" => Some(Unit::Weekday),
        "E" => Some(Unit::IsoWeekday),
        "gg" => Some(Unit::WeekYear),
        "GG" => Some(Unit::IsoWeekYear),
        "h" => Some(Unit::Hour),
        "m" => Some(Unit::Minute),
        "s" => Some(Unit::Second),
        "ms" => Some(Unit::Millisecond),
        _ => None,
    };
    exact.or_else(|| unit_in_lower_case(&name.to_lowercase()))
}

fn unit_in_lower_case(name: &str) -> Option<Unit> {
    Some(match name {
        "y" | "year" | "years" => Unit::Year,
        "quarter" | "quarters" => Unit::Quarter,
        "month" | "months" => Unit::Month,
        "w" | "week" | "weeks" => Unit::Week,
        "isoweek" | "isoweeks" => Unit::IsoWeek,
        "d" | "day" | "days" => Unit::Day,
        "date" | "dates" => Unit::Date,
        "dayofyear" | "dayofyears" => Unit::DayOfYear,
        "e" | "weekday" | "weekdays" => Unit::Weekday,
        "isoweekday" | "isoweekdays" => Unit::IsoWeekday,
        "gg" | "weekyear" | "weekyears" => Unit::WeekYear,
        "isoweekyear" | "isoweekyears" => Unit::IsoWeekYear,
        "h" | "hour" | "hours" => Unit::Hour,
        "m" | "minute" | "minutes" => Unit::Minute,
        "s" | "second" | "seconds" => Unit::Second,
        "ms" | "millisecond" | "milliseconds" => Unit::Millisecond,
        _ => return None,
    })
}

/// A length of time as moment adds it: months and days keep the wall clock, milliseconds are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Span {
    pub(crate) months: f64,
    pub(crate) days: f64,
    pub(crate) milliseconds: f64,
}

impl Span {
    /// Adds `amount` of a unit; units that are not lengths (a weekday, the day of the month) add nothing.
    pub(crate) fn plus(mut self, amount: f64, unit: Unit) -> Self {
        match unit {
            Unit::Year => self.months += amount * 12.0,
            Unit::Quarter => self.months += amount * 3.0,
            Unit::Month => self.months += amount,
            Unit::Week => self.days += amount * 7.0,
            Unit::Day => self.days += amount,
            Unit::Hour => self.milliseconds += amount * 1_000.0 * 60.0 * 60.0,
            Unit::Minute => self.milliseconds += amount * 60_000.0,
            Unit::Second => self.milliseconds += amount * 1_000.0,
            Unit::Millisecond => self.milliseconds += amount,
            Unit::IsoWeek | Unit::Date | Unit::DayOfYear | Unit::Weekday => {}
            Unit::IsoWeekday | Unit::WeekYear | Unit::IsoWeekYear => {}
        }
        self
    }
}

impl Unit {
    /// moment's full name: what `moment.normalizeUnits` answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unit::Year => "year",
            Unit::Quarter => "quarter",
            Unit::Month => "month",
            Unit::Week => "week",
            Unit::IsoWeek => "isoWeek",
            Unit::Day => "day",
            Unit::Date => "date",
            Unit::DayOfYear => "dayOfYear",
            Unit::Weekday => "weekday",
            Unit::IsoWeekday => "isoWeekday",
            Unit::WeekYear => "weekYear",
            Unit::IsoWeekYear => "isoWeekYear",
            Unit::Hour => "hour",
            Unit::Minute => "minute",
            Unit::Second => "second",
            Unit::Millisecond => "millisecond",
        }
    }

    /// The order in which `set({...})` applies units. Source: moment 2.21.0, `units/priorities.js` and its users.
    pub(crate) fn priority(self) -> u8 {
        match self {
            Unit::Year | Unit::WeekYear | Unit::IsoWeekYear => 1,
            Unit::DayOfYear => 4,
            Unit::Week | Unit::IsoWeek => 5,
            Unit::Quarter => 7,
            Unit::Month => 8,
            Unit::Date => 9,
            Unit::Day | Unit::Weekday | Unit::IsoWeekday => 11,
            Unit::Hour => 13,
            Unit::Minute => 14,
            Unit::Second => 15,
            Unit::Millisecond => 16,
        }
    }
}
