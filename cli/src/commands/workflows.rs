//! `himekuri workflows`.

use himekuri_coordinator::{ProjectRecord, ScheduleView};
use jiff::Timestamp;
use serde::Serialize;

use crate::arguments::ListArguments;
use crate::commands::projects::known;
use crate::{output, times};

/// List the workflows of all projects, or of one, with the next run of those that have a schedule.
///
/// Examples:
///   himekuri workflows
///   himekuri workflows title_a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Only workflows of this project.
    project: Option<String>,
    #[command(flatten)]
    list: ListArguments,
}

/// A workflow in the list.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Workflow {
    project: String,
    workflow: String,
    /// Of the files that were pushed last.
    revision: String,
    /// None without a schedule, and for a schedule that has ended.
    next_session_time: Option<Timestamp>,
    next_run_time: Option<Timestamp>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = arguments.list.client();
    let projects = client.projects().await?;
    known(&projects, arguments.project.as_deref(), None)?;
    let schedules = client.schedules().await?;
    let wanted = projects
        .into_iter()
        .filter(|project| arguments.project.as_ref().is_none_or(|name| *name == project.name));
    let workflows: Vec<Workflow> =
        wanted.flat_map(|project| workflows(&project, &schedules)).collect();
    if arguments.list.json {
        return workflows.iter().try_for_each(output::json_line);
    }
    let zone = times::machine_zone();
    let rows = workflows.into_iter().map(|workflow| {
        let next = workflow.next_run_time.map(|time| times::clock(time, &zone));
        [workflow.project, workflow.workflow, next.unwrap_or_default()]
    });
    output::table(["PROJECT", "WORKFLOW", "NEXT RUN"], rows);
    Ok(())
}

fn workflows(project: &ProjectRecord, schedules: &[ScheduleView]) -> Vec<Workflow> {
    let all = project.workflows.iter().map(|name| {
        let key = format!("{}/{name}", project.name);
        let schedule = schedules.iter().find(|schedule| schedule.schedule == key);
        Workflow {
            project: project.name.clone(),
            workflow: name.clone(),
            revision: project.revision.clone(),
            next_session_time: schedule.and_then(|schedule| schedule.next_session_time),
            next_run_time: schedule.and_then(|schedule| schedule.next_run_time),
        }
    });
    all.collect()
}
