//! The Lua scripts; each file's head states its keys, arguments and returns.

use redis::Script;

/// All scripts, hashed once.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) acquire_lease: Script,
    pub(super) renew_lease: Script,
    pub(super) release_lease: Script,
    pub(super) put_record: Script,
    pub(super) draw_attempt: Script,
    pub(super) reserve_name: Script,
    pub(super) create_attempt: Script,
    pub(super) restore_id: Script,
    pub(super) restore_name: Script,
    pub(super) claim: Script,
    pub(super) commit: Script,
    pub(super) mark_published: Script,
    pub(super) remove_log: Script,
    pub(super) remove_summary: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            acquire_lease: Script::new(include_str!("scripts/acquire_lease.lua")),
            renew_lease: Script::new(include_str!("scripts/renew_lease.lua")),
            release_lease: Script::new(include_str!("scripts/release_lease.lua")),
            put_record: Script::new(include_str!("scripts/put_record.lua")),
            draw_attempt: Script::new(include_str!("scripts/draw_attempt.lua")),
            reserve_name: Script::new(include_str!("scripts/reserve_name.lua")),
            create_attempt: Script::new(include_str!("scripts/create_attempt.lua")),
            restore_id: Script::new(include_str!("scripts/restore_id.lua")),
            restore_name: Script::new(include_str!("scripts/restore_name.lua")),
            claim: Script::new(include_str!("scripts/claim.lua")),
            commit: Script::new(include_str!("scripts/commit.lua")),
            mark_published: Script::new(include_str!("scripts/mark_published.lua")),
            remove_log: Script::new(include_str!("scripts/remove_log.lua")),
            remove_summary: Script::new(include_str!("scripts/remove_summary.lua")),
        }
    }
}
