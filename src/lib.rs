//! Snowflake external functions for Amazon Bedrock and Amazon Location, as one AWS Lambda function.

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
