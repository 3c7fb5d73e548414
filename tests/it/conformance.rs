//! What a journal promises, checked of each kind of journal.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde_json::json;
use snowflake_aws_functions::function::Outcome;
use snowflake_aws_functions::journal::{
    Answer, AnswerKey, Answers, Asking, Batch, Claim, Claimed, DynamoDb, Journal, Kept, Key, Lease, Look, Memory,
    NewRows, Recalled, Scope, Tag, Then, Within,
};

const RETENTION: Duration = Duration::from_hours(12);
const LEASE: Duration = Duration::from_secs(28);

use crate::dynamodb;

/// One batch of a journal, under a key of its own.
struct Subject<'a> {
    journal: &'a dyn Journal,
    key: Key,
    begin: SystemTime,
    body: String,
}

impl<'a> Subject<'a> {
    fn new(journal: &'a dyn Journal, name: &str) -> Self {
        let key = Key::of(name, &fastrand::u128(..).to_string());
        // As precise as a journal keeps it.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let begin = SystemTime::UNIX_EPOCH + Duration::from_millis(now.try_into().unwrap());
        Self { journal, key, begin, body: format!("{{\"data\":[[0,\"{name}\"]]}}") }
    }

    /// A POST (with rows) or a GET, `after` the beginning.
    async fn claim(&self, digest: Option<&str>, after: Duration) -> Claimed {
        let now = self.begin + after;
        let rows = digest.map(|digest| NewRows { body: &self.body, digest: digest.to_owned() });
        self.journal.claim(&Claim { key: &self.key, rows, now, lease_until: now + LEASE }).await.unwrap()
    }

    async fn post(&self, after: Duration) -> Claimed {
        self.claim(Some("digest"), after).await
    }

    async fn get(&self, after: Duration) -> Claimed {
        self.claim(None, after).await
    }

    fn batch(&self, entries: &[&[u8]]) -> Batch {
        Batch {
            created: self.begin,
            body: self.body.clone(),
            entries: entries.iter().map(|entry| entry.to_vec()).collect(),
        }
    }

    /// The work goes on, with the lease that it has.
    fn go_on(&self) -> Then {
        Then::GoOn(self.begin + LEASE)
    }

    async fn keep(&self, lease: &mut Lease, entry: &[u8], then: Then) -> Kept {
        self.journal.checkpoint(lease, entry, then).await.unwrap()
    }
}

fn ours(claimed: Claimed, expected: &Batch) -> Lease {
    match claimed {
        Claimed::Ours(lease, batch) => {
            assert_eq!(&batch, expected);
            assert!(!lease.is_first() || batch.entries.is_empty());
            lease
        }
        other => panic!("{other:?}"),
    }
}

const NOW: Duration = Duration::ZERO;
const LATER: Duration = Duration::from_secs(30);

async fn one_at_a_time(journal: &dyn Journal) {
    let subject = Subject::new(journal, "one at a time");
    assert_eq!(subject.get(NOW).await, Claimed::Unknown);
    let mut lease = ours(subject.post(NOW).await, &subject.batch(&[]));
    assert_eq!(subject.post(NOW).await, Claimed::Busy);
    assert_eq!(subject.get(NOW).await, Claimed::Busy);
    assert_eq!(subject.keep(&mut lease, b"one", subject.go_on()).await, Kept::Yes);
    assert_eq!(subject.keep(&mut lease, b"", subject.go_on()).await, Kept::Yes);
    assert_eq!(subject.get(NOW).await, Claimed::Busy);
    assert_eq!(subject.keep(&mut lease, b"two", Then::Release).await, Kept::Yes);
    let mut second = ours(subject.get(NOW).await, &subject.batch(&[b"one", b"two"]));
    assert_eq!(subject.keep(&mut second, b"", Then::Release).await, Kept::Yes);
    let mut third = ours(subject.post(NOW).await, &subject.batch(&[b"one", b"two"]));
    assert_eq!(subject.keep(&mut third, b"three", Then::End).await, Kept::Yes);
    for claimed in [subject.get(NOW).await, subject.post(LATER).await, subject.get(Duration::from_secs(900)).await] {
        assert_eq!(claimed, Claimed::Ended(subject.batch(&[b"one", b"two", b"three"])));
    }
}

