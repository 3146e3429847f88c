//! What every form of the store must do, as tests.
//!
//! [`conformance_tests!`](crate::conformance_tests) runs the suite: its argument is an async function that
//! returns an empty [`Store`](crate::Store).

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

mod attempts;
mod commits;
mod leader;
mod projects;
mod records;
mod removal;
mod restoring;

pub use attempts::*;
pub use commits::*;
pub use leader::*;
pub use projects::*;
pub use records::*;
pub use removal::*;
pub use restoring::*;

use crate::{AttemptId, Commit, Creation, Epoch, LeaseOutcome, NewAttempt, OutboxEntry, Store};
use std::time::Duration;

/// One `#[tokio::test]` per promise. The argument names an `async fn() -> impl Store`.
#[macro_export]
macro_rules! conformance_tests {
    ($store:path) => {
        $crate::conformance_tests!(@each $store:
            a_lease_excludes_others_until_it_is_released,
            an_unrenewed_lease_ends_and_the_next_epoch_is_higher,
            a_holder_that_restarts_leads_again_and_fences_its_old_self,
            only_the_holder_of_the_epoch_renews_and_releases,
            archives_come_back_byte_for_byte,
            a_project_record_is_replaced_and_projects_are_sorted,
            records_come_back_by_key_until_they_are_forgotten,
            records_of_one_kind_are_none_of_another,
            a_deposed_leader_cannot_write_a_record,
            a_session_has_one_attempt_per_name_and_counts_its_attempts,
            ids_rise_and_sessions_do_not_share_numbers,
            a_new_attempt_is_active_empty_and_claimed_by_its_creator,
            an_attempt_asked_for_again_is_not_changed,
            a_deposed_leader_cannot_create_an_attempt,
            a_restored_attempt_has_its_id_its_number_and_its_name_again,
            a_restored_attempt_that_was_over_stays_over,
            an_attempt_that_is_there_is_not_restored,
            who_leads_by_an_epoch_that_the_store_does_not_know_creates_nothing,
            an_unknown_attempt_is_named,
            attempts_are_listed_newest_first_in_pages,
            attempts_are_filtered_by_session_and_state,
            a_commit_appends_and_returns_the_length,
            a_claim_shuts_out_lower_epochs,
            a_deposed_leader_can_neither_claim_nor_mark,
            a_commit_on_another_length_is_a_conflict_and_changes_nothing,
            an_identical_commit_again_succeeds_and_changes_nothing,
            a_commit_that_only_looks_like_a_repeat_is_a_conflict,
            the_outbox_keeps_order_until_published,
            an_outbox_entry_with_the_same_id_replaces_the_first,
            a_finished_attempt_leaves_the_active_ones_and_keeps_its_log,
            a_summary_changes_only_when_given,
            a_claim_reads_the_last_snapshot_and_what_is_behind_it,
            a_commit_that_is_refused_leaves_the_snapshot,
            the_end_removes_the_snapshot_and_keeps_the_log,
            commits_of_many_attempts_succeed_and_fail_alone,
            a_removed_log_leaves_the_summary_and_tells_its_place,
            a_removal_may_be_repeated_and_the_first_place_counts,
            nothing_is_removed_before_its_time,
            a_deposed_leader_cannot_remove,
            an_unknown_attempt_has_nothing_to_remove,
            an_archived_attempt_takes_no_commit,
            numbers_and_names_outlive_everything,
            a_session_knows_its_attempts_without_their_summaries,
            finished_attempts_are_listed_by_what_is_kept,
            a_thousand_records_and_messages_go_in_one_commit,
        );
    };
    (@each $store:path: $($name:ident,)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let store = $store().await;
                $crate::conformance::$name(&store).await;
            }
        )+
    };
}

/// A lease that no test outlives.
const LONG: Duration = Duration::from_secs(3_600);

async fn lead(store: &dyn Store, holder: &str, ttl: Duration) -> Epoch {
    match store.acquire_lease(holder, ttl).await.unwrap() {
        LeaseOutcome::Acquired(epoch) => epoch,
        LeaseOutcome::HeldBy { holder, .. } => panic!("the lease is held by {holder}"),
    }
}

fn request(session_key: &str, attempt_name: &str) -> NewAttempt {
    NewAttempt {
        session_key: session_key.to_owned(),
        attempt_name: attempt_name.to_owned(),
        summary: format!("{{\"name\":\"{attempt_name}\"}}"),
    }
}

/// A leader and an attempt of its own.
async fn attempt(store: &dyn Store) -> (Epoch, AttemptId) {
    let epoch = lead(store, "coordinator-1", LONG).await;
    let created = store.create_attempt(epoch, &request("session", "first")).await.unwrap();
    assert!(matches!(created, Creation::Created { .. }));
    (epoch, created.attempt())
}

fn append(expected_length: u64, records: &[&str]) -> Commit {
    let records = records.iter().map(|record| (*record).to_owned()).collect();
    Commit { expected_length, records, ..Commit::default() }
}

fn entry(id: &str) -> OutboxEntry {
    OutboxEntry {
        id: id.to_owned(),
        queue: "tasks".to_owned(),
        body: format!("{{\"id\":\"{id}\"}}"),
    }
}
