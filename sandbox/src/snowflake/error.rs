//! Why a query fails, in the words that a SQL user sees where they are known.

use std::time::Duration;

/// Why a query fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A status that is final, or one that did not go away.
    #[error(
        "Request failed for external function {function} with remote service error: {status} '{body}'; \
         requests batch-id: {batch_id}; request batch size: {rows} rows; request retries: {retries}; \
         response time (last retry): {}ms",
        response_time.as_millis()
    )]
    Status {
        /// The name of the function.
        function: String,
        /// The status.
        status: u16,
        /// The body of the answer.
        body: String,
        /// The batch.
        batch_id: String,
        /// Its rows.
        rows: usize,
        /// How often it was sent again.
        retries: u32,
        /// How long the last answer took.
        response_time: Duration,
    },
    /// No connection, or a broken one.
    #[error(
        "Request failed for external function {function}. Error: Remote service cannot be reached. Check the endpoint \
         URL and try again."
    )]
    Unreachable {
        /// The name of the function.
        function: String,
    },
    /// No answer in time.
    #[error("Request failed for external function {function}. Error: Timeout was reached")]
    Timeout {
        /// The name of the function.
        function: String,
    },
    /// Still 202 at the end of the time. The text is not Snowflake's, which is not known.
    #[error(
        "Request failed for external function {function}. Error: asynchronous request timed out after {}s; \
         requests batch-id: {batch_id}",
        after.as_secs()
    )]
    AsyncTimeout {
        /// The name of the function.
        function: String,
        /// The batch.
        batch_id: String,
        /// The time that it had.
        after: Duration,
    },
    /// A 200 whose body is not what it must be.
    #[error(
        "Error parsing JSON response for external function {function} with request batch id: {batch_id}. Error: {problem}"
    )]
    Response {
        /// The name of the function.
        function: String,
        /// The batch.
        batch_id: String,
        /// What is wrong.
        problem: ResponseProblem,
    },
    /// The query was given up, as its options wanted.
    #[error("SQL execution canceled")]
    Abandoned,
    /// A request cannot be made of the options.
    #[error("the request cannot be made: {0}")]
    Request(String),
}

/// What is wrong with the body of a 200.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseProblem {
    /// Not JSON, or not in the coding that its headers say.
    #[error("Invalid response")]
    NotJson,
    /// Larger than 10 MB.
    #[error("response of {0} bytes is too large")]
    TooLarge(usize),
    /// No object, or no list in it.
    #[error("top-level JSON object must contain \"data\" JSON array element")]
    NoData,
    /// Another member besides `data`. Snowflake may let it pass: it is not documented.
    #[error("top-level JSON object must contain nothing but \"data\"")]
    MoreThanData,
    /// More or fewer rows than were sent.
    #[error("Function received the wrong number of rows: {expected} expected, {found} found")]
    Count {
        /// How many were sent.
        expected: usize,
        /// How many came back.
        found: usize,
    },
    /// A row that is not a list of two.
    #[error("index {index} contains {elements} elements, but 2 elements are expected")]
    NoPair {
        /// Its place.
        index: usize,
        /// Its length: none for what is no list.
        elements: usize,
    },
    /// Another row number than the one sent in this place.
    #[error("Row numbers out of order at index {0}")]
    Order(usize),
    /// JSON in a string, in a VARIANT.
    #[error("Format of the returned value is not JSON at index {0}")]
    DoubleEncoded(usize),
    /// A value of another type than the function is declared to return. The text is not Snowflake's.
    #[error("the value at index {index} is no {declared}")]
    Type {
        /// Its place.
        index: usize,
        /// The type.
        declared: String,
    },
    /// A null from a function that is `NOT NULL`. The text is not Snowflake's.
    #[error("NULL result in a non-nullable function at index {0}")]
    Null(usize),
}
