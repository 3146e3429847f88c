//! `himekuri eval`.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use himekuri_schedule::time_zone;
use himekuri_template::{Evaluator, Limits, Params, Scope, SessionFacts, session_variables};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use crate::arguments::ExpressionArguments;
use crate::failure::{SaidAlready, Usage};
use crate::output;

/// Longest line of a batch, longest template and largest file of parameters, bytes. A project's file has at most 2 MiB.
const INPUT_MAX: u64 = 8 << 20;

/// Task that an expression is tried in: the value of `${task_name}`.
const TASK_NAME: &str = "+eval";

/// Try an expression as a task would see it, without a project.
///
/// The text may hold any number of `${...}`. It sees the variables of the session and those of --params, which do not
/// replace variables of the session, as in digdag. `moment()` answers the session time.
///
/// With --batch, each line of standard input is a JSON object {template, timezone, session_time, params}, of which only
/// template must be there, and is answered by one line: {"result": text} or {"error": text}. An error does not end the
/// batch.
///
/// Exit code: 0 done, 1 the evaluation failed, 2 an argument cannot be read.
///
/// Examples:
///   himekuri eval '${moment(session_time).format("YYYYMMDD")}'
///   himekuri eval 'access$${d}' --params vars.json --timezone Asia/Tokyo --session-time 2019-09-01T00:00:00+09:00
///   himekuri eval - --session-time 2019-09-01 < query.sql
///   echo '{"template": "${a + b}", "params": {"a": 1, "b": 2}}' | himekuri eval --batch
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The text; `-` reads it from standard input.
    #[arg(value_name = "TEMPLATE", required_unless_present = "batch", conflicts_with = "batch")]
    template: Option<String>,
    /// Time zone of the workflow.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// Time of the session, as 2019-09-01, 2019-09-01T00:00:00 or with an offset. Today's midnight if left out.
    #[arg(long, value_name = "TIME")]
    session_time: Option<String>,
    /// JSON file with variables: one object.
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    #[command(flatten)]
    expressions: ExpressionArguments,
    /// Print {"result": text} or {"error": text}.
    #[arg(long)]
    json: bool,
    /// Evaluate a JSON object a line from standard input. The other arguments are the defaults for all lines.
    #[arg(long)]
    batch: bool,
}

/// One thing to evaluate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    template: String,
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    session_time: Option<String>,
    #[serde(default)]
    params: Option<Params>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Result(String),
    Error(String),
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let defaults = defaults(arguments).map_err(Usage)?;
    let mut session = Session::new(defaults, arguments.expressions.limits())?;
    let Some(template) = &arguments.template else {
        return batch(&mut session, &mut io::stdin().lock());
    };
    let template = match template.as_str() {
        "-" => read_all(io::stdin().lock(), "standard input").map_err(Usage)?,
        _ => template.clone(),
    };
    let request = Request { template, timezone: None, session_time: None, params: None };
    let facts = session.facts(&request).map_err(Usage)?;
    match (session.evaluate(&request, &facts), arguments.json) {
        // A file's text ends its last line itself.
        (Ok(result), false) => output::line(result.strip_suffix('\n').unwrap_or(&result)),
        (Ok(result), true) => output::json_line(&Answer::Result(result))?,
        (Err(error), false) => return Err(error),
        (Err(error), true) => {
            output::json_line(&Answer::Error(error.to_string()))?;
            return Err(SaidAlready.into());
        }
    }
    Ok(())
}

fn defaults(arguments: &Arguments) -> anyhow::Result<Request> {
    let params = arguments.params.as_deref().map(params_of).transpose()?;
    Ok(Request {
        template: String::new(),
        timezone: Some(arguments.timezone.clone()),
        session_time: arguments.session_time.clone(),
        params,
    })
}

fn params_of(path: &Path) -> anyhow::Result<Params> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).with_context(|| format!("could not open `{name}`"))?;
    let text = read_all(file, &name)?;
    serde_json::from_str(&text).with_context(|| format!("`{name}` must hold one JSON object"))
}

fn read_all(input: impl Read, name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    input
        .take(INPUT_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("could not read {name}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > INPUT_MAX) {
        bail!("{name} is larger than {} MiB", INPUT_MAX >> 20);
    }
    String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8 text"))
}

fn batch(session: &mut Session, input: &mut impl BufRead) -> anyhow::Result<()> {
    while let Some(line) = next_line(input)? {
        let answer = line.and_then(|line| session.answer(&line));
        output::json_line(&match answer {
            Ok(result) => Answer::Result(result),
            Err(error) => Answer::Error(format!("{error:#}")),
        })?;
    }
    Ok(())
}

/// The next line that is not blank; an inner error is a line that cannot be used.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<anyhow::Result<String>>> {
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(INPUT_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let is_whole = line.ends_with(b"\n");
        if !is_whole && skip_line(input)? > 0 {
            let error = anyhow!("the line is longer than {} MiB", INPUT_MAX >> 20);
            return Ok(Some(Err(error)));
        }
        match String::from_utf8(line) {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => return Ok(Some(Ok(line))),
            Err(_) => return Ok(Some(Err(anyhow!("the line is not UTF-8 text")))),
        }
    }
}

/// Reads to the end of the line without keeping it; answers its length.
fn skip_line(input: &mut impl BufRead) -> io::Result<usize> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffer.len(), |end| end + 1);
        skipped += length;
        input.consume(length);
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// Evaluates one text after another.
struct Session {
    evaluator: Evaluator,
    defaults: Request,
    zones: HashMap<String, TimeZone>,
}

