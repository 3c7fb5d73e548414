//! `try_…`: any function, with an envelope around its answer that has room for the error.

use std::sync::Arc;

use crate::function::{Function, Job, Parameter, Refusal, Rendering, Row};

/// Another function, whose faults are data: it asks the same, and shows it in another way.
pub struct Try {
    name: String,
    function: Arc<dyn Function>,
}

impl Try {
    /// The function's `try_` form.
    pub fn new(function: Arc<dyn Function>) -> Self {
        Self { name: format!("try_{}", function.name()), function }
    }
}

impl Function for Try {
    fn name(&self) -> &str {
        &self.name
    }

    fn parameters(&self) -> &'static [Parameter] {
        self.function.parameters()
    }

    fn rendering(&self) -> Rendering {
        Rendering::Envelope
    }

    fn may_be_kept(&self) -> bool {
        self.function.may_be_kept()
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        self.function.prepare(row)
    }
}
