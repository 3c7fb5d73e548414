//! Every way in which two invocations of a batch of three rows can get in each other's way, tried with the real code: the
//! doors, the batch engine and the checkpoints, on the journal in memory, whose promises DynamoDB's is held to by the
//! conformance suite.
//!
//! Each journal operation and each service call is a point at which anything may happen: it arrives, or late, or is lost, or
//! its answer is; the process is killed; time passes to the next moment at which something is due; another request begins.
//! Whatever has happened, a POST that is repeated has to end with one answer to every row. What must hold on the way is in
//! `rules`.

mod broken;
mod explorer;
mod rules;
mod schedule;
mod shared;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use snowflake_aws_functions::journal::{Journal, Memory};

use self::broken::{Careless, Endless, Forgetful, Torn, Trusting};
use self::explorer::{Explored, explore};
use self::schedule::{Bounds, Kind, Schedule, Seen, Violation};

fn explored(bounds: Bounds, journal: impl Fn() -> Arc<dyn Journal>) -> Result<(Explored, Seen), Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut seen = Seen::default();
    let explored =
        explore(|choices| runtime.block_on(async { Schedule::new(bounds, journal()).play(choices, &mut seen).await }))?;
    Ok((explored, seen))
}

fn memory() -> Memory {
    Memory::new(Duration::from_hours(12))
}

/// Explores everything within the bounds; the counts are printed by `cargo test -- --nocapture`.
fn holds(bounds: Bounds) {
    match explored(bounds, || Arc::new(memory())) {
        Ok((explored, seen)) => {
            eprintln!("{bounds:?}: {explored:?}, {seen:?}");
            // A check that has seen next to nothing has proved nothing.
            assert!(explored.states > 400 && seen.complete > 50, "{explored:?}, {seen:?}");
        }
        Err(violation) => panic!("{violation:?}"),
    }
}

const TWO: Bounds = Bounds { kinds: &[Kind::Post, Kind::Get], requests: 2, kills: 0, faults: 0, garbled: 0 };

#[test]
fn two_invocations_ask_again_for_nothing_but_what_was_cut_off() {
    holds(TWO);
}

#[test]
fn the_death_of_a_process_loses_one_interval_at_most() {
    holds(Bounds { kills: 1, ..TWO });
}

#[test]
fn an_answer_that_cannot_be_read_is_not_bought_a_third_time() {
    holds(Bounds { kinds: &[Kind::Post], garbled: 3, ..TWO });
}

#[test]
fn a_journal_that_fails_once_loses_no_row() {
    holds(Bounds { faults: 1, ..TWO });
}

#[test]
fn other_rows_under_the_same_id_are_refused() {
    holds(Bounds { kinds: &[Kind::Post, Kind::Other], ..TWO });
}

#[test]
fn a_clock_that_runs_ahead_loses_no_row() {
    holds(Bounds { kinds: &[Kind::Post, Kind::Ahead], ..TWO });
}

#[test]
#[ignore = "takes minutes, with three requests, two deaths, and both kinds of trouble at once: ci/journal runs it"]
fn all_of_it_with_wider_bounds() {
    holds(Bounds { requests: 3, ..TWO });
    holds(Bounds { kills: 2, ..TWO });
    holds(Bounds { faults: 2, ..TWO });
    holds(Bounds { kills: 1, faults: 1, ..TWO });
    holds(Bounds { kinds: &[Kind::Post, Kind::Other], kills: 1, ..TWO });
    holds(Bounds { garbled: 2, kills: 1, ..TWO });
    holds(Bounds { kinds: &[Kind::Post, Kind::Ahead], kills: 1, ..TWO });
}

#[test]
fn a_journal_whose_claims_are_not_atomic_is_found_out() {
    let found = explored(TWO, || Arc::new(Torn::new(memory()))).err().unwrap();
    assert!(found.what.contains("two are at work"), "{found:?}");
}

#[test]
fn a_journal_that_forgets_a_checkpoint_is_found_out() {
    let found = explored(Bounds { kills: 1, ..TWO }, || Arc::new(Forgetful(memory()))).err().unwrap();
    assert!(found.what.contains("which the journal knows"), "{found:?}");
}

#[test]
fn a_journal_whose_leases_do_not_end_is_found_out() {
    let found = explored(Bounds { requests: 1, kills: 1, ..TWO }, || Arc::new(Endless(memory()))).err().unwrap();
    assert!(found.what.contains("a POST that is repeated ends with 202"), "{found:?}");
}

#[test]
#[ignore = "takes many seconds: it needs three requests and a death"]
fn a_journal_that_frees_another_ones_lease_is_found_out() {
    // One that dies with its last checkpoint on the way, one that takes the batch after it, and one more.
    let bounds = Bounds { kinds: &[Kind::Post], requests: 3, kills: 1, ..TWO };
    let found = explored(bounds, || Arc::new(Trusting::new(memory()))).err().unwrap();
    assert!(found.what.contains("has paid and which nothing has lost"), "{found:?}");
}

#[test]
fn a_journal_that_takes_any_rows_is_found_out() {
    let bounds = Bounds { kinds: &[Kind::Post, Kind::Other], ..TWO };
    let found = explored(bounds, || Arc::new(Careless(memory()))).err().unwrap();
    assert!(found.what.contains("for other rows than it has sent"), "{found:?}");
}
