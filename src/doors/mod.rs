//! The doors: one for each form of call. All of them lead to the same work, in `House::work`.

mod api_gateway;
mod arguments;
mod body;
mod direct;
mod error;
mod event;
mod http;
mod journaled;
mod pipes;
mod redshift;
mod summary;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

pub use error::CallError;
pub use event::Event;
pub use http::Response;

use self::summary::Summary;
use crate::batch::{Answers, Known, Plan, Progress, Targets, Work};
use crate::deadline::Times;
use crate::functions::{Arguments, Function, Functions};
use crate::journal::Journal;

/// What lies behind the doors, and outlives an invocation.
pub struct House {
    functions: Functions,
    targets: Targets,
    journal: Option<Box<dyn Journal>>,
}

/// What an event of no known form is answered with.
const FORMS: &str = "the event has no known form; the forms are an API Gateway event of version 1 or 2, a direct \
    invocation {\"function\": name, \"data\": [[0, argument, …], …]}, an array of Pipes elements \
    {\"function\": name, \"arguments\": [argument, …]}, and a Redshift Lambda UDF call";

/// What an invocation returns.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To API Gateway.
    Http(Response),
    /// To every other caller.
    Json(Box<RawValue>),
}

impl House {
    /// A house with these functions, that has called nothing yet and will have at most `max_concurrency` service calls
    /// in flight. Without a journal, a batch has to be answered within one invocation.
    pub fn new(functions: Functions, max_concurrency: usize, journal: Option<Box<dyn Journal>>) -> Self {
        Self { functions, targets: Targets::new(max_concurrency), journal }
    }

    /// Answers an event of any form, in time.
    ///
    /// # Errors
    ///
    /// A call that cannot be answered, from a caller that does not speak HTTP; an event of no known form.
    pub async fn open(&self, event: Event, times: Times) -> Result<Reply, CallError> {
        match event {
            Event::Object(event) if api_gateway::recognises(&event) => {
                Ok(Reply::Http(api_gateway::answer(self, &event, times).await))
            }
            Event::Object(event) if redshift::recognises(&event) => {
                json(redshift::answer(self, &event, times.deadline).await)
            }
            Event::Object(event) if direct::recognises(&event) => {
                json(direct::answer(self, &event, times.deadline).await?)
            }
            Event::Array(elements) => json(pipes::answer(self, &elements, times.deadline).await?),
            _ => Err(CallError::Rejected(FORMS.to_owned())),
        }
    }

    /// Answers the rows of a call.
    ///
    /// # Errors
    ///
    /// As [`House::work`], and when the statement is at fault for every row.
    async fn answer(
        &self,
        function: &dyn Function,
        rows: &[Arguments<'_>],
        deadline: Instant,
    ) -> Result<Answers, CallError> {
        let answers = self.work(function, rows, deadline).await?;
        match answers.refusal() {
            Some(refusal) => Err(refusal.clone().into()),
            None => Ok(answers),
        }
    }

    /// Works on rows until each has an answer.
    ///
    /// # Errors
    ///
    /// When the moment does not let them be answered before the deadline.
    async fn work(
        &self,
        function: &dyn Function,
        rows: &[Arguments<'_>],
        deadline: Instant,
    ) -> Result<Answers, CallError> {
        let plan = Plan::of(rows);
        let summary = Summary::begin(function, rows.len(), &plan);
        let mut work = Work::new(function, &plan, &self.targets, Known::default(), deadline);
        while work.run_until(deadline).await == Progress::Paused {}
        let calls = work.calls();
        let answers = work.finish().map_err(CallError::from);
        summary.end(calls, summary.outcome(&answers));
        answers
    }
}

/// A JSON text as an invocation's answer, if Lambda can carry it.
fn json(text: String) -> Result<Reply, CallError> {
    if text.len() > http::LARGEST {
        let (length, limit) = (text.len(), http::LARGEST);
        let what = format!("the answers are {length} bytes, more than the {limit} that Lambda takes: send fewer rows");
        return Err(CallError::Rejected(what));
    }
    RawValue::from_string(text).map(Reply::Json).map_err(|_| CallError::Unavailable)
}