/// The time and the zone of a text.
struct Facts {
    session_time: Timestamp,
    time_zone: TimeZone,
    time_zone_name: String,
}

impl Session {
    fn new(defaults: Request, limits: Limits) -> anyhow::Result<Self> {
        Ok(Self { evaluator: Evaluator::new(limits)?, defaults, zones: HashMap::new() })
    }

    fn answer(&mut self, line: &str) -> anyhow::Result<String> {
        let request: Request = serde_json::from_str(line)
            .context("the line must be a JSON object {template, timezone, session_time, params}")?;
        let facts = self.facts(&request)?;
        self.evaluate(&request, &facts)
    }

    fn facts(&mut self, request: &Request) -> anyhow::Result<Facts> {
        let name = request.timezone.as_deref().or(self.defaults.timezone.as_deref());
        let time_zone_name = name.unwrap_or("UTC").to_owned();
        let time_zone = self.zone(&time_zone_name)?;
        let time = request.session_time.as_deref().or(self.defaults.session_time.as_deref());
        let session_time = match time {
            Some(text) => session_time(text, &time_zone)?,
            None => Timestamp::now().to_zoned(time_zone.clone()).start_of_day()?.timestamp(),
        };
        Ok(Facts { session_time, time_zone, time_zone_name })
    }

    fn zone(&mut self, name: &str) -> anyhow::Result<TimeZone> {
        if let Some(zone) = self.zones.get(name) {
            return Ok(zone.clone());
        }
        let zone = time_zone(name)?;
        self.zones.insert(name.to_owned(), zone.clone());
        Ok(zone)
    }

    fn evaluate(&mut self, request: &Request, facts: &Facts) -> anyhow::Result<String> {
        let mut params = request.params.clone().or_else(|| self.defaults.params.clone());
        let mut params = params.take().unwrap_or_default();
        params.extend(session_variables(&SessionFacts {
            session_time: facts.session_time,
            time_zone: facts.time_zone.clone(),
            time_zone_name: facts.time_zone_name.clone(),
            project_id: 1,
            session_id: 1,
            attempt_id: 1,
            session_uuid: "00000000-0000-0000-0000-000000000000".to_owned(),
            task_name: TASK_NAME.to_owned(),
            retry_attempt_name: None,
            last_session_time: None,
            next_session_time: None,
            last_executed_session_time: None,
        }));
        let scope = Scope { now: facts.session_time, time_zone: facts.time_zone.clone() };
        Ok(self.evaluator.render(&scope, &request.template, &params)?)
    }
}

/// A time with an offset, or a date or time in the workflow's zone.
fn session_time(text: &str, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let local = text.parse::<civil::DateTime>().map_err(|_| {
        anyhow!("`{text}` is not a time; write it as 2019-09-01T00:00:00+09:00, or as 2019-09-01")
    })?;
    zone.to_timestamp(local).with_context(|| format!("`{text}` is outside the calendar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &str) -> Vec<String> {
        let defaults = Request {
            template: String::new(),
            timezone: Some("Asia/Tokyo".to_owned()),
            session_time: Some("2019-09-01".to_owned()),
            params: None,
        };
        let mut session = Session::new(defaults, Limits::default()).expect("an engine");
        let mut input = input.as_bytes();
        let mut answers = Vec::new();
        while let Some(line) = next_line(&mut input).expect("bytes can be read") {
            answers.push(match line.and_then(|line| session.answer(&line)) {
                Ok(result) => result,
                Err(error) => format!("error: {error:#}"),
            });
        }
        answers
    }

    #[test]
    fn a_line_says_what_differs_from_the_defaults() {
        let input = concat!(
            "{\"template\": \"${session_time}\"}\n",
            "\n",
            "{\"template\": \"${session_time}\", \"timezone\": \"UTC\"}\n",
            "{\"template\": \"${timezone} ${n + 1}\", \"params\": {\"n\": 1, \"timezone\": \"x\"}}",
        );

        assert_eq!(
            answers(input),
            ["2019-09-01T00:00:00+09:00", "2019-09-01T00:00:00+00:00", "Asia/Tokyo 2"]
        );
    }

    #[test]
    fn a_line_that_fails_does_not_end_the_batch() {
        let answers = answers("{\"template\": \"${nope}\"}\nnot json\n{\"template\": \"ok\"}\n");

        assert!(answers[0].contains("`nope` is not defined"), "{answers:?}");
        assert!(answers[1].contains("the line must be a JSON object"), "{answers:?}");
        assert_eq!(answers[2], "ok");
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_without_keeping_it() {
        let long = "x".repeat(9 << 20);

        let answers = answers(&format!("{long}\n{{\"template\": \"ok\"}}\n"));

        assert_eq!(answers, ["error: the line is longer than 8 MiB", "ok"]);
    }

    #[test]
    fn session_times_have_an_offset_or_are_in_the_zone() {
        let zone = time_zone("Asia/Tokyo").expect("a zone");
        let times =
            ["2019-09-01", "2019-09-01T00:00:00", "2019-09-01 00:00:00", "2019-08-31T15:00:00Z"];

        for text in times {
            let time = session_time(text, &zone).expect("a time");
            assert_eq!(time.to_string(), "2019-08-31T15:00:00Z", "{text}");
        }
        assert!(session_time("yesterday", &zone).is_err());
    }
}
