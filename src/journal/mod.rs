//! What is known of a batch outside this process: its rows, and the answers that are paid for.
//!
//! The caller drives the work: whoever claims a batch works on it until its own deadline, journals the answers as they
//! come, and gives the lease back. Nothing runs between two calls, so a query that was cancelled spends nothing more.

mod answers;
mod dynamodb;
mod entry;
mod key;
mod memory;

use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;

pub use answers::{Answer, AnswerKey, Answers, Asking, Look, Recalled, Scope, Tag, Within};
pub use dynamodb::DynamoDb;
pub use entry::{decode, encode};
pub use key::{Key, digest};
pub use memory::Memory;

/// A batch that is unfinished so long after its first claim is refused: Snowflake has given it up.
///
/// Source: the 10 minutes of Snowflake's asynchronous external functions.
pub const GIVEN_UP: Duration = Duration::from_secs(600);

/// A journal of batches.
///
/// What it promises:
///
/// - A batch is claimed by one at a time. A claim holds until its lease ends or is given back, or until another one has
///   taken the batch after that.
/// - The rows are in the journal before the claim can be seen, so that a process that dies at any moment leaves a batch
///   that can be taken up, or none.
/// - What [`Journal::checkpoint`] has kept comes back with the next claim, in the same order.
/// - A checkpoint is kept only while its lease is the one that holds the batch, however late it comes.
/// - What has expired is as if it had never been.
pub trait Journal: Send + Sync {
    /// Claims a batch.
    ///
    /// # Errors
    ///
    /// When the journal cannot be reached, or throttles for longer than a few seconds.
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>>;

    /// Appends `entry`, which may be empty, to what is known of the batch, and says what is to become of the lease.
    ///
    /// # Errors
    ///
    /// As [`Journal::claim`]. Whether the entry was kept is then not known; keeping it again does no harm.
    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>>;

    /// Where answers are kept by what was asked, if they are.
    fn answers(&self) -> Option<&dyn Answers> {
        None
    }
}

/// A wish to work on a batch.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// Which batch.
    pub key: &'a Key,
    /// Its rows, where the caller has brought them.
    pub rows: Option<NewRows<'a>>,
    /// The time.
    pub now: SystemTime,
    /// Until when the lease holds, if no checkpoint renews it.
    pub lease_until: SystemTime,
}

/// The rows of a batch that may be new.
#[derive(Debug, Clone)]
pub struct NewRows<'a> {
    /// The request's body.
    pub body: &'a str,
    /// A hash of the rows, by which another body under the same batch id is recognised.
    pub digest: String,
}

/// What became of a claim.
#[derive(Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The batch is the caller's until the lease ends.
    Ours(Lease, Batch),
    /// The batch has ended: everything about it is known.
    Ended(Batch),
    /// Another one works on it.
    Busy,
    /// There is no such batch, and the caller has brought no rows.
    Unknown,
    /// The batch has other rows than the caller has brought.
    OtherRows,
    /// The batch is unfinished and older than [`GIVEN_UP`].
    GivenUp(Batch),
}

/// What the journal holds of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// When it was claimed first.
    pub created: SystemTime,
    /// The request's body.
    pub body: String,
    /// The entries of all checkpoints, in their order.
    pub entries: Vec<Vec<u8>>,
}

/// The right to work on a batch.
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    key: Key,
    token: String,
    is_first: bool,
    until: SystemTime,
    /// Entries that the batch has.
    entries: usize,
    /// Bytes of rows and entries that are kept beside the claim.
    bytes: usize,
    expires: u64,
}

impl Lease {
    /// The batch.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What no other lease has.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Until when it holds, if no checkpoint renews it.
    pub fn until(&self) -> SystemTime {
        self.until
    }

    /// Whether nobody has had the batch before.
    pub fn is_first(&self) -> bool {
        self.is_first
    }
}

/// What is to become of a lease after a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The work goes on, and the lease holds until then.
    GoOn(SystemTime),
    /// Another one may take the batch.
    Release,
    /// The batch has ended.
    End,
}

/// Whether a checkpoint was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was.
    Yes,
    /// The batch is another one's: stop.
    LeaseLost,
}

/// The journal cannot be used. The text is for the log; it holds no row data.
#[derive(Debug, thiserror::Error)]
#[error("the journal cannot be used: {0}")]
pub struct JournalError(pub String);

/// A name that nobody else has, of the operating system's randomness: a generator that is seeded in each environment could give
/// two of them the same.
fn new_token() -> Result<String, JournalError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| JournalError(format!("the system gives no randomness: {error}")))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
