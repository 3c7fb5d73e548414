//! From the start of the process to the answer of one row.

use std::time::{Duration, Instant};

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const ROUNDS: usize = 20;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(Duration::ZERO).await?;
    let mut contenders = vec![Program::Function, Program::Boto3Threads, Program::Smallest];
    contenders.extend(programs.has_before().then_some(Program::Before));
    let mut millis = vec![Vec::new(); contenders.len()];
    // The first round is not counted: it finds the programs on the disk.
    for round in 0..=ROUNDS {
        // Each comes after each other one, and none while the one before it ends.
        for place in 0..contenders.len() {
            let place = (place + round) % contenders.len();
            let program = contenders[place];
            let begin = Instant::now();
            let stage = Stage::set(programs, program, &aws, 16, 1).await?;
            stage.ask(event::texts(&format!("{} {round}", program.name()), 1)).await?;
            if round > 0 {
                millis[place].push(begin.elapsed().as_secs_f64() * 1e3);
            }
            stage.end().await;
        }
    }
    let medians: Vec<f64> = millis.iter_mut().map(|millis| median(millis)).collect();
    let ours = medians[0];
    let line = |beside: String, ratio: f64, target: Target| Line {
        figure: "cold start".to_owned(),
        ours: format!("{ours:.1} ms"),
        beside,
        ratio,
        target,
    };
    let lines = contenders.iter().zip(medians).skip(1).map(|(program, median)| {
        let most = if *program == Program::Boto3Threads { 0.05 } else { 1.1 };
        line(format!("{} {median:.1} ms", program.name()), ours / median, Target::AtMost(most))
    });
    Ok(lines.collect())
}
