//! What must hold of what batches share, at every moment of every schedule.
//!
//! The rules look at what goes over the wires and at what the callers are answered, and at nothing inside the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::SystemTime;

use serde_json::Value;
use snowflake_aws_functions::batch::Known;
use snowflake_aws_functions::journal::{Then, decode};

use super::schedule::{Kind, PATIENCE};
use super::wire::{NAMES, Name, Reply, Request, value};

/// Milliseconds since the schedule began.
pub type Time = u64;

pub type Verdict = Result<(), String>;

/// What is known of an invocation from outside.
pub struct Facts {
    pub kind: Kind,
    pub begin: Time,
    pub fate: Fate,
    /// Whether it was told that an operation failed: from then on it may have to ask for what it cannot look up.
    failed: bool,
    /// Answers that are kept, for rows that it had an answer of its own to when it looked.
    told: BTreeMap<&'static str, String>,
    /// Rows whose answers were kept before it took the batch up; none if it is the first to have it.
    known: BTreeSet<&'static str>,
    /// Everything that it has seen, in order, and whether it was a call's answer: its state is a function of that.
    history: Vec<(Time, bool, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Live,
    Killed,
    Ended,
}

/// A service call.
struct Asked {
    by: usize,
    row: String,
    in_flight: bool,
    was_cut: bool,
    answer: Option<String>,
}

/// What an invocation has claimed.
struct Claim {
    since: Time,
    until: Time,
    /// Rows that nobody asked for when it claimed them.
    own: BTreeSet<&'static str>,
    /// Rows that others asked for.
    lost: BTreeSet<&'static str>,
}

/// What the journal holds of a batch.
#[derive(Debug, Default)]
struct Batch {
    lease_until: Option<Time>,
    ended: bool,
    outcomes: BTreeMap<&'static str, String>,
    tries: BTreeMap<&'static str, String>,
    /// The answer of the first 200.
    answer: Option<String>,
}

/// The rules' own view of the world.
#[derive(Default)]
pub struct Rules {
    pub facts: Vec<Facts>,
    asked: Vec<Asked>,
    batches: BTreeMap<Kind, Batch>,
    kept: BTreeMap<Name, String>,
    /// The last claim of each invocation.
    claims: BTreeMap<usize, Claim>,
    /// What callers were answered, and of which batch.
    given: BTreeMap<Name, (String, Kind)>,
}

fn require(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

impl Rules {
    pub fn begun(&mut self, kind: Kind, now: Time, end: Time) -> usize {
        let (fate, begin, history) = (Fate::Live, now, Vec::new());
        let is_first = self.facts.iter().all(|facts| facts.kind != kind);
        let kept = self.kept.keys().filter(|(statement, _)| *statement == kind.statement() && !is_first);
        let known = kept.map(|(_, row)| *row).collect();
        self.facts.push(Facts { kind, begin, fate, failed: false, told: BTreeMap::new(), known, history });
        let batch = self.batches.entry(kind).or_default();
        if !batch.ended && batch.lease_until.is_none_or(|until| until <= now) {
            batch.lease_until = Some(now + end);
        }
        self.facts.len() - 1
    }

    /// A service call has begun.
    pub fn called(&mut self, by: usize, row: &str) -> Verdict {
        let kind = self.facts[by].kind;
        for earlier in self.asked.iter().filter(|earlier| self.is_same(earlier, kind, row)) {
            let (caller, owner) = (&self.facts[by], &self.facts[earlier.by]);
            require(earlier.by != by, || format!("{by} asks twice for {row}"))?;
            require(!earlier.in_flight || caller.failed || owner.failed, || {
                format!("{by} asks for {row} while {} asks for it", earlier.by)
            })?;
            let is_lost = earlier.was_cut || owner.failed || owner.fate == Fate::Killed;
            require(earlier.in_flight || is_lost || caller.failed, || {
                format!("{by} asks for {row}, for which {} has paid and which nothing has lost", earlier.by)
            })?;
        }
        let is_kept = self.kept.keys().any(|name| *name == (kind.statement(), row));
        require(!is_kept || self.facts[by].failed, || format!("{by} asks for {row}, which is kept"))?;
        require(!self.facts[by].known.contains(row), || {
            format!("{by} asks for {row}, which was kept before it took the batch up")
        })?;
        self.asked.push(Asked { by, row: row.to_owned(), in_flight: true, was_cut: false, answer: None });
        Ok(())
    }

    fn is_same(&self, asked: &Asked, kind: Kind, row: &str) -> bool {
        asked.row == row && self.facts[asked.by].kind.statement() == kind.statement()
    }

    /// The service answers; no two answers are the same.
    pub fn answered(&mut self, by: usize, row: &str, now: Time) -> String {
        let kind = self.facts[by].kind;
        let place = self.asked.iter().filter(|asked| self.is_same(asked, kind, row)).take_while(|asked| asked.by != by);
        let answer = format!("{row}#{}{}", kind.statement(), place.count() + 1);
        if let Some(asked) = self.call_is_over(by, row) {
            asked.answer = Some(answer.clone());
        }
        let facts = &mut self.facts[by];
        facts.history.push((now - facts.begin, true, answer.clone()));
        answer
    }

    /// Nobody waits for the call any more.
    pub fn dropped(&mut self, by: usize, row: &str) {
        let is_cut = self.facts[by].fate != Fate::Killed;
        if let Some(asked) = self.call_is_over(by, row) {
            asked.was_cut = is_cut;
        }
    }

    fn call_is_over(&mut self, by: usize, row: &str) -> Option<&mut Asked> {
        let asked = self.asked.iter_mut().find(|asked| asked.by == by && asked.row == row && asked.in_flight)?;
        asked.in_flight = false;
        Some(asked)
    }

    fn own_answer(&self, by: usize, row: &str) -> Option<&str> {
        self.asked.iter().find(|asked| asked.by == by && asked.row == row)?.answer.as_deref()
    }

    /// An operation takes effect. What is kept is never another answer than before.
    pub fn arrived(&mut self, by: usize, request: &Request, reply: &Reply, now: Time) -> Verdict {
        let kind = self.facts[by].kind;
        for row in reply.asked() {
            require(self.is_asked_by_others(kind, row, now), || {
                format!("at {now} ms {by} is told that others ask for {row}, and nobody does")
            })?;
        }
        match (request, reply) {
            (Request::Ask { until, .. }, _) => {
                let until = until.duration_since(super::schedule::epoch()).unwrap().as_millis();
                let before = self.claims.remove(&by).filter(|claim| claim.until > now);
                let is_own = |row: &&'static str| {
                    !reply.asked().contains(row) || before.as_ref().is_some_and(|before| before.own.contains(row))
                };
                let (own, lost) = request.claimed().into_iter().partition(is_own);
                self.claims.insert(by, Claim { since: now, until: u64::try_from(until).unwrap(), own, lost });
            }
            (Request::Recall { keys, .. }, _) => {
                for name in keys.iter().map(|key| NAMES[key]) {
                    if let Some(kept) = self.kept.get(&name).filter(|_| self.own_answer(by, name.1).is_some()) {
                        self.facts[by].told.insert(name.1, kept.clone());
                    }
                }
            }
            _ => {
                for (name, answer) in request.kept() {
                    let is_own = name.0 == kind.statement() && self.own_answer(by, name.1) == Some(&answer);
                    require(is_own, || format!("{by} keeps {answer} for {name:?}, which it was not answered"))?;
                    let before = self.kept.insert(name, answer.clone()).filter(|before| *before != answer);
                    require(before.is_none(), || format!("at {now} ms {by} overwrites {before:?} with {answer}"))?;
                }
            }
        }
        Ok(())
    }

    /// Whether another batch asks for a row, as its claim says. One that waits for it itself has the time of an operation to end its claim for it,
    /// unless something has gone wrong with it.
    fn is_asked_by_others(&self, kind: Kind, row: &str, now: Time) -> bool {
        let of_others = self.claims.iter().filter(|(by, _)| {
            let other = self.facts[**by].kind;
            other != kind && other.statement() == kind.statement()
        });
        of_others.filter(|(_, claim)| now < claim.until).any(|(by, claim)| {
            let Facts { failed, fate, .. } = self.facts[*by];
            let may_stand = failed || fate == Fate::Killed || now <= claim.since + PATIENCE;
            claim.own.contains(row) || (may_stand && claim.lost.contains(row))
        })
    }

    /// The sender has been told what became of its operation.
    pub fn told(&mut self, by: usize, reply: Option<&Reply>, now: Time) {
        let facts = &mut self.facts[by];
        facts.failed |= reply.is_none();
        let word = reply.map_or("failed".to_owned(), ToString::to_string);
        facts.history.push((now - facts.begin, false, word));
    }

    /// The journal has kept this of the batch.
    pub fn kept(&mut self, by: usize, entry: &[u8], then: Then) -> Verdict {
        let kind = self.facts[by].kind;
        let known = decode(&[entry.to_vec()], SystemTime::UNIX_EPOCH).map_err(|error| error.to_string())?;
        let Known { outcomes, tries, .. } = known;
        let batch = self.batches.entry(kind).or_default();
        let row = |number: u32| kind.rows()[usize::try_from(number).unwrap()];
        batch.outcomes.extend(outcomes.iter().map(|(number, outcome)| (row(*number), value(outcome))));
        batch.tries.extend(tries.iter().map(|(number, tries)| (row(*number), format!("{tries:?}"))));
        match then {
            // An invocation of the model is shorter than a lease.
            Then::GoOn(_) => {}
            Then::Release => batch.lease_until = None,
            Then::End => batch.ended = true,
        }
        Ok(())
    }

    pub fn killed(&mut self, by: usize) {
        self.facts[by].fate = Fate::Killed;
    }

    /// An invocation has answered.
    pub fn ended(&mut self, by: usize, status: u64, body: &str) -> Verdict {
        self.facts[by].fate = Fate::Ended;
        let is_asking = self.asked.iter().any(|asked| asked.by == by && asked.in_flight);
        require(!is_asking, || format!("a call of {by} outlives its answer"))?;
        match status {
            200 => self.completed(by, body),
            202 => Ok(()),
            _ => Err(format!("{by} is answered {status} {body}")),
        }
    }

    /// Every row has one answer, and it is the same one for everybody who asks in this statement.
    fn completed(&mut self, by: usize, body: &str) -> Verdict {
        let kind = self.facts[by].kind;
        let values: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let values = values["data"].as_array().cloned().unwrap_or_default();
        require(values.len() == kind.rows().len(), || format!("{by} answers {} rows: {body}", values.len()))?;
        for (row, answer) in kind.rows().iter().zip(&values) {
            let answer = answer[1].as_str().unwrap_or("null").to_owned();
            let cuts = |asked: &&Asked| self.facts[asked.by].kind == kind && asked.row == *row && asked.was_cut;
            let may_be_null = self.asked.iter().filter(cuts).count() >= 2;
            let is_answer = answer.starts_with(&format!("{row}#{}", kind.statement()));
            require(is_answer || (answer == "null" && may_be_null), || format!("{by} answers {answer} for {row}"))?;
            let told = self.facts[by].told.get(row);
            require(told.is_none_or(|told| *told == answer), || {
                format!("{by} answers {answer} for {row} though it was told that {told:?} is kept")
            })?;
            if is_answer {
                let name = (kind.statement(), *row);
                let (first, of) = self.given.entry(name).or_insert((answer.clone(), kind)).clone();
                require(first == answer || self.is_excused(of) || self.is_excused(kind), || {
                    format!("{by} answers {answer} for {row}, and another batch of the statement {first}")
                })?;
            }
        }
        let first = self.batches.entry(kind).or_default().answer.get_or_insert_with(|| body.to_owned());
        require(first == body, || format!("{by} answers {body} where the first answer was {first}"))
    }

    /// Whether an invocation of the batch may have asked for what it could not look up, or not have kept what it was answered.
    fn is_excused(&self, kind: Kind) -> bool {
        self.facts.iter().any(|facts| facts.kind == kind && (facts.failed || facts.fate == Fate::Killed))
    }

    /// When the next lease or claim is over.
    pub fn next_end(&self, now: Time) -> Option<Time> {
        let leases = self.batches.values().filter(|batch| !batch.ended).filter_map(|batch| batch.lease_until);
        leases.chain(self.claims.values().map(|claim| claim.until)).filter(|until| *until > now).min()
    }

    /// Calls that were begun for a row that had been asked for before in its statement.
    pub fn asked_again(&self) -> usize {
        let name = |asked: &Asked| (self.facts[asked.by].kind.statement(), asked.row.clone());
        self.asked.len() - self.asked.iter().map(name).collect::<BTreeSet<_>>().len()
    }

    /// Everything on which the future depends, except what is on the wires: as in the model of one batch.
    pub fn state(&self, now: Time) -> (String, BTreeMap<usize, String>) {
        let mut state = String::new();
        let left = |until: Time| until.checked_sub(now).filter(|left| *left > 0);
        for (kind, batch) in &self.batches {
            let Batch { lease_until, ended, outcomes, tries, answer } = batch;
            let lease = lease_until.and_then(left);
            let has_failed = self.is_excused(*kind);
            let _ = write!(state, "{kind:?} {lease:?} {ended} {outcomes:?} {tries:?} {answer:?} {has_failed};");
        }
        let who = |by: usize| match self.facts[by].fate {
            Fate::Live => by.to_string(),
            fate => format!("{fate:?}"),
        };
        let claims = self.claims.iter().filter_map(|(by, Claim { since, until, own, lost })| {
            let Facts { kind, failed, .. } = self.facts[*by];
            let age = if lost.is_empty() { 0 } else { PATIENCE.min(now - since) };
            Some(format!("{kind:?} {} {failed} {:?} {age} {own:?} {lost:?}", who(*by), left(*until)?))
        });
        let _ = write!(state, "{:?} {:?} {:?}", claims.collect::<BTreeSet<_>>(), self.kept, self.given);
        let asked = self.asked.iter().map(|asked| {
            let (facts, who) = (&self.facts[asked.by], who(asked.by));
            let Asked { row, in_flight, was_cut, .. } = asked;
            format!("{:?} {row} {who} {in_flight} {was_cut} {}", facts.kind, facts.failed)
        });
        let _ = write!(state, " {:?}", asked.collect::<Vec<_>>());
        let living = self.facts.iter().enumerate().filter(|(_, facts)| facts.fate == Fate::Live);
        let living = living.map(|(by, Facts { kind, begin, told, known, history, .. })| {
            let mut history = history.clone();
            for together in history.chunk_by_mut(|a, b| a.0 == b.0 && a.1 && b.1) {
                together.sort();
            }
            (by, format!("{by} {kind:?} {} {told:?} {known:?} {history:?}", now - begin))
        });
        (state, living.collect())
    }
}
