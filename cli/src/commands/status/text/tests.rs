use himekuri_protocol::AttemptId;

use super::*;

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn a_board_is_a_summary_and_a_table() {
    let line = |health, project: &str, ended_at, notes: &[&str]| Line {
        health,
        project: project.to_owned(),
        workflow: "summary".to_owned(),
        session: Some("2019-09-03T00:00:00+09:00".to_owned()),
        attempt: Some(AttemptId(17)),
        state: Some("success"),
        started_at: at("2019-09-02T17:00:00Z"),
        ended_at,
        next_session_time: at("2019-09-03T15:00:00Z"),
        next_run_time: at("2019-09-03T17:00:00Z"),
        notes: notes.iter().map(ToString::to_string).collect(),
    };
    let lines = vec![
        line(Health::Late, "title_b", at("2019-09-02T17:14:00Z"), &["one", "two"]),
        line(Health::Running, "title_a", None, &[]),
    ];
    let zone = TimeZone::fixed(jiff::tz::Offset::constant(9));

    let now = at("2019-09-02T17:20:00Z").unwrap();
    let text = text(&Board { lines }, now, &zone, Target::Elsewhere);

    assert_eq!(
        text,
        "\
2 titles: 1 running, 1 late
 STATE    PROJECT  WORKFLOW  SESSION     ATTEMPT  STARTED  ENDED       NEXT RUN          NOTE
 late     title_b  summary   2019-09-03  17       02:00    02:14       2019-09-04 02:00  one; two
 running  title_a  summary   2019-09-03  17       02:00    20m so far  2019-09-04 02:00"
    );
}
