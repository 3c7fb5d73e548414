//! `cargo doctor`: is a deployed stack as it should be?
#![expect(clippy::print_stdout, reason = "it is told to who asks")]

use std::io;
use std::process::ExitCode;

use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use doctor::aws::{Aws, Endpoints};
use doctor::checks::identity;
use doctor::examine::examine;
use doctor::options::{HELP, Options, OptionsError, Task};
use doctor::setup::Setup;
use doctor::stack::Stack;

/// What keeps the doctor from looking at all.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error("no Region: name it with --region, or by AWS_REGION, or in your profile")]
    NoRegion,
    #[error("no credentials: aws configure, aws sso login, or the environment's AWS_ACCESS_KEY_ID has them")]
    NoCredentials,
    #[error("nobody listens: {0}")]
    Output(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("doctor: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, Failure> {
    let Some(options) = Options::read(std::env::args_os().skip(1))? else {
        print!("{HELP}");
        return Ok(true);
    };
    let aws = connect(options.region.clone()).await;
    match options.task {
        Task::Examine(how) => Ok(examine(&aws?, &options.stack, &how, &mut io::stdout().lock()).await?),
        Task::PrintSetup { role_name, integration } => {
            let known = setup(aws.ok(), options.stack, options.region).await;
            print!("{}", Setup { role_name, integration, ..known }.render());
            Ok(true)
        }
    }
}

async fn connect(region: Option<String>) -> Result<Aws, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(aws_config::Region::new(region));
    }
    let config = loader.load().await;
    let region = config.region().ok_or(Failure::NoRegion)?.to_string();
    let provider = config.credentials_provider().ok_or(Failure::NoCredentials)?;
    // The provider's own words may tell where it looked, and are not repeated.
    let credentials = provider.provide_credentials().await.map_err(|_| Failure::NoCredentials)?;
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(Aws::new(region, credentials, Endpoints::from_variables(variables)))
}

/// With what can be known: before there is a stack, or credentials, that is its name.
async fn setup(aws: Option<Aws>, name: String, region: Option<String>) -> Setup {
    let unknown = Stack::named(&name);
    let Some(aws) = aws else {
        return Setup { stack: unknown, region, ..Setup::default() };
    };
    let account = identity::read(&aws).await.ok().map(|identity| identity.account);
    let stack = Stack::read(&aws, &name).await.unwrap_or(unknown);
    Setup { stack, region: Some(aws.region().to_owned()), account, ..Setup::default() }
}
