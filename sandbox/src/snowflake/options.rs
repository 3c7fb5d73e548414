//! What a query is asked with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The most rows in a batch, whatever is asked for: what has been seen of Snowflake.
pub const MAX_BATCH_ROWS: usize = 4096;
/// The most requests at once of one query on one node.
pub const MAX_PARALLEL: usize = 64;

/// One query: `select f(…) from …`.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// The function: the last segment of the path, and in upper case the name in the headers.
    pub function: String,
    /// The signature in the headers, such as `(N NUMBER)`.
    pub signature: String,
    /// The return type in the headers. A `VARIANT` may not be JSON in a string.
    pub return_type: String,
    /// Whether the function is declared `NOT NULL`.
    pub not_null: bool,
    /// The size of the batches; [`MAX_BATCH_ROWS`] is the most.
    pub max_batch_rows: usize,
    /// Batches of random sizes up to that.
    pub random_batches: bool,
    /// How many batches are under way at once; [`MAX_PARALLEL`] is the most.
    pub parallel: usize,
    /// The coding of requests and, if the service likes, of answers.
    pub compression: Compression,
    /// More headers, such as `sf-custom-…`.
    pub headers: Vec<(String, String)>,
    /// Context headers: `current_user` and its value.
    pub context: Vec<(String, String)>,
    /// What decides the order and the size of batches, the jitter, and which answers get lost.
    pub seed: u64,
    /// The id of the query. None: a new one. The same one again makes the same batch ids.
    pub query_id: Option<String>,
    /// How long a batch is sent again after 429, 5xx and failed connections.
    pub retry_for: Duration,
    /// The delays between these.
    pub backoff: Delays,
    /// The delays between polls.
    pub poll: Delays,
    /// How long a batch may take that is answered 202, from its POST on. Where Snowflake begins to count is not documented.
    pub async_limit: Duration,
    /// Whether a GET is sent again after 429, 5xx and failed connections; Snowflake's documentation says both.
    pub retry_polls: bool,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// Gives the query up, without a notice, before a batch is polled once more than this.
    pub abandon_after: Option<u32>,
    /// Sends every POST twice at once; the second answer counts.
    pub duplicate_posts: bool,
    /// How many of a thousand answers get lost on the way, so that the request is sent again.
    pub lose_responses: u32,
    /// Asks with GET again after the answer to a GET.
    pub repeat_last_poll: bool,
    /// Told after every batch.
    pub progress: Option<OnProgress>,
}

impl QueryOptions {
    /// A query as Snowflake would ask it.
    pub fn new(function: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            signature: "(A VARCHAR)".to_owned(),
            return_type: "VARIANT".to_owned(),
            not_null: false,
            max_batch_rows: MAX_BATCH_ROWS,
            random_batches: false,
            parallel: 8,
            compression: Compression::Gzip,
            headers: Vec::new(),
            context: Vec::new(),
            seed: 0,
            query_id: None,
            retry_for: Duration::from_secs(600),
            backoff: Delays { first: Duration::from_millis(500), factor: 2.0, cap: Duration::from_secs(16) },
            poll: Delays { first: Duration::from_millis(200), factor: 1.5, cap: Duration::from_secs(10) },
            async_limit: Duration::from_secs(600),
            retry_polls: true,
            request_timeout: Duration::from_secs(120),
            abandon_after: None,
            duplicate_posts: false,
            lose_responses: 0,
            repeat_last_poll: false,
            progress: None,
        }
    }
}

/// Growing delays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delays {
    /// The first one.
    pub first: Duration,
    /// What the next one is longer by.
    pub factor: f64,
    /// The longest one.
    pub cap: Duration,
}

impl Delays {
    /// The delay after this many others.
    pub(super) fn nth(&self, n: u32) -> Duration {
        let grown = self.first.as_secs_f64() * self.factor.powf(f64::from(n));
        // Past any representable duration it is the cap.
        Duration::try_from_secs_f64(grown).map_or(self.cap, |grown| grown.min(self.cap))
    }
}

/// `COMPRESSION` of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `NONE`
    None,
    /// `GZIP`, and `AUTO` on AWS
    Gzip,
    /// `DEFLATE`, in the zlib format
    Deflate,
}

/// How far a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that have their value.
    pub rows: usize,
    /// All rows.
    pub all_rows: usize,
    /// Batches that are done.
    pub batches: usize,
    /// All batches.
    pub all_batches: usize,
    /// The time since the start.
    pub elapsed: Duration,
}

/// A function that is told the progress.
#[derive(Clone)]
pub struct OnProgress(pub Arc<dyn Fn(Progress) + Send + Sync>);

impl fmt::Debug for OnProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnProgress")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_their_cap() {
        let poll = QueryOptions::new("f").poll;
        assert_eq!(poll.nth(0), Duration::from_millis(200));
        assert_eq!(poll.nth(2), Duration::from_millis(450));
        assert_eq!(poll.nth(100), Duration::from_secs(10));
        assert_eq!(poll.nth(u32::MAX), Duration::from_secs(10));
    }
}
