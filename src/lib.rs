//! Snowflake external functions for Amazon Bedrock and Amazon Location, as one AWS Lambda function.
//!
//! # The map of the house
//!
//! An event comes in by a door and goes one way, and its answer comes back:
//!
//! ```text
//! doors -> snowflake -> batch -> functions -> bedrock | location
//!    \-> journal
//! ```
//!
//! - [`doors`]: one for each form of call, API Gateway, direct invocation, EventBridge Pipes, Redshift. They say what is a status and
//!   what is an error, and know nothing of the services. A batch with an id is worked on under the journal's lease.
//! - [`snowflake`]: the wire alone. The request's rows and headers, the response.
//! - [`batch`]: distinct rows, fanned out as fast as each target's limiter allows, tried again until the deadline. It knows nothing of
//!   HTTP, Bedrock or Location.
//! - [`functions`]: what SQL calls by name, one file for each, and the three kinds of failure.
//! - [`bedrock`], [`location`]: the services. Only they name the SDK's types of them, and only they read the services' errors.
//! - [`journal`]: what is known of a batch outside this process; in DynamoDB, or in memory.
//! - [`settings`], [`sdk`], [`deadline`]: what the environment says, what every SDK client shares, and the times of an invocation.
//!
//! The binary `bootstrap` puts them together. The crate `sandbox` stands in for everything around it, in tests and in the demo.

pub mod batch;
pub mod bedrock;
pub mod deadline;
pub mod doors;
pub mod functions;
pub mod journal;
pub mod location;
pub mod sdk;
pub mod settings;
pub mod snowflake;
