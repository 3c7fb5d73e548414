//! Rows, batches and works beside each other: the ceiling, what is kept, what is told.

use super::*;
use crate::function::Shared;

#[tokio::test(start_paused = true)]
async fn equal_rows_share_a_call_and_every_row_has_its_answer() {
    let function = Scripted::with(SECOND, &[]);
    let texts: Vec<String> = (0..4096).map(|row| format!("text {}", row % 100)).collect();
    let outcome = run(&function, &rows(texts.iter().map(String::as_str), "t"), 64, 20 * SECOND).await;
    assert_eq!(function.calls(), 100);
    for (text, answer) in texts.iter().zip(json(&outcome)) {
        assert_eq!(answer, format!("\"{text}\""));
    }
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_holds_over_all_targets() {
    let function = Scripted::with(SECOND, &[]);
    let texts: Vec<String> = (0..200).map(|row| row.to_string()).collect();
    let mut all = rows(texts.iter().take(100).map(String::as_str), "a");
    all.extend(rows(texts.iter().skip(100).map(String::as_str), "b"));
    assert_eq!(json(&run(&function, &all, 10, 100 * SECOND).await).len(), 200);
    assert_eq!(function.peak.load(Ordering::Relaxed), 10);
}

#[tokio::test(start_paused = true)]
async fn while_it_is_held_nothing_new_is_bought() {
    let function = Scripted::with(SECOND, &[]);
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(2));
    let deadline = Instant::now() + 60 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    assert_eq!(work.run_until(Instant::now() + SECOND / 2).await, Progress::Paused);
    work.hold(true);
    assert_eq!(work.run_until(Instant::now() + 10 * SECOND).await, Progress::Paused);
    let reached = work.reached();
    assert_eq!(
        (function.calls(), reached.done, reached.now, reached.all, reached.seconds),
        (2, 2, 2, 20, 10.5),
        "what is in flight ends, and nothing else begins"
    );
    let known = work.unsaved().outcomes.into_iter().collect();
    work.hold(false);
    assert_eq!(work.run_until(deadline).await, Progress::Done);
    // The next invocation counts what it finds out itself.
    let known = Known { outcomes: known, ..Known::default() };
    let deadline = Instant::now() + SECOND * 9 / 10;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, known, deadline);
    assert_eq!(work.run_until(Instant::now() + SECOND / 2).await, Progress::Paused);
    work.cut_off();
    let reached = work.reached();
    assert_eq!((reached.done, reached.now, reached.cut, reached.seconds), (2, 0, 1, 0.5));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_kept_is_kept_with_the_next_checkpoint() {
    let function = Scripted::with(SECOND, &[("b", &[Step::Unreadable, Step::Hang])]);
    let all = rows(["a", "b"], "t");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 20 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    work.run_until(Instant::now() + 3 * SECOND).await;
    let entry = work.unsaved();
    assert_eq!((entry.outcomes.len(), entry.tries.len(), entry.reason.as_deref()), (1, 1, Some("Garbled")));
    assert_eq!(work.unsaved().outcomes, []);
    work.not_saved(&entry);
    let again = work.unsaved();
    assert_eq!((again.outcomes, again.tries), (entry.outcomes, entry.tries));
}

#[tokio::test(start_paused = true)]
async fn what_others_ask_for_is_not_asked_until_it_is_taken_back() {
    let function = Scripted::with(SECOND, &[("late", &[Step::RefuseRow]), ("odd", &[Step::Fail])]);
    let all = rows(["a", "b", "c", "late"], "t");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 60 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    work.set_aside(&work.unsettled().collect());
    assert_eq!(work.run_until(Instant::now() + 5 * SECOND).await, Progress::Paused);
    assert_eq!(function.calls(), 0);
    let of_another = Outcome {
        attempts: 3,
        latency: SECOND,
        shared: Some(Shared::Statement),
        ..Outcome::of(answer("from another").value)
    };
    work.learn(0, of_another.clone());
    work.take_back([1, 3]);
    assert_eq!(work.run_until(Instant::now() + 5 * SECOND).await, Progress::Paused);
    // What is asked already, or has its outcome, is not learnt again.
    work.learn(1, of_another.clone());
    assert_eq!(work.unsettled().collect::<Vec<_>>(), [2]);
    let mut shared = work.to_share();
    shared.sort_by_key(|(row, _)| *row);
    assert_eq!(shared.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 3], "a row's own refusal serves others");
    // Until it is known whether they are kept, the batch's own entry does without them; what is taken from another batch is kept already.
    assert_eq!(work.unsaved_beside().outcomes, []);
    work.were_kept(&[3]);
    assert_eq!(work.unsaved_beside().outcomes.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1]);
    assert!(work.to_share().is_empty());
    assert_eq!(work.unsaved().outcomes, []);
    work.learn(2, of_another);
    assert_eq!((work.run_until(deadline).await, work.account().taken, function.calls()), (Progress::Done, 2, 2));
    assert_eq!(json(&work.finish()), ["\"from another\"", "\"b\"", "\"from another\"", "null"]);
}

