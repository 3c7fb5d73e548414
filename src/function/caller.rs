//! Who asks.

/// Who asks, as far as the caller tells. It goes to a service's own log, and changes nothing of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The SQL statement.
    pub query_id: Option<&'a str>,
    /// The user who runs it.
    pub user: Option<&'a str>,
    /// The role under which it runs.
    pub role: Option<&'a str>,
}
