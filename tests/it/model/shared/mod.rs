//! Every way in which batches that share rows can get in each other's way, tried with the real code on the keeper of answers in memory.
//!
//! This is a model beside the one of a batch's own journal, because the two together have more states than can be seen. Here the
//! operations on what batches share (look-ups, claims, writes of answers) and the service calls are the points at which anything may happen,
//! while the operations on a batch's own journal succeed at once. Explored are: two batches of one row or two with one in common; two
//! invocations at work at the same time, of one batch or of two, and a third one after them; one death, after which what was on its way may
//! still arrive or not; one operation that is lost, or takes effect and its answer is lost; time that passes from one moment at which somebody
//! wakes up to the next, and, with one row, within a claim and a write of answers as well. Not explored: both kinds of trouble in one schedule, clocks that are wrong,
//! an operation that arrives after its sender has given it up, more than one claim's worth of rows.
//!
//! Whatever has happened, a POST that is repeated has to end with one answer to every row. What must hold on the way is in `rules`.

mod broken;
mod rules;
mod schedule;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use snowflake_aws_functions::journal::{Answers, Memory};

use self::broken::{Generous, Immortal, Overwriting, Single, Stale, Sticky, Tidy, Unscoped};
use self::schedule::{Bounds, Kind, Schedule, Seen, Violation};
use super::explorer::{Explored, explore};

fn explored(bounds: Bounds, answers: impl Fn() -> Arc<dyn Answers>) -> Result<(Explored, Seen), Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut seen = Seen::default();
    let explored =
        explore(|choices| runtime.block_on(async { Schedule::new(bounds, answers()).play(choices, &mut seen).await }))?;
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
            assert!(explored.states > 200 && seen.complete > 40, "{explored:?}, {seen:?}");
        }
        Err(violation) => panic!("{violation:?}"),
    }
}

/// That the keeper is found out, and by which rule.
fn is_found_out(bounds: Bounds, answers: impl Fn() -> Arc<dyn Answers>, by: &str) {
    let found = explored(bounds, answers).err().unwrap();
    assert!(found.what.contains(by), "{found:?}");
}

const TWO: Bounds =
    Bounds { kinds: &[Kind::First, Kind::Second], requests: 2, kills: 0, faults: 0, slow: false, end: 4000 };

/// Two batches that have the common row and no other.
const SMALL: Bounds = Bounds { kinds: &[Kind::Second, Kind::Third], ..TWO };

#[test]
fn two_batches_with_a_common_row_ask_for_it_once() {
    holds(TWO);
}

#[test]
fn two_batches_and_two_invocations_of_one_of_them_ask_for_a_row_once() {
    holds(Bounds { requests: 3, ..SMALL });
}

#[test]
fn what_a_death_leaves_is_asked_by_another_batch() {
    holds(Bounds { kills: 1, ..SMALL });
}

#[test]
fn an_operation_that_is_lost_loses_no_row() {
    holds(Bounds { faults: 1, ..SMALL });
}

#[test]
fn claims_that_end_soon_are_renewed_in_time() {
    holds(Bounds { end: 2000, ..TWO });
}

#[test]
fn statements_do_not_share() {
    holds(Bounds { kinds: &[Kind::Second, Kind::OfAnother], ..TWO });
}

#[test]
#[ignore = "takes minutes, with slow claims, more rows and more requests: ci/journal runs it"]
fn all_of_it_with_wider_bounds() {
    holds(Bounds { slow: true, end: 2000, ..SMALL });
    holds(Bounds { requests: 3, ..TWO });
    holds(Bounds { requests: 3, kills: 1, ..SMALL });
    holds(Bounds { requests: 3, kills: 1, end: 2000, ..SMALL });
    holds(Bounds { kills: 1, ..TWO });
    holds(Bounds { faults: 1, ..TWO });
}

#[test]
fn claims_that_exclude_nobody_are_found_out() {
    is_found_out(SMALL, || Arc::new(Generous(memory())), "asks for b, for which 0 has paid");
}

#[test]
fn a_claim_that_outlives_its_owner_is_found_out() {
    is_found_out(
        Bounds { kills: 1, ..SMALL },
        || Arc::new(Immortal(memory())),
        "is told that others ask for b, and nobody does",
    );
}

#[test]
fn a_scope_that_is_forgotten_in_the_key_is_found_out() {
    let bounds = Bounds { kinds: &[Kind::Second, Kind::OfAnother], ..TWO };
    is_found_out(bounds, || Arc::new(Unscoped(memory())), "answers b#q1 for b");
}

#[test]
fn an_answer_that_is_overwritten_is_found_out() {
    is_found_out(TWO, || Arc::new(Overwriting(memory())), "answers b#q1 for a");
}

#[test]
fn an_answer_that_is_not_seen_at_once_is_found_out() {
    is_found_out(SMALL, || Arc::new(Stale::new(memory())), "1 is answered 503");
}

#[test]
fn a_claim_for_what_another_batch_has_that_does_not_end_at_once_is_found_out() {
    let bounds = Bounds { requests: 3, kills: 1, end: 2000, ..SMALL };
    is_found_out(bounds, || Arc::new(Sticky::new(memory())), "is told that others ask for b, and nobody does");
}

#[test]
fn a_claim_that_ends_with_the_answer_is_found_out() {
    let bounds = Bounds { end: 2000, ..TWO };
    is_found_out(bounds, || Arc::new(Tidy(memory())), "1 asks for b, for which 0 has paid");
}

#[test]
fn a_claim_that_ends_with_the_next_invocation_is_found_out() {
    is_found_out(Bounds { requests: 3, ..TWO }, || Arc::new(Single(memory())), "1 asks for b, for which 0 has paid");
}
