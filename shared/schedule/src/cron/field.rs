//! One field of a pattern.
//!
//! cron4j splits at separators and drops what is empty between them, so `-5`, `5-` and `/5` are `5`.
//! A range that ends before it begins wraps, and a step counts along the wrapped range: `22-2/2` is
//! 22, 0 and 2. `7` is Sunday and is read as `0` before ranges are: `1-7` is every day, `0-7` is Sunday
//! alone. A range that begins with `L` has no last day in it: `L-3` is 1, 2 and 3.

use himekuri_workflow::did_you_mean;

use super::Set;

/// Stands for the last day of a month among the days of a month.
pub(crate) const LAST_DAY: u32 = 32;

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronProblem {
    /// Not five fields.
    #[error(
        "it has {found} fields, but needs 5: minute, hour, day of month, month, day of week, \
         such as `30 4 * * mon-fri`"
    )]
    FieldCount {
        /// How many there are.
        found: usize,
    },
    /// A value that the field does not have.
    #[error("{field} `{value}` is none of {allowed}{}", hint(*.similar))]
    Value {
        /// Name of the field.
        field: &'static str,
        /// The value.
        value: String,
        /// What may be written.
        allowed: &'static str,
        /// The nearest name.
        similar: Option<&'static str>,
    },
    /// Separators that make no sense.
    #[error("{field} `{element}` must be `*`, a value, a range `a-b`, or one of them with `/step`")]
    Form {
        /// Name of the field.
        field: &'static str,
        /// What was found.
        element: String,
    },
    /// A step that is no number above 0.
    #[error("the step of {field} `{element}` must be a number from 1 on")]
    Step {
        /// Name of the field.
        field: &'static str,
        /// What was found.
        element: String,
    },
    /// No year has such a date.
    #[error("`{pattern}` matches no date of any year")]
    NoDate {
        /// The part between two `|`.
        pattern: String,
    },
}

fn hint(similar: Option<&str>) -> String {
    similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Days of the week, as the first part of `weekly>` names them: one day or a range.
pub(crate) fn weekdays(text: &str) -> Result<Set, CronProblem> {
    Field::DayOfWeek.parse(text)
}

/// A field, in the order of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

impl Field {
    pub(super) fn parse(self, text: &str) -> Result<Set, CronProblem> {
        let mut set = Set::default();
        for element in text.split(',').filter(|element| !element.is_empty()) {
            set = Set(set.0 | self.element(element)?.0);
        }
        if set == Set::default() { Err(self.form(text)) } else { Ok(set) }
    }

    fn element(self, element: &str) -> Result<Set, CronProblem> {
        let parts: Vec<_> = element.split('/').filter(|part| !part.is_empty()).collect();
        let (range, step) = match parts.as_slice() {
            [range] => (range, 1),
            [range, step] => {
                let step = step.parse::<i32>().ok().and_then(|step| usize::try_from(step).ok());
                let step = step.filter(|step| *step > 0);
                (range, step.ok_or_else(|| self.bad_step(element))?)
            }
            _ => return Err(self.form(element)),
        };
        let values = self.range(range)?;
        Ok(Set::of(values.into_iter().step_by(step)))
    }

    fn range(self, range: &str) -> Result<Vec<u32>, CronProblem> {
        let (min, max) = self.bounds();
        if range == "*" {
            return Ok((min..=max).collect());
        }
        let ends: Vec<_> = range.split('-').filter(|end| !end.is_empty()).collect();
        match ends.as_slice() {
            [only] => Ok(vec![self.value(only)?]),
            [from, to] => {
                let (from, to) = (self.value(from)?, self.value(to)?);
                if from <= to {
                    Ok((from..=to).collect())
                } else {
                    Ok((from..=max).chain(min..=to).collect())
                }
            }
            _ => Err(self.form(range)),
        }
    }

    fn value(self, text: &str) -> Result<u32, CronProblem> {
        let (min, max) = self.bounds();
        let number = text.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok());
        if let Some(number) = number.filter(|number| (min..=max).contains(number)) {
            return Ok(if self == Self::DayOfWeek { number % 7 } else { number });
        }
        if self == Self::DayOfMonth && text.eq_ignore_ascii_case("l") {
            return Ok(LAST_DAY);
        }
        let named = (min..).zip(self.names()).find(|(_, name)| text.eq_ignore_ascii_case(name));
        named.map(|(number, _)| number).ok_or_else(|| self.bad_value(text))
    }

    const fn bounds(self) -> (u32, u32) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 7),
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => MONTHS,
            Self::DayOfWeek => WEEKDAYS,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        }
    }

    fn bad_value(self, value: &str) -> CronProblem {
        let allowed = match self {
            Self::Minute => "0 to 59 or `*`",
            Self::Hour => "0 to 23 or `*`",
            Self::DayOfMonth => "1 to 31, `L` (the last day) or `*`",
            Self::Month => "1 to 12, `jan` to `dec` or `*`",
            Self::DayOfWeek => "0 to 7, `sun` to `sat` or `*`",
        };
        CronProblem::Value {
            field: self.title(),
            value: value.to_owned(),
            allowed,
            similar: self.similar(value),
        }
    }

    /// `sunday` is meant as `sun`, `mno` as `mon`.
    fn similar(self, value: &str) -> Option<&'static str> {
        let lower = value.to_ascii_lowercase();
        let names = self.names();
        let longer = names.iter().copied().find(|name| lower.starts_with(name));
        longer.or_else(|| did_you_mean(value, names.iter().copied()))
    }

    fn form(self, element: &str) -> CronProblem {
        CronProblem::Form { field: self.title(), element: element.to_owned() }
    }

    fn bad_step(self, element: &str) -> CronProblem {
        CronProblem::Step { field: self.title(), element: element.to_owned() }
    }
}
