//! `cargo demo`: the functions at work, the whole way from the SQL statement to the service and back.
#![expect(clippy::print_stdout, reason = "this is what a demo is for")]

mod article;
mod bar;
mod bill;
mod column;
mod messages;
mod options;
mod stage;
mod table;

use std::process::ExitCode;

use options::{Options, Services};
use stage::Stage;

/// What ends the demo early: a sentence for the user.
type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    match play().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("demo: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn play() -> Result<(), Failure> {
    let options = match Options::read(std::env::args_os().skip(1))? {
        Some(options) => options,
        None => {
            print!("{}", options::HELP);
            return Ok(());
        }
    };
    let stage = Stage::build(&options).await?;
    match &options.services {
        Services::Sandbox => {
            println!(
                "\nEverything below runs on this machine. The Lambda function is the real one; Snowflake, API Gateway,\n\
                 Amazon Bedrock and Amazon Location are stood in for by the sandbox: the answers are the sandbox's own,\n\
                 the coordinates are real."
            );
            article::play(&stage, article::MODEL).await?;
            messages::play(&stage, messages::MODEL).await?;
            column::play(&stage).await
        }
        Services::Aws { model_id, .. } => {
            println!(
                "\nThe Lambda function runs on this machine, Amazon Bedrock and Amazon Location are the real ones."
            );
            article::play(&stage, model_id).await?;
            messages::play(&stage, model_id).await
        }
    }
}
