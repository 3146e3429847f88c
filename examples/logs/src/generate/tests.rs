use std::collections::HashSet;

use serde_json::Value;

use super::*;

const BATTLES: [Battles; 2] = [Battles::Quests, Battles::Guilds];

fn logs(seed: u64, title: &str, battles: Battles) -> Logs {
    Logs::new(seed, Title { name: title.to_owned(), battles }, 60)
}

fn title_a() -> Logs {
    logs(1, "title_a", Battles::Quests)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn bytes(logs: &Logs, table: Table, day: Day) -> Vec<u8> {
    let mut out = Vec::new();
    logs.write_day(table, day, &mut out).unwrap();
    out
}

fn rows(logs: &Logs, table: Table, day: Day) -> Vec<Value> {
    let text = String::from_utf8(bytes(logs, table, day)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for table in Table::ALL {
        let first = bytes(&title_a(), table, day("2019-09-01"));

        assert!(!first.is_empty(), "{table}");
        assert!(first == bytes(&title_a(), table, day("2019-09-01")), "{table}");
    }
}

#[test]
fn another_seed_title_or_date_gives_other_bytes() {
    let origin = bytes(&title_a(), Table::Access, day("2019-09-01"));

    assert!(
        origin != bytes(&logs(2, "title_a", Battles::Quests), Table::Access, day("2019-09-01"))
    );
    assert!(
        origin != bytes(&logs(1, "title_b", Battles::Quests), Table::Access, day("2019-09-01"))
    );
    assert!(origin != bytes(&title_a(), Table::Access, day("2019-09-02")));
}

#[test]
fn a_day_is_the_same_whatever_was_made_before_it() {
    let logs = title_a();
    for table in [Table::Consume, Table::Access] {
        for date in ["2019-08-30", "2019-09-02", "2019-08-31"] {
            bytes(&logs, table, day(date));
        }
    }

    let after_others = bytes(&logs, Table::Access, day("2019-09-01"));

    assert!(after_others == bytes(&title_a(), Table::Access, day("2019-09-01")));
}

#[test]
fn generated_bytes_do_not_change_between_versions() {
    let first = bytes(&title_a(), Table::Install, day("2019-09-01"));

    let line = String::from_utf8(first).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(
        line,
        r#"{"created_at":"2019-09-01T09:27:56.142Z","user_id":"u18140000000","platform":"ios","country":"JP","campaign":null}"#
    );
}

#[test]
fn every_row_fits_the_schema_of_its_table() {
    for battles in BATTLES {
        let logs = logs(1, "title_x", battles);
        for table in Table::ALL {
            for row in rows(&logs, table, day("2019-09-01")) {
                assert_fits(&row, table, battles);
            }
        }
    }
}

fn assert_fits(row: &Value, table: Table, battles: Battles) {
    let schema = table.schema(battles);
    let keys: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
    let names: Vec<_> = schema.iter().map(|column| column.name).collect();
    assert_eq!(keys, names, "{table}");
    for column in schema {
        let value = &row[column.name];
        let fits = match column.kind {
            "TIMESTAMP" => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
            "STRING" => value.as_str().is_some_and(|text| !text.is_empty()),
            "INTEGER" => value.is_i64(),
            other => panic!("unknown type {other}"),
        };
        assert!(fits || (value.is_null() && column.mode == "NULLABLE"), "{table}: {row}");
    }
}

#[test]
fn every_nullable_column_has_values_and_nulls() {
    for (table, column) in [(Table::Install, "campaign"), (Table::Battle, "rating_change")] {
        let rows = rows(&logs(1, "title_b", Battles::Guilds), table, day("2019-09-01"));

        assert!(rows.iter().any(|row| row[column].is_null()), "{column}");
        assert!(rows.iter().any(|row| !row[column].is_null()), "{column}");
    }
}

#[test]
fn rows_lie_in_the_utc_day_and_reach_over_all_of_it() {
    let rows = rows(&title_a(), Table::Access, day("2019-09-01"));

    let moments: Vec<_> = rows.iter().map(|row| row["created_at"].as_str().unwrap()).collect();
    assert!(moments.iter().all(|moment| moment.starts_with("2019-09-01T")));
    let hours: HashSet<_> = moments.iter().map(|moment| &moment[11..13]).collect();
    assert!(hours.len() >= 20, "{hours:?}");
}

#[test]
fn neighbouring_days_share_no_row_and_lose_none() {
    let count = |table| {
        let logs = title_a();
        let days = ["2019-08-31", "2019-09-01", "2019-09-02"];
        let lines = days.map(|date| bytes(&logs, table, day(date)));
        let all: Vec<_> = lines.iter().flat_map(|lines| lines.split(|b| *b == b'\n')).collect();
        let different: HashSet<_> = all.iter().filter(|line| !line.is_empty()).collect();
        (all.iter().filter(|line| !line.is_empty()).count(), different.len())
    };

    for table in [Table::Install, Table::Consume, Table::Battle] {
        let (all, different) = count(table);
        assert_eq!(all, different, "{table}");
    }
}

#[test]
fn some_purchases_are_logged_twice_with_one_id() {
    let logs = Logs::new(1, Title { name: "title_a".to_owned(), battles: Battles::Quests }, 1_500);
    let days = ["2019-09-01", "2019-09-02", "2019-09-03"];
    let rows: Vec<_> =
        days.iter().flat_map(|date| rows(&logs, Table::Consume, day(date))).collect();

    let ids: HashSet<_> = rows.iter().map(|row| row["purchase_id"].as_str().unwrap()).collect();

    assert!(ids.len() < rows.len(), "{} rows", rows.len());
    assert!(rows.len() - ids.len() < rows.len() / 10);
}

#[test]
fn new_players_install_before_they_play() {
    let logs = title_a();
    let date = day("2019-09-01");
    let moment = |row: &Value| row["created_at"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let installs = rows(&logs, Table::Install, date);
    let accesses = rows(&logs, Table::Access, date);

    let new_players: Vec<_> = installs
        .iter()
        .filter(|row| row["user_id"].as_str().unwrap().starts_with("u18140"))
        .filter(|row| moment(row) < "2019-09-01T12:00:00Z".parse().unwrap())
        .collect();

    assert!(!new_players.is_empty());
    for install in new_players {
        let plays = accesses.iter().filter(|row| row["user_id"] == install["user_id"]);
        assert!(plays.map(moment).all(|play| play > moment(install)), "{install}");
    }
}
