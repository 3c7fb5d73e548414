//! The doors: one for each form of call. All of them lead to [`House::answer`].

mod api_gateway;
mod body;
mod direct;
mod error;
mod event;
mod http;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

pub use error::CallError;
pub use event::Event;
pub use http::Response;

use crate::batch::{Answers, Outcome, Plan, Progress, Targets, Work};
use crate::functions::{Arguments, Function, Functions};

/// What lies behind the doors, and outlives an invocation.
pub struct House {
    functions: Functions,
    targets: Targets,
}

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
    /// in flight.
    pub fn new(functions: Functions, max_concurrency: usize) -> Self {
        Self { functions, targets: Targets::new(max_concurrency) }
    }

    /// Answers an event of any form, before `deadline`.
    ///
    /// # Errors
    ///
    /// A call that cannot be answered, from a caller that does not speak HTTP; an event of no known form.
    pub async fn open(&self, event: Event, deadline: Instant) -> Result<Reply, CallError> {
        match event {
            Event::Object(event) if api_gateway::recognises(&event) => {
                Ok(Reply::Http(api_gateway::answer(self, &event, deadline).await))
            }
            Event::Object(event) if direct::recognises(&event) => {
                direct::answer(self, &event, deadline).await.map(Reply::Json)
            }
            _ => Err(CallError::Rejected(
                "the event has no known form: send an API Gateway event of version 1 or 2, or \
                 {\"function\": name, \"data\": [[0, argument, …], …]}"
                    .to_owned(),
            )),
        }
    }

    /// Answers the rows of a call.
    async fn answer(
        &self,
        function: &dyn Function,
        rows: &[Arguments<'_>],
        deadline: Instant,
    ) -> Result<Answers, CallError> {
        let begin = Instant::now();
        let plan = Plan::of(rows);
        let mut work = Work::new(function, &plan, &self.targets, deadline);
        while work.run_until(deadline).await == Progress::Paused {}
        let calls = work.calls();
        let outcome = work.finish();
        tracing::info!(
            function = function.name(),
            rows = rows.len(),
            distinct = plan.distinct().len(),
            calls,
            milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
            outcome = outcome.name(),
            "batch"
        );
        match outcome {
            Outcome::Answered(answers) => Ok(answers),
            Outcome::Refused(refusal) => Err(refusal.into()),
            Outcome::Unfinished { throttled: true } => Err(CallError::Throttled),
            Outcome::Unfinished { throttled: false } => Err(CallError::Unavailable),
        }
    }
}