async fn a_lease_ends(journal: &dyn Journal) {
    let subject = Subject::new(journal, "a lease ends");
    let mut first = ours(subject.post(NOW).await, &subject.batch(&[]));
    assert!(first.is_first());
    assert_eq!(subject.keep(&mut first, b"one", subject.go_on()).await, Kept::Yes);
    assert_eq!(subject.get(LEASE - Duration::from_secs(1)).await, Claimed::Busy);
    let longer = Then::GoOn(subject.begin + LEASE + LATER);
    assert_eq!(subject.keep(&mut first, b"", longer).await, Kept::Yes, "renewed, late, but nobody has taken the batch");
    assert_eq!(subject.get(LEASE + Duration::from_secs(1)).await, Claimed::Busy);
    assert_eq!(subject.keep(&mut first, b"two", subject.go_on()).await, Kept::Yes);
    let mut second = ours(subject.get(LATER).await, &subject.batch(&[b"one", b"two"]));
    assert!(!second.is_first());
    assert_eq!(subject.keep(&mut first, b"lost", subject.go_on()).await, Kept::LeaseLost);
    assert_eq!(subject.keep(&mut first, b"lost", Then::End).await, Kept::LeaseLost);
    assert_eq!(subject.keep(&mut first, b"", Then::Release).await, Kept::LeaseLost);
    assert_eq!(subject.keep(&mut second, b"three", Then::Release).await, Kept::Yes);
    ours(subject.post(LATER).await, &subject.batch(&[b"one", b"two", b"three"]));
}

async fn other_rows_are_refused(journal: &dyn Journal) {
    let subject = Subject::new(journal, "other rows");
    let mut lease = ours(subject.post(NOW).await, &subject.batch(&[]));
    assert_eq!(subject.claim(Some("other"), NOW).await, Claimed::OtherRows);
    assert_eq!(subject.claim(Some("other"), LATER).await, Claimed::OtherRows);
    assert_eq!(subject.keep(&mut lease, b"all", Then::End).await, Kept::Yes);
    assert_eq!(subject.claim(Some("other"), NOW).await, Claimed::OtherRows);
}

async fn batches_are_given_up_and_expire(journal: &dyn Journal) {
    let subject = Subject::new(journal, "given up");
    let mut lease = ours(subject.post(NOW).await, &subject.batch(&[]));
    assert_eq!(subject.keep(&mut lease, b"one", Then::Release).await, Kept::Yes);
    let mut late = ours(subject.get(Duration::from_secs(590)).await, &subject.batch(&[b"one"]));
    assert_eq!(subject.keep(&mut late, b"", Then::Release).await, Kept::Yes);
    for claimed in [subject.get(Duration::from_secs(601)).await, subject.post(Duration::from_secs(601)).await] {
        assert_eq!(claimed, Claimed::GivenUp(subject.batch(&[b"one"])));
    }
    let expired = RETENTION + Duration::from_secs(10);
    assert_eq!(subject.get(expired).await, Claimed::Unknown);
    let again = Batch { created: subject.begin + expired, ..subject.batch(&[]) };
    ours(subject.claim(Some("other"), expired).await, &again);
}

/// Rows and entries beyond what one item of a table holds, which nothing compresses.
async fn large_batches_are_kept_whole(journal: &dyn Journal) {
    let mut random = fastrand::Rng::with_seed(3);
    let mut subject = Subject::new(journal, "large");
    subject.body = (0..2_000_000).map(|_| random.alphanumeric()).collect();
    let entries: Vec<Vec<u8>> =
        [10, 300_000, 200_000, 900_000].iter().map(|size| (0..*size).map(|_| random.u8(..)).collect()).collect();
    let mut lease = ours(subject.post(NOW).await, &subject.batch(&[]));
    for entry in &entries {
        assert_eq!(subject.keep(&mut lease, entry, subject.go_on()).await, Kept::Yes);
    }
    assert_eq!(subject.keep(&mut lease, b"", Then::Release).await, Kept::Yes);
    let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    let mut lease = ours(subject.get(NOW).await, &subject.batch(&entries));
    assert_eq!(subject.keep(&mut lease, b"", Then::End).await, Kept::Yes);
    assert_eq!(subject.post(NOW).await, Claimed::Ended(subject.batch(&entries)));
}

