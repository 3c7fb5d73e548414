//! Answers kept by what was asked, so that they serve other batches, and who is asking for what at the moment.
//!
//! A batch finds its own answers here as well: its entries hold only what cannot be kept by what was asked.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::iter;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};

use super::{JournalError, Key};
use crate::function::{Outcome, Question};

/// The version of what an answer's item holds, and of what makes two questions the same. Items of another version are never read.
const VERSION: u8 = 4;

/// Within what equal questions share an answer: one function, and one statement or the account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    hash: [u8; 32],
    /// When what is kept in it expires.
    pub expires: SystemTime,
}

/// What was asked, within a scope: a hash, so that no prompt or address is part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AnswerKey([u8; 32]);

/// Four bytes of a key: by them a claim names what is being asked. Two that are equal by chance wait for each other in vain, for as
/// long as a claim lasts.
pub type Tag = u32;

/// Whose batches share answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within<'a> {
    /// Those of one statement.
    Statement(&'a str),
    /// Those of all statements of the account that share for as long.
    Account(Duration),
}

impl Scope {
    /// The scope of `function`.
    pub fn of(function: &str, within: Within<'_>, expires: SystemTime) -> Self {
        let mut hash = Sha256::new();
        hash.update([VERSION]);
        let (kind, name) = match within {
            Within::Statement(id) => ("statement", Cow::Borrowed(id)),
            Within::Account(time) => ("account", Cow::Owned(time.as_secs().to_string())),
        };
        for part in [function, kind, &name] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Self { hash: hash.finalize().into(), expires }
    }

    /// The key of a question to a target in this scope: another place index may have another answer.
    pub fn key(&self, target: &str, question: &Question<'_>) -> AnswerKey {
        let mut hash = Sha256::new();
        hash.update(self.hash);
        for part in iter::once(target).chain(question.iter().map(AsRef::as_ref)) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        AnswerKey(hash.finalize().into())
    }

    /// The name of the item that tells who is asking for what.
    pub(super) fn board(&self) -> String {
        format!("asking/{}", super::key::hex(&self.hash))
    }
}

impl AnswerKey {
    /// The name of the item that holds the answer.
    pub(super) fn item(&self) -> String {
        format!("answer/{}", super::key::hex(&self.0))
    }

    /// By what a claim names it.
    pub fn tag(&self) -> Tag {
        Tag::from_le_bytes([self.0[0], self.0[1], self.0[2], self.0[3]])
    }
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was answered.
    pub outcome: Outcome,
    /// Whether the batch that looks it up has paid for it.
    pub is_own: bool,
}

/// A look at what is known.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Within which scope.
    pub scope: &'a Scope,
    /// The batch that looks.
    pub batch: &'a Key,
    /// Of what.
    pub keys: &'a [AnswerKey],
    /// Whether to see as well what other batches are asking for.
    pub for_others: bool,
    /// The time.
    pub now: SystemTime,
    /// Until when an answer must be kept at least, to be of use.
    pub until: SystemTime,
}

/// What is known, and what other batches do.
#[derive(Debug, Default, PartialEq)]
pub struct Recalled {
    /// Answers that are kept.
    pub answers: HashMap<AnswerKey, Answer>,
    /// What others are asking for now, where that was looked up.
    pub asked: HashSet<Tag>,
}

/// A claim to ask for something before others do.
#[derive(Debug, Clone)]
pub struct Asking<'a> {
    /// Within which scope.
    pub scope: &'a Scope,
    /// The batch that asks.
    pub batch: &'a Key,
    /// The token of its lease. A later claim under it takes the place of this one; those of the batch's earlier invocations stay until they are over.
    pub lease: &'a str,
    /// What it asks for; nothing ends the claim.
    pub tags: &'a [Tag],
    /// The time.
    pub now: SystemTime,
    /// Until when the claim holds.
    pub until: SystemTime,
}

/// Answers by what was asked.
///
/// - What is kept comes back until its scope expires.
/// - Of claims for the same thing that hold at the same time, one is told of no other.
pub trait Answers: Send + Sync {
    /// Looks up what is known, and, if that is wanted, what other batches are asking for.
    ///
    /// # Errors
    ///
    /// When the table cannot be reached in time, or throttles.
    fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>>;

    /// Claims to ask, and gives what of it other batches have claimed before and still hold.
    ///
    /// # Errors
    ///
    /// As [`Answers::recall`]; whether the claim holds is then not known.
    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>>;

    /// Keeps answers of a batch to what a claim of it holds for, and nobody has answered before it was claimed: nobody else keeps one at the
    /// same time, and none is written over. Gives those that are too large to be kept.
    ///
    /// # Errors
    ///
    /// When some could not be kept; keeping them again does no harm.
    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_scope_function_target_and_every_part_of_the_question() {
        let question = |parts: &[&'static str]| parts.iter().map(|part| (*part).into()).collect::<Question<'_>>();
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        let key = |function, within, target, parts: &[&'static str]| {
            Scope::of(function, within, expires).key(target, &question(parts))
        };
        let own = key("f", Within::Statement("q"), "t", &["ab", "c"]);
        assert_eq!(own, key("f", Within::Statement("q"), "t", &["ab", "c"]));
        let hours = |hours| Within::Account(Duration::from_hours(hours));
        for other in [
            key("f", hours(2), "t", &["ab", "c"]),
            key("f", Within::Statement("r"), "t", &["ab", "c"]),
            key("f", hours(1), "t", &["ab", "c"]),
            key("f", Within::Statement(""), "t", &["ab", "c"]),
            key("g", Within::Statement("q"), "t", &["ab", "c"]),
            key("f", Within::Statement("q"), "u", &["ab", "c"]),
            key("f", Within::Statement("q"), "ta", &["b", "c"]),
            key("f", Within::Statement("q"), "t", &["a", "bc"]),
            key("f", Within::Statement("q"), "t", &["ab", "c", ""]),
        ] {
            assert_ne!(own, other);
        }
        assert_ne!(key("f", hours(1), "t", &[]), key("f", hours(2), "t", &[]));
    }
}
