//! The rows under `examples/expected` belong to the logs that the generator makes.
//!
//! Active players and revenue are computed again here, without SQL.

use std::collections::{BTreeMap, HashSet};
use std::{fs, io};

use himekuri_example_logs::{Battles, Day, Logs, Table, Title};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

const SEED: u64 = 6;
const USERS: u32 = 300;
const DATE: &str = "2019-09-01";
const TITLES: [(&str, Battles); 2] = [("title_a", Battles::Quests), ("title_b", Battles::Guilds)];

#[test]
fn expected_active_users_are_those_of_the_logs() {
    for (title, battles) in TITLES {
        let mut users = BTreeMap::<_, HashSet<String>>::new();
        let mut events = BTreeMap::<_, u64>::new();
        for row in logs_of_the_date(title, battles, Table::Access).unwrap() {
            let group = (text(&row, "platform"), text(&row, "country"));
            users.entry(group.clone()).or_default().insert(text(&row, "user_id"));
            *events.entry(group).or_default() += 1;
        }

        let expected = expected(title, "access").unwrap();

        assert_eq!(expected.len(), users.len(), "{title}");
        for row in expected {
            let group = (text(&row, "platform"), text(&row, "country"));
            assert_eq!(row["active_users"], users[&group].len(), "{title} {group:?}");
            assert_eq!(row["events"], events[&group], "{title} {group:?}");
        }
    }
}

#[test]
fn expected_revenue_counts_each_purchase_once() {
    for (title, battles) in TITLES {
        let rows = logs_of_the_date(title, battles, Table::Consume).unwrap();
        let mut purchases = HashSet::new();
        let mut revenue = BTreeMap::<_, i64>::new();
        for row in &rows {
            if purchases.insert(text(row, "purchase_id")) {
                let group = (text(row, "platform"), text(row, "country"), text(row, "item_id"));
                *revenue.entry(group).or_default() += row["amount_jpy"].as_i64().unwrap();
            }
        }
        assert!(purchases.len() < rows.len(), "{title}: a purchase must be logged twice");

        let expected = expected(title, "consume").unwrap();

        assert_eq!(expected.len(), revenue.len(), "{title}");
        for row in expected {
            let group = (text(&row, "platform"), text(&row, "country"), text(&row, "item_id"));
            assert_eq!(row["revenue_jpy"], revenue[&group], "{title} {group:?}");
        }
    }
}

fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

/// The rows of the two UTC days around the date that lie in it by Japan's clock.
fn logs_of_the_date(title: &str, battles: Battles, table: Table) -> io::Result<Vec<Value>> {
    let logs = Logs::new(SEED, Title { name: title.to_owned(), battles }, USERS);
    let date: Day = DATE.parse().map_err(io::Error::other)?;
    let mut lines = Vec::new();
    for day in Day::utc_days_of_japan(date, date).map_err(io::Error::other)? {
        logs.write_day(table, day, &mut lines)?;
    }
    let mut rows = parse(&lines)?;
    rows.retain(|row| japan_date(row).is_some_and(|date| date == DATE));
    Ok(rows)
}

fn japan_date(row: &Value) -> Option<String> {
    let moment: Timestamp = row["created_at"].as_str()?.parse().ok()?;
    Some(moment.to_zoned(TimeZone::fixed(jiff::tz::offset(9))).date().to_string())
}

fn expected(title: &str, mart: &str) -> io::Result<Vec<Value>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../expected");
    parse(&fs::read(format!("{root}/{title}/{mart}/{DATE}.ndjson"))?)
}

fn parse(lines: &[u8]) -> io::Result<Vec<Value>> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).map_err(io::Error::from)).collect()
}
