//! Keepers of answers that break a promise, to show that the exploration finds it out.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use snowflake_aws_functions::function::Outcome;
use snowflake_aws_functions::journal::{
    AnswerKey, Answers, Asking, GIVEN_UP, JournalError, Key, Look, Memory, Recalled, Scope, Tag,
};

use super::wire::{NAMES, key, scope};

/// What a broken keeper does as it has promised.
macro_rules! promised {
    (recall in $memory:tt) => {
        fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>> {
            self.$memory.recall(look)
        }
    };
    (ask in $memory:tt) => {
        fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
            self.$memory.ask(asking)
        }
    };
    (keep in $memory:tt) => {
        fn keep<'a>(
            &'a self,
            scope: &'a Scope,
            batch: &'a Key,
            answers: &'a [(AnswerKey, Outcome)],
        ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
            self.$memory.keep(scope, batch, answers)
        }
    };
}

/// Lets everybody claim what others have claimed.
pub struct Generous(pub Memory);

impl Answers for Generous {
    promised!(recall in 0);
    promised!(keep in 0);

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        async { self.0.ask(asking).await.map(|_| HashSet::new()) }.boxed()
    }
}

/// Holds claims although their time is over.
pub struct Immortal(pub Memory);

impl Answers for Immortal {
    promised!(recall in 0);
    promised!(keep in 0);

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        async move {
            let until = asking.until + GIVEN_UP;
            self.0.ask(&Asking { until, ..asking.clone() }).await
        }
        .boxed()
    }
}

/// Goes on with what a claim has named before, as long as that would have held.
pub struct Sticky {
    memory: Memory,
    claims: Mutex<Vec<Claimed>>,
}

/// What was claimed, under which lease, and until when.
struct Claimed {
    lease: String,
    tags: Vec<Tag>,
    until: SystemTime,
}

impl Sticky {
    pub fn new(memory: Memory) -> Self {
        Self { memory, claims: Mutex::default() }
    }
}

impl Answers for Sticky {
    promised!(recall in memory);
    promised!(keep in memory);

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        async {
            let Asking { lease, tags, now, until, .. } = *asking;
            let all = {
                let mut claims = self.claims.lock().unwrap();
                claims.push(Claimed { lease: lease.to_owned(), tags: tags.to_vec(), until });
                claims.retain(|claim| now < claim.until);
                let same = claims.iter().filter(|claim| claim.lease == lease);
                same.flat_map(|claim| &claim.tags).copied().collect::<HashSet<_>>().into_iter().collect::<Vec<_>>()
            };
            let lost = self.memory.ask(&Asking { tags: &all, ..asking.clone() }).await?;
            Ok(lost.into_iter().filter(|tag| tags.contains(tag)).collect())
        }
        .boxed()
    }
}

/// Has one place for the claims of a batch, in which that of a later invocation is written over that of an earlier one.
pub struct Single(pub Memory);

impl Answers for Single {
    promised!(recall in 0);
    promised!(keep in 0);

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        async { self.0.ask(&Asking { lease: "", ..asking.clone() }).await }.boxed()
    }
}

/// Lets claims name nothing that is answered.
pub struct Tidy(pub Memory);

impl Answers for Tidy {
    promised!(recall in 0);
    promised!(keep in 0);

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        async {
            let keys: Vec<AnswerKey> = NAMES.keys().copied().collect();
            let Asking { scope, batch, now, .. } = *asking;
            let look = Look { scope, batch, keys: &keys, for_others: false, now, until: now };
            let known = self.0.recall(look).await?.answers;
            let is_known = |tag: &Tag| known.keys().any(|key| key.tag() == *tag);
            let tags: Vec<Tag> = asking.tags.iter().copied().filter(|tag| !is_known(tag)).collect();
            self.0.ask(&Asking { tags: &tags, ..asking.clone() }).await
        }
        .boxed()
    }
}

/// Takes a row of any statement for the same row of the first one.
pub struct Unscoped(pub Memory);

impl Answers for Unscoped {
    fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>> {
        async move {
            let same: Vec<AnswerKey> = look.keys.iter().map(of_first).collect();
            let first = Look { scope: &scope("q"), keys: &same, ..look };
            let Recalled { answers, asked } = self.0.recall(first).await?;
            let known = look.keys.iter().zip(&same).filter_map(|(key, same)| Some((*key, answers.get(same)?.clone())));
            Ok(Recalled { answers: known.collect(), asked })
        }
        .boxed()
    }

    promised!(ask in 0);

    fn keep<'a>(
        &'a self,
        _: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
        async move {
            let same: Vec<_> = answers.iter().map(|(key, outcome)| (of_first(key), outcome.clone())).collect();
            self.0.keep(&scope("q"), batch, &same).await
        }
        .boxed()
    }
}

fn of_first(row: &AnswerKey) -> AnswerKey {
    key(("q", NAMES[row].1))
}

/// Reads what was there a moment ago: what is kept is seen from the next write on.
pub struct Stale {
    memory: Memory,
    late: Mutex<Vec<Written>>,
}

type Written = (Scope, Key, Vec<(AnswerKey, Outcome)>);

impl Stale {
    pub fn new(memory: Memory) -> Self {
        Self { memory, late: Mutex::default() }
    }

    fn catch_up(&self) {
        for (scope, batch, answers) in self.late.lock().unwrap().drain(..) {
            self.memory.keep(&scope, &batch, &answers).now_or_never().unwrap().unwrap();
        }
    }
}

impl Answers for Stale {
    promised!(recall in memory);
    promised!(ask in memory);

    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
        async move {
            self.catch_up();
            self.late.lock().unwrap().push((scope.clone(), batch.clone(), answers.to_vec()));
            Ok(Vec::new())
        }
        .boxed()
    }
}

/// Has one place for the answers of all rows, so that each is written over the one before.
pub struct Overwriting(pub Memory);

impl Answers for Overwriting {
    fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>> {
        async move {
            let Recalled { answers, asked } = self.0.recall(Look { keys: &[key(("q", "a"))], ..look }).await?;
            let answers =
                answers.into_values().flat_map(|answer| look.keys.iter().map(move |key| (*key, answer.clone())));
            Ok(Recalled { answers: answers.collect(), asked })
        }
        .boxed()
    }

    promised!(ask in 0);

    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
        async move {
            let all: Vec<_> = answers.iter().map(|(_, outcome)| (key(("q", "a")), outcome.clone())).collect();
            self.0.keep(scope, batch, &all).await
        }
        .boxed()
    }
}
