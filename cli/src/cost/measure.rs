//! From a plan to what each of its tasks costs.

use std::collections::BTreeSet;

use himekuri_bigquery::{DryRun, position_in};
use himekuri_cost::{Bytes, Price, Usd};
use himekuri_protocol::{CreateDisposition, QueryJob, TableReference, TaskError, Work};
use indicatif::ProgressBar;
use serde::Serialize;

use super::asker::{Answer, Asker};
use super::collect::Planned;
use super::groups::{Group, groups, same_for_all};
use super::report::progress_bar;

/// What a task costs.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Cost {
    /// It runs no query.
    None,
    /// As BigQuery's dry run says.
    Known(Estimate),
    /// BigQuery would not run the query.
    Refused(Refusal),
    /// Nobody can know yet.
    Unknown {
        /// Such as a query that reads a table which the plan itself makes.
        why: String,
    },
}

/// What a query reads and costs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Estimate {
    #[serde(rename = "bytes")]
    pub(crate) read: Bytes,
    #[serde(rename = "billed_bytes")]
    pub(crate) billed: Bytes,
    pub(crate) usd: Usd,
    /// Whether other queries of its shape were asked about, and not this one.
    pub(crate) inferred: bool,
    /// Whether it reads what the plan writes: by then there may be more.
    pub(crate) reads_own: bool,
    /// Whether BigQuery knows the bytes from below only.
    pub(crate) may_be_more: bool,
}

/// Why BigQuery would not run a query.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Line and column of the rendered SQL, from 1.
    pub(crate) position: Option<(u32, u32)>,
    /// Number of the shape: tasks with the same one have the same mistake.
    #[serde(skip)]
    pub(crate) group: usize,
}

/// A plan that was measured.
pub(crate) struct Measured {
    /// One for each task.
    pub(crate) costs: Vec<Cost>,
    /// Dry runs that were made.
    pub(crate) dry_runs: usize,
}

/// Which queries are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Samples first, and the others only where those differ.
    Samples,
    /// Each.
    All,
}

/// Place of a query: its group, and its place in there.
type Place = (usize, usize);

/// # Errors
/// No clear answer from BigQuery.
pub(crate) async fn measure(
    asker: &Asker,
    price: Price,
    extent: Extent,
    plan: &[Planned],
) -> anyhow::Result<Measured> {
    let mut groups = groups(plan)?;
    let bar = progress_bar();
    let mut dry_runs = 0;
    if extent == Extent::Samples {
        let samples = open(&groups, |group| group.samples());
        dry_runs += ask(asker, &mut groups, samples, &bar).await?;
        for group in &mut groups {
            group.same = same_for_all(group);
        }
    }
    let others = open(&groups, |group| group.others());
    dry_runs += ask(asker, &mut groups, others, &bar).await?;
    bar.finish_and_clear();
    Ok(Measured { costs: costs(&groups, price, plan), dry_runs })
}

/// The queries of all groups that `choose` names.
fn open(groups: &[Group<'_>], choose: fn(&Group<'_>) -> Vec<usize>) -> Vec<Place> {
    let places = groups.iter().enumerate();
    places
        .flat_map(|(place, group)| choose(group).into_iter().map(move |query| (place, query)))
        .collect()
}