#[tokio::test(start_paused = true)]
async fn what_another_batch_has_paid_for_is_taken_for_a_row_that_waits_and_not_for_one_that_is_asked() {
    let function = Scripted::with(SECOND, &[]);
    let all = rows(["a", "b"], "t");
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(1));
    let deadline = Instant::now() + 20 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    assert_eq!(work.run_until(Instant::now() + SECOND / 2).await, Progress::Paused);
    let shared = Some(Shared::Statement);
    let outcome = Outcome { attempts: 1, latency: SECOND, shared, ..Outcome::of(answer("from another").value) };
    work.learn(0, outcome.clone());
    work.learn(1, outcome);
    assert_eq!((work.run_until(deadline).await, work.account().taken, function.calls()), (Progress::Done, 1, 1));
    assert_eq!(json(&work.finish()), ["\"a\"", "\"from another\""]);
}

#[tokio::test(start_paused = true)]
async fn the_account_tells_what_went_wrong() {
    let scripts: &[(&str, &[Step])] = &[
        ("a", &[Step::Throttle, Step::Answer]),
        ("b", &[Step::Fail, Step::Answer]),
        ("c", &[Step::RefuseRow]),
        ("d", &[Step::Hang]),
    ];
    let function = Scripted::with(SECOND, scripts);
    let mut all = rows(["a", "b", "c", "c", "d"], "t");
    all.extend(rows(["e"], "bad"));
    let (plan, targets) = (Plan::of(&function, &all), Targets::new(8));
    let deadline = Instant::now() + 20 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
    while work.run_until(deadline).await == Progress::Paused {}
    work.cut_off();
    let account = work.account();
    assert_eq!((account.calls, account.cut), (6, 1));
    assert_eq!(account.throttled, [("Slow".to_owned(), 1)].into());
    assert_eq!(account.failed, [("Broken".to_owned(), 1)].into());
    assert_eq!(account.refused, [("invalid_argument", 3)].into());
}

#[tokio::test(start_paused = true)]
async fn an_outcome_tells_how_it_came_about() {
    let function = Scripted::with(SECOND, &[("a", &[Step::Fail, Step::Answer])]);
    let mut all = rows(["a"], "t");
    all.extend(rows(["b"], "bad"));
    let answers = run(&function, &all, 8, 20 * SECOND).await.unwrap();
    let [
        Some(Outcome { attempts: 2, latency: SECOND, result: Ok(_), shared: None, .. }),
        Some(Outcome { attempts: 0, .. }),
    ] = answers.rows().collect::<Vec<_>>()[..]
    else {
        panic!("{answers:?}");
    };
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_is_answered() {
    assert!(json(&run(&Scripted::default(), &[], 8, SECOND).await).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_row_has_its_own_outcome_in_the_next_invocation_whichever_rows_are_the_same_then() {
    let function = Scripted::with(SECOND, &[("c", &[Step::Hang, Step::Answer])]);
    let before = rows(["a", "a", "b", "c"], "t");
    let (outcome, entry) = invoke(&function, &before, &Targets::new(8), Known::default(), 20 * SECOND).await;
    assert!(outcome.is_err());
    let mut known = Known::default();
    known.learn(entry);
    // By another setting the first two rows are not equal any more.
    let mut after = before;
    after[..2].iter_mut().for_each(|row| row.push(Argument::Text("alone".into())));
    let (outcome, _) = invoke(&function, &after, &Targets::new(8), known, 20 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\"", "\"a\"", "\"b\"", "\"c\""]);
    assert_eq!((function.calls_of("a"), function.calls_of("b")), (2, 1));
}
