//! Which queries are asked about: as few as the truth allows.
//!
//! Queries that differ in their dates alone form a group ([`himekuri_cost::shape`]). Some of each are asked about. When all
//! read as much of the same tables, the date does not matter, and the others read as much; else every query is asked about,
//! as where each date has a partition of its own. A mistake that all samples have is the others' too.

use std::collections::BTreeMap;

use himekuri_bigquery::DryRun;
use himekuri_cost::{Sampled, all_agree, samples, shape};
use himekuri_protocol::QueryJob;

use super::asker::Answer;
use super::collect::Planned;

/// Queries of one shape.
#[derive(Default)]
pub(super) struct Group<'a> {
    pub(super) queries: Vec<Query<'a>>,
    /// What holds for those that nobody asks about.
    pub(super) same: Option<Answer>,
}

/// A query, and the tasks that run it.
pub(super) struct Query<'a> {
    pub(super) job: &'a QueryJob,
    pub(super) tasks: Vec<usize>,
    pub(super) answer: Option<Answer>,
}

impl Group<'_> {
    /// Places of those that are asked about first.
    pub(super) fn samples(&self) -> Vec<usize> {
        samples(self.queries.len())
    }

    /// Places of those that have to be asked about after that.
    pub(super) fn others(&self) -> Vec<usize> {
        let is_open = |query: &Query<'_>| query.answer.is_none() && self.same.is_none();
        let queries = self.queries.iter().enumerate();
        queries.filter(|(_, query)| is_open(query)).map(|(place, _)| place).collect()
    }
}

/// The groups of a plan, in its order.
///
/// # Errors
/// A defect: a job that cannot be written as JSON.
pub(super) fn groups(plan: &[Planned]) -> anyhow::Result<Vec<Group<'_>>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut by_shape = BTreeMap::new();
    let mut by_query = BTreeMap::new();
    for (task, planned) in plan.iter().enumerate() {
        let Some(job) = planned.query() else { continue };
        let query = asked(job, job.query.clone())?;
        if let Some((group, place)) = by_query.get(&query).copied() {
            let group: Option<&mut Group<'_>> = groups.get_mut(group);
            let known: Option<&mut Query<'_>> =
                group.and_then(|group| group.queries.get_mut(place));
            if let Some(known) = known {
                known.tasks.push(task);
            }
            continue;
        }
        let place = *by_shape.entry(asked(job, shape(&job.query))?).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group::default());
        }
        if let Some(group) = groups.get_mut(place) {
            by_query.insert(query, (place, group.queries.len()));
            group.queries.push(Query { job, tasks: vec![task], answer: None });
        }
    }
    Ok(groups)
}

/// All of a job that its dry run depends on, with `query` for its SQL.
fn asked(job: &QueryJob, query: String) -> anyhow::Result<String> {
    let mut asked = QueryJob { query, ..job.clone() };
    asked.job.job_id.clear();
    asked.fingerprint.clear();
    asked.labels.clear();
    if let Some(table) = &mut asked.destination {
        // Into which partition it writes does not matter.
        table.partition = table.partition.as_ref().map(|_| String::new());
    }
    Ok(serde_json::to_string(&asked)?)
}

/// The answer that holds for all queries of a group, if those about its samples agree.
pub(super) fn same_for_all(group: &Group<'_>) -> Option<Answer> {
    let answers: Vec<&Answer> =
        group.queries.iter().filter_map(|query| query.answer.as_ref()).collect();
    if answers.len() == group.queries.len() {
        return None;
    }
    let reads: Option<Vec<Sampled<String>>> =
        answers.iter().map(|answer| sampled(answer)).collect();
    let agree = match reads {
        Some(reads) => all_agree(&reads),
        None => same_mistake(&answers),
    };
    answers.first().filter(|_| agree).map(|answer| (*answer).clone())
}

fn sampled(answer: &Answer) -> Option<Sampled<String>> {
    match answer {
        Answer::Reads(DryRun { bytes, tables, .. }) => {
            let names = tables.as_ref().map(|tables| {
                let mut names: Vec<String> = tables.iter().map(ToString::to_string).collect();
                names.sort();
                names
            });
            Some(Sampled { bytes: *bytes, tables: names })
        }
        Answer::Refused(_) => None,
    }
}

fn same_mistake(answers: &[&Answer]) -> bool {
    let mistakes: Option<Vec<(&str, String)>> = answers
        .iter()
        .map(|answer| match answer {
            Answer::Refused(error) => Some((error.reason.as_str(), shape(&error.message))),
            Answer::Reads(_) => None,
        })
        .collect();
    mistakes.is_some_and(|mistakes| mistakes.windows(2).all(|pair| pair[0] == pair[1]))
}
