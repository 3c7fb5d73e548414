//! The wires between an invocation and the world. What the invocation sends waits on them until the schedule lets it
//! arrive, so that every journal operation and every service call is a point at which anything may happen.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use snowflake_aws_functions::function::{
    Answered, Call as Asking, Failed, Fault, Function, Job, Parameter, Refusal, Row, Target,
};
use snowflake_aws_functions::journal::{
    Claim, Claimed, Journal, JournalError, Kept, Key, Lease, Memory, NewRows, Then,
};
use tokio::sync::oneshot;

use super::rules::Time;

/// What was sent and has not arrived.
#[derive(Default)]
pub struct Sent {
    pub operations: Vec<Operation>,
    pub calls: Vec<Call>,
}

/// What a checkpoint says of rows, by their texts.
#[derive(Debug, Default)]
pub struct Carried {
    pub answers: BTreeMap<String, String>,
    /// How often rows without an answer were tried.
    pub tries: BTreeMap<String, String>,
}

/// The ends of all wires in the world.
pub type Wires = Arc<Mutex<Sent>>;

/// An operation on its way to the journal. When its sender dies it stays on its way.
pub struct Operation {
    pub by: usize,
    pub what: What,
    /// What it carries, once the rules have looked at it.
    pub carries: Option<Carried>,
    /// Steps of it that the journal has taken.
    pub steps: usize,
    request: Option<Request>,
    running: Option<BoxFuture<'static, Reply>>,
    answer: oneshot::Sender<Reply>,
}

/// An operation, for the rules and for the account of a schedule.
#[derive(Clone)]
pub enum What {
    Claim { body: Option<String> },
    Checkpoint { entry: Vec<u8>, then: Then },
}

/// A call on its way to the service.
pub struct Call {
    pub by: usize,
    pub row: String,
    pub begin: Time,
    pub checked: bool,
    pub answer: oneshot::Sender<Result<Answered, Fault>>,
}

enum Request {
    Claim { key: Key, rows: Option<(String, String)>, now: SystemTime, lease_until: SystemTime },
    Checkpoint { lease: Lease, entry: Vec<u8>, then: Then },
}

/// The journal's answer; a lease travels with the operation and comes back with it.
pub enum Reply {
    Claimed(Result<Claimed, JournalError>),
    Kept(Lease, Result<Kept, JournalError>),
}

impl Operation {
    /// Whether nobody waits for the answer any more.
    pub fn is_orphan(&self) -> bool {
        self.answer.is_closed()
    }

    /// Lets the journal take one step; a journal whose operations are atomic needs one.
    pub fn step(&mut self, journal: &Arc<dyn Journal>) -> Option<Reply> {
        self.steps += 1;
        if let Some(request) = self.request.take() {
            self.running = Some(request.run(Arc::clone(journal)));
        }
        self.running.as_mut().and_then(|running| running.now_or_never())
    }

    /// What the sender sees of an operation that never arrives.
    pub fn lose(mut self) {
        let reply = match self.request.take() {
            Some(Request::Claim { .. }) => Reply::Claimed(Err(lost())),
            Some(Request::Checkpoint { lease, .. }) => Reply::Kept(lease, Err(lost())),
            None => return,
        };
        let _ = self.answer.send(reply);
    }

    /// Hands the answer over; a lost one is an error to the sender.
    pub fn answer(self, reply: Reply, is_lost: bool) {
        let reply = match reply {
            Reply::Claimed(_) if is_lost => Reply::Claimed(Err(lost())),
            Reply::Kept(lease, _) if is_lost => Reply::Kept(lease, Err(lost())),
            reply => reply,
        };
        // A sender that has died meanwhile is one of the cases.
        let _ = self.answer.send(reply);
    }

    pub fn has_begun(&self) -> bool {
        self.request.is_none()
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim { body } => write!(formatter, "claim{}", body.as_ref().map_or("", |_| " with rows")),
            Self::Checkpoint { then, .. } => write!(formatter, "checkpoint and {then:?}"),
        }
    }
}

fn lost() -> JournalError {
    JournalError("lost on the way".to_owned())
}

impl Request {
    fn run(self, journal: Arc<dyn Journal>) -> BoxFuture<'static, Reply> {
        async move {
            match self {
                Self::Claim { key, rows, now, lease_until } => {
                    let rows = rows.as_ref().map(|(body, digest)| NewRows { body, digest: digest.clone() });
                    Reply::Claimed(journal.claim(&Claim { key: &key, rows, now, lease_until }).await)
                }
                Self::Checkpoint { mut lease, entry, then } => {
                    let kept = journal.checkpoint(&mut lease, &entry, then).await;
                    Reply::Kept(lease, kept)
                }
            }
        }
        .boxed()
    }
}

/// One invocation's wires: its journal and its service.
#[derive(Clone)]
pub struct Wire {
    pub by: usize,
    pub wires: Wires,
}

impl Wire {
    async fn send(&self, request: Request, what: What) -> Reply {
        let (answer, reply) = oneshot::channel();
        let (request, by) = (Some(request), self.by);
        let operation = Operation { by, what, carries: None, steps: 0, request, running: None, answer };
        self.wires.lock().unwrap().operations.push(operation);
        reply.await.unwrap()
    }
}

impl Journal for Wire {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        async move {
            let rows = claim.rows.as_ref().map(|rows| (rows.body.to_owned(), rows.digest.clone()));
            let what = What::Claim { body: rows.as_ref().map(|(body, _)| body.clone()) };
            let (now, lease_until) = (claim.now, claim.lease_until);
            match self.send(Request::Claim { key: claim.key.clone(), rows, now, lease_until }, what).await {
                Reply::Claimed(claimed) => claimed,
                Reply::Kept(..) => unreachable!("the answer to another question"),
            }
        }
        .boxed()
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        async move {
            // The operation outlives a sender that dies, so the lease goes with it.
            let travelling = std::mem::replace(lease, no_lease());
            let what = What::Checkpoint { entry: entry.to_vec(), then };
            match self.send(Request::Checkpoint { lease: travelling, entry: entry.to_vec(), then }, what).await {
                Reply::Kept(back, kept) => {
                    *lease = back;
                    kept
                }
                Reply::Claimed(_) => unreachable!("the answer to another question"),
            }
        }
        .boxed()
    }
}

/// A lease of a batch that is in no journal.
fn no_lease() -> Lease {
    static KEY: LazyLock<Key> = LazyLock::new(|| Key::of("", ""));
    let now = SystemTime::UNIX_EPOCH;
    let rows = Some(NewRows { body: "", digest: String::new() });
    let claim = Claim { key: &KEY, rows, now, lease_until: now };
    match Memory::new(Duration::from_secs(1)).claim(&claim).now_or_never() {
        Some(Ok(Claimed::Ours(lease, _))) => lease,
        other => panic!("{other:?}"),
    }
}

/// The name that the function under the model has.
pub const FUNCTION: &str = "ask";

impl Function for Wire {
    fn name(&self) -> &'static str {
        FUNCTION
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let text = row.text(0);
        Ok(Job {
            target: Target { name: "service".into(), per_second: None },
            options: "".into(),
            question: Some(Box::new([text.into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Asking::alone(move || self.ask(text)),
        })
    }
}

impl Wire {
    async fn ask(&self, text: &str) -> Result<Answered, Failed> {
        let (answer, reply) = oneshot::channel();
        let call = Call { by: self.by, row: text.to_owned(), begin: 0, checked: false, answer };
        self.wires.lock().unwrap().calls.push(call);
        Ok(reply.await.unwrap()?)
    }
}
