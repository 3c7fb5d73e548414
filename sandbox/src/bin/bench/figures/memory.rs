//! The memory of a large batch with large texts.

use std::time::Duration;

use sandbox::aws::{Fault, Matching, Rule};

use crate::Failure;
use crate::programs::{Program, Programs};
use crate::report::{Line, Target};
use crate::stage::{Stage, services};

const ROWS: usize = 4096;
const KILOBYTE: usize = 1000;
const WIDTH: usize = 128;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(Duration::from_millis(20)).await?;
    aws.bedrock().set_faults(vec![Rule::new(Matching::All, Fault::Answer("a".repeat(KILOBYTE)))]);
    let mut peaks = [0.0; 2];
    for (program, peak) in [Program::Function, Program::Boto3Threads].into_iter().zip(&mut peaks) {
        let stage = Stage::set(programs, program, &aws, WIDTH, 1).await?;
        stage.ask((0..ROWS).map(|row| format!("{row:0KILOBYTE$}"))).await?;
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let bytes = stage.peak_memory()? as f64;
        *peak = bytes / 1e6;
    }
    let [ours, boto3] = peaks;
    Ok(vec![Line {
        figure: "peak memory, 4,096 rows of 1 KB".to_owned(),
        ours: format!("{ours:.1} MB"),
        beside: format!("boto3-threads {boto3:.1} MB"),
        ratio: ours / boto3,
        target: Target::AtMost(0.5),
    }])
}
