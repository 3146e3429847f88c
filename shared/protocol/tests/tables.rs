//! Table and dataset names as `.dig` files write them.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use himekuri_protocol::{DatasetReference, TableError, TableReference};

fn parse(text: &str, default: Option<&str>) -> Result<String, TableError> {
    let default = default.map(|name| DatasetReference::parse(name).unwrap());
    TableReference::parse(text, default.as_ref()).map(|table| table.to_string())
}

#[test]
fn every_form_of_a_table_name_is_read() {
    let cases = [
        ("access", Some("summary"), "summary.access"),
        ("access", Some("title-a:summary"), "title-a.summary.access"),
        ("other.access", Some("summary"), "other.access"),
        ("other.access", Some("title-a:summary"), "title-a.other.access"),
        ("summary.access", None, "summary.access"),
        ("title-a:summary.access", None, "title-a.summary.access"),
        ("title-a.summary.access", None, "title-a.summary.access"),
        ("title-b:summary.access", Some("title-a:other"), "title-b.summary.access"),
        ("example.com:title-a.summary.access", None, "example.com:title-a.summary.access"),
        ("example.com:title-a:summary.access", None, "example.com:title-a.summary.access"),
        ("access_2019-09", Some("summary"), "summary.access_2019-09"),
        ("アクセス", Some("summary"), "summary.アクセス"),
    ];

    for (text, default, expected) in cases {
        assert_eq!(parse(text, default).as_deref(), Ok(expected), "{text} in {default:?}");
    }
}

#[test]
fn a_decorator_is_a_year_month_day_or_hour() {
    for decorator in ["2019", "201909", "20190901", "2019090112"] {
        let text = format!("title-a:summary.access${decorator}");

        let table = TableReference::parse(&text, None).unwrap();

        assert_eq!(table.partition.as_deref(), Some(decorator));
        assert_eq!(table.table, "access");
        assert_eq!(table.table_id(), format!("access${decorator}"));
        assert_eq!(table.to_string(), format!("title-a.summary.access${decorator}"));
    }
}

#[test]
fn other_decorators_are_refused_with_an_example() {
    for decorator in [
        "",
        "1",
        "19",
        "20190",
        "2019090",
        "201909011",
        "20190901123",
        "2019-09-01",
        "２０１９",
        "a$2019",
        "${DATE}",
    ] {
        let text = format!("summary.access${decorator}");

        let refused = parse(&text, None).unwrap_err();

        assert_eq!(
            refused.to_string(),
            format!(
                "partition decorator `${decorator}` of `{text}` is not 4, 6, 8 or 10 digits, such as `$20190901`"
            )
        );
    }
}

#[test]
fn a_table_without_any_dataset_is_refused_with_the_cure() {
    let refused = parse("access$20190901", None).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "table `access$20190901` has no dataset; write `dataset.access$20190901` or add `dataset:` to the task"
    );
}

#[test]
fn parts_that_bigquery_refuses_are_named() {
    let cases = [
        ("summary.", "`` is not a BigQuery table name"),
        (".access", "`` is not a BigQuery dataset name"),
        ("title-a:.access", "`` is not a BigQuery dataset name"),
        (":summary.access", "`` is not a BigQuery project name"),
        ("my-set.access", "`my-set` is not a BigQuery dataset name"),
        ("title a:summary.access", "`title a` is not a BigQuery project name"),
        ("summary.acc/ess", "`acc/ess` is not a BigQuery table name"),
        ("summary.access;", "`access;` is not a BigQuery table name"),
        ("", "`` is not a BigQuery table name"),
    ];

    for (text, expected) in cases {
        let refused = parse(text, Some("summary")).map_err(|error| error.to_string());

        assert_eq!(refused, Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn a_table_name_has_at_most_1024_bytes() {
    assert!(parse(&format!("summary.{}", "a".repeat(1024)), None).is_ok());
    assert!(parse(&format!("summary.{}", "a".repeat(1025)), None).is_err());
}

#[test]
fn every_form_of_a_dataset_name_is_read() {
    let cases = [
        ("summary", None, "summary"),
        ("title-a:summary", Some("title-a"), "summary"),
        ("title-a.summary", Some("title-a"), "summary"),
        ("example.com:title-a:summary", Some("example.com:title-a"), "summary"),
    ];

    for (text, project, dataset) in cases {
        let read = DatasetReference::parse(text).unwrap();

        assert_eq!((read.project.as_deref(), read.dataset.as_str()), (project, dataset), "{text}");
    }
}

#[test]
fn a_dataset_name_with_other_characters_is_refused() {
    for text in ["", "my-set", "a b", "title-a:", "データ"] {
        assert!(DatasetReference::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_project_is_filled_in_only_where_none_is_written() {
    let named = TableReference::parse("title-a:summary.access", None).unwrap();
    let unnamed = TableReference::parse("summary.access", None).unwrap();

    assert_eq!(named.in_project("title-b").to_string(), "title-a.summary.access");
    assert_eq!(unnamed.in_project("title-b").to_string(), "title-b.summary.access");
}

#[test]
fn tables_meet_that_have_rows_in_common() {
    let meets = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|text| TableReference::parse(text, None).unwrap());
        assert_eq!(one.meets(&other), other.meets(&one));
        one.meets(&other)
    };

    assert!(meets("d.t$20190901", "d.t$20190901"));
    assert!(meets("d.t$20190901", "d.t"));
    assert!(meets("d.t$20190901", "d.t$2019"));
    assert!(!meets("d.t$20190901", "d.t$20190902"));
    assert!(!meets("d.t$20190901", "d.other$20190901"));
    assert!(!meets("p:d.t", "q:d.t"));
}
