//! The least that a call costs, without a batch around it.
//!
//!     bench-bare hyper|sdk ROWS CONCURRENCY < text
//!
//! It prints the CPU time of the process for the rows, in microseconds, once its connections are open.

mod hyper;
mod sdk;

use std::error::Error;
use std::io::Write;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn Error + Send + Sync>;

const MODEL: &str = "us.amazon.nova-lite-v1:0";

const USAGE: &str = "bench-bare hyper|sdk ROWS CONCURRENCY";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let argument = |n| std::env::args().nth(n).ok_or(USAGE);
    let (rows, concurrency) = (argument(2)?.parse()?, argument(3)?.parse()?);
    let text = std::io::read_to_string(std::io::stdin())?;
    let micros = match &*argument(1)? {
        "hyper" => {
            let bedrock = hyper::Bedrock::new()?;
            measure(rows, concurrency, |row| bedrock.ask(format!("{row} {text}"))).await?
        }
        "sdk" => {
            let bedrock = sdk::client().await;
            measure(rows, concurrency, |row| sdk::ask(&bedrock, MODEL, "Repeat.", format!("{row} {text}"))).await?
        }
        _ => return Err(USAGE.into()),
    };
    Ok(writeln!(std::io::stdout(), "{micros}")?)
}

/// Microseconds of CPU time for that many calls.
async fn measure<F>(rows: usize, concurrency: usize, ask: impl Fn(usize) -> F) -> Result<i64, Failure>
where
    F: Future<Output = Result<String, Failure>>,
{
    let all = |rows| stream::iter(0..rows).map(&ask).buffered(concurrency).try_collect::<Vec<String>>();
    all(concurrency).await?;
    let before = cpu_micros();
    all(rows).await?;
    Ok(cpu_micros() - before)
}

/// CPU time of this process.
fn cpu_micros() -> i64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}
