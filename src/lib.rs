//! Snowflake external functions for Amazon Bedrock and Amazon Location, as one AWS Lambda function.
//!
//! # The map of the house
//!
//! An event comes in by a door and goes one way, and its answer comes back:
//!
//! ```text
//! doors -> calls -> batch -> functions -> bedrock | location
//!            \-> journal
//! ```
//!
//! - [`doors`]: one for each form of call, API Gateway on `lambda_http`, direct invocation, EventBridge Pipes, Redshift. They say what is a
//!   status and what is an error, and know nothing of the services.
//! - [`calls`]: the life of a call behind every door: answered at once, or under the journal's lease; its line in the log.
//! - [`snowflake`]: the wire alone. The request's rows, the response, the names of the headers.
//! - [`batch`]: distinct rows, fanned out as fast as each target's limiter allows, tried again until the deadline. It knows nothing of
//!   HTTP, Bedrock or Location.
//! - [`journal`]: what is known of a batch outside this process; in DynamoDB, or in memory.
//! - [`functions`]: what SQL calls by name, one file for each.
//! - [`bedrock`], [`location`]: the services. Only they name the SDK's types of them.
//! - [`sdk`]: what every SDK client shares, and what a refusal of a service means.
//! - [`function`]: the ground floor. What a function is, arguments, jobs, outcomes, the kinds of failure.
//! - [`settings`]: what the environment says.
//!
//! No two rooms import each other, and none imports one above it: `tests/it/rooms.rs` reads that from the sources. The binary
//! `bootstrap` puts them together. The crate `sandbox` stands in for everything around it, in tests and in the demo.

pub mod batch;
pub mod bedrock;
pub mod calls;
pub mod doors;
pub mod function;
pub mod functions;
pub mod journal;
pub mod location;
pub mod sdk;
pub mod settings;
pub mod snowflake;
