//! The same functions over a column of 2,000 rows.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use sandbox::aws::Service;
use sandbox::snowflake::{OnProgress, QueryOptions, QueryResult};
use serde_json::{Value, json};

use crate::Failure;
use crate::article::email_instructions;
use crate::bar::{Bar, Standing};
use crate::stage::{LANES, Stage};

const ROWS: usize = 2_000;
const MODEL: &str = "us.amazon.nova-lite-v1:0";

/// What customers buy, two of which make a history: 400 different ones.
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
    println!(
        "\n4. A column of 2,000 rows, in batches of 100, {LANES} at a time (the sandbox answers an e-mail in 400 ms, a search in\n   \
         100 ms). Equal rows of a query are asked once, whatever batch and environment they come to."
    );

    println!("\n   select ask_bedrock($DEFAULT_LLM_INSTRUCTIONS, purchases, '{MODEL}') from customers;\n");
    aws.bedrock().set_latency(Duration::from_millis(400));
    let emails = (0..ROWS).map(|row| {
        let (first, second) = (CATEGORIES[row % 20], CATEGORIES[(row / 20 + row % 20 + 1) % 20]);
        vec![json!(email_instructions()), json!(format!("{first}, {second}")), json!(MODEL)]
    });
    let options = QueryOptions { return_type: "VARCHAR".to_owned(), ..QueryOptions::new("ask_bedrock") };
    run(stage, aws.bedrock(), emails.collect(), options).await?;

    println!("\n   select get_coordinate(address) from stores;\n");
    aws.location().set_latency(Duration::from_millis(100));
    let addresses = (0..ROWS).map(|row| vec![json!(ADDRESSES[row * 7 % ADDRESSES.len()])]);
    let options = QueryOptions::new("get_coordinate");
    run(stage, aws.location(), addresses.collect(), options).await?;
    Ok(())
}

async fn run(stage: &Stage, service: &Service, rows: Vec<Vec<Value>>, options: QueryOptions) -> Result<(), Failure> {
    service.reset();
    let distinct = rows.iter().map(|row| json!(row).to_string()).collect::<HashSet<_>>().len();
    let told_before = stage.lambda.logs().len();
    let (all_rows, done) = (rows.len(), Arc::new(AtomicUsize::new(0)));
    let told = Arc::clone(&done);
    let progress = OnProgress(Arc::new(move |progress| told.store(progress.rows, Relaxed)));
    let options = QueryOptions { progress: Some(progress), max_batch_rows: 100, parallel: LANES, ..options };
    let different = u64::try_from(distinct)?;
    let standing = || {
        let (answered, rows) = (service.stats().answered, done.load(Relaxed));
        Standing { answered, different, rows, all_rows }
    };
    let bar = Bar::new(&standing())?;
    let mut query = pin!(stage.snowflake.query(rows, options));
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let result = loop {
        tokio::select! {
            result = &mut query => break result?,
            _ = tick.tick() => bar.show(&standing()),
        }
    };
    drop(bar);
    let log = stage.lambda.logs();
    report(&result, distinct, service, &Summaries::read(log.get(told_before..).unwrap_or_default()));
    Ok(())
}

fn report(result: &QueryResult, distinct: usize, service: &Service, summaries: &Summaries) {
    let (rows, calls, seconds) = (result.values.len(), service.stats().requests, result.elapsed.as_secs_f64());
    let nulls = result.values.iter().filter(|value| value.is_null()).count();
    let rate = f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / seconds;
    let Summaries { batches, in_batch, from_others } = summaries;
    println!("   {rows} rows, {distinct} different ones: {calls} service calls");
    println!(
        "   {in_batch} rows share the call of an equal row in their batch, {from_others} take the answer that another batch paid for"
    );
    println!(
        "   {seconds:.1} s, {rate:.0} rows a second, {nulls} NULL; {batches} batches, {} KB sent and {} KB received",
        result.bytes_sent / 1000,
        result.bytes_received / 1000
    );
}

/// What the function has written into its log: a line for each batch.
#[derive(Default)]
struct Summaries {
    batches: usize,
    /// Rows that are equal to one before them in their batch.
    in_batch: usize,
    /// Distinct rows of a batch that were answered from another one.
    from_others: usize,
}

impl Summaries {
    fn read(log: &str) -> Self {
        let mut all = Self::default();
        for line in log.lines().filter(|line| line.contains("outcome=")) {
            let number = |name: &str| {
                let field = line.split([' ', ',']).find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
                field.and_then(|digits| digits.parse::<usize>().ok()).unwrap_or_default()
            };
            all.from_others += number("taken");
            // A batch that takes several invocations has a line for each of them, and this one at its end.
            if line.contains("outcome=\"answered\"") {
                all.batches += 1;
                all.in_batch += number("rows").saturating_sub(number("distinct"));
            }
        }
        all
    }
}
