//! Journals that break a promise, to show that the exploration finds it out.

use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use snowflake_aws_functions::journal::{
    Claim, Claimed, GIVEN_UP, Journal, JournalError, Kept, Lease, Memory, NewRows, Then,
};

/// What a broken journal does as it has promised.
macro_rules! promised {
    (claim) => {
        fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
            self.0.claim(claim)
        }
    };
    (checkpoint) => {
        fn checkpoint<'a>(
            &'a self,
            lease: &'a mut Lease,
            entry: &'a [u8],
            then: Then,
        ) -> BoxFuture<'a, Result<Kept, JournalError>> {
            self.0.checkpoint(lease, entry, then)
        }
    };
}

/// Forgets every checkpoint but the last one.
pub struct Forgetful(pub Memory);

impl Journal for Forgetful {
    promised!(claim);

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        match then {
            Then::GoOn(_) => async { Ok(Kept::Yes) }.boxed(),
            _ => self.0.checkpoint(lease, entry, then),
        }
    }
}

/// Looks whether a batch is leased, and takes it a moment later.
pub struct Torn {
    journal: Memory,
    leased_until: Mutex<Option<SystemTime>>,
}

impl Torn {
    pub fn new(journal: Memory) -> Self {
        Self { journal, leased_until: Mutex::default() }
    }
}

impl Journal for Torn {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        async move {
            let is_leased = self.leased_until.lock().unwrap().is_some_and(|until| claim.now < until);
            if is_leased {
                return self.journal.claim(claim).await;
            }
            // One step more only here: how far a claim has come has to tell what it has seen.
            let mut is_later = false;
            poll_fn(|_| if std::mem::replace(&mut is_later, true) { Poll::Ready(()) } else { Poll::Pending }).await;
            // By a clock that says that every lease is over.
            let now = self.leased_until.lock().unwrap().replace(claim.lease_until).unwrap_or(claim.now).max(claim.now);
            let rows = claim.rows.clone();
            self.journal.claim(&Claim { key: claim.key, rows, now, lease_until: claim.lease_until }).await
        }
        .boxed()
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        if then == Then::Release {
            *self.leased_until.lock().unwrap() = None;
        }
        self.journal.checkpoint(lease, entry, then)
    }
}

/// Gives leases that do not end.
pub struct Endless(pub Memory);

impl Journal for Endless {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        let lease_until = claim.lease_until + GIVEN_UP;
        async move { self.0.claim(&Claim { lease_until, ..claim.clone() }).await }.boxed()
    }

    promised!(checkpoint);
}

/// Lets whoever has held a lease give it back, although it is another one's by now.
pub struct Trusting {
    journal: Memory,
    given_back: AtomicBool,
}

impl Trusting {
    pub fn new(journal: Memory) -> Self {
        Self { journal, given_back: AtomicBool::default() }
    }
}

impl Journal for Trusting {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        async move {
            let is_free = self.given_back.swap(false, Ordering::Relaxed);
            // By a clock that says that the lease is over.
            let now = if is_free { claim.lease_until } else { claim.now };
            self.journal.claim(&Claim { now, ..claim.clone() }).await
        }
        .boxed()
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        async move {
            let kept = self.journal.checkpoint(lease, entry, then).await?;
            if kept == Kept::LeaseLost && then == Then::Release {
                self.given_back.store(true, Ordering::Relaxed);
            }
            Ok(kept)
        }
        .boxed()
    }
}

/// Takes any rows for those that it has.
pub struct Careless(pub Memory);

impl Journal for Careless {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        async move {
            let rows = claim.rows.clone().map(|rows| NewRows { digest: String::new(), ..rows });
            self.0.claim(&Claim { rows, ..claim.clone() }).await
        }
        .boxed()
    }

    promised!(checkpoint);
}
