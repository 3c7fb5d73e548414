//! Failures that pass: throttling, brownouts, dead lines, endless calls, waits.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_passes_is_invisible() {
    let function = Scripted::with(
        SECOND,
        &[("a", &[Step::Throttle, Step::Throttle, Step::Answer]), ("b", &[Step::Fail, Step::Fail, Step::Answer])],
    );
    let outcome = run(&function, &rows(["a", "b", "c"], "t"), 8, 20 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\"", "\"b\"", "\"c\""]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_a_service_asks_for_is_kept() {
    let function = Scripted::with(SECOND, &[("a", &[Step::ThrottleFor(9 * SECOND), Step::Answer])]);
    let begin = Instant::now();
    json(&run(&function, &rows(["a"], "t"), 8, 20 * SECOND).await);
    assert_eq!(begin.elapsed(), 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_waited_for() {
    let function = Scripted::with(SECOND, &[("a", &[Step::ThrottleFor(60 * SECOND)])]);
    let begin = Instant::now();
    let outcome = run(&function, &rows(["a"], "t"), 8, 20 * SECOND).await;
    assert_eq!(outcome, Err(unfinished(true, "Slow")));
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_service_ends_with_the_deadline() {
    let function = Scripted::with(SECOND, &[("b", &[Step::Hang])]);
    let outcome = run(&function, &rows(["a", "b"], "t"), 8, 20 * SECOND).await;
    assert_eq!(outcome, Err(Unfinished { throttled: false, reason: None }));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_made_before_the_deadline_is_not_one_that_was_cut_off() {
    let function = Scripted::with(SECOND, &[]);
    let all = rows(["a", "b"], "t");
    let known = Known { tries: HashMap::from([(0, Tries { cut: 1, ..Tries::default() })]), ..Known::default() };
    let (outcome, entry) = invoke(&function, &all, &Targets::new(8), known, Duration::ZERO).await;
    assert!(outcome.is_err());
    assert_eq!((entry, function.calls()), (Entry::default(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_failed_once_comes_before_the_others_and_one_that_failed_twice_behind_them() {
    let function = Scripted::with(SECOND, &[("a", &[Step::Fail, Step::Fail, Step::Fail, Step::Answer])]);
    let begin = Instant::now();
    json(&run(&function, &rows(["z", "a", "b", "c"], "t"), 1, 60 * SECOND).await);
    assert_eq!(*function.order.lock().unwrap(), ["z", "a", "a", "b", "c", "a", "a"]);
    assert!(begin.elapsed() < 8 * SECOND, "{:?}", begin.elapsed());
    // A row by itself is given time, too.
    let function = Scripted::with(SECOND, &[("a", &[Step::Fail, Step::Fail, Step::Fail, Step::Answer])]);
    let begin = Instant::now();
    json(&run(&function, &rows(["a"], "t"), 1, 60 * SECOND).await);
    assert!((4500..6000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn rows_that_always_fail_are_at_fault_while_others_are_answered() {
    let function = Scripted::with(SECOND, &[("3", &[Step::Fail]), ("50", &[Step::Fail]), ("99", &[Step::Fail])]);
    let texts = numbered(100);
    let outcome = run(&function, &rows(refs(&texts), "t"), 32, 60 * SECOND).await;
    let nulls: Vec<usize> =
        json(&outcome).iter().enumerate().filter(|(_, json)| **json == "null").map(|of| of.0).collect();
    assert_eq!(nulls, [3, 50, 99]);
    for text in ["3", "50", "99"] {
        assert!((6..=8).contains(&function.calls_of(text)), "{text}: {}", function.calls_of(text));
    }
    assert_eq!(function.calls_of("4"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_for_a_minute_puts_no_row_at_fault() {
    let fails: Vec<Step> = std::iter::repeat_n(Step::Fail, 14).chain([Step::Answer]).collect();
    let rest = ["w", "x", "y", "z"];
    let function = Scripted::with(SECOND, &rest.map(|text| (text, &*fails)));
    let texts = numbered(30);
    let mut all = rows(refs(&texts), "t");
    all.extend(rows(rest, "t"));
    let (plan, targets, begin) = (Plan::of(&function, &all), Targets::new(8), Instant::now());
    let deadline = begin + 600 * SECOND;
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline).going_on();
    assert_eq!(work.run_until(deadline).await, Progress::Done);
    assert!((45..75).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    assert!(!json(&work.finish()).contains(&"null"));
    // One row that is alone in that is at fault all the same, later where others may take it up.
    for (goes_on, least, most) in [(false, 4, 15), (true, 75, 110)] {
        let function = Scripted::with(SECOND, &[("x", &[Step::Fail])]);
        let all = rows(["a", "x"], "t");
        let (plan, targets, begin) = (Plan::of(&function, &all), Targets::new(8), Instant::now());
        let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), begin + 200 * SECOND);
        work = if goes_on { work.going_on() } else { work };
        assert_eq!(work.run_until(begin + 200 * SECOND).await, Progress::Done);
        assert!((least..most).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
        assert_eq!(json(&work.finish()), ["\"a\"", "null"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_call_that_is_cut_off_is_no_reason_whatever_came_before() {
    let wait = || Step::ThrottleFor(12 * SECOND);
    let function = Scripted::with(SECOND, &[("x", &[wait(), Step::Hang]), ("z", &[wait(), Step::Answer])]);
    let known = Known { tries: HashMap::from([(0, Tries { cut: 2, ..Tries::default() })]), ..Known::default() };
    let (outcome, entry) = invoke(&function, &rows(["x", "z"], "t"), &Targets::new(8), known, 20 * SECOND).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert_eq!(entry.outcomes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_over_the_invocations_of_a_batch() {
    let function = Scripted::with(7 * SECOND, &[("x", &[Step::Fail]), ("y", &[Step::Unreadable])]);
    let (outcome, invocations) = invoke_on(&function, &rows(["a", "b", "x", "y"], "t"), &Targets::new(2), 30).await;
    assert_eq!(json(&outcome), ["\"a\"", "\"b\"", "null", "null"]);
    assert!(invocations > 2);
    assert_eq!(function.calls_of("y"), 2, "an answer that cannot be read is not bought a third time");
    assert!(function.calls_of("x") <= 7 && function.calls_of("a") == 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_for_everybody_puts_no_row_at_fault() {
    let fails: Vec<Step> = std::iter::repeat_n(Step::Fail, 9).chain([Step::Answer]).collect();
    let function = Scripted::with(SECOND, &[("*", &fails)]);
    let (outcome, _) = invoke_on(&function, &rows(["a", "b"], "t"), &Targets::new(8), 30).await;
    assert_eq!(json(&outcome), ["\"a\"", "\"b\""]);
}

#[tokio::test(start_paused = true)]
async fn an_endless_row_is_at_fault_and_a_target_that_hangs_for_everybody_is_not() {
    let function = Scripted::with(SECOND, &[("x", &[Step::Hang]), ("y", &[Step::Hang])]);
    let texts = numbered(30);
    let mut all = rows(refs(&texts), "t");
    all.extend(rows(["x", "y"], "t"));
    let (outcome, invocations) = invoke_on(&function, &all, &Targets::new(8), 9).await;
    // In the first one others are answered; then nobody is, and the target might be what hangs.
    assert_eq!((json(&outcome)[29..].to_vec(), invocations), (vec!["\"29\"", "null", "null"], 4));
    assert_eq!((function.calls_of("x"), function.calls_of("5")), (4, 1));

    // A target that hangs for a minute at the end of a batch.
    let silent: &[Step] = &[Step::Hang, Step::Hang, Step::Hang, Step::Answer];
    let function = Scripted::with(SECOND, &[("x", silent), ("y", silent)]);
    let (outcome, invocations) = invoke_on(&function, &all, &Targets::new(8), 9).await;
    assert_eq!((json(&outcome)[29..].to_vec(), invocations), (vec!["\"29\"", "\"x\"", "\"y\""], 4));

    // Two invocations of nothing but silence, and then it answers.
    let silent: &[Step] = &[Step::Hang, Step::Hang, Step::Answer];
    let function = Scripted::with(SECOND, &[("a", silent), ("b", silent), ("c", silent)]);
    let (outcome, invocations) = invoke_on(&function, &rows(["z", "a", "b", "c"], "t"), &Targets::new(1), 20).await;
    assert_eq!(json(&outcome), ["\"z\"", "\"a\"", "\"b\"", "\"c\""]);
    assert!(invocations > 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_had_little_time_was_not_endless() {
    let function = Scripted::with(8 * SECOND, &[("*", &[Step::Answer])]);
    let all = rows(["a", "b", "c", "d", "e", "f", "g"], "t");
    let (outcome, _) = invoke_on(&function, &all, &Targets::new(1), 20).await;
    assert!(!json(&outcome).contains(&"null"));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_hangs_leaves_another_one_its_share() {
    let hanging: Vec<String> = (0..100).map(|row| format!("h{row}")).collect();
    let fast = numbered(100);
    let mut scripts: Vec<(&str, &[Step])> = Vec::new();
    for text in &hanging {
        scripts.push((text.clone().leak(), &[Step::Hang]));
    }
    let function = Scripted::with(SECOND / 10, &scripts);
    let mut all = rows(refs(&hanging), "hangs");
    all.extend(rows(refs(&fast), "fast"));
    let (outcome, entry) = invoke(&function, &all, &Targets::new(32), Known::default(), 20 * SECOND).await;
    assert!(outcome.is_err());
    let answered: HashSet<u32> = entry.outcomes.iter().map(|(row, _)| *row).collect();
    assert_eq!(answered, (100..200).collect());
    assert!(refs(&fast).all(|text| function.calls_of(text) == 1));
}

#[tokio::test(start_paused = true)]
async fn two_works_share_the_ceiling_and_wait_for_each_other() {
    let function = Scripted::with(SECOND, &[]);
    let targets = Targets::new(2);
    let texts = numbered(20);
    let (first, second) = (rows(refs(&texts[..10]), "t"), rows(refs(&texts[10..]), "t"));
    let plans = [Plan::of(&function, &first), Plan::of(&function, &second)];
    let deadline = Instant::now() + 60 * SECOND;
    let works =
        plans.each_ref().map(|plan| Work::new(plan, StatementFaults::AreData, &targets, Known::default(), deadline));
    let runs = works.map(|mut work| async move {
        while work.run_until(deadline).await == Progress::Paused {}
        work.finish()
    });
    for outcome in futures_util::future::join_all(runs).await {
        assert_eq!(json(&outcome).len(), 10);
    }
    assert_eq!(function.peak.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_first_failure_is_tried_again_at_once() {
    let function = Scripted::with(SECOND, &[("a", &[Step::Fail, Step::Answer])]);
    let begin = Instant::now();
    json(&run(&function, &rows(["a"], "t"), 8, 20 * SECOND).await);
    assert_eq!(begin.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_hold_the_target_back() {
    let function = Scripted::with(Duration::from_millis(10), &[("*", &[Step::Fail])]);
    let texts = numbered(200);
    assert_eq!(run(&function, &rows(refs(&texts), "t"), 128, 20 * SECOND).await, Err(unfinished(false, "Broken")));
    assert!(function.calls() < 80, "{} calls in 20 s of an outage", function.calls());
}

#[tokio::test(start_paused = true)]
async fn what_a_service_asks_for_holds_for_the_whole_target_and_for_the_next_invocation() {
    let function = Scripted::with(SECOND, &[("0", &[Step::ThrottleFor(50 * SECOND), Step::Answer])]);
    let texts = numbered(40);
    let all = rows(refs(&texts), "t");
    let (outcome, entry) = invoke(&function, &all, &Targets::new(8), Known::default(), 20 * SECOND).await;
    assert_eq!(outcome, Err(unfinished(true, "Slow")));
    assert!(function.calls() < 4, "{}", function.calls());
    let mut known = Known::default();
    known.learn(entry);
    let (calls, begin) = (function.calls(), Instant::now());
    // In another environment.
    let (outcome, _) = invoke(&function, &all, &Targets::new(8), known, 20 * SECOND).await;
    assert!(outcome.is_err() && begin.elapsed().is_zero() && function.calls() == calls);
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_any_length_is_harmless() {
    let function = Scripted::with(SECOND, &[("a", &[Step::ThrottleFor(Duration::MAX), Step::Answer])]);
    let outcome = run(&function, &rows(["a"], "t"), 8, 100 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\""]);
}

#[tokio::test(start_paused = true)]
async fn two_slow_rows_do_not_keep_the_others_from_being_asked() {
    let function = Scripted::with(SECOND, &[("0", &[Step::Hang]), ("1", &[Step::Hang])]);
    let texts = numbered(10);
    let (_, entry) = invoke(&function, &rows(refs(&texts), "t"), &Targets::new(8), Known::default(), 20 * SECOND).await;
    assert_eq!(entry.outcomes.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_throttled_twice_each_are_answered_soon() {
    let function = Scripted::with(SECOND, &[("*", &[Step::Throttle, Step::Throttle, Step::Answer])]);
    for (count, seconds) in [(1, 5), (10, 15), (15, 25)] {
        let texts: Vec<String> = (0..count).map(|row| format!("{count} {row}")).collect();
        let all = rows(texts.iter().map(String::as_str), "t");
        assert!(run(&function, &all, 128, SECOND * seconds).await.is_ok(), "{count} rows in {seconds} s");
    }
}
