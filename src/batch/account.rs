//! What went wrong in a batch, for its line in the log and for the reason of a call that is given up.

use std::collections::BTreeMap;
use std::fmt;

use crate::function::{Moment, MomentKind, Refusal};

/// Counts of what went wrong. It holds the services' codes, and nothing of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Service calls that were started.
    pub calls: usize,
    /// Calls that were throttled, by the service's code.
    pub throttled: BTreeMap<String, usize>,
    /// Calls that failed or were refused for the statement, by the service's code or by what happened on the way.
    pub failed: BTreeMap<String, usize>,
    /// Calls that were cut off at the deadline, or by a refusal of the batch.
    pub cut: usize,
    /// Distinct rows whose outcome was taken from other batches.
    pub taken: usize,
    /// Rows that were refused, by code.
    pub refused: BTreeMap<&'static str, usize>,
    /// What went wrong last.
    pub last: Option<String>,
}

/// Some rows have no answer, and the time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Whether throttling is the reason.
    pub throttled: bool,
    /// What went wrong most often, in the service's own code; nothing if the calls were only slow.
    pub reason: Option<String>,
}

impl Account {
    pub(super) fn moment(&mut self, moment: &Moment) {
        let counts = match moment.kind {
            MomentKind::Throttled => &mut self.throttled,
            MomentKind::Failed | MomentKind::Unreadable => &mut self.failed,
        };
        *counts.entry(moment.reason.clone().into_owned()).or_default() += 1;
        self.last = Some(moment.reason.clone().into_owned());
    }

    /// A call that was refused as the statement's fault, of which it is not known yet whether it stays so.
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        let code = refusal.service_code.as_deref().unwrap_or(refusal.code.as_str());
        *self.failed.entry(code.to_owned()).or_default() += 1;
        self.last = Some(code.to_owned());
    }

    pub(super) fn cut(&mut self, calls: usize) {
        self.cut += calls;
        if calls > 0 {
            self.last = Some("cut off at the deadline".to_owned());
        }
    }

    /// Why the batch is unfinished, if it is: by what most of the calls that gave nothing met.
    pub fn unfinished(&self) -> Unfinished {
        let sum = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
        let (throttled, failed) = (sum(&self.throttled), sum(&self.failed) + self.cut);
        let is_throttled = throttled > 0 && throttled >= failed;
        let counts = if is_throttled { &self.throttled } else { &self.failed };
        let most = counts.iter().max_by_key(|(_, count)| **count).map(|(reason, _)| reason.clone());
        Unfinished { throttled: is_throttled, reason: most }
    }
}

/// Counts by code, as one field of a log line: `ThrottlingException=3 SlowDown=1`.
pub struct Counts<'a, K>(pub &'a BTreeMap<K, usize>);

impl<K: fmt::Display> fmt::Display for Counts<'_, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (code, count)) in self.0.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(formatter, "{space}{code}={count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_what_most_calls_met() {
        let mut account = Account::default();
        assert_eq!(account.unfinished(), Unfinished { throttled: false, reason: None });
        account.moment(&Moment::failed("InternalServerException", None));
        let failed = Unfinished { throttled: false, reason: Some("InternalServerException".to_owned()) };
        assert_eq!(account.unfinished(), failed);
        account.moment(&Moment::throttled("ThrottlingException", None));
        let throttled = Unfinished { throttled: true, reason: Some("ThrottlingException".to_owned()) };
        assert_eq!(account.unfinished(), throttled);
        account.cut(1);
        assert_eq!(account.unfinished(), failed);
        assert_eq!(account.last.as_deref(), Some("cut off at the deadline"));
        account.moment(&Moment::unreadable("an answer that cannot be read"));
        account.moment(&Moment::unreadable("an answer that cannot be read"));
        assert_eq!(account.unfinished().reason.as_deref(), Some("an answer that cannot be read"));
        assert_eq!(Counts(&account.failed).to_string(), "InternalServerException=1 an answer that cannot be read=2");
    }
}
