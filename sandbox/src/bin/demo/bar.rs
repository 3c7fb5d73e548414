//! The progress bar of a column. It is drawn in a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Failure;

/// How far a column is.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Service calls that were answered.
    pub answered: u64,
    /// Different rows, each of which takes one call.
    pub different: u64,
    /// Rows that have their value.
    pub rows: usize,
    /// All rows.
    pub all_rows: usize,
}

impl Standing {
    /// Answers of the service: rows come a whole batch at a time, and the last batches nearly all at once, because the first ones ask
    /// for everything that is different. A call that is sent again may be answered twice.
    fn position(&self) -> u64 {
        self.answered.min(self.different)
    }

    fn words(&self) -> String {
        format!("{} of {} answers, {} of {} rows", self.position(), self.different, self.rows, self.all_rows)
    }
}

/// The bar, which is gone from the screen once it is dropped.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that is full when every different row has its answer.
    pub fn new(standing: &Standing) -> Result<Self, Failure> {
        // The library looks at standard error, where it draws; the lines around the bar go to standard output.
        let target =
            if std::io::stdout().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(standing.different), target);
        bar.set_style(ProgressStyle::with_template("   {bar:40} {msg}, {elapsed}")?);
        let bar = Self(bar);
        bar.show(standing);
        bar.0.enable_steady_tick(Duration::from_millis(100));
        Ok(bar)
    }

    /// Moves it.
    pub fn show(&self, standing: &Standing) {
        self.0.set_message(standing.words());
        self.0.set_position(standing.position());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_with_the_answers_before_any_batch_is_done() {
        let standing = Standing { answered: 137, different: 400, rows: 0, all_rows: 2_000 };
        assert_eq!(standing.position(), 137);
        assert_eq!(standing.words(), "137 of 400 answers, 0 of 2000 rows");
    }

    #[test]
    fn it_never_passes_its_end() {
        let standing = Standing { answered: 401, different: 400, rows: 1_900, all_rows: 2_000 };
        assert_eq!(standing.position(), 400);
        assert_eq!(standing.words(), "400 of 400 answers, 1900 of 2000 rows");
    }
}
