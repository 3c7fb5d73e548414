//! Snowflake's wire format for external functions, and nothing else: requests, responses, the names of headers.

pub mod headers;
pub mod request;
pub mod response;
