//! The wires between an invocation and what batches share. The journal of the batches themselves is at hand: it has a model of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use snowflake_aws_functions::function::{
    Answered, Call as Asking, Failed, Fault, Function, Job, Outcome, Parameter, Question, Refusal, Row, Target,
};
use snowflake_aws_functions::journal::{
    AnswerKey, Answers, Asking as Claiming, Claim, Claimed, Journal, JournalError, Kept, Key, Lease, Look, Recalled,
    Scope, Tag, Then, Within,
};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The name that the function under the model has.
pub const FUNCTION: &str = "ask";

/// All statements, and all texts of rows.
pub const STATEMENTS: [&str; 2] = ["q", "r"];
pub const ROWS: [&str; 2] = ["a", "b"];

/// A row of a statement.
pub type Name = (&'static str, &'static str);

/// The rows by their keys.
pub static NAMES: LazyLock<HashMap<AnswerKey, Name>> = LazyLock::new(|| {
    let names = STATEMENTS.iter().flat_map(|statement| ROWS.iter().map(move |row| (*statement, *row)));
    names.map(|name| (key(name), name)).collect()
});

/// The key of a row.
pub fn key((statement, row): Name) -> AnswerKey {
    let question: Question<'_> = Box::new([row.into()]);
    scope(statement).key("service", &question)
}

/// The scope of a statement.
pub fn scope(statement: &str) -> Scope {
    Scope::of(
        FUNCTION,
        Within::Statement(statement),
        SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000),
    )
}

/// The row that a claim names.
fn named(tag: Tag) -> Name {
    NAMES.iter().find(|(key, _)| key.tag() == tag).map(|(_, name)| *name).unwrap()
}

/// What was sent and has not arrived.
#[derive(Default)]
pub struct Sent {
    pub operations: Vec<Operation>,
    pub calls: Vec<Call>,
    /// What has been kept of batches since it was last looked at.
    pub entries: Vec<(usize, Vec<u8>, Then)>,
}

/// The ends of all wires in the world.
pub type Wires = Arc<Mutex<Sent>>;

/// An operation on its way. When its sender dies it stays on its way.
pub struct Operation {
    pub by: usize,
    pub at: Instant,
    pub request: Request,
    answer: oneshot::Sender<Result<Reply, JournalError>>,
}

/// A call on its way to the service.
pub struct Call {
    pub by: usize,
    pub row: String,
    pub checked: bool,
    pub answer: oneshot::Sender<Result<Answered, Fault>>,
}

pub enum Request {
    Recall { scope: Scope, batch: Key, keys: Vec<AnswerKey>, for_others: bool, now: SystemTime, until: SystemTime },
    Ask { scope: Scope, batch: Key, lease: String, tags: Vec<Tag>, now: SystemTime, until: SystemTime },
    Keep { scope: Scope, batch: Key, answers: Vec<(AnswerKey, Outcome)> },
}

#[derive(Debug)]
pub enum Reply {
    Recalled(Recalled),
    Asked(HashSet<Tag>),
    Kept,
}

impl Operation {
    /// Whether nobody waits for the answer any more.
    pub fn is_orphan(&self) -> bool {
        self.answer.is_closed()
    }

    /// Hands the answer over; none is an error to the sender.
    pub fn answer(self, reply: Option<Reply>) {
        // A sender that has died meanwhile is one of the cases.
        let _ = self.answer.send(reply.ok_or_else(|| JournalError("lost on the way".to_owned())));
    }
}

impl Request {
    /// Takes effect.
    pub fn run(&self, answers: &dyn Answers) -> Reply {
        match self {
            Self::Recall { scope, batch, keys, for_others, now, until } => {
                let look = Look { scope, batch, keys, for_others: *for_others, now: *now, until: *until };
                Reply::Recalled(atomic(answers.recall(look)))
            }
            Self::Ask { scope, batch, lease, tags, now, until } => {
                let claim = Claiming { scope, batch, lease, tags, now: *now, until: *until };
                Reply::Asked(atomic(answers.ask(&claim)))
            }
            Self::Keep { scope, batch, answers: kept } => {
                atomic(answers.keep(scope, batch, kept));
                Reply::Kept
            }
        }
    }

    /// The rows that it claims.
    pub fn claimed(&self) -> BTreeSet<&'static str> {
        match self {
            Self::Ask { tags, .. } => tags.iter().map(|tag| named(*tag).1).collect(),
            _ => BTreeSet::new(),
        }
    }

    /// The answers that it keeps.
    pub fn kept(&self) -> BTreeMap<Name, String> {
        match self {
            Self::Keep { answers, .. } => answers.iter().map(|(key, outcome)| (NAMES[key], value(outcome))).collect(),
            _ => BTreeMap::new(),
        }
    }
}

