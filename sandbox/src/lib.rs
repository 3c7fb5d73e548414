//! Stands in, on loopback, for everything around the function: the Lambda Runtime API and its execution environments,
//! API Gateway before them, Bedrock and Location behind them, and Snowflake as the caller.
//!
//! No production build contains it. Its servers listen on 127.0.0.1 only, and stop when they are dropped.

pub mod api_gateway;
pub mod aws;
pub mod lambda;
pub mod snowflake;
