//! What the target of some rows has said in their batch, and how many calls that is reason for.

use std::time::Duration;

use tokio::time::Instant;

use super::{Tries, backoff};
use crate::function::{Code, Refusal};

/// Calls at once to a target of which nothing is known yet, for the first second: enough to learn that a model does not exist, and few
/// enough that it costs nothing. Each second doubles them, for a target may be slow.
const PROBES: usize = 2;

/// Refusals in a row of a target that has never answered, after which no other row is asked.
const PROOF: u32 = 5;

/// What was heard of a target.
#[derive(Debug, Default)]
pub(super) struct Heard {
    first_call: Option<Instant>,
    /// Rows that it has answered in this batch, and when the last one in this invocation.
    answers: usize,
    last_answer: Option<Instant>,
    /// Whether it answered nobody when an earlier invocation ended.
    was_silent: bool,
    /// Whether it is asked by few calls until it answers a row in this invocation, for its silence or its refusals in earlier ones.
    was_doubted: bool,
    /// Whether it has said anything but the statement's fault, even if nobody knows what it means.
    has_spoken: bool,
    /// Refusals of the statement since the last answer, and the last of them.
    refusals: u32,
    refusal: Option<Refusal>,
    /// Until when nothing is asked after such a refusal.
    pause: Option<Instant>,
}

impl Heard {
    /// Takes over what earlier invocations have met with the rows that are to be asked, so many of them in one call at most.
    ///
    /// A target that was silent is asked by few calls until it answers: each of them takes the whole invocation, and may be charged. But rows
    /// that were all cut off while others were answered are most likely what hangs, and are asked until they are at fault. And the refusals of
    /// a target that has never answered are in a row.
    pub fn met(&mut self, left: impl Iterator<Item = Tries> + Clone, per_call: usize, has_answered: bool) {
        self.was_silent = left.clone().any(|tries| tries.silent > 0) && left.clone().any(|tries| tries.cut == 0);
        if !has_answered {
            // Each refusal counts for all rows of its call: there were so many calls at least.
            let most = u32::try_from(per_call.max(1)).unwrap_or(u32::MAX);
            self.refusals = left.map(|tries| tries.refused).sum::<u32>().div_ceil(most);
        }
        self.was_doubted = self.was_silent || self.refusals > 0;
    }

    /// Whether it is asked by few calls at first, because it had been silent or had refused.
    pub fn was_doubted(&self) -> bool {
        self.was_doubted
    }

    /// Most calls in flight for which it has given reason; whether it has answered, in this batch or before, and whether nothing but failures comes from it.
    pub fn most(&self, now: Instant, has_answered: bool, is_out: bool) -> usize {
        match self.refusals {
            1.. if !has_answered => 1,
            _ if self.was_silent && !self.is_answered() => PROBES,
            _ if is_out => PROBES,
            0 if has_answered || self.has_spoken => usize::MAX,
            0 => {
                let seconds = self.first_call.map_or(0, |first| (now - first).as_secs());
                PROBES.saturating_mul(1 << seconds.min(16))
            }
            1..PROOF => usize::MAX,
            _ => PROBES,
        }
    }

    /// Until when nothing is to be asked.
    pub fn pause(&self, now: Instant) -> Option<Instant> {
        self.pause.filter(|pause| *pause > now)
    }

    /// A call begins.
    pub fn asked(&mut self, now: Instant) {
        self.first_call.get_or_insert(now);
    }

    /// It has answered a row, or judged it by itself.
    pub fn answered(&mut self) {
        self.was_answered();
        self.last_answer = Some(Instant::now());
    }

    /// The same, in an earlier invocation of the batch.
    pub fn was_answered(&mut self) {
        self.answers += 1;
        self.refusals = 0;
        self.refusal = None;
        self.pause = None;
    }

    /// It has refused a row in a way that nobody knows.
    pub fn spoke(&mut self) {
        self.has_spoken = true;
    }

    /// It has refused the statement. Nothing is known yet: a role that is being changed or a Region that a policy denies refuses some calls and answers
    /// others.
    pub fn refused(&mut self, refusal: &Refusal, has_answered: bool) {
        self.refusals += 1;
        self.refusal = Some(refusal.clone());
        let unusual = if has_answered { self.refusals.saturating_sub(PROOF) } else { self.refusals };
        // What was denied may be allowed in a moment; a model that does not exist stays away.
        if unusual > 0 && (has_answered || refusal.code == Code::AccessDenied) {
            self.pause = Some(Instant::now() + backoff::pause(unusual));
        }
    }

    /// Whether it has refused the statement since the last answer.
    pub fn is_refused(&self) -> bool {
        self.refusals > 0
    }

    /// Why no other row needs to be asked: it has never answered, has refused often enough, and is not being asked; or it has refused and there is no
    /// time to ask again, now or in another invocation.
    pub fn given_up(&self, is_asked: bool, is_out_of_time: bool, has_answered: bool) -> Option<&Refusal> {
        let is_proven = (self.refusals >= PROOF && !is_asked) || is_out_of_time;
        self.refusal.as_ref().filter(|_| is_proven && !has_answered)
    }

    /// Whether it has answered a row of this batch.
    pub fn has_answered(&self) -> bool {
        self.answers > 0
    }

    /// Whether it has answered one in this invocation.
    pub fn is_answered(&self) -> bool {
        self.last_answer.is_some()
    }

    /// Whether it has answered another row since then.
    pub fn has_answered_since(&self, then: Instant) -> bool {
        self.last_answer.is_some_and(|at| at > then)
    }

    /// Whether a failure of a row may be its own fault, after one at that time: others are answered, and have been since, or it has been quiet
    /// for so long.
    pub fn tells(&self, failed_at: Option<Instant>, quiet: Duration) -> bool {
        self.has_answered() && failed_at.is_none_or(|at| self.has_answered_since(at) || at.elapsed() >= quiet)
    }

    /// Whether it was asked by few calls at first, and has answered then.
    pub fn was_probed(&self) -> bool {
        self.was_doubted && self.is_answered()
    }
}
