//! From the start of the process to the answer of one row.

use std::time::{Duration, Instant};

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const ROUNDS: usize = 20;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(Duration::ZERO).await?;
    let contenders = [Program::Function, Program::Boto3Threads, Program::Smallest];
    let mut millis = [const { Vec::new() }; 3];
    // The first round is not counted: it finds the programs on the disk.
    for round in 0..=ROUNDS {
        for (program, millis) in contenders.into_iter().zip(&mut millis) {
            let begin = Instant::now();
            let stage = Stage::set(programs, program, &aws, 16, 1).await?;
            stage.ask(event::texts(&format!("{} {round}", program.name()), 1)).await?;
            if round > 0 {
                millis.push(begin.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    let [ours, boto3, smallest] = millis.map(|mut millis| median(&mut millis));
    let line = |beside: String, ratio: f64, target: Target| Line {
        figure: "cold start".to_owned(),
        ours: format!("{ours:.1} ms"),
        beside,
        ratio,
        target,
    };
    Ok(vec![
        line(format!("boto3-threads {boto3:.0} ms"), ours / boto3, Target::AtMost(0.05)),
        line(format!("smallest Lambda {smallest:.1} ms"), ours / smallest, Target::AtMost(1.1)),
    ])
}
