//! What a row costs in CPU time, when the service takes none.

use std::process::Stdio;
use std::time::Duration;

use sandbox::aws::Aws;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const ROWS: usize = 4096;
const WIDTH: usize = 16;
const ROUNDS: usize = 5;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(Duration::ZERO).await?;
    let ours = Stage::set(programs, Program::Function, &aws, WIDTH, 1).await?;
    let threads = Stage::set(programs, Program::Boto3Threads, &aws, WIDTH, 1).await?;
    for stage in [&ours, &threads] {
        stage.ask(event::texts("warm", 4 * WIDTH)).await?;
    }
    let mut micros = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        for (stage, micros) in [&ours, &threads].into_iter().zip(&mut micros) {
            let taken = stage.ask(event::texts(&format!("round {round}"), ROWS)).await?;
            micros.push(per_row(taken.cpu.as_secs_f64() * 1e6));
        }
        micros[2].push(per_row(bare(programs, &aws, "hyper").await?));
        micros[3].push(per_row(bare(programs, &aws, "sdk").await?));
    }
    let [ours, threads, bare, sdk] = micros.map(|mut micros| median(&mut micros));
    let line = |beside: String, ratio: f64, target: Target| Line {
        figure: "CPU time for a row".to_owned(),
        ours: format!("{ours:.0} us"),
        beside,
        ratio,
        target,
    };
    Ok(vec![
        line(format!("boto3-threads {threads:.0} us"), ours / threads, Target::AtMost(0.125)),
        line(format!("bare client {bare:.0} us"), ours / bare, Target::AtMost(2.0)),
        line(format!("the SDK alone {sdk:.0} us"), ours / sdk, Target::None),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "thousands of rows")]
fn per_row(micros: f64) -> f64 {
    micros / ROWS as f64
}

/// Microseconds of CPU time that a client without a batch around it needs for all rows.
async fn bare(programs: &Programs, aws: &Aws, client: &str) -> Result<f64, Failure> {
    let mut client = Command::new(programs.bare())
        .args([client, &ROWS.to_string(), &WIDTH.to_string()])
        .envs(aws.env())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let text: String = event::texts("bare", 1).collect();
    client.stdin.take().ok_or("no standard input")?.write_all(text.as_bytes()).await?;
    let output = client.wait_with_output().await?;
    if !output.status.success() {
        return Err(format!("the bare client failed: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
