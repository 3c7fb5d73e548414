//! Whether a batch can end in time and in size: said before its rows are paid for in vain.

use std::collections::HashMap;
use std::time::Duration;

use super::{CallError, LARGEST_ANSWER};
use crate::batch::{Plan, Reached, StatementFaults};
use crate::function::{Call, Code, Refusal};
use crate::journal::GIVEN_UP;

/// How long a batch must have been at work before its pace says when it will end.
const SEEN: Duration = Duration::from_secs(60);

/// How many times too late a batch must be bound to be before it is given up: a pace may still grow.
const TOO_LATE: f64 = 1.5;

/// What of a limit a batch should use that is told to be smaller.
const USED: f64 = 0.9;

/// Refuses a batch in which an option is unknown or cannot be, unless that is data, and one whose values are known to be larger than an
/// answer may be.
///
/// # Errors
///
/// With what is allowed, or with the number of rows that would fit.
pub fn check(plan: &Plan<'_>, statement_faults: StatementFaults) -> Result<(), CallError> {
    let refusals = plan.statement_faults(statement_faults) == StatementFaults::Refuse;
    match plan.refused_option().filter(|_| refusals) {
        Some(refusal) => Err(refusal.clone().into()),
        None => check_size(plan),
    }
}

fn check_size(plan: &Plan<'_>) -> Result<(), CallError> {
    let bytes = plan.expected_bytes();
    if bytes <= LARGEST_ANSWER {
        return Ok(());
    }
    let fits = share(plan.rows().len(), LARGEST_ANSWER as f64 / bytes as f64);
    Err(CallError::Rejected(format!(
        "the answers of this batch will have {bytes} bytes, more than the {LARGEST_ANSWER} that Lambda takes: \
         set MAX_BATCH_ROWS to {fits} or less"
    )))
}

/// Refuses a batch that cannot end within `left`, because its service takes only so many calls a second.
///
/// # Errors
///
/// With the number of rows that would fit.
pub fn check_time(plan: &Plan<'_>, left: Duration) -> Result<(), CallError> {
    let mut targets: HashMap<&str, (u32, f64)> = HashMap::new();
    for job in plan.jobs() {
        if let Some(per_second) = job.target.per_second {
            let calls = match &job.call {
                Call::Alone(_) => 1.0,
                Call::Packed { most, .. } => 1.0 / *most as f64,
            };
            targets.entry(&job.target.name).or_insert((per_second, 0.0)).1 += calls;
        }
    }
    for (per_second, calls) in targets.into_values() {
        let most = f64::from(per_second) * left.as_secs_f64();
        if calls > most {
            let (rows, seconds) = (plan.rows().len(), left.as_secs());
            let fits = share(rows, most / calls);
            return Err(CallError::Rejected(format!(
                "the {rows} rows need {calls:.0} calls of a service that takes {per_second} a second, more than fit into the \
                 {seconds} s of one request: set MAX_BATCH_ROWS to {fits} or less"
            )));
        }
    }
    Ok(())
}

