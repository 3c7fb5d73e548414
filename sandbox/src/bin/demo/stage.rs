//! What the demo stands on: the real binary in execution environments, API Gateway before it, the services behind it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::meta::region::RegionProviderChain;
use aws_credential_types::provider::ProvideCredentials;
use sandbox::api_gateway::{ApiGateway, ApiGatewayOptions};
use sandbox::aws::{Aws, AwsOptions};
use sandbox::dynamodb::Table;
use sandbox::lambda::{AtCapacity, Lambda, LambdaOptions, LogSink};
use sandbox::snowflake::Caller;

use crate::Failure;
use crate::options::{Options, Services};

/// Execution environments, and batches of a query at a time.
pub const LANES: usize = 4;

/// The parts, from the caller to the services.
pub struct Stage {
    /// Asks as Snowflake does.
    pub snowflake: Caller,
    /// API Gateway, which stops when this is dropped.
    pub _gateway: ApiGateway,
    /// The sandbox's services; `None` when the real ones answer.
    pub aws: Option<Aws>,
    /// The journal's table, beside the sandbox's services: what is asked of the real ones stays nowhere.
    pub _table: Option<Table>,
    /// How long a request that fails is sent again: not at all where the user waits for the reason.
    pub patience: Duration,
    /// The function.
    pub lambda: Arc<Lambda>,
}

impl Stage {
    /// Builds the function and sets everything up.
    pub async fn build(options: &Options) -> Result<Self, Failure> {
        let (aws, table, env) = match &options.services {
            Services::Sandbox => {
                let (aws, table) = (Aws::start(AwsOptions::default()).await?, Table::start().await?);
                let mut env = aws.env();
                env.push(("PLACE_INDEX_NAME".to_owned(), AwsOptions::default().place_index));
                // Answers that may be kept, as the template has it.
                env.push(("LOCATION_INTENDED_USE".to_owned(), "Storage".to_owned()));
                env.extend(table.env());
                (Some(aws), Some(table), env)
            }
            Services::Aws { place_index, .. } => {
                let mut env = own_credentials().await?;
                env.extend(place_index.iter().map(|name| ("PLACE_INDEX_NAME".to_owned(), name.clone())));
                (None, None, env)
            }
        };
        let lambda = Arc::new(
            Lambda::start(LambdaOptions {
                environments: LANES,
                timeout: Duration::from_secs(28),
                env,
                log: LogSink::Keep,
                at_capacity: AtCapacity::Wait,
                ..LambdaOptions::new(build_function()?)
            })
            .await?,
        );
        let patience = Duration::from_secs(if aws.is_some() { 60 } else { 0 });
        let gateway = ApiGateway::start(Arc::clone(&lambda), ApiGatewayOptions::default()).await?;
        Ok(Self { snowflake: Caller::new(gateway.url()), _gateway: gateway, patience, aws, _table: table, lambda })
    }
}

/// Builds the function beside this program, as this program was built, and says where it is.
fn build_function() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or("this program has no folder")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--bin", "bootstrap", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    eprintln!("Building the Lambda function. The first time takes a few minutes.");
    if !cargo.status()?.success() {
        return Err("the function could not be built".into());
    }
    Ok(folder.join("bootstrap"))
}

/// The Region that the user has chosen, by variable or profile.
pub fn region() -> Result<String, Failure> {
    let chain = RegionProviderChain::default_provider();
    let region = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(chain.region()));
    let region = region.ok_or("no AWS Region: set AWS_REGION, or a profile that names one")?;
    Ok(region.as_ref().to_owned())
}

/// The user's own credentials, wherever the AWS tools find them, as the environment variables that Lambda would set.
async fn own_credentials() -> Result<Vec<(String, String)>, Failure> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let provider = config.credentials_provider().ok_or("no AWS credentials are configured")?;
    let credentials = provider.provide_credentials().await.map_err(|_| {
        "no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with \
         aws sso login"
    })?;
    let mut env = vec![
        ("AWS_REGION".to_owned(), region()?),
        ("AWS_ACCESS_KEY_ID".to_owned(), credentials.access_key_id().to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), credentials.secret_access_key().to_owned()),
    ];
    env.extend(credentials.session_token().map(|token| ("AWS_SESSION_TOKEN".to_owned(), token.to_owned())));
    Ok(env)
}
