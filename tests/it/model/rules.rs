//! What must hold at every moment of every schedule, and the bookkeeping that it takes to see it.
//!
//! The rules look at what goes over the wires and at what the callers are answered, and at nothing inside the code.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::SystemTime;

use serde_json::Value;
use snowflake_aws_functions::batch::Known;
use snowflake_aws_functions::function::Code;
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
    /// The answer could not be read.
    was_garbled: bool,
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
    tries_kept: BTreeMap<String, String>,
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
        self.asked.push(Asked { by, row: row.to_owned(), in_flight: true, was_cut: false, was_garbled: false });
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
            require(earlier.row != row || earlier.by != by || earlier.was_garbled, || {
                format!("{by} asks twice for {row}")
            })?;
            require(earlier.row != row || self.is_excused(earlier), || {
                format!("{by} asks for {row}, for which {} has paid and which nothing has lost", earlier.by)
            })?;
        }
        let garbled = self.asked.iter().filter(|earlier| earlier.row == row && earlier.was_garbled);
        let known = garbled.filter(|earlier| earlier.by == by || !self.is_forgotten(earlier)).count();
        require(known < 2, || format!("{by} buys an answer to {row} a third time that cannot be read"))
    }

    /// Whether an answer may be asked for again: it died with its process, or its call was cut off, or the journal did
    /// not take it, or another one has the batch.
    fn is_excused(&self, asked: &Asked) -> bool {
        asked.was_cut || asked.was_garbled || self.is_forgotten(asked)
    }

    /// Whether what came of a call may not be known to others.
    fn is_forgotten(&self, asked: &Asked) -> bool {
        let who = &self.facts[asked.by];
        who.fate == Fate::Killed || who.journal_failed || who.robbed
    }

    /// The service gives an answer that cannot be read.
    pub fn garbled(&mut self, by: usize, row: &str, now: Time) {
        if let Some(asked) = self.call_is_over(by, row) {
            asked.was_garbled = true;
        }
        let facts = &mut self.facts[by];
        facts.history.push((now - facts.begin, true, format!("{row} garbled")));
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

    /// Whether a row may be at fault itself: its call was cut off twice, or its answer could not be read twice.
    fn may_be_null(&self, row: &str) -> bool {
        self.count(row, |asked| asked.was_cut) >= 2 || self.count(row, |asked| asked.was_garbled) >= 2
    }

    fn count(&self, row: &str, is_so: impl Fn(&Asked) -> bool) -> usize {
        self.asked.iter().filter(|asked| asked.row == row && is_so(asked)).count()
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
            require(is_own || (value == "null" && self.may_be_null(row)), || {
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
                self.tries_kept.extend(carries.tries);
                for (row, value) in carries.answers {
                    let before = self.kept.insert(row.clone(), value.clone());
                    require(before.as_ref().is_none_or(|before| *before == value), || {
                        format!("the journal has two answers to {row}: {before:?} and {value}")
                    })?;
                }
                match then {
                    // An invocation of the model is shorter than a lease.
                    Then::GoOn(_) => {}
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
            // An error to a GET might end the query.
            202 => (self.body.is_some() && !differs) || (facts.kind == Kind::Get && facts.journal_failed),
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
            require(place == number && (is_answer || (value.is_null() && self.may_be_null(row))), || {
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
        let known = decode(&[entry.to_vec()], SystemTime::UNIX_EPOCH).map_err(|error| error.to_string())?;
        let Known { outcomes, tries, .. } = known;
        let rows = rows(self.body.as_deref().unwrap_or_default());
        let row = |number: u32| {
            let row = usize::try_from(number).ok().and_then(|number| rows.get(number));
            row.map(|row| (*row).to_owned()).ok_or("an entry has a row that is not in the batch")
        };
        let mut carried = Carried::default();
        for (number, tries) in tries {
            carried.tries.insert(row(number)?, format!("{tries:?}"));
        }
        for (number, outcome) in outcomes {
            let value = match (outcome.value(), outcome.refusal()) {
                (Some(json), _) => serde_json::from_str(json).map_err(|error| error.to_string())?,
                (_, Some(refusal)) if matches!(refusal.code, Code::Timeout | Code::ServiceError) => "null".to_owned(),
                _ => return Err(format!("an entry has {outcome:?}")),
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
        let Self { ended, kept, tries_kept, .. } = self;
        let _ = write!(state, "{rows:?} {ended} {:?} {kept:?} {tries_kept:?}", lease.filter(|left| *left > 0));
        for row in ROWS.concat() {
            let is_paid = self.asked.iter().any(|asked| asked.row == *row && self.is_paid(asked));
            let garbled = self.asked.iter().filter(|asked| asked.row == *row && asked.was_garbled);
            let known = garbled.filter(|asked| !self.is_forgotten(asked)).count();
            let (cuts, garbled) = (self.count(row, |asked| asked.was_cut), self.count(row, |asked| asked.was_garbled));
            let _ = write!(state, " {cuts}{garbled}{known}{is_paid}");
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