/// Why a batch that was begun `passed` ago will not end before it is given up, at the best pace that was seen: in all that time, or since the first
/// call began that was answered in this invocation. What others are asking for it need not ask. Where nothing is answered at the moment, and no long call is cut off, nothing is
/// paid for, and a service that comes back may still answer all of it. Nor does an invocation tell that has waited for such a service.
pub fn too_slow(rows: usize, reached: Reached, passed: Duration, reason: Option<&str>) -> Option<Refusal> {
    let Reached { all, done, others, now, seconds, cut, was_probed } = reached;
    if passed < SEEN || done == 0 || (now == 0 && cut == 0) || was_probed {
        return None;
    }
    let left = GIVEN_UP.saturating_sub(passed).as_secs_f64();
    let recent = if now > 0 { now as f64 / seconds } else { 0.0 };
    let pace = (done as f64 / passed.as_secs_f64()).max(recent);
    let needed = (all - done - others) as f64 / pace;
    if needed <= left * TOO_LATE {
        return None;
    }
    let fits = share(rows, (done as f64 + left * pace) / (all - others) as f64);
    let (seconds, why) = (GIVEN_UP.as_secs(), reason.map(|reason| format!(" (last: {reason})")).unwrap_or_default());
    let message = format!(
        "the batch cannot end within the {seconds} s that Snowflake gives it: {done} of its {all} different rows are answered after \
         {} s{why}; set MAX_BATCH_ROWS to {fits} or less and run the query again",
        passed.as_secs()
    );
    Some(Refusal::statement(Code::Timeout, message))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of rows, rounded down")]
fn share(rows: usize, share: f64) -> usize {
    ((rows as f64 * share * USED) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64, done: usize) -> Option<String> {
        beside_others(seconds, done, 0)
    }

    fn beside_others(seconds: u64, done: usize, others: usize) -> Option<String> {
        // As many rows in this invocation as in each of those before.
        let now = (done * 20).div_ceil(usize::try_from(seconds).unwrap());
        told(seconds, Reached { all: 1000, done, others, now, seconds: 20.0, cut: 0, was_probed: false })
    }

    fn told(seconds: u64, reached: Reached) -> Option<String> {
        let refusal = too_slow(2000, reached, Duration::from_secs(seconds), Some("SlowDown"));
        refusal.map(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn a_batch_that_cannot_end_in_time_is_told_what_would_have_fitted() {
        // One row a second would take 1,000 s; half as many rows would have fitted, less what is kept free.
        assert_eq!(after(59, 59), None, "nothing is known yet");
        assert_eq!(after(100, 0), None, "what has not begun may be fast");
        let told = after(100, 100).unwrap();
        assert!(
            told.contains("100 of its 1000 different rows") && told.contains("after 100 s (last: SlowDown)"),
            "{told}"
        );
        assert!(told.contains("set MAX_BATCH_ROWS to 1080 or less"), "{told}");
    }

    #[test]
    fn a_batch_that_may_still_catch_up_goes_on() {
        // 900 rows left in 500 s: 1.8 a second are needed, and 1.5 times what is seen is enough hope.
        assert_eq!(after(100, 125), None);
        assert!(after(100, 110).is_some());
        assert_eq!(after(590, 999), None);
        assert!(after(599, 500).is_some());
        assert!(after(700, 999).is_some(), "it is over already");
    }

    #[test]
    fn a_batch_whose_service_was_out_is_judged_by_what_it_does_since() {
        let reached = Reached { all: 1000, done: 20, others: 0, now: 20, seconds: 10.0, cut: 0, was_probed: false };
        // 980 rows at two a second take 490 s.
        assert_eq!(told(100, reached), None);
        let slower = told(100, Reached { done: 25, now: 10, ..reached }).unwrap();
        assert!(slower.contains("25 of its 1000 different rows"), "{slower}");
        // Those that are answered, and 500 more by its end.
        assert!(slower.contains("set MAX_BATCH_ROWS to 945 or less"), "{slower}");
        let out = Reached { done: 25, now: 0, seconds: 0.0, ..reached };
        assert_eq!(told(100, out), None, "it is out: nothing is paid for");
        assert!(told(100, Reached { cut: 1, ..out }).is_some(), "calls that are cut off may be charged");
        assert_eq!(told(100, Reached { cut: 1, done: 0, ..out }), None);
        assert_eq!(
            told(100, Reached { done: 25, now: 10, was_probed: true, ..reached }),
            None,
            "it has just come back"
        );
    }

    #[test]
    fn what_others_ask_for_takes_a_batch_no_time() {
        assert_eq!(beside_others(100, 100, 150), None);
        // Of 860 rows of its own 600 would have been answered in 600 s, and of all rows as large a part.
        let told = beside_others(100, 100, 140).unwrap();
        assert!(told.contains("set MAX_BATCH_ROWS to 1255 or less"), "{told}");
        assert_eq!(beside_others(100, 1, 999), None);
    }

    #[test]
    fn at_least_one_row_fits() {
        assert_eq!((share(100, 0.5), share(3, 0.001)), (45, 1));
    }
}