async fn one_of_many_claims_wins(journal: &dyn Journal) {
    let subject = Subject::new(journal, "many");
    let claims = futures_util::future::join_all((0..16).map(|_| subject.post(NOW))).await;
    assert_eq!(claims.iter().filter(|claimed| matches!(claimed, Claimed::Ours(..))).count(), 1);
    let claims = futures_util::future::join_all((0..16).map(|_| subject.get(LATER))).await;
    assert_eq!(claims.iter().filter(|claimed| matches!(claimed, Claimed::Ours(..))).count(), 1);
    assert!(claims.iter().all(|claimed| matches!(claimed, Claimed::Ours(..) | Claimed::Busy)));
}

/// An outcome of that value.
fn outcome(value: &str) -> Outcome {
    Outcome { attempts: 1, latency: Duration::from_millis(5), ..Outcome::of(json!(value).to_string().into()) }
}

/// A scope of its own, and keys in it.
struct Questions {
    scope: Scope,
    keys: Vec<AnswerKey>,
    now: SystemTime,
}

impl Questions {
    fn new(count: usize) -> Self {
        let now = SystemTime::now();
        let scope = Scope::of("conformance", Within::Statement(&fastrand::u128(..).to_string()), now + RETENTION);
        let keys =
            (0..count).map(|number| scope.key("t", &vec![number.to_string().into()].into_boxed_slice())).collect();
        Self { scope, keys, now }
    }

    fn tags(&self, which: std::ops::Range<usize>) -> Vec<Tag> {
        self.keys[which].iter().map(AnswerKey::tag).collect()
    }

    async fn recall(&self, answers: &dyn Answers, batch: &str, after: Duration) -> Recalled {
        let (scope, batch, keys, now) = (&self.scope, &Key::of("f", batch), &self.keys, self.now + after);
        answers.recall(Look { scope, batch, keys, for_others: true, now, until: now }).await.unwrap()
    }

    /// Claims for a batch, under a lease of it.
    async fn ask(
        &self,
        answers: &dyn Answers,
        (batch, lease): (&str, &str),
        tags: &[Tag],
        after: Duration,
    ) -> HashSet<Tag> {
        let now = self.now + after;
        let (batch, until) = (&Key::of("f", batch), now + Duration::from_secs(6));
        answers.ask(&Asking { scope: &self.scope, batch, lease, tags, now, until }).await.unwrap()
    }
}

async fn answers_come_back_until_they_expire(answers: &dyn Answers) {
    let of = Questions::new(150);
    assert_eq!(of.recall(answers, "a", NOW).await, Recalled::default());
    let kept: Vec<_> = of.keys.iter().map(|key| (*key, outcome(&format!("{key:?}")))).collect();
    answers.keep(&of.scope, &Key::of("f", "a"), &kept[..140]).await.unwrap();
    for (batch, is_own) in [("a", true), ("b", false)] {
        let recalled = of.recall(answers, batch, LATER).await;
        let expected = kept[..140].iter().cloned().map(|(key, outcome)| (key, Answer { outcome, is_own }));
        assert_eq!(recalled.answers, expected.collect());
    }
    let expired = RETENTION + Duration::from_secs(2);
    assert_eq!(of.recall(answers, "a", expired).await, Recalled::default());
    let other = Questions::new(150);
    assert_eq!(other.recall(answers, "a", NOW).await, Recalled::default(), "another statement's");
}

async fn a_large_answer_comes_back_whole(answers: &dyn Answers) {
    let of = Questions::new(1);
    let mut random = fastrand::Rng::with_seed(5);
    let text: String = (0..100_000).map(|_| random.alphanumeric()).collect();
    let kept = (of.keys[0], outcome(&text));
    answers.keep(&of.scope, &Key::of("f", "a"), std::slice::from_ref(&kept)).await.unwrap();
    let (key, outcome) = kept;
    assert_eq!(of.recall(answers, "a", NOW).await.answers, [(key, Answer { outcome, is_own: true })].into());
}

