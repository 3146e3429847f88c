//! Queries without their dates: a mart's query of one date has the shape of its query of another.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::{Captures, Regex};

/// `2019-09-01` and `20190901`, not inside a word: a date in a table's name makes another query.
static DATES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b([12][0-9]{3})(-?)([01][0-9])(-?)([0-3][0-9])(T|\b)").ok());

/// The query with each date replaced by its distance, in days, from the first one. Two queries of one shape differ in
/// when, not in how long: what they ask for is the same but for the dates.
#[must_use]
pub fn shape(query: &str) -> String {
    let Some(dates) = DATES.as_ref() else { return query.to_owned() };
    let mut first = None;
    let replaced = dates.replace_all(query, |found: &Captures<'_>| {
        let text = found[0].to_owned();
        let Some(date) = date_of(found) else { return text };
        let origin = *first.get_or_insert(date);
        let days = (date - origin).get_days();
        format!("<date{days:+}{}>{}", &found[2], &found[6])
    });
    replaced.into_owned()
}

fn date_of(found: &Captures<'_>) -> Option<Date> {
    if found[2] != found[4] {
        return None;
    }
    Date::new(found[1].parse().ok()?, found[3].parse().ok()?, found[5].parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_that_differ_in_their_dates_alone_have_one_shape() {
        let query = |date: &str, compact: &str, next: &str| {
            format!("SELECT '{date}', {compact} FROM t$${compact} WHERE d < '{next}T00:00:00Z'")
        };

        let september = shape(&query("2019-09-01", "20190901", "2019-09-02"));
        let leap_day = shape(&query("2020-02-28", "20200228", "2020-02-29"));
        assert_eq!(september, leap_day);
        assert!(!september.contains("2019"), "{september}");
    }

    #[test]
    fn how_long_a_query_looks_back_is_part_of_its_shape() {
        let query = |from: &str, to: &str| format!("d BETWEEN '{from}' AND '{to}'");

        let february = shape(&query("2019-02-01", "2019-02-28"));
        let march = shape(&query("2019-03-01", "2019-03-31"));
        assert_ne!(february, march);
        assert_eq!(march, shape(&query("2019-05-01", "2019-05-31")));
    }

    #[test]
    fn what_is_no_date_stays() {
        for query in ["12345678", "2019-13-01", "2019-0901", "events_20190901", "120190901", "1.5"]
        {
            assert_eq!(shape(query), query);
        }
    }
}
