//! What the pool told a day ago: what it tells now, at other times. Alerts that compare with the day before have something to compare
//! with then.

use std::fmt::Write;

use himekuri_integration_tests::Series;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Ages of the first and the last sample: within the six hours that are compared with those until now, on either side of a full hour.
const AGES: [SignedDuration; 2] = [SignedDuration::from_hours(28), SignedDuration::from_hours(26)];

/// Age of a moment in the day of a mart that was fresh then (less than 54 hours old), and is stale now.
const STALE: SignedDuration = SignedDuration::from_hours(55);

/// The day of a mart that is stale now.
pub(crate) fn stale_day(now: Timestamp) -> Date {
    (now - STALE).to_zoned(TimeZone::UTC).date()
}

/// These series in OpenMetrics' text format, with a sample for each minute of the past.
pub(crate) fn samples(series: &[Series], now: Timestamp) -> String {
    let [first, last] = AGES.map(|age| (now - age).as_second());
    let mut text = String::new();
    for one in series {
        let name = one.labels["__name__"].as_str().unwrap();
        let labels = one.labels.iter().filter(|(label, _)| *label != "__name__");
        let labels: Vec<String> = labels.map(|(label, value)| format!("{label}={value}")).collect();
        for second in (first..=last).step_by(60) {
            writeln!(text, "{name}{{{}}} {} {second}", labels.join(","), one.value).unwrap();
        }
    }
    text + "# EOF\n"
}

#[test]
fn each_series_has_a_sample_for_each_minute_of_two_hours() {
    let labels = [("__name__", "cost_total"), ("mart", "a.b")];
    let labels = labels.map(|(label, value)| (label.to_owned(), value.into())).into_iter();
    let series = Series { labels: labels.collect(), value: 1.5 };
    let now = "2019-09-03T04:00:00Z".parse().unwrap();

    let text = samples(&[series], now);

    assert_eq!(text.lines().count(), 2 * 60 + 1 + 1);
    let first: Timestamp = "2019-09-02T00:00:00Z".parse().unwrap();
    let line = format!("cost_total{{mart=\"a.b\"}} 1.5 {}", first.as_second());
    assert_eq!(text.lines().next(), Some(line.as_str()));
    assert_eq!(stale_day(now), "2019-08-31".parse().unwrap());
}
