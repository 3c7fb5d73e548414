//! How near a large batch comes to its ceiling.

use std::time::Duration;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const LATENCY: Duration = Duration::from_millis(200);
const WIDTH: usize = 128;
const ROUNDS: usize = 3;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(LATENCY).await?;
    // One row after the other, 4,096 would take a quarter of an hour.
    let contenders = [(Program::Function, 4096), (Program::Boto3Threads, 4096), (Program::Boto3Sequential, 64)];
    let mut shares = [const { Vec::new() }; 3];
    let mut stages = Vec::new();
    for (program, _) in contenders {
        let stage = Stage::set(programs, program, &aws, WIDTH, 1).await?;
        // Warm: connections are open, and the function has seen that nothing is throttled.
        let rows = if program == Program::Boto3Sequential { 1 } else { 4 * WIDTH };
        stage.ask(event::texts("warm", rows)).await?;
        stages.push(stage);
    }
    for round in 0..ROUNDS {
        for ((stage, (_, rows)), shares) in stages.iter().zip(contenders).zip(&mut shares) {
            let taken = stage.ask(event::texts(&format!("round {round}"), rows)).await?;
            #[expect(clippy::cast_precision_loss, reason = "thousands of rows")]
            let ideal = rows as f64 * LATENCY.as_secs_f64() / WIDTH as f64;
            shares.push(ideal / taken.time.as_secs_f64());
        }
    }
    let [ours, threads, sequential] = shares.map(|mut shares| median(&mut shares));
    Ok(vec![Line {
        figure: "fan-out: ideal time over real".to_owned(),
        ours: format!("{ours:.3}"),
        beside: format!("boto3-threads {threads:.3}, boto3-sequential {sequential:.4}"),
        ratio: ours,
        target: Target::AtLeast(0.95),
    }])
}
