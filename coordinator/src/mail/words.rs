//! The words of a mail. Pure.

use crate::notices::{Cause, Notice};

/// Title, workflow, date and cause: what somebody sees who looks at a list.
pub(super) fn subject(notice: &Notice) -> String {
    let cause = match notice.cause {
        Cause::Failed => "failed",
        Cause::Sla => "missed its sla",
        Cause::NotStarted => "did not start",
    };
    let date = notice.session.get(..10).unwrap_or(&notice.session);
    let subject = format!("{}/{} {date} {cause}", notice.project, notice.workflow);
    // Workflows are named by their files.
    subject.replace(char::is_control, " ")
}

/// The notice, the facts, and what to run.
pub(super) fn body(notice: &Notice) -> String {
    let attempt = notice.attempt.map(|attempt| attempt.to_string());
    let facts = [
        ("title", Some(&notice.project)),
        ("workflow", Some(&notice.workflow)),
        ("session", Some(&notice.session)),
        ("attempt", attempt.as_ref()),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let facts: String = facts.map(|(name, value)| format!("{name:<9} {value}\n")).collect();
    let commands: String = commands(notice).iter().map(|line| format!("  {line}\n")).collect();
    format!("{}\n\n{facts}{:<9} {}\n\nWhat to run:\n{commands}", notice.text, "at", notice.at)
}

fn commands(notice: &Notice) -> Vec<String> {
    let Some(attempt) = notice.attempt else { return vec!["himekuri schedules".to_owned()] };
    let why = format!("himekuri why {attempt}");
    match notice.cause {
        Cause::Failed => vec![why, format!("himekuri log {attempt}")],
        Cause::Sla => vec![format!("himekuri tasks {attempt}"), why],
        Cause::NotStarted => vec![why, "himekuri schedules".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use himekuri_protocol::AttemptId;

    use super::*;

    fn notice(cause: Cause, attempt: Option<u64>) -> Notice {
        Notice {
            cause,
            project: "title_a".to_owned(),
            workflow: "summary".to_owned(),
            session: "2026-01-02T00:00:00+09:00".to_owned(),
            attempt: attempt.map(AttemptId),
            at: "2026-01-01T22:30:00Z".parse().unwrap(),
            text: "title_a/summary, session 2026-01-02, failed: no such table".to_owned(),
        }
    }

    #[test]
    fn a_subject_says_title_workflow_date_and_cause() {
        for (cause, subject_of) in [
            (Cause::Failed, "title_a/summary 2026-01-02 failed"),
            (Cause::Sla, "title_a/summary 2026-01-02 missed its sla"),
            (Cause::NotStarted, "title_a/summary 2026-01-02 did not start"),
        ] {
            assert_eq!(subject(&notice(cause, Some(7))), subject_of);
        }
        let odd = Notice { workflow: "a\r\nBcc: x".to_owned(), ..notice(Cause::Failed, None) };
        assert_eq!(subject(&odd), "title_a/a  Bcc: x 2026-01-02 failed");
    }

    #[test]
    fn a_body_says_what_happened_and_what_to_run() {
        assert_eq!(
            body(&notice(Cause::Failed, Some(7))),
            "title_a/summary, session 2026-01-02, failed: no such table\n\n\
             title     title_a\n\
             workflow  summary\n\
             session   2026-01-02T00:00:00+09:00\n\
             attempt   7\n\
             at        2026-01-01T22:30:00Z\n\n\
             What to run:\n  himekuri why 7\n  himekuri log 7\n"
        );
        assert!(body(&notice(Cause::Sla, Some(7))).contains("  himekuri tasks 7\n"));
        assert!(body(&notice(Cause::NotStarted, None)).ends_with("  himekuri schedules\n"));
    }
}
