//! What rows cost, and rows that must be answered.

use super::*;

fn paid(outcome: &Result<Answers, Unfinished>) -> Vec<Paid> {
    outcome.as_ref().unwrap().rows().map(|row| row.unwrap().paid).collect()
}

/// Rows whose third argument is these options.
fn with_options<'a>(texts: &[&'a str], options: &'a str) -> Vec<Vec<Argument<'a>>> {
    let mut all = rows(texts.iter().copied(), "t");
    all.iter_mut().for_each(|row| row.push(Argument::Text(options.into())));
    all
}

#[tokio::test(start_paused = true)]
async fn a_row_costs_what_all_its_calls_cost() {
    let function = Scripted::with(
        SECOND,
        &[
            ("twice", &[Step::Unreadable, Step::Answer]),
            ("never", &[Step::Unreadable]),
            ("refused", &[Step::Throttle, Step::RefuseRow]),
            ("free", &[Step::Fail, Step::Answer]),
        ],
    );
    let outcome = run(&function, &rows(["twice", "never", "refused", "free"], "t"), 8, 60 * SECOND).await;
    let expected = [
        tokens(UNREADABLE_TOKENS + ANSWERED_TOKENS),
        tokens(2 * UNREADABLE_TOKENS),
        tokens(REFUSED_TOKENS),
        tokens(ANSWERED_TOKENS),
    ];
    assert_eq!(paid(&outcome), expected);
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_invocation_has_paid_counts() {
    let function = Scripted::with(15 * SECOND, &[("a", &[Step::Unreadable, Step::Answer])]);
    let (outcome, invocations) = invoke_on(&function, &rows(["a"], "t"), &Targets::new(8), 5).await;
    assert_eq!((invocations, paid(&outcome)), (2, vec![tokens(UNREADABLE_TOKENS + ANSWERED_TOKENS)]));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_must_be_answered_takes_the_call_with_it() {
    let function = Scripted::with(SECOND, &[("bad", &[Step::RefuseRow]), ("never", &[Step::Unreadable])]);
    for bad in ["bad", "never"] {
        let outcome = run(&function, &with_options(&["a", bad], "must"), 8, 60 * SECOND).await;
        let refusal = refused(&outcome).unwrap();
        assert_eq!(refusal.whose, Whose::Statement);
        assert!(refusal.message.starts_with("a row has no answer, and each must have one: "), "{}", refusal.message);
        let outcome = run(&function, &with_options(&["a", bad], "need not"), 8, 60 * SECOND).await;
        assert_eq!(json(&outcome), ["\"a\"", "null"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_another_batch_has_paid_for_takes_the_call_with_it_as_well() {
    let function = Scripted::with(SECOND, &[]);
    let all = with_options(&["a", "b"], "must");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 60 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    work.learn(1, Outcome { attempts: 1, ..Outcome::judged(refusal(Whose::Row)) });
    assert!(work.is_done() && work.finish().unwrap().refusal().is_some());
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    work.learn(1, Outcome { attempts: 1, ..Outcome::of("1".into()) });
    work.replace(1, Outcome { attempts: 1, ..Outcome::judged(refusal(Whose::Row)) });
    assert!(work.is_done() && work.finish().unwrap().refusal().is_some(), "the answer that was kept first counts");
    let mut work = Work::new(&plan, StatementFaults::AreData, &targets, Known::default(), deadline);
    work.learn(1, Outcome { attempts: 1, ..Outcome::judged(refusal(Whose::Row)) });
    assert!(!work.is_done(), "where errors are data nothing is lost");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_shares_with_nobody_is_neither_given_nor_waited_for() {
    let function = Scripted::with(SECOND, &[]);
    let mut all = with_options(&["a", "a"], "alone");
    all.extend(with_options(&["b"], ""));
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 60 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    assert_eq!(work.unsettled().collect::<Vec<_>>(), [2]);
    assert_eq!(work.run_until(deadline).await, Progress::Done);
    assert_eq!(work.to_share().into_iter().map(|(row, _)| row).collect::<Vec<_>>(), [2]);
    assert_eq!(function.calls_of("a"), 2);
}
