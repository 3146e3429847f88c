//! A workflow is loaded and compiled; expressions are evaluated.

use std::fmt::Write as _;
use std::hint::black_box;

use anyhow::Context;
use himekuri_template::{Evaluator, Limits, Params, Scope};
use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::tz::TimeZone;

use crate::floors::{self, BareScript};
use crate::measurement::{Figure, Measurement, compare};

/// Lines of the workflow without its includes.
const LINES: usize = 400;
/// Files that it includes.
const INCLUDES: usize = 10;
/// Loads in a round.
const LOADS: u32 = 200;
/// Evaluations in a round.
const EVALUATIONS: u32 = 50_000;

pub(crate) fn measure() -> anyhow::Result<Vec<Measurement>> {
    let mut results = vec![load_and_compile()?];
    let zone = TimeZone::get("Asia/Tokyo").context("the bundled zones have Asia/Tokyo")?;
    let now = "2019-09-02T07:00:00+09:00".parse().context("the time of the scope")?;
    let scope = Scope { now, time_zone: zone.clone() };
    let params: Params = serde_json::from_str(
        r#"{"title": "title_a", "START_DATE": "2019-09-01", "i": 3, "bq": {"dataset": "summary"}}"#,
    )?;
    let mut evaluator = Evaluator::new(Limits::default())?;
    let mut render =
        |text: &str| -> anyhow::Result<String> { Ok(evaluator.render(&scope, text, &params)?) };

    results.push(compare(
        Figure { name: "expression/path", unit: "texts/s", reach: ">= 1,000,000" },
        EVALUATIONS * 10,
        || black_box(render(black_box("${bq.dataset}"))).map(drop),
        || {
            let value = params.get(black_box("bq")).and_then(|bq| bq.get("dataset"));
            black_box(value.and_then(|value| value.as_str()).map(str::to_owned));
            Ok(())
        },
    )?);

    let ternary = BareScript::new("(title => title === 'title_a' ? 'logs_a' : 'logs_b')")?;
    results.push(compare(
        Figure { name: "expression/ternary", unit: "texts/s", reach: "" },
        EVALUATIONS,
        || black_box(render(black_box("${title === 'title_a' ? 'logs_a' : 'logs_b'}"))).map(drop),
        || black_box(ternary.call(black_box("title_a"))).map(drop),
    )?);

    results.push(compare(
        Figure { name: "expression/moment", unit: "texts/s", reach: ">= 66,667" },
        EVALUATIONS,
        || {
            let text = "${moment(START_DATE).add(i, 'days').format('YYYYMMDD')}";
            black_box(render(black_box(text))).map(drop)
        },
        || black_box(floors::date_after(black_box("2019-09-01T00:00:00"), &zone, 3)).map(drop),
    )?);
    Ok(results)
}

fn load_and_compile() -> anyhow::Result<Measurement> {
    let texts = texts();
    let names = std::iter::once("wf.dig".to_owned())
        .chain((0..INCLUDES).map(|index| format!("config/part_{index}.dig")));
    let files: ProjectFiles = names.zip(texts.iter().cloned()).collect();
    compare(
        Figure { name: "language/load_and_compile", unit: "workflows/s", reach: "" },
        LOADS,
        || {
            black_box(compile_workflow(black_box(&files), "wf")?);
            Ok(())
        },
        || {
            black_box(floors::parse_events(black_box(&texts))?);
            Ok(())
        },
    )
}

/// The workflow and the files that it includes.
fn texts() -> Vec<String> {
    let mut workflow = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n_export:\n".to_owned();
    for index in 0..INCLUDES {
        let _ = writeln!(workflow, "  !include : config/part_{index}.dig");
    }
    let mut mart = 0;
    while workflow.lines().count() + 9 <= LINES {
        let _ = write!(
            workflow,
            "+create_mart_{mart}:\n  loop>: ${{moment(END_DATE).diff(START_DATE, 'days') + 1}}\n  \
             _parallel: true\n  _do:\n    _export:\n      \
             DATE: ${{moment(START_DATE).add(i, 'days').format('YYYYMMDD')}}\n    \
             bq>: marts/create_mart_{mart}.sql\n    destination_table: mart_{mart}$${{DATE}}\n    \
             write_disposition: WRITE_TRUNCATE\n",
        );
        mart += 1;
    }
    let part = |index: usize| {
        let mut text = String::new();
        for line in 0..20 {
            let _ = writeln!(text, "variable_{index}_{line}: a value of the title");
        }
        text
    };
    std::iter::once(workflow).chain((0..INCLUDES).map(part)).collect()
}
