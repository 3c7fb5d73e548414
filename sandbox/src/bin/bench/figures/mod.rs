//! What is measured. Each figure has a file.

mod cold_start;
mod cpu;
mod event;
mod fan_out;
mod goodput;
mod growth;
mod journal;
mod memory;
mod query;

use crate::Failure;
use crate::programs::Programs;
use crate::report::Line;

/// A figure.
#[derive(Debug, Clone, Copy)]
pub enum Figure {
    FanOut,
    Goodput,
    Cpu,
    ColdStart,
    Event,
    Memory,
    Growth,
    Journal,
    Query,
}

/// All of them: the name, what it says, and which it is.
pub const FIGURES: [(&str, &str, Figure); 9] = [
    ("fan-out", "4,096 rows of 200 ms with 128 in flight: the ideal time over the real one", Figure::FanOut),
    ("goodput", "rows answered at a quota over the quota, and calls wasted on finding it", Figure::Goodput),
    ("cpu", "CPU time for a row, against boto3 and a bare client", Figure::Cpu),
    ("cold-start", "from the start of the process to the first answer", Figure::ColdStart),
    ("event", "CPU time of an event of 4.6 MB, against reading it once", Figure::Event),
    ("memory", "resident peak over 4,096 rows of 1 KB", Figure::Memory),
    ("growth", "CPU time for a row in small and large batches, and with duplicates", Figure::Growth),
    (
        "journal",
        "what sharing answers adds to the journal alone, or to another build, and what it saves",
        Figure::Journal,
    ),
    ("query", "whole queries at a quota, beside botocore's adaptive retries; about two hours", Figure::Query),
];

impl Figure {
    /// Takes the measurements.
    pub async fn measure(self, programs: &Programs) -> Result<Vec<Line>, Failure> {
        match self {
            Self::FanOut => fan_out::measure(programs).await,
            Self::Goodput => goodput::measure(programs).await,
            Self::Cpu => cpu::measure(programs).await,
            Self::ColdStart => cold_start::measure(programs).await,
            Self::Event => event::measure(programs).await,
            Self::Memory => memory::measure(programs).await,
            Self::Growth => growth::measure(programs).await,
            Self::Journal => journal::measure(programs).await,
            Self::Query => query::measure(programs).await,
        }
    }
}
