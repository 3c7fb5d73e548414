//! Whether a row costs the same in a small batch and in a large one, and a duplicate nothing.

use std::time::Duration;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const SIZES: [usize; 3] = [64, 512, 4096];
/// Rows that each measurement is made of, so that a small batch is measured as exactly as a large one.
const ROWS: usize = 8192;
const WIDTH: usize = 16;
const ROUNDS: usize = 3;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(Duration::ZERO).await?;
    let stage = Stage::set(programs, Program::Function, &aws, WIDTH, 1).await?;
    stage.ask(event::texts("warm", 4 * WIDTH)).await?;
    let empty = empty_batch(&stage).await?;
    let mut micros = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        for (size, micros) in SIZES.into_iter().zip(&mut micros) {
            micros.push(batches(&stage, round, size, size, empty).await?);
        }
        micros[3].push(batches(&stage, round, 4096, 410, empty).await?);
    }
    let [small, middle, large, duplicates] = micros.map(|mut micros| median(&mut micros));
    let flat = |what: &str, values: [f64; 3]| {
        let [small, middle, large] = values;
        let (least, most) = (small.min(middle).min(large), small.max(middle).max(large));
        Line {
            figure: format!("growth: CPU time for {what}"),
            ours: format!("{small:.0}, {middle:.0}, {large:.0} us at 64, 512, 4,096 rows"),
            beside: "the most over the least".to_owned(),
            ratio: most / least,
            target: Target::AtMost(1.15),
        }
    };
    Ok(vec![
        flat("a row", [small, middle, large]),
        Line {
            figure: "growth: CPU time for a distinct row, 4,096 rows with 90 % duplicates".to_owned(),
            ours: format!("{duplicates:.0} us"),
            beside: format!("without duplicates {large:.0} us"),
            ratio: duplicates / large,
            target: Target::AtMost(1.15),
        },
    ])
}

/// Microseconds of CPU time for a batch without rows.
async fn empty_batch(stage: &Stage) -> Result<f64, Failure> {
    const BATCHES: u32 = 500;
    let mut cpu = Duration::ZERO;
    for _ in 0..BATCHES {
        cpu += stage.ask([]).await?.cpu;
    }
    Ok(cpu.as_secs_f64() * 1e6 / f64::from(BATCHES))
}

/// Microseconds of CPU time for each distinct row, of batches of `size` rows of which `distinct` are.
#[expect(clippy::cast_precision_loss, reason = "thousands of rows")]
async fn batches(stage: &Stage, round: usize, size: usize, distinct: usize, empty: f64) -> Result<f64, Failure> {
    let count = ROWS / distinct.max(1);
    let mut cpu = Duration::ZERO;
    for batch in 0..count {
        let texts: Vec<String> = event::texts(&format!("{round} {size} {distinct} {batch}"), distinct).collect();
        cpu += stage.ask(texts.iter().cycle().take(size).cloned()).await?.cpu;
    }
    Ok((cpu.as_secs_f64() * 1e6 - empty * count as f64) / (count * distinct) as f64)
}
