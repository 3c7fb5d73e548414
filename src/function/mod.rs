//! The ground floor: what a function is, and the words that every room above speaks. It imports nothing of the house.

mod argument;
mod caller;
mod envelope;
mod fault;
mod job;
mod options;
mod outcome;
mod paid;

pub use argument::{Argument, Kind, Parameter, Row};
pub use caller::Caller;
pub use envelope::{ErrorAsData, Rendering};
pub use fault::{Code, Fault, Moment, MomentKind, Refusal, Whose};
pub use job::{AskAll, Call, Job, PackFault, Question, Target};
pub use options::{Options, refused as refused_option};
pub use outcome::{Answered, Failed, Outcome, Shared, Told, Value};
pub use paid::{Cost, Paid, Usage};

/// One function that SQL can call.
///
/// A row in which a parameter that is not optional is NULL never reaches the function: its answer is NULL.
pub trait Function: Send + Sync {
    /// The name, as the path of a request has it.
    fn name(&self) -> &str;

    /// The parameters, in order; those that are optional come last.
    fn parameters(&self) -> &'static [Parameter];

    /// How its outcomes are shown to SQL.
    fn rendering(&self) -> Rendering {
        Rendering::Value
    }

    /// Whether the services' terms let its answers be kept, so that a batch may be journaled.
    fn may_be_kept(&self) -> bool {
        true
    }

    /// Checks a row, once and without a service call, and says what it asks for.
    ///
    /// # Errors
    ///
    /// A refusal. The statement's fault comes first: a row that names a model which is not allowed is refused for that, whatever else
    /// is wrong with it.
    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal>;
}
