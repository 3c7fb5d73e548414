//! What every AWS client of this function shares: Region, credentials, HTTP, no retries, and what a failed call means.

mod config;
mod fault;
mod headers;
mod refusals;
mod retry_after;

pub use config::load;
pub use fault::{fault, unsendable};
pub use headers::Headers;
pub use refusals::Service;
