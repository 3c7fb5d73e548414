//! The names of the headers that Snowflake sends with a batch.

/// Identifies a batch: the same in its POST, in every retry of that POST, and in its GETs. Opaque.
pub const BATCH_ID: &str = "sf-external-function-query-batch-id";

/// Identifies the SQL statement that sends the batch.
pub const QUERY_ID: &str = "sf-external-function-current-query-id";

/// The user who runs the statement, for functions that are created with the context header `CURRENT_USER`.
pub const USER: &str = "sf-context-current-user";

/// The role under which it runs, for functions that are created with the context header `CURRENT_ROLE`.
pub const ROLE: &str = "sf-context-current-role";
