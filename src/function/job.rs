//! A job: what a checked row asks for.

use std::borrow::Cow;
use std::fmt;

use futures_util::future::BoxFuture;

use super::{Answered, Failed, Fault, Refusal};

/// What a call is made to, and whose quota it uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The service, and the model or the place index.
    pub name: Cow<'static, str>,
    /// Calls a second that the service is known to take, where that is known before the first call.
    pub per_second: Option<u32>,
}

/// What makes two rows of a function equal: the parts of what is asked, in canonical form.
pub type Question<'a> = Box<[Cow<'a, str>]>;

/// What a checked row asks for.
pub struct Job<'a> {
    /// Whose quota it uses.
    pub target: Target,
    /// What else a refusal of the statement holds for, in canonical form: other options of the same model are another matter.
    pub options: Cow<'a, str>,
    /// Rows with the same question share an answer; a job without one is asked by itself.
    pub question: Option<Question<'a>>,
    /// Whether the caller would rather have no answer at all than NULL for this row.
    pub must_be_answered: bool,
    /// Bytes of JSON that the value will have, where that is known before money is spent.
    pub expected_bytes: usize,
    /// How it is asked.
    pub call: Call<'a>,
}

/// How a job is asked.
pub enum Call<'a> {
    /// By a service call of its own. Each use makes one.
    Alone(Box<dyn Fn() -> BoxFuture<'a, Result<Answered, Failed>> + Send + Sync + 'a>),
    /// Together with others of its target and options, in one service call.
    Packed {
        /// The text that stands for the job in the call.
        text: Cow<'a, str>,
        /// Most jobs in one call.
        most: usize,
        /// Makes the call for the texts of any jobs of the same target and options; the answers come in their order.
        ask: AskAll<'a>,
    },
}

/// Makes one service call for the texts of many jobs.
pub type AskAll<'a> = Box<dyn Fn(Vec<String>) -> BoxFuture<'a, Result<Vec<Answered>, PackFault>> + Send + Sync + 'a>;

/// Why a call for many jobs has given no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackFault {
    /// The service has refused the job at this place of the pack, and says so.
    Member(usize, Refusal),
    /// The whole call has failed.
    Whole(Fault),
}

impl<'a> Call<'a> {
    /// A call for one job, from what makes its future.
    pub fn alone<F, T>(call: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'a,
        T: Future<Output = Result<Answered, Failed>> + Send + 'a,
    {
        Self::Alone(Box::new(move || Box::pin(call())))
    }
}

impl fmt::Debug for Job<'_> {
    /// Without the question: it is row data.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Job").field("target", &self.target).finish_non_exhaustive()
    }
}
