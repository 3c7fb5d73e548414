//! A batch: its distinct rows, asked as many at once as the quota allows, until there is an outcome for every row or no
//! time is left. It knows nothing of HTTP, of Bedrock or of Location.

mod account;
mod answers;
mod backoff;
mod ceiling;
mod cut;
mod end;
mod heard;
mod lane;
mod limiter;
mod plan;
#[cfg(test)]
mod queries;
mod row;
mod run;
mod schedule;
mod share;
mod targets;
#[cfg(test)]
mod tests;
mod tries;
mod verdict;

pub use account::{Account, Counts, Unfinished};
pub use answers::Answers;
pub use limiter::{Change, Changed, Pace, Track, Tracks, TracksError};
pub use plan::Plan;
pub use run::{Progress, StatementFaults, Work};
pub use targets::Targets;
pub use tries::{Entry, Known, Tries};
pub use verdict::Reached;

/// Tries of one row, over all invocations of its batch, after which what is said of it is held to be so: failures while others are
/// answered, or for long while nobody is, and refusals by a model that works.
const TRIES: u32 = 6;

/// Answers of one row that could not be read, after which the row is at fault: each of them was paid for.
const UNREADABLE: u32 = 2;

/// Invocations at whose deadline a row's call is cut off while others are answered, before the row is at fault.
const CUTS: u32 = 2;

/// Distinct rows of a batch from which a refusal that nobody knows, and that all of them got, is the statement's.
const MANY: usize = 8;

/// A `u32` fits wherever this function runs.
fn index(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}
