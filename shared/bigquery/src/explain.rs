//! What a failed job says to the person who reads it: BigQuery's words, the line of the SQL, the job in the console, and what
//! happens next.

use gcp_bigquery_client::model::error_proto::ErrorProto;
use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::reason::of_job;
use himekuri_protocol::{JobReference, TaskError};

/// Longest part of a line that is shown.
const LINE_SHOWN: usize = 120;

pub(crate) fn explained(job: &Job, error: ErrorProto, reference: JobReference) -> TaskError {
    let reason = error.reason.unwrap_or_else(|| "unknown".to_owned());
    let words = error.message.unwrap_or_else(|| "BigQuery gave no message".to_owned());
    let mut lines = vec![words.clone()];
    lines.extend(query_of(job).and_then(|sql| excerpt(sql, place_in(&words)?)));
    lines.extend(console(&reference).map(|link| format!("job: {link}")));
    lines.push(of_job(&reason, &words).advice().to_owned());
    TaskError { reason, message: lines.join("\n"), job: Some(reference) }
}

fn query_of(job: &Job) -> Option<&str> {
    let query = job.configuration.as_ref()?.query.as_ref()?;
    Some(&query.query)
}

/// Line and column of "... at [3:14]", from 1.
fn place_in(words: &str) -> Option<(usize, usize)> {
    let (_, behind) = words.rsplit_once('[')?;
    let (place, _) = behind.split_once(']')?;
    let (line, column) = place.split_once(':')?;
    Some((line.trim().parse().ok()?, column.trim().parse().ok()?))
}

/// The line with a mark under the column.
fn excerpt(sql: &str, (line, column): (usize, usize)) -> Option<String> {
    let text = sql.lines().nth(line.checked_sub(1)?)?.replace('\t', " ");
    let column = column.checked_sub(1)?;
    let skipped = if column >= LINE_SHOWN { column - LINE_SHOWN / 2 } else { 0 };
    let shown: String = text.chars().skip(skipped).take(LINE_SHOWN).collect();
    let number = format!("{line:>4} | ");
    let mark = " ".repeat(column - skipped);
    Some(format!("{number}{shown}\n     | {mark}^"))
}

/// Where a browser shows the job.
fn console(job: &JobReference) -> Option<String> {
    let (project, location) = (job.project.as_ref()?, job.location.as_deref().unwrap_or("US"));
    let id = &job.job_id;
    Some(format!(
        "https://console.cloud.google.com/bigquery?project={project}&j=bq:{location}:{id}&page=queryresults"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_shown_with_a_mark_under_the_place() {
        let sql = "SELECT\n  user_id,\n\tamonut\nFROM logs";
        let words = "Unrecognized name: amonut; Did you mean amount? at [3:2]";

        let shown = excerpt(sql, place_in(words).expect("there is a place"));

        assert_eq!(shown.as_deref(), Some("   3 |  amonut\n     |  ^"));
    }

    #[test]
    fn a_place_far_to_the_right_is_still_in_sight() {
        let sql = format!("SELECT {}, x", "a".repeat(300));

        let shown = excerpt(&sql, (1, 310)).expect("the line is there");

        let mark = shown.lines().nth(1).and_then(|line| line.find('^')).expect("there is a mark");
        assert_eq!(shown.as_bytes().get(mark), Some(&b'x'), "{shown}");
    }

    #[test]
    fn words_without_a_place_show_no_line() {
        for words in [
            "Not found: Table a:b.c was not found in location US",
            "array[0] is bad",
            "",
            "at [0:1]",
        ] {
            let shown = place_in(words).and_then(|place| excerpt("SELECT 1", place));

            assert_eq!(shown, None, "{words}");
        }
    }
}