/// Asks about queries, and takes the answers down.
async fn ask(
    asker: &Asker,
    groups: &mut [Group<'_>],
    places: Vec<Place>,
    bar: &ProgressBar,
) -> anyhow::Result<usize> {
    let asked = places.len();
    bar.inc_length(u64::try_from(asked)?);
    let questions = places.into_iter().filter_map(|(group, query)| {
        let job = groups.get(group)?.queries.get(query)?.job;
        Some(((group, query), job))
    });
    for ((group, query), answer) in asker.ask(questions.collect(), bar).await? {
        if let Some(query) = groups.get_mut(group).and_then(|group| group.queries.get_mut(query)) {
            query.answer = Some(answer);
        }
    }
    Ok(asked)
}

fn costs(groups: &[Group<'_>], price: Price, plan: &[Planned]) -> Vec<Cost> {
    let made: BTreeSet<String> =
        plan.iter().filter_map(Planned::mart).map(|mart| mart.to_string()).collect();
    let mut costs: Vec<Cost> = plan.iter().map(without_query).collect();
    for (place, group) in groups.iter().enumerate() {
        for query in &group.queries {
            let Some(answer) = query.answer.as_ref().or(group.same.as_ref()) else { continue };
            let cost = match answer {
                Answer::Reads(reads) => {
                    Cost::Known(estimate(reads, price, query.answer.is_none(), &made))
                }
                Answer::Refused(error) => refused(error, query.job, place, &made),
            };
            for task in &query.tasks {
                if let Some(slot) = costs.get_mut(*task) {
                    *slot = cost.clone();
                }
            }
        }
    }
    costs
}

/// What a task costs that runs no query.
fn without_query(planned: &Planned) -> Cost {
    match planned.task.prepared.as_ref().map(|prepared| &prepared.work) {
        Some(Work::HttpCall(_)) => {
            Cost::Unknown { why: "what it fetches is known when it runs".to_owned() }
        }
        // Loads, extracts and changes of tables are free (BigQuery "Pricing").
        Some(
            Work::Bq(_)
            | Work::BqLoad(_)
            | Work::BqExtract(_)
            | Work::BqDdl(_)
            | Work::BqWait(_)
            | Work::GcsWait(_)
            | Work::Echo { .. },
        )
        | None => Cost::None,
    }
}

fn estimate(reads: &DryRun, price: Price, inferred: bool, made: &BTreeSet<String>) -> Estimate {
    let read = Bytes(reads.bytes);
    let billed = Price::billed(read, reads.tables.as_ref().map(Vec::len));
    let mut tables = reads.tables.iter().flatten();
    Estimate {
        read,
        billed,
        usd: price.of(billed),
        inferred,
        reads_own: tables.any(|table| made.contains(&table.to_string())),
        may_be_more: reads.may_be_more,
    }
}

fn refused(error: &TaskError, job: &QueryJob, group: usize, made: &BTreeSet<String>) -> Cost {
    if let Some(table) = missing_yet(error, job, made) {
        return Cost::Unknown { why: format!("reads `{table}`, which the plan makes") };
    }
    Cost::Refused(Refusal {
        reason: error.reason.clone(),
        message: error.message.clone(),
        position: position_in(&error.message),
        group,
    })
}

/// The table that is missing, if an earlier task of the plan makes it.
fn missing_yet(error: &TaskError, job: &QueryJob, made: &BTreeSet<String>) -> Option<String> {
    if error.reason != "notFound" {
        return None;
    }
    // BigQuery writes `project:dataset.table`.
    let words = error.message.replace(':', ".");
    let own = job.destination.clone().map(|table| TableReference { partition: None, ..table });
    let own = own.map(|table| table.to_string());
    let waits = job.create_disposition == Some(CreateDisposition::CreateNever);
    let names = |table: &&String| {
        let behind = words.split_once(table.as_str()).map(|(_, behind)| behind);
        let is_whole =
            |behind: &str| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        behind.is_some_and(is_whole) && !(waits && own.as_ref() == Some(*table))
    };
    made.iter().find(names).cloned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use himekuri_protocol::JobReference;

    use super::*;

    fn job(create_disposition: Option<CreateDisposition>) -> QueryJob {
        let reference = JobReference { project: None, location: None, job_id: String::new() };
        let mut job: QueryJob = serde_json::from_value(serde_json::json!({
            "job": reference, "fingerprint": "", "query": "", "use_legacy_sql": false,
            "labels": BTreeMap::<String, String>::new(),
        }))
        .unwrap();
        job.destination = TableReference::parse("a.summary.access", None).ok();
        job.create_disposition = create_disposition;
        job
    }

    #[test]
    fn a_table_that_the_plan_makes_may_be_missing_and_no_other() {
        let made: BTreeSet<String> =
            ["a.summary.access", "a.summary.battle"].map(str::to_owned).into();
        let missing = |table: &str, job: &QueryJob| {
            let message = format!("Not found: Table {table} was not found in location US");
            let error = TaskError { reason: "notFound".to_owned(), message, job: None };
            missing_yet(&error, job, &made)
        };

        assert_eq!(missing("a:summary.battle", &job(None)).as_deref(), Some("a.summary.battle"));
        assert_eq!(missing("a:summary.battle_log", &job(None)), None);
        assert_eq!(missing("a:raw_log.access", &job(None)), None);
        let never = Some(CreateDisposition::CreateNever);
        assert_eq!(missing("a:summary.access", &job(never)), None);
    }
}
