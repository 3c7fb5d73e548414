//! What must hold at every moment of every schedule, and the bookkeeping that it takes to see it.
//!
//! The rules look at what goes over the wires and at what the callers are answered, and at nothing inside the code.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;
use snowflake_aws_functions::batch::{Answer, Known};
use snowflake_aws_functions::functions::Code;
use snowflake_aws_functions::journal::{Claimed, Kept, Then, decode};

use super::schedule::{Kind, ROWS};
use super::wire::{Carried, Reply, What};

/// Milliseconds since the schedule began.
pub type Time = u64;

/// The checkpoint interval of `doors/journaled.rs`: what the death of a process may lose.
pub const INTERVAL: Time = 2000;

/// What is known of an invocation from outside.
pub struct Facts {
    pub kind: Kind,
    pub begin: Time,
    pub fate: Fate,
    /// The answers that it was given, and when.
    got: BTreeMap<String, (String, Time)>,
    /// When the journal last answered it.
    last_reply: Time,
    /// Whether it was told that the journal failed, for the claim or the last checkpoint.
    journal_failed: bool,
    /// Whether a claim whose clock runs ahead has taken the batch from it, and whether it was told so.
    robbed: bool,
    told: bool,
    /// Whether there was no batch when its claim arrived.
    unknown: bool,
    /// Everything that it has seen, in order: its state is a function of that.
    history: Vec<(Time, bool, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Live,
    Killed,
    Ended,
}

struct Asked {
    by: usize,
    row: String,
    in_flight: bool,
    was_cut: bool,
}

/// The rules' own view of the batch.
#[derive(Default)]
pub struct Rules {
    pub facts: Vec<Facts>,
    /// The body of the batch, once it is in the journal.
    pub body: Option<String>,
    pub lease_until: Option<Time>,
    holder: Option<usize>,
    ended: bool,
    /// What the entries that were kept say.
    kept: BTreeMap<String, String>,
    cuts_kept: BTreeMap<String, usize>,
    asked: Vec<Asked>,
    /// The answer of the first 200.
    answer: Option<String>,
}

pub type Verdict = Result<(), String>;

fn require(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

impl Rules {
    pub fn begun(&mut self, kind: Kind, now: Time) -> usize {
        self.facts.push(Facts {
            kind,
            begin: now,
            fate: Fate::Live,
            got: BTreeMap::new(),
            last_reply: now,
            journal_failed: false,
            robbed: false,
            told: false,
            unknown: false,
            history: Vec::new(),
        });
        self.facts.len() - 1
    }

    /// A service call has begun. One that was robbed of its lease works on until it is told so.
    pub fn called(&mut self, by: usize, row: &str) -> Verdict {
        let caller = &self.facts[by];
        require(!caller.told, || format!("{by} works on though it was told that its lease is lost"))?;
        if !caller.robbed {
            self.may_call(by, row)?;
        }
        self.asked.push(Asked { by, row: row.to_owned(), in_flight: true, was_cut: false });
        Ok(())
    }

    fn may_call(&self, by: usize, row: &str) -> Verdict {
        require(self.holder == Some(by), || {
            format!("{by} asks for {row}, and the lease is {:?}'s: two are at work", self.holder)
        })?;
        require(!self.kept.contains_key(row), || format!("{by} asks for {row}, which the journal knows"))?;
        for earlier in self.asked.iter().filter(|earlier| earlier.by != by || earlier.row == row) {
            let who = &self.facts[earlier.by];
            require(!earlier.in_flight || who.robbed, || {
                format!("{by} asks for {row} while {} asks for {}: two are at work", earlier.by, earlier.row)
            })?;
            require(earlier.row != row || earlier.by != by, || format!("{by} asks twice for {row}"))?;
            require(earlier.row != row || self.is_excused(earlier), || {
                format!("{by} asks for {row}, for which {} has paid and which nothing has lost", earlier.by)
            })?;
        }
        Ok(())
    }

    /// Whether an answer may be asked for again: it died with its process, or its call was cut off, or the journal did
    /// not take it, or another one has the batch.
    fn is_excused(&self, asked: &Asked) -> bool {
        let who = &self.facts[asked.by];
        who.fate == Fate::Killed || asked.was_cut || who.journal_failed || who.robbed
    }

    /// The service answers; no two answers are the same.
    pub fn answered(&mut self, by: usize, row: &str, now: Time) -> String {
        let asked = self.asked.iter().filter(|asked| asked.row == row);
        let value = format!("{row}#{}", asked.take_while(|asked| asked.by != by).count() + 1);
        self.call_is_over(by, row);
        let facts = &mut self.facts[by];
        facts.got.insert(row.to_owned(), (value.clone(), now));
        facts.history.push((now - facts.begin, true, value.clone()));
        value
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

    fn cuts(&self, row: &str) -> usize {
        self.asked.iter().filter(|asked| asked.row == row && asked.was_cut).count()
    }

    /// An operation was sent to the journal; gives what is in it. A checkpoint holds every answer that is not kept yet.
    pub fn sent(&mut self, by: usize, what: &What) -> Result<Carried, String> {
        let What::Checkpoint { entry, .. } = what else {
            return Ok(Carried::default());
        };
        let entry = self.read(entry)?;
        if self.facts[by].robbed {
            return Ok(entry);
        }
        for (row, (value, _)) in &self.facts[by].got {
            require(self.kept.get(row).or(entry.answers.get(row)) == Some(value), || {
                format!("{by} leaves the answer to {row} out of its checkpoint")
            })?;
        }
        for (row, value) in &entry.answers {
            let is_own = self.facts[by].got.get(row).is_some_and(|(own, _)| own == value);
            require(is_own || (value == "null" && self.cuts(row) >= 2), || {
                format!("{by} journals {value} for {row}, which nobody has answered")
            })?;
        }
        Ok(entry)
    }

    /// An operation has taken effect.
    pub fn arrived(&mut self, by: usize, what: &What, carries: Carried, reply: &Reply) -> Verdict {
        match (what, reply) {
            (What::Claim { body }, Reply::Claimed(Ok(claimed))) => {
                self.facts[by].unknown = self.body.is_none();
                if let Claimed::Ours(..) = claimed {
                    if self.body.is_none() {
                        self.body.clone_from(body);
                    }
                    if let Some(holder) = self.holder {
                        let is_live = self.facts[holder].fate == Fate::Live && self.lease_until.is_some();
                        self.facts[holder].robbed |= is_live && self.facts[by].kind == Kind::Ahead;
                    }
                    self.holder = Some(by);
                    self.lease_until = Some(self.facts[by].end() + self.facts[by].kind.ahead());
                }
            }
            (What::Checkpoint { then, .. }, Reply::Kept(_, Ok(Kept::Yes))) if self.holder == Some(by) => {
                for row in carries.cut {
                    *self.cuts_kept.entry(row).or_default() += 1;
                }
                for (row, value) in carries.answers {
                    let before = self.kept.insert(row.clone(), value.clone());
                    require(before.as_ref().is_none_or(|before| *before == value), || {
                        format!("the journal has two answers to {row}: {before:?} and {value}")
                    })?;
                }
                match then {
                    Then::GoOn => {}
                    Then::Release => self.lease_until = None,
                    Then::End => self.ended = true,
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The sender has been told what became of its operation.
    pub fn told(&mut self, by: usize, reply: Option<&Reply>, now: Time) {
        let word = match reply {
            None => "failed".to_owned(),
            Some(Reply::Claimed(claimed)) => format!("{:?}", claimed.as_ref().ok().map(std::mem::discriminant)),
            Some(Reply::Kept(_, kept)) => format!("{kept:?}"),
        };
        let facts = &mut self.facts[by];
        facts.journal_failed = reply.is_none();
        facts.told |= matches!(reply, Some(Reply::Kept(_, Ok(Kept::LeaseLost))));
        facts.last_reply = now;
        facts.history.push((now - facts.begin, false, word));
    }

    /// The journal did not answer a checkpoint until the time for it was over.
    pub fn was_too_slow(&mut self, by: usize) {
        self.facts[by].journal_failed = true;
    }

    pub fn killed(&mut self, by: usize) {
        self.facts[by].fate = Fate::Killed;
    }

    /// An invocation has answered.
    pub fn ended(&mut self, by: usize, status: u64, body: &str) -> Verdict {
        self.facts[by].fate = Fate::Ended;
        let facts = &self.facts[by];
        let differs = facts.kind.body().is_some() && facts.kind.body() != self.body.as_deref();
        require(!self.asked.iter().any(|asked| asked.by == by && asked.in_flight), || {
            format!("a call of {by} outlives its answer")
        })?;
        let is_right = match status {
            200 => return self.completed(by, body),
            202 => self.body.is_some() && !differs,
            400 => self.body.is_some() && differs,
            404 => facts.kind == Kind::Get && facts.unknown,
            503 => facts.journal_failed,
            _ => false,
        };
        require(is_right, || format!("{by} ({:?}) is answered {status} {body}", facts.kind))
    }

    /// Every row has one answer, which the journal has as well, and it is the same one for everybody.
    fn completed(&mut self, by: usize, body: &str) -> Verdict {
        let facts = &self.facts[by];
        let rows = rows(self.body.as_deref().unwrap_or_default());
        require(facts.kind.body().is_none_or(|own| Some(own) == self.body.as_deref()), || {
            format!("{by} is answered for other rows than it has sent: {body}")
        })?;
        require(!facts.told, || format!("{by} answers 200 though it was told that its lease is lost"))?;
        let values: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let values = values["data"].as_array().cloned().unwrap_or_default();
        require(values.len() == rows.len(), || format!("{by} answers {} rows: {body}", values.len()))?;
        for (number, (row, value)) in rows.into_iter().zip(&values).enumerate() {
            let (place, value) = (&value[0], &value[1]);
            let is_answer = value.as_str().is_some_and(|text| text.split('#').next() == Some(row));
            require(place == number && (is_answer || (value.is_null() && self.cuts(row) >= 2)), || {
                format!("{by} answers {value} for {row}")
            })?;
            let value = value.as_str().unwrap_or("null");
            require(!self.ended || self.kept.get(row).is_some_and(|kept| kept == value), || {
                format!("{by} answers {value} for {row}, and the journal has {:?}", self.kept.get(row))
            })?;
        }
        require(self.ended || facts.journal_failed, || format!("{by} answers 200 before everything is journaled"))?;
        if self.ended {
            let first = self.answer.get_or_insert_with(|| body.to_owned());
            require(first == body, || format!("{by} answers {body} where the first answer was {first}"))?;
        }
        Ok(())
    }

    /// Holds while nothing moves: the death of a process now would lose the answers of one interval and no more.
    pub fn at_rest(&self, now: Time, is_writing: impl Fn(usize) -> bool) -> Verdict {
        for (by, facts) in self.facts.iter().enumerate().filter(|(_, facts)| facts.fate == Fate::Live) {
            require(now < facts.end() || is_writing(by), || format!("{by} outlives its invocation"))?;
            if facts.robbed || is_writing(by) {
                continue;
            }
            for (row, (_, at)) in facts.got.iter().filter(|(row, _)| !self.kept.contains_key(*row)) {
                require(now - at.max(&facts.last_reply) < INTERVAL, || {
                    format!("{by} has the answer to {row} for {} ms and does not journal it", now - at)
                })?;
            }
        }
        Ok(())
    }

    /// Calls that were begun for a row that had been asked for before.
    pub fn asked_again(&self) -> usize {
        let rows: std::collections::BTreeSet<_> = self.asked.iter().map(|asked| &asked.row).collect();
        self.asked.len() - rows.len()
    }

    /// Service calls that were begun.
    pub fn calls(&self) -> usize {
        self.asked.len()
    }

    /// What an entry says.
    fn read(&self, entry: &[u8]) -> Result<Carried, String> {
        let Known { answers, cuts } = decode(&[entry.to_vec()]).map_err(|error| error.to_string())?;
        let rows = rows(self.body.as_deref().unwrap_or_default());
        let row = |number: u32| {
            let row = usize::try_from(number).ok().and_then(|number| rows.get(number));
            row.map(|row| (*row).to_owned()).ok_or("an entry has a row that is not in the batch")
        };
        let mut carried = Carried::default();
        for number in cuts.into_keys() {
            carried.cut.insert(row(number)?);
        }
        for (number, answer) in answers {
            let value = match answer {
                Answer::Value(json) => serde_json::from_str(&json).map_err(|error| error.to_string())?,
                Answer::Row(refusal) if refusal.code == Code::Timeout => "null".to_owned(),
                other => return Err(format!("an entry has {other:?}")),
            };
            carried.answers.insert(row(number)?, value);
        }
        Ok(carried)
    }

    /// Everything on which the future depends, except what is on the wires. Two states with the same text have the same
    /// future: the code is deterministic, so an invocation is what it has seen; answers that come at the same moment may
    /// come in any order; the dead, and the names of the living, make no difference; nor does what the clock shows.
    pub fn state(&self, now: Time) -> (String, BTreeMap<usize, String>) {
        let mut state = String::new();
        let lease = self.lease_until.map(|until| i128::from(until) - i128::from(now));
        let rows = self.body.as_deref().map(rows);
        let Self { ended, kept, cuts_kept, .. } = self;
        let _ = write!(state, "{rows:?} {ended} {:?} {kept:?} {cuts_kept:?}", lease.filter(|left| *left > 0));
        for row in ROWS.concat() {
            let is_paid = self.asked.iter().any(|asked| asked.row == *row && self.is_paid(asked));
            let _ = write!(state, " {}{is_paid}", self.cuts(row));
        }
        let living = self.facts.iter().enumerate().filter(|(_, facts)| facts.fate == Fate::Live);
        let living = living.map(|(by, facts)| {
            let mut history = facts.history.clone();
            for together in history.chunk_by_mut(|a, b| a.0 == b.0 && a.1 && b.1) {
                together.sort();
            }
            // A GET that has found its batch goes on as a POST does.
            let kind = if facts.history.is_empty() { format!("{:?}", facts.kind) } else { String::new() };
            let Facts { begin, journal_failed, robbed, told, unknown, .. } = facts;
            let is_holder = self.holder == Some(by);
            let age = now - begin;
            (by, format!("{kind} {age} {is_holder} {journal_failed} {robbed} {told} {unknown} {history:?}"))
        });
        (state, living.collect())
    }

    /// Whether an answer of the dead may not be asked for again.
    fn is_paid(&self, asked: &Asked) -> bool {
        self.facts[asked.by].fate != Fate::Live && !self.is_excused(asked)
    }

    pub fn is_holder(&self, by: usize) -> bool {
        self.holder == Some(by)
    }
}

impl Facts {
    /// When Lambda ends it, by a right clock.
    pub fn end(&self) -> Time {
        self.begin + super::schedule::END
    }
}

/// The texts of a body's rows.
fn rows(body: &str) -> [&'static str; 3] {
    ROWS.into_iter().find(|rows| rows.iter().all(|row| body.contains(&format!("\"{row}\"")))).unwrap_or_default()
}