impl Reply {
    /// The rows that it says others ask for.
    pub fn asked(&self) -> BTreeSet<&'static str> {
        match self {
            Self::Recalled(Recalled { asked: tags, .. }) | Self::Asked(tags) => {
                tags.iter().map(|tag| named(*tag).1).collect()
            }
            Self::Kept => BTreeSet::new(),
        }
    }
}

/// What the keeper in memory does in one step.
fn atomic<T>(operation: BoxFuture<'_, Result<T, JournalError>>) -> T {
    operation.now_or_never().unwrap().unwrap()
}

/// The value of an outcome, as the service has said it.
pub fn value(outcome: &Outcome) -> String {
    outcome.value().map_or("null".to_owned(), |json| serde_json::from_str(json).unwrap())
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recall { keys, .. } => write!(formatter, "recall of {:?}", rows(keys.iter().map(|key| NAMES[key]))),
            Self::Ask { tags, .. } => write!(formatter, "claim of {:?}", rows(tags.iter().map(|tag| named(*tag)))),
            Self::Keep { .. } => write!(formatter, "keeping of {:?}", self.kept()),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recalled(Recalled { answers, asked }) => {
                let answers: BTreeMap<Name, String> =
                    answers.iter().map(|(key, answer)| (NAMES[key], value(&answer.outcome))).collect();
                write!(formatter, "known {answers:?}, asked {:?}", rows(asked.iter().map(|tag| named(*tag))))
            }
            Self::Asked(lost) => write!(formatter, "lost {:?}", rows(lost.iter().map(|tag| named(*tag)))),
            Self::Kept => formatter.write_str("kept"),
        }
    }
}

fn rows(names: impl Iterator<Item = Name>) -> BTreeSet<Name> {
    names.collect()
}

/// One invocation's wires: its journal and its service.
#[derive(Clone)]
pub struct Wire {
    pub by: usize,
    pub wires: Wires,
    pub journal: Arc<dyn Journal>,
}

impl Wire {
    async fn send(&self, request: Request) -> Result<Reply, JournalError> {
        let (answer, reply) = oneshot::channel();
        let operation = Operation { by: self.by, at: Instant::now(), request, answer };
        self.wires.lock().unwrap().operations.push(operation);
        reply.await.unwrap()
    }

    async fn ask_service(&self, text: &str) -> Result<Answered, Failed> {
        let (answer, reply) = oneshot::channel();
        let call = Call { by: self.by, row: text.to_owned(), checked: false, answer };
        self.wires.lock().unwrap().calls.push(call);
        Ok(reply.await.unwrap()?)
    }
}

impl Journal for Wire {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        self.journal.claim(claim)
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        async move {
            let kept = self.journal.checkpoint(lease, entry, then).await?;
            if kept == Kept::Yes {
                self.wires.lock().unwrap().entries.push((self.by, entry.to_vec(), then));
            }
            Ok(kept)
        }
        .boxed()
    }

    fn answers(&self) -> Option<&dyn Answers> {
        Some(self)
    }
}

impl Answers for Wire {
    fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>> {
        let Look { scope, batch, keys, for_others, now, until } = look;
        let (scope, batch, keys) = (scope.clone(), batch.clone(), keys.to_vec());
        let request = Request::Recall { scope, batch, keys, for_others, now, until };
        async move {
            match self.send(request).await? {
                Reply::Recalled(recalled) => Ok(recalled),
                other => unreachable!("{other:?}"),
            }
        }
        .boxed()
    }

    fn ask<'a>(&'a self, asking: &'a Claiming<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        let Claiming { scope, batch, lease, tags, now, until } = asking.clone();
        let (scope, batch, lease, tags) = (scope.clone(), batch.clone(), lease.to_owned(), tags.to_vec());
        let request = Request::Ask { scope, batch, lease, tags, now, until };
        async move {
            match self.send(request).await? {
                Reply::Asked(lost) => Ok(lost),
                other => unreachable!("{other:?}"),
            }
        }
        .boxed()
    }

    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
        let request = Request::Keep { scope: scope.clone(), batch: batch.clone(), answers: answers.to_vec() };
        async move { self.send(request).await.map(|_| Vec::new()) }.boxed()
    }
}

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
            call: Asking::alone(move || self.ask_service(text)),
        })
    }
}