async fn one_asks_at_a_time(answers: &dyn Answers) {
    let of = Questions::new(40);
    assert!(of.ask(answers, ("a", "1"), &of.tags(0..20), NOW).await.is_empty());
    assert!(of.ask(answers, ("a", "1"), &of.tags(5..20), NOW).await.is_empty(), "its own claim is in nobody's way");
    let lost = of.ask(answers, ("b", "1"), &of.tags(10..30), NOW).await;
    assert_eq!(lost, of.tags(10..20).into_iter().collect());
    // The second one lets go of what it has not got.
    assert_eq!(of.ask(answers, ("b", "1"), &of.tags(20..30), NOW).await, HashSet::new());
    assert_eq!(of.recall(answers, "c", NOW).await.asked, of.tags(5..30).into_iter().collect());
    assert_eq!(of.recall(answers, "b", NOW).await.asked, of.tags(5..20).into_iter().collect());
    let (scope, batch, keys, now) = (&of.scope, &Key::of("f", "c"), &of.keys, of.now);
    let unwanted = Look { scope, batch, keys, for_others: false, now, until: now };
    let unwanted = answers.recall(unwanted).await.unwrap();
    assert_eq!(unwanted, Recalled::default(), "what others ask for is told to who wants to know it");
    // A batch's next invocation has a claim of its own beside the one before.
    assert!(of.ask(answers, ("a", "2"), &of.tags(0..10), NOW).await.is_empty());
    assert_eq!(of.recall(answers, "c", NOW).await.asked, of.tags(0..30).into_iter().collect());
    assert_eq!(of.recall(answers, "a", NOW).await.asked, of.tags(20..30).into_iter().collect());
    // A claim that is not renewed ends.
    assert_eq!(of.recall(answers, "b", Duration::from_secs(7)).await.asked, HashSet::new());
    assert!(of.ask(answers, ("b", "1"), &of.tags(5..30), Duration::from_secs(7)).await.is_empty());
}

async fn one_of_many_that_ask_is_told_of_no_other(answers: &dyn Answers) {
    let of = Questions::new(1);
    let names: Vec<String> = (0..24).map(|number| format!("batch {number}")).collect();
    let tags = of.tags(0..1);
    let asked = futures_util::future::join_all(names.iter().map(|name| of.ask(answers, (name, "1"), &tags, NOW))).await;
    assert_eq!(asked.iter().filter(|lost| lost.is_empty()).count(), 1);
    // Long after all of them are given up, one more asks, and then nothing is left of them.
    let late = Duration::from_secs(3600);
    assert!(of.ask(answers, ("late", "1"), &tags, late).await.is_empty());
    assert_eq!(of.recall(answers, "other", late).await.asked, tags.into_iter().collect());
}

async fn conforms(journal: &dyn Journal) {
    let answers = journal.answers().unwrap();
    answers_come_back_until_they_expire(answers).await;
    a_large_answer_comes_back_whole(answers).await;
    one_asks_at_a_time(answers).await;
    one_of_many_that_ask_is_told_of_no_other(answers).await;
    one_at_a_time(journal).await;
    a_lease_ends(journal).await;
    other_rows_are_refused(journal).await;
    large_batches_are_kept_whole(journal).await;
    one_of_many_claims_wins(journal).await;
    batches_are_given_up_and_expire(journal).await;
}

#[tokio::test]
async fn the_journal_in_memory_conforms() {
    conforms(&Memory::new(RETENTION)).await;
}

/// The table of the demo and the benchmark is to do what DynamoDB does, as far as the function can tell.
#[tokio::test]
async fn the_journal_in_the_sandbox_conforms() {
    let table = sandbox::dynamodb::Table::start().await.unwrap();
    let [(_, url), (_, name)] = table.env();
    conforms(&DynamoDb::new(name, RETENTION, dynamodb::at(url))).await;
}

/// Against a DynamoDB that is not ours, in the table that was created from the template, `JOURNAL_TABLE_NAME`.
#[tokio::test]
#[ignore = "needs a DynamoDB: ci/journal starts one and runs it"]
async fn the_journal_in_dynamodb_conforms() {
    conforms(&DynamoDb::new(std::env::var("JOURNAL_TABLE_NAME").unwrap(), RETENTION, dynamodb::config())).await;
}
