//! Whether the destinations of a plan can be written, asked of BigQuery once for each table: what would fail at three in the
//! morning is said before.

mod judge;

use std::collections::{BTreeMap, BTreeSet};

use himekuri_protocol::{DdlOperation, JobSpec, TableReference, Work};

use crate::cost::{Asker, Planned};
use crate::failure::SaidAlready;
use crate::output;
use judge::{Problem, Write, judge};

/// Says what is wrong with the destinations of a plan.
///
/// # Errors
/// [`SaidAlready`]: a write cannot work.
pub(crate) async fn check(plan: &[Planned], asker: &Asker) -> anyhow::Result<()> {
    let made = made(plan);
    let mut is_fatal = false;
    for (write, task) in writes(plan) {
        let table = write.table;
        // A `bq_ddl>` of the plan makes it first.
        let dataset = (table.project.clone(), table.dataset.clone());
        if made.contains(&(dataset.clone(), None))
            || made.contains(&(dataset, Some(table.table.clone())))
        {
            continue;
        }
        // What cannot be seen is no problem of the plan; the job itself may have the right.
        let Some(found) = asker.destination(write.table).await else { continue };
        for problem in judge(&write, &found) {
            let (word, Problem { message, cure, fatal }) = match problem.fatal {
                true => ("error", problem),
                false => ("warning", problem),
            };
            is_fatal |= fatal;
            output::aside(format!("{word}: {message} (task `{task}`)\n  help: {cure}"));
        }
    }
    match is_fatal {
        true => Err(SaidAlready.into()),
        false => Ok(()),
    }
}

/// A dataset, and a table of it or all of them.
type Made = ((Option<String>, String), Option<String>);

/// What the plan's own `bq_ddl>` tasks make.
fn made(plan: &[Planned]) -> BTreeSet<Made> {
    let works = plan.iter().filter_map(|planned| Some(&planned.task.prepared.as_ref()?.work));
    let operations = works.flat_map(|work| match work {
        Work::BqDdl(ddl) => ddl.operations.as_slice(),
        Work::Bq(_)
        | Work::BqLoad(_)
        | Work::BqExtract(_)
        | Work::BqWait(_)
        | Work::GcsWait(_)
        | Work::Echo { .. }
        | Work::HttpCall(_) => &[],
    });
    let made = operations.filter_map(|operation| match operation {
        DdlOperation::CreateDataset { dataset, .. }
        | DdlOperation::EmptyDataset { dataset, .. } => {
            Some(((dataset.project.clone(), dataset.dataset.clone()), None))
        }
        DdlOperation::CreateTable { table, .. } | DdlOperation::EmptyTable { table, .. } => {
            let dataset = (table.project.clone(), table.dataset.clone());
            Some((dataset, Some(table.table.clone())))
        }
        DdlOperation::DeleteDataset { .. } | DdlOperation::DeleteTable { .. } => None,
    });
    made.collect()
}

/// One write for each table, and kind of write, with the first task that does it.
fn writes(plan: &[Planned]) -> impl Iterator<Item = (Write<'_>, &str)> {
    let mut writes: BTreeMap<_, (Write<'_>, &str)> = BTreeMap::new();
    for planned in plan {
        let prepared = planned.task.prepared.as_ref();
        let Some(job) = prepared.and_then(|prepared| prepared.work.job()) else { continue };
        let Some(write) = write(job) else { continue };
        let whole = TableReference { partition: None, ..write.table.clone() };
        let digits = write.table.partition.as_ref().map(String::len);
        let key = (whole.to_string(), digits, write.location, write.creates, write.truncates);
        writes.entry(key).or_insert((write, &planned.task.name));
    }
    writes.into_values()
}

fn write(job: JobSpec<'_>) -> Option<Write<'_>> {
    let settings = match job {
        JobSpec::Query(job) => &job.settings,
        JobSpec::Load(job) => &job.settings,
        JobSpec::Extract(_) => return None,
    };
    let word = |field: &str| match job {
        JobSpec::Query(job) => match field {
            "createDisposition" => serde_json::to_value(job.create_disposition).ok(),
            _ => serde_json::to_value(job.write_disposition).ok(),
        },
        JobSpec::Load(_) | JobSpec::Extract(_) => settings.get(field).cloned(),
    };
    Some(Write {
        table: job.destination()?,
        location: job.reference().location.as_deref(),
        creates: word("createDisposition").is_none_or(|word| word != "CREATE_NEVER"),
        partitions: settings.contains_key("timePartitioning")
            || settings.contains_key("rangePartitioning"),
        truncates: word("writeDisposition").is_some_and(|word| word == "WRITE_TRUNCATE"),
    })
}
