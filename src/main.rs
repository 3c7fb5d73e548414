//! The Lambda function: reads the settings, builds the house, and opens its doors to the Runtime API.

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use snowflake_aws_functions::batch::Tracks;
use snowflake_aws_functions::bedrock::Bedrock;
use snowflake_aws_functions::calls::{House, Retention, Times};
use snowflake_aws_functions::doors::{self, Event};
use snowflake_aws_functions::functions::Functions;
use snowflake_aws_functions::journal::{DynamoDb, Journal};
use snowflake_aws_functions::location::Location;
use snowflake_aws_functions::sdk;
use snowflake_aws_functions::settings::Settings;

// One thread: the work is waiting, and a Lambda of less than 1,769 MB has less than one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda_runtime::tracing::init_default_subscriber();
    // The default hook prints the panic's message, which may quote row data.
    std::panic::set_hook(Box::new(|panic| tracing::error!(location = ?panic.location(), "panic")));
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this is a Lambda function: run it with sam local invoke or cargo lambda, or try cargo demo".into());
    }
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let sdk = sdk::load().await;
    let table = settings.journal_table_name.map(|name| DynamoDb::new(name, settings.journal_retention, sdk.clone()));
    let tracks = table.clone().map(|table| -> Arc<dyn Tracks> { Arc::new(table) });
    let journal = table.map(|table| -> Box<dyn Journal> { Box::new(table) });
    let location = Location::new(
        settings.place_index_name,
        settings.location_intended_use,
        settings.location_calls_per_second,
        sdk.clone(),
    );
    let functions = Functions::new(Bedrock::new(sdk, settings.model_prices), settings.allowed_model_ids, location);
    let retention = Retention { journal: settings.journal_retention, shared_answers: settings.shared_answers };
    let house = Arc::new(House::new(functions, settings.max_concurrency, journal).keeping(retention).sharing(tracks));
    lambda_runtime::run(service_fn(move |invocation: LambdaEvent<Event>| {
        let house = Arc::clone(&house);
        let times = Times::until(invocation.context.deadline());
        async move { doors::open(&house, invocation.payload, times).await.map_err(|error| doors::diagnostic(&error)) }
    }))
    .await
}
