//! Looks at a deployed stack with its owner's credentials, and tells step by step what is as it should be, what is not, and
//! which command mends it. It changes nothing.
//!
//! - [`options`]: the command line
//! - [`aws`]: the services, asked by their protocols
//! - [`checks`]: the steps, a file for each
//! - [`stack`], [`catalogue`], [`policy`], [`snowflake`], [`sql`]: what the steps read
//! - [`examine`]: the steps in their order
//! - [`setup`]: the commands that set everything up
//! - [`sam`]: the commands of the SAM CLI for a stack
//! - [`report`]: what is found, and how it is told

pub mod aws;
pub mod catalogue;
pub mod checks;
pub mod examine;
pub mod options;
pub mod policy;
pub mod report;
pub mod sam;
pub mod setup;
pub mod snowflake;
pub mod sql;
pub mod stack;

#[cfg(test)]
mod testing;
