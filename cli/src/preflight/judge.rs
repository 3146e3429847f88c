//! What is wrong with a write, from what is known of its table. Pure.

use himekuri_bigquery::{Destination, Partitions};
use himekuri_protocol::TableReference;

/// A write of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write<'a> {
    /// Table or partition.
    pub(super) table: &'a TableReference,
    /// Where the job says that it runs.
    pub(super) location: Option<&'a str>,
    /// Whether a missing table is made.
    pub(super) creates: bool,
    /// Whether the job says how a new table is partitioned.
    pub(super) partitions: bool,
    /// Whether what is there is replaced.
    pub(super) truncates: bool,
}

/// What is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) cure: String,
    /// Whether the write cannot work.
    pub(super) fatal: bool,
}

/// All that is wrong.
pub(super) fn judge(write: &Write<'_>, found: &Destination) -> Vec<Problem> {
    let whole = TableReference { partition: None, ..write.table.clone() };
    match found {
        Destination::NoDataset => vec![fatal(
            format!("the dataset of `{whole}` does not exist"),
            "create it, or correct its name; `bq_ddl>` with `create_datasets` makes one",
        )],
        Destination::NoTable { location } => elsewhere(write, location.as_deref())
            .into_iter()
            .chain(missing(write, &whole))
            .collect(),
        Destination::Table { location, partitions } => elsewhere(write, location.as_deref())
            .into_iter()
            .chain(partition(write, &whole, partitions.as_ref()))
            .collect(),
    }
}

fn missing(write: &Write<'_>, whole: &TableReference) -> Option<Problem> {
    if !write.creates {
        return Some(fatal(
            format!("`{whole}` does not exist, and `create_disposition` is CREATE_NEVER"),
            "create the table, or let the job create it with CREATE_IF_NEEDED",
        ));
    }
    (write.table.partition.is_some() && !write.partitions).then(|| Problem {
        message: format!(
            "`{whole}` does not exist, and the job does not say how it is partitioned"
        ),
        cure: "create the table, or write `time_partitioning: DAY`".to_owned(),
        fatal: false,
    })
}

/// A job runs where its destination is, or not at all (BigQuery "Dataset locations").
fn elsewhere(write: &Write<'_>, location: Option<&str>) -> Option<Problem> {
    let (said, is) = (write.location?, location?);
    (!said.eq_ignore_ascii_case(is)).then(|| {
        fatal(
            format!("`{}` is in {is}, but the job runs in {said}", write.table),
            &format!("write `location: {is}`, or leave `location` out"),
        )
    })
}

/// BigQuery "Partition decorators": so many digits for a unit.
fn digits(unit: &str) -> usize {
    match unit {
        "HOUR" => 10,
        "MONTH" => 6,
        "YEAR" => 4,
        _ => 8,
    }
}

fn partition(
    write: &Write<'_>,
    whole: &TableReference,
    partitions: Option<&Partitions>,
) -> Option<Problem> {
    match (&write.table.partition, partitions) {
        (None, None) => None,
        (Some(decorator), None) => Some(fatal(
            format!("`{whole}` is not partitioned, so `${decorator}` cannot be written"),
            "create the table anew with `PARTITION BY`, or write to the table without `$`",
        )),
        (Some(decorator), Some(Partitions::Time { unit, .. }))
            if decorator.len() != digits(unit) =>
        {
            Some(fatal(
                format!(
                    "`{whole}` has one partition a {}, and `${decorator}` is none",
                    unit.to_lowercase()
                ),
                &format!("write {} digits behind the `$`", digits(unit)),
            ))
        }
        (None, Some(_)) if write.truncates => Some(Problem {
            message: format!("WRITE_TRUNCATE without `$` replaces all partitions of `{whole}`"),
            cure:
                "write `$` and the date behind the table, such as `access$${session_date_compact}`"
                    .to_owned(),
            fatal: false,
        }),
        (None | Some(_), Some(_)) => None,
    }
}

fn fatal(message: String, cure: &str) -> Problem {
    Problem { message, cure: cure.to_owned(), fatal: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(table: &TableReference) -> Write<'_> {
        Write { table, location: None, creates: true, partitions: true, truncates: true }
    }

    fn by_time(unit: &str) -> Destination {
        let partitions = Some(Partitions::Time { unit: unit.to_owned(), field: None });
        Destination::Table { location: Some("US".to_owned()), partitions }
    }

    fn whole() -> Destination {
        Destination::Table { location: Some("US".to_owned()), partitions: None }
    }

    fn said(problems: &[Problem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.message.as_str()).collect()
    }

    #[test]
    fn a_decorator_has_as_many_digits_as_the_partitions_of_its_table_ask_for() {
        let cases = [
            ("d.t$2019090113", "HOUR"),
            ("d.t$20190901", "DAY"),
            ("d.t$201909", "MONTH"),
            ("d.t$2019", "YEAR"),
        ];
        for (name, unit) in cases {
            let table = TableReference::parse(name, None).expect(name);
            for (_, other) in cases {
                let problems = judge(&write(&table), &by_time(other));

                assert_eq!(problems.is_empty(), unit == other, "{name} {other}: {problems:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_written_is_said() {
        let day = TableReference::parse("d.t$20190901", None).expect("a partition");
        let table = TableReference::parse("d.t", None).expect("a table");
        let gone = Destination::NoTable { location: Some("asia-northeast1".to_owned()) };

        let cases = [
            (write(&day), Destination::NoDataset, "the dataset of `d.t` does not exist"),
            (write(&day), whole(), "`d.t` is not partitioned, so `$20190901` cannot be written"),
            (
                Write { creates: false, ..write(&day) },
                gone.clone(),
                "`d.t` does not exist, and `create_disposition` is CREATE_NEVER",
            ),
            (
                Write { location: Some("US"), ..write(&day) },
                gone,
                "`d.t$20190901` is in asia-northeast1, but the job runs in US",
            ),
            (
                Write { partitions: false, ..write(&day) },
                Destination::NoTable { location: None },
                "`d.t` does not exist, and the job does not say how it is partitioned",
            ),
            (
                write(&table),
                by_time("DAY"),
                "WRITE_TRUNCATE without `$` replaces all partitions of `d.t`",
            ),
        ];
        for (write, found, message) in cases {
            assert_eq!(said(&judge(&write, &found)), [message]);
        }
    }

    #[test]
    fn what_works_is_not_spoken_of() {
        let day = TableReference::parse("d.t$20190901", None).expect("a partition");
        let table = TableReference::parse("d.t", None).expect("a table");
        let gone = Destination::NoTable { location: Some("US".to_owned()) };

        let cases = [
            (Write { location: Some("us"), ..write(&day) }, by_time("DAY")),
            (write(&day), gone),
            (write(&table), whole()),
            (Write { truncates: false, ..write(&table) }, by_time("DAY")),
        ];
        for (write, found) in cases {
            assert_eq!(judge(&write, &found), []);
        }
    }
}
