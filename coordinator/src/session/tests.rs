//! What the first record of an attempt says.

use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::Value;

use super::*;

const DAILY: &str = "\
timezone: Asia/Tokyo
schedule:
  daily>: 07:00:00
sla:
  duration: 01:00
+a:
  echo>: x
";

fn compiled(text: &str) -> (ProjectRevision, Workflow) {
    let files = ProjectFiles::from_iter([("wf.dig", text)]);
    let workflow = compile_workflow(&files, "wf").expect("the workflow compiles");
    let revision = ProjectRevision {
        project: "title_a".to_owned(),
        revision: "r1".to_owned(),
        gcp_project: None,
        files,
    };
    (revision, workflow)
}

/// The sessions of three days; where there is no schedule, started at `at`.
fn three_days(workflow: &Workflow, at: Timestamp) -> Vec<SessionPlan> {
    let choice = SessionChoice { from: date(2019, 9, 1), to: date(2019, 9, 3) };
    plan_sessions(workflow, choice, at).expect("the days have sessions")
}

fn begun(
    (revision, workflow): &(ProjectRevision, Workflow),
    session: SessionPlan,
    at: Timestamp,
) -> AttemptStarted {
    let begin_now = Begin {
        attempt: AttemptId(7),
        number: 1,
        attempt_name: String::new(),
        at,
        session,
        params: Config::new(),
        overrides: Config::new(),
    };
    begin(revision, workflow, begin_now)
}

#[test]
fn an_sla_counts_from_the_planned_run_or_from_a_start_by_hand() {
    let compiled = compiled(DAILY);
    let session = three_days(&compiled.1, Timestamp::UNIX_EPOCH).remove(0);
    let (run_time, hour) = (session.now, SignedDuration::from_hours(1));
    let late = run_time + hour * 3;

    let by_hand = begun(&compiled, session.clone(), late);
    let by_schedule =
        begun(&compiled, SessionPlan { started_by: StartedBy::Schedule, ..session }, late);

    assert_eq!(by_hand.sla[0].due, late + hour);
    assert_eq!(by_schedule.sla[0].due, run_time + hour);
}

#[test]
fn every_session_of_a_range_has_its_sla() {
    let compiled = compiled(DAILY);

    for session in three_days(&compiled.1, Timestamp::UNIX_EPOCH) {
        let at = session.now;
        assert_eq!(begun(&compiled, session, at).sla.len(), 1);
    }
}

#[test]
fn ids_of_projects_and_sessions_come_from_their_names() {
    let compiled = compiled(DAILY);
    let sessions = three_days(&compiled.1, Timestamp::UNIX_EPOCH);
    let ids = |started: &AttemptStarted| {
        ["project_id", "session_id", "session_uuid"]
            .map(|name| started.variables.get(name).cloned().unwrap_or_default())
    };
    let first = ids(&begun(&compiled, sessions[0].clone(), sessions[0].now));

    let again = ids(&begun(&compiled, sessions[0].clone(), sessions[2].now));
    let other_session = ids(&begun(&compiled, sessions[1].clone(), sessions[0].now));
    let mut other = compiled.clone();
    other.0.project = "title_b".to_owned();
    let other_project = ids(&begun(&other, sessions[0].clone(), sessions[0].now));

    assert!(first[..2].iter().all(Value::is_number), "{first:?}");
    assert_eq!(again, first);
    assert_eq!(other_session[0], first[0]);
    assert!(other_session[1] != first[1] && other_session[2] != first[2]);
    assert!(first.iter().zip(&other_project).all(|(one, two)| one != two));
}

#[test]
fn a_start_by_hand_knows_its_neighbours_if_there_is_a_schedule() {
    let (_, scheduled) = compiled(DAILY);
    let (_, unscheduled) = compiled("timezone: Asia/Tokyo\n+a:\n  echo>: x\n");
    let midnight = |text: &str| text.parse::<Timestamp>().expect("a time");

    let second = three_days(&scheduled, Timestamp::UNIX_EPOCH).remove(1);
    let alone = three_days(&unscheduled, Timestamp::UNIX_EPOCH).remove(1);

    assert_eq!(second.last, Some(midnight("2019-09-01T00:00:00+09:00")));
    assert_eq!(second.next, Some(midnight("2019-09-03T00:00:00+09:00")));
    assert_eq!((second.last_executed, alone.last, alone.next), (None, None, None));
}
