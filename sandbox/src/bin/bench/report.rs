//! What is printed.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::Failure;

/// One measured ratio.
#[derive(Debug, Clone)]
pub struct Line {
    /// What was measured.
    pub figure: String,
    /// The function's value, with its unit.
    pub ours: String,
    /// What it is compared with, and its value.
    pub beside: String,
    /// The one over the other.
    pub ratio: f64,
    /// What it should be.
    pub target: Target,
}

/// What a ratio should be.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// There is none; it is told.
    None,
}

impl Line {
    fn cells(&self) -> [String; 6] {
        let (target, reached) = match self.target {
            Target::AtLeast(least) => (format!("at least {least}"), self.ratio >= least),
            Target::AtMost(most) => (format!("at most {}", number(most)), self.ratio <= most),
            Target::None => (String::new(), true),
        };
        let verdict = if reached { "" } else { "falls short" };
        [self.figure.clone(), self.ours.clone(), self.beside.clone(), number(self.ratio), target, verdict.to_owned()]
    }
}

/// Three significant digits, as far as they say something.
fn number(value: f64) -> String {
    if value.abs() >= 10.0 { format!("{value:.1}") } else { format!("{value:.3}") }
}

const HEAD: [&str; 6] = ["figure", "function", "beside", "ratio", "to reach", ""];

/// The lines as text, in columns.
pub fn text(lines: &[Line]) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(lines.iter().map(Line::cells));
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let line = row.iter().zip(widths).fold(String::new(), |mut line, (cell, width)| {
            // Writing to a String cannot fail.
            let _ = write!(line, "{cell:width$}  ");
            line
        });
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn markdown(lines: &[Line]) -> String {
    let row = |cells: [String; 6]| format!("| {} |\n", cells.join(" | "));
    let mut text = row(HEAD.map(str::to_owned));
    text += &row(["---"; 6].map(str::to_owned));
    lines.iter().for_each(|line| text += &row(line.cells()));
    text
}

/// Prints everything, for people and for the README.
pub fn print(lines: &[Line]) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{}\n{}", text(lines), markdown(lines))?;
    Ok(())
}

/// The middle one of some measurements; of two, their mean.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values {
        [] => f64::NAN,
        values if values.len() % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        values => values[middle],
    }
}
