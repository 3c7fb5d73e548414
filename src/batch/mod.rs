//! A batch: its distinct rows, asked as many at once as the quota allows, until there is an answer for every row or no
//! time is left. It knows nothing of HTTP, of Bedrock or of Location.

mod answers;
mod backoff;
mod known;
mod lane;
mod limiter;
mod plan;
mod run;
#[cfg(test)]
mod shared_quota;
mod targets;
#[cfg(test)]
mod tests;

pub use answers::{Answer, Answers};
pub use known::{Entry, Known};
pub use plan::Plan;
pub use run::{Progress, Unfinished, Work};
pub use targets::Targets;
