//! A program in the sandbox, with the services behind it.

use std::time::{Duration, Instant};

use sandbox::aws::{Aws, AwsOptions};
use sandbox::lambda::{AtCapacity, Lambda, LambdaOptions, LogSink, Outcome};

use crate::programs::{Program, Programs};
use crate::{Failure, event};

/// Long enough for the slowest peer: no figure is about the end of an invocation.
const TIMEOUT: Duration = Duration::from_secs(600);

/// One program, ready to be invoked.
pub struct Stage {
    lambda: Lambda,
}

/// What one batch took.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// From the event to the answer.
    pub time: Duration,
    /// CPU time of the process.
    pub cpu: Duration,
}

/// The services, told how slow they are.
pub async fn services(latency: Duration) -> Result<Aws, Failure> {
    let aws = Aws::start(AwsOptions::default()).await?;
    aws.bedrock().keep_calls(false);
    aws.bedrock().set_latency(latency);
    Ok(aws)
}

impl Stage {
    /// The program with as many environments, each with `width` calls in flight at most.
    pub async fn set(
        programs: &Programs,
        program: Program,
        aws: &Aws,
        width: usize,
        environments: usize,
    ) -> Result<Self, Failure> {
        Self::with(programs, program, aws, &[("MAX_CONCURRENCY", width.to_string())], environments).await
    }

    /// The same with any settings.
    pub async fn with(
        programs: &Programs,
        program: Program,
        aws: &Aws,
        settings: &[(&str, String)],
        environments: usize,
    ) -> Result<Self, Failure> {
        let (binary, args, directory) = programs.command(program);
        let mut env = aws.env();
        env.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let lambda = Lambda::start(LambdaOptions {
            args,
            directory,
            environments,
            timeout: TIMEOUT,
            env,
            log: LogSink::Keep,
            at_capacity: AtCapacity::Wait,
            ..LambdaOptions::new(binary)
        })
        .await?;
        Ok(Self { lambda })
    }

    /// Sends a batch and waits for the answer of each row.
    pub async fn ask(&self, texts: impl IntoIterator<Item = String>) -> Result<Taken, Failure> {
        let texts: Vec<String> = texts.into_iter().collect();
        let rows = texts.len();
        self.send(event::of(texts), rows).await
    }

    /// Sends an event, and checks that as many rows are answered.
    pub async fn send(&self, event: String, rows: usize) -> Result<Taken, Failure> {
        let (begin, cpu) = (Instant::now(), self.cpu());
        let invocation = self.lambda.invoke(event).await;
        let time = begin.elapsed();
        match &invocation.outcome {
            Outcome::Answer(answer) => event::check(answer, rows)?,
            other => return Err(format!("{other:?}\n{}", self.lambda.logs()).into()),
        }
        Ok(Taken { time, cpu: self.cpu().saturating_sub(cpu) })
    }

    /// Ends its processes, and waits for that.
    pub async fn end(self) {
        self.lambda.stop().await;
    }

    /// CPU time of the first environment.
    fn cpu(&self) -> Duration {
        self.lambda.usage(0).map(|usage| usage.cpu).unwrap_or_default()
    }

    /// The most memory of the first environment that was resident at once, in bytes.
    pub fn peak_memory(&self) -> Result<u64, Failure> {
        Ok(self.lambda.usage(0).ok_or("the environment has ended")?.peak_rss_bytes)
    }
}
