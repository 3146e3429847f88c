//! A plan that costs more than somebody allowed is not sent.

use super::arguments::CostArguments;
use super::totals::Totals;
use crate::failure::OverLimit;
use crate::output::{counted, grouped};

/// Marts that are named where a limit is exceeded.
const NAMED: usize = 3;

/// # Errors
/// [`OverLimit`]: the plan costs more, or what it costs cannot be known.
pub(crate) fn check(arguments: &CostArguments, totals: &Totals) -> anyhow::Result<()> {
    if !arguments.has_limit() {
        return Ok(());
    }
    if let Some(why) = &totals.why_unknown {
        let others = match totals.unknown {
            0 | 1 => String::new(),
            count => format!(", and {} more", counted(count - 1, "task")),
        };
        return Err(OverLimit(format!(
            "what the plan costs is not known, so no limit can be kept: {why}{others}; nothing was sent\n  to measure it, \
             create missing tables first (`bq mk --table`), or run one session without a limit"
        ))
        .into());
    }
    let limit = match (arguments.max_cost, arguments.max_bytes) {
        (Some(limit), _) if totals.usd > limit => format!("the {limit} of `--max-cost`"),
        (_, Some(limit)) if totals.billed_bytes > limit => format!("the {limit} of `--max-bytes`"),
        (_, _) => return Ok(()),
    };
    let dearest = totals.dearest(NAMED).into_iter().map(|mart| {
        let queries = match mart.queries {
            1 => "1 query".to_owned(),
            count => format!("{} queries", grouped(u64::try_from(count).unwrap_or(u64::MAX))),
        };
        format!("\n    {}  {}  {} in {queries}", mart.mart, mart.usd, mart.billed_bytes)
    });
    Err(OverLimit(format!(
        "the plan costs up to {} ({} billed), which is more than {limit}; nothing was sent\n  most of it:{}\n  to run it, \
         take fewer dates (`--from`, `--to`), let the queries read less (name columns, filter on the partition column), \
         or raise the limit",
        totals.usd,
        totals.billed_bytes,
        dearest.collect::<String>()
    ))
    .into())
}
