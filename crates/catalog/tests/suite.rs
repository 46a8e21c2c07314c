//! One suite for every back end: each case is a function over a [`Place`] where catalogs can be opened, and runs once
//! on SQLite and once on PostgreSQL. What concerns one back end alone stands in `suite/sqlite.rs` and
//! `suite/postgres.rs`.
// Tests start processes, read clocks and look into files; that is what they are for.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
// The permission of clippy.toml to unwrap in tests covers `#[test]` functions but not what they call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "suite/cluster.rs"]
mod cluster;
#[path = "suite/conflicts.rs"]
mod conflicts;
#[path = "suite/crash.rs"]
mod crash;
#[path = "suite/log.rs"]
mod log;
#[path = "suite/migrations.rs"]
mod migrations;
#[path = "suite/model.rs"]
mod model;
#[path = "suite/once.rs"]
mod once;
#[path = "suite/place.rs"]
mod place;
#[path = "suite/postgres.rs"]
mod postgres_only;
#[path = "suite/reads.rs"]
mod reads;
#[path = "suite/rollback.rs"]
mod rollback;
#[path = "suite/sqlite.rs"]
mod sqlite_only;
#[path = "suite/threads.rs"]
mod threads;

/// Makes a test of each case for each back end.
macro_rules! on_both {
    ($($module:ident :: $case:ident,)*) => {
        mod sqlite {
            $(#[test] fn $case() { crate::$module::$case(&crate::place::Place::sqlite()); })*
        }
        mod postgres {
            $(#[test] fn $case() {
                if let Some(place) = crate::place::Place::postgres() { crate::$module::$case(&place); }
            })*
        }
    };
}

on_both! {
    reads::a_transaction_reads_what_it_wrote,
    reads::a_transaction_sees_one_state_whatever_others_commit,
    reads::scans_come_in_byte_order_within_their_prefix,
    reads::scans_show_own_writes_in_order_and_keep_their_limit,
    reads::pages_join_without_gap_or_repeat_over_own_writes,
    reads::index_scans_follow_own_and_committed_changes,
    reads::keys_that_no_row_can_have_find_nothing,
    reads::rows_that_break_the_rules_are_refused,
    reads::a_prefix_never_shows_a_neighbour_with_a_longer_name,
    conflicts::a_lost_update_is_refused,
    conflicts::a_row_deleted_and_made_again_alike_is_a_change,
    conflicts::a_phantom_in_a_prefix_scan_is_refused,
    conflicts::a_phantom_in_an_index_scan_is_refused,
    conflicts::a_row_that_left_an_index_is_noticed,
    conflicts::write_skew_is_refused,
    conflicts::two_makers_of_one_name_cannot_both_succeed,
    conflicts::changes_beside_what_was_read_do_not_conflict,
    conflicts::changes_past_a_page_do_not_conflict,
    conflicts::appends_alone_never_conflict,
    conflicts::an_append_of_an_existing_key_is_refused_whole,
    conflicts::blind_writes_do_not_conflict,
    conflicts::reading_alone_never_conflicts,
    conflicts::transact_retries_until_it_wins_and_gives_up_in_the_end,
    conflicts::an_error_of_the_handler_commits_nothing,
    rollback::a_rollback_undoes_writes_and_keeps_what_must_stay,
    rollback::savepoints_nest,
    rollback::after_a_rollback_only_appends_are_left_and_nothing_conflicts,
    rollback::a_dropped_transaction_leaves_nothing,
    rollback::work_on_commit_runs_once_and_only_after_success,
    migrations::a_reopened_catalog_has_everything,
    migrations::a_new_table_and_a_new_index_appear_on_open,
    migrations::a_filled_index_stays_filled,
    migrations::an_unknown_index_means_a_newer_program,
    migrations::a_newer_layout_is_refused,
    migrations::undeclared_tables_and_indexes_are_named,
    migrations::a_row_that_does_not_read_is_named,
    once::its_end_is_told_when_it_is_durable_and_its_work_done,
    once::a_lost_race_is_told_and_not_run_again,
    once::an_error_is_told_and_commits_nothing,
    once::many_that_do_not_wait_lose_nothing,
    threads::counters_of_many_threads_add_up,
    threads::a_full_index_is_never_overbooked,
    threads::what_two_tables_hold_together_is_seen_together,
    threads::threads_that_only_append_lose_nothing,
    model::random_transactions_match_a_map,
    model::random_concurrent_transactions_are_serialisable,
    crash::every_acknowledged_commit_survives_kill_9,
}
