//! The same functions over a column of 2,000 rows.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sandbox::aws::Service;
use sandbox::snowflake::{OnProgress, QueryOptions, QueryResult};
use serde_json::{Value, json};

use crate::Failure;
use crate::article::email_instructions;
use crate::stage::Stage;

const ROWS: usize = 2_000;
const MODEL: &str = "us.amazon.nova-lite-v1:0";

/// What customers buy, two of which make a history: 380 different ones.
const CATEGORIES: [&str; 20] = [
    "Home Decor",
    "Furniture",
    "Lighting",
    "Kitchen",
    "Garden",
    "Books",
    "Music",
    "Toys",
    "Shoes",
    "Watches",
    "Outdoor",
    "Cycling",
    "Running",
    "Yoga",
    "Skincare",
    "Coffee",
    "Tea",
    "Stationery",
    "Cameras",
    "Games",
];

/// Addresses of stores, which the sandbox's place index knows.
const ADDRESSES: [&str; 8] = [
    "3799 S Las Vegas Blvd, Las Vegas, NV",
    "3600 S Las Vegas Blvd, Las Vegas, NV",
    "3131 S Las Vegas Blvd, Las Vegas, NV",
    "350 5th Ave, New York, NY",
    "1600 Pennsylvania Ave NW, Washington, DC",
    "Eiffel Tower, Paris",
    "Royal Observatory, Greenwich",
    "an address that nobody has",
];

/// Asks for 2,000 e-mails, and searches 2,000 addresses.
pub async fn play(stage: &Stage) -> Result<(), Failure> {
    let Some(aws) = &stage.aws else {
        return Ok(());
    };
    println!("\n3. A column of 2,000 rows (the sandbox answers an e-mail in 400 ms, a search in 100 ms)");

    println!("\n   select ask_bedrock($DEFAULT_LLM_INSTRUCTIONS, purchases, '{MODEL}') from customers;\n");
    aws.bedrock().set_latency(Duration::from_millis(400));
    let emails = (0..ROWS).map(|row| {
        let (first, second) = (CATEGORIES[row % 20], CATEGORIES[(row / 20 + row % 20 + 1) % 20]);
        vec![json!(email_instructions()), json!(format!("{first}, {second}")), json!(MODEL)]
    });
    let options = QueryOptions { return_type: "VARCHAR".to_owned(), ..QueryOptions::new("ask_bedrock") };
    run(stage, aws.bedrock(), emails.collect(), QueryOptions { max_batch_rows: 500, ..options }).await?;

    println!("\n   select get_coordinate(address) from stores;\n");
    aws.location().set_latency(Duration::from_millis(100));
    let addresses = (0..ROWS).map(|row| vec![json!(ADDRESSES[row * 7 % ADDRESSES.len()])]);
    let options = QueryOptions { max_batch_rows: 500, ..QueryOptions::new("get_coordinate") };
    run(stage, aws.location(), addresses.collect(), options).await?;
    Ok(())
}

async fn run(stage: &Stage, service: &Service, rows: Vec<Vec<Value>>, options: QueryOptions) -> Result<(), Failure> {
    service.reset();
    let bar = ProgressBar::new(u64::try_from(rows.len())?);
    bar.set_style(ProgressStyle::with_template("   {bar:40} {pos}/{len} rows, {elapsed}")?);
    bar.enable_steady_tick(Duration::from_millis(100));
    let told = bar.clone();
    let progress = OnProgress(Arc::new(move |progress| told.set_position(u64::try_from(progress.rows).unwrap_or(0))));
    let result = stage.snowflake.query(rows, QueryOptions { progress: Some(progress), ..options }).await;
    bar.finish_and_clear();
    let result = result?;
    report(&result, service, stage.lambda.environments());
    Ok(())
}

fn report(result: &QueryResult, service: &Service, environments: usize) {
    let (rows, stats, seconds) = (result.values.len(), service.stats(), result.elapsed.as_secs_f64());
    let nulls = result.values.iter().filter(|value| value.is_null()).count();
    let rate = f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / seconds;
    let saved = u64::try_from(rows).unwrap_or(0).saturating_sub(stats.requests);
    println!("   {rows} rows in {seconds:.1} s: {rate:.0} rows a second, {nulls} NULL");
    println!("   {} service calls, {saved} saved because equal rows of a batch share one", stats.requests);
    println!(
        "   {} requests to API Gateway, {environments} execution environments, {} KB sent and {} KB received",
        result.posts + result.gets,
        result.bytes_sent / 1000,
        result.bytes_received / 1000
    );
}
