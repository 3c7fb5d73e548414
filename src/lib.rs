//! Snowflake external functions for Amazon Bedrock and Amazon Location, as one AWS Lambda function.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may stop at the first surprise"))]

pub mod batch;
pub mod bedrock;
pub mod deadline;
pub mod doors;
pub mod functions;
pub mod location;
pub mod sdk;
pub mod settings;
pub mod snowflake;
