//! What moment says in a language. The data are plain; `en` and `ja` are the languages there are.

mod en;
mod ja;

/// The language of a moment. Two locales are the same if their `id`s are.
#[derive(Debug)]
pub(crate) struct Locale {
    /// `en`, `ja`: what `locale()` answers.
    pub(crate) id: &'static str,
    /// January first.
    pub(crate) months: [&'static str; 12],
    pub(crate) months_short: [&'static str; 12],
    /// Sunday first.
    pub(crate) weekdays: [&'static str; 7],
    pub(crate) weekdays_short: [&'static str; 7],
    pub(crate) weekdays_min: [&'static str; 7],
    /// `LTS`, `LT`, `LLLL`, … with what they stand for; a token stands before its own beginnings.
    pub(crate) long_formats: [(&'static str, &'static str); 10],
    pub(crate) calendar: Calendar,
    pub(crate) relative: Relative,
    /// Before noon and after: large letters, then small ones.
    pub(crate) meridiems: [[&'static str; 2]; 2],
    pub(crate) meridiem_length: fn(&str) -> Option<usize>,
    pub(crate) is_afternoon: fn(&str) -> bool,
    /// A number as the token with an `o` behind it prints it (`D` for `Do`).
    pub(crate) ordinal: fn(i64, &str) -> String,
    /// What may stand behind the number of a `Do`.
    pub(crate) ordinal_suffixes: &'static [&'static str],
}

/// The formats of `calendar()`.
#[derive(Debug)]
pub(crate) struct Calendar {
    pub(crate) same_day: &'static str,
    pub(crate) next_day: &'static str,
    pub(crate) next_week: &'static str,
    pub(crate) last_day: &'static str,
    pub(crate) last_week: &'static str,
    pub(crate) same_else: &'static str,
}

/// The words of `humanize()` and `fromNow()`; `%d` is the number, `%s` the words.
#[derive(Debug)]
pub(crate) struct Relative {
    pub(crate) future: &'static str,
    pub(crate) past: &'static str,
    /// One and several of: second, minute, hour, day, month, year. One second is "some seconds".
    pub(crate) words: [[&'static str; 2]; 6],
}

/// The language that moment starts with.
pub(crate) static EN: &Locale = &en::LOCALE;
/// All languages, in the order of `moment.locales()`.
pub(crate) static ALL: [&Locale; 2] = [&en::LOCALE, &ja::LOCALE];

/// The language that one of `names` means: `ja`, `ja-JP`, `JA_jp`. `None` if all are unknown.
pub(crate) fn find(names: &[String]) -> Option<&'static Locale> {
    names.iter().find_map(|name| {
        let name = name.to_lowercase().replacen('_', "-", 1);
        let language = name.split('-').next().unwrap_or_default().to_owned();
        ALL.into_iter().find(|locale| locale.id == language)
    })
}

impl Locale {
    /// The name of the part of the day.
    pub(crate) fn meridiem(&self, hour: i64, small: bool) -> &'static str {
        self.meridiems[usize::from(hour > 11)][usize::from(small)]
    }

    /// The month (0 to 11) that `text` starts with. A `strict` text is the whole name, of the length the token says.
    pub(crate) fn month_index(&self, text: &str, token: &str, strict: bool) -> Option<usize> {
        let is_full = token == "MMMM";
        (0..12).find(|index| match (strict, is_full) {
            (true, true) => is_same(text, self.months[*index]),
            (true, false) => is_same(text, self.months_short[*index]),
            (false, _) => {
                starts_with(text, self.months[*index])
                    || starts_with(text, self.months_short[*index])
            }
        })
    }

    /// The day of the week (0 is Sunday) that `text` starts with; `strict` as for months.
    pub(crate) fn weekday_index(&self, text: &str, token: &str, strict: bool) -> Option<usize> {
        let lists = [self.weekdays, self.weekdays_short, self.weekdays_min];
        let list = match token {
            "dddd" => 0,
            "ddd" => 1,
            _ => 2,
        };
        (0..7).find(|index| match strict {
            true => is_same(text, lists[list][*index]),
            false => lists.iter().any(|names| starts_with(text, names[*index])),
        })
    }

    /// The format of a token such as `LT` or `ll`.
    pub(crate) fn long_format(&self, token: &str) -> Option<&'static str> {
        self.long_formats.iter().find(|(name, _)| *name == token).map(|(_, format)| *format)
    }
}

fn is_same(text: &str, name: &str) -> bool {
    text.len() == name.len() && starts_with(text, name)
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
