//! The steps in their order, told as they are made.

use std::io::{self, Write};

use crate::aws::Aws;
use crate::checks;
use crate::options::Examination;
use crate::report::{Findings, Verdict};

/// Makes every step, and says whether nothing was crossed. A stack that cannot be read ends it: the others compare with it.
pub async fn examine(aws: &Aws, stack: &str, how: &Examination, out: &mut impl Write) -> io::Result<bool> {
    let mut told = Told { out, crosses: 0, unknown: 0 };
    let mut identity = checks::identity::check(aws).await;
    if how.is_elsewhere {
        // Neither tool reads the other's.
        identity.note(format!("before the commands below: export AWS_REGION={0} AWS_DEFAULT_REGION={0}", aws.region()));
    }
    let known = !identity.has_crosses();
    told.step("Region and identity", &identity)?;
    if !known {
        return told.end();
    }
    let (findings, stack) = checks::stack::check(aws, stack).await;
    told.step("Stack", &findings)?;
    let Some(stack) = stack else { return told.end() };

    told.step("Function", &checks::function::check(aws, &stack).await)?;
    told.step("Direct calls", &checks::calls::check(aws, &stack).await)?;
    told.step("API", &checks::api::check(aws, &stack, how.as_snowflake).await)?;
    told.step("The API's resource policy", &checks::policy::check(aws, &stack).await)?;
    let snow = how.snow.as_deref().map(|connection| (connection, how.integration.as_str()));
    told.step("Role and trust", &checks::trust::check(aws, &stack, snow).await)?;
    let (findings, models) = checks::models::check(aws, &stack).await;
    told.step("Models", &findings)?;
    told.step("Quotas", &checks::quotas::check(aws, &models, how.tokens_per_row).await)?;
    told.step("Places", &checks::places::check(aws, &stack).await)?;
    told.step("Journal", &checks::journal::check(aws, &stack).await)?;
    told.step("Execution environments", &checks::concurrency::check(aws, &stack).await)?;
    told.end()
}

struct Told<'a, W> {
    out: &'a mut W,
    crosses: usize,
    unknown: usize,
}

impl<W: Write> Told<'_, W> {
    fn step(&mut self, title: &str, findings: &Findings) -> io::Result<()> {
        let count = |is: fn(&Verdict) -> bool| findings.iter().filter(|finding| is(&finding.verdict)).count();
        self.crosses += count(|verdict| matches!(verdict, Verdict::Crossed { .. }));
        self.unknown += count(|verdict| *verdict == Verdict::Unknown);
        write!(self.out, "{title}\n{findings}")?;
        // The next step may take a while.
        self.out.flush()
    }

    fn end(self) -> io::Result<bool> {
        let Self { out, crosses, unknown } = self;
        writeln!(out, "\n{crosses} crossed, {unknown} that cannot be told")?;
        Ok(crosses == 0)
    }
}
