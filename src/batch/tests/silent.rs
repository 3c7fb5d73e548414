//! Targets that answer nobody within an invocation.

use super::*;

fn hanging() -> Scripted {
    Scripted::with(SECOND, &[("*", &[Step::Hang])])
}

#[tokio::test(start_paused = true)]
async fn a_silent_target_is_asked_by_two_calls_at_a_time_in_whichever_environment_until_it_answers() {
    let texts = numbered(40);
    let all = rows(refs(&texts), "t");
    for has_answered_before in [false, true] {
        let environment = async || {
            let targets = Targets::new(128);
            if has_answered_before {
                let working = Scripted::with(SECOND, &[]);
                invoke(&working, &rows(["a"], "t"), &targets, Known::default(), 20 * SECOND).await.0.unwrap();
            }
            targets
        };
        let (function, mut known) = (hanging(), Known::default());
        go_on(&function, &all, &environment().await, &mut known).await.unwrap_err();
        assert_eq!(function.calls(), 40, "nothing is known of it yet");
        for invocation in 1..4 {
            go_on(&function, &all, &environment().await, &mut known).await.unwrap_err();
            assert_eq!(function.calls(), 40 + 2 * invocation);
        }
        let order = function.order.lock().unwrap()[40..].to_vec();
        assert_eq!(order, ["0", "1", "2", "3", "4", "5"], "each time others are asked");
        // It answers again, and then all are asked at once.
        let (function, begin) = (Scripted::with(SECOND, &[]), Instant::now());
        json(&go_on(&function, &all, &environment().await, &mut known).await);
        assert_eq!(function.calls(), 40);
        assert!(begin.elapsed() < 5 * SECOND, "{:?}", begin.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_falls_silent_after_answers_is_asked_by_two_calls_at_a_time_as_well() {
    let texts = numbered(60);
    let all = rows(refs(&texts), "t");
    let scripts: Vec<(&str, &[Step])> = ["0", "1", "2", "3"]
        .map(|text| (text, [Step::Answer].as_slice()))
        .into_iter()
        .chain([("*", [Step::Hang].as_slice())])
        .collect();
    let (function, targets, mut known) = (Scripted::with(SECOND / 100, &scripts), Targets::new(128), Known::default());
    go_on(&function, &all, &targets, &mut known).await.unwrap_err();
    let first = function.calls();
    assert!(known.outcomes.len() == 4 && first > 30, "{first}");
    go_on(&function, &all, &targets, &mut known).await.unwrap_err();
    assert_eq!(function.calls() - first, 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_opens_a_target_for_the_next_invocations_as_well() {
    let texts = numbered(40);
    let all = rows(refs(&texts), "t");
    let mut known = Known::default();
    go_on(&hanging(), &all, &Targets::new(128), &mut known).await.unwrap_err();
    // After the answers to two, no time is left for the others.
    let function = Scripted::with(15 * SECOND, &[]);
    go_on(&function, &all, &Targets::new(128), &mut known).await.unwrap_err();
    assert_eq!((function.calls(), known.outcomes.len()), (2, 2));
    let begin = Instant::now();
    json(&go_on(&function, &all, &Targets::new(128), &mut known).await);
    assert!(begin.elapsed() < 20 * SECOND && function.calls() == 40);
}

#[tokio::test(start_paused = true)]
async fn neither_throttling_nor_failures_nor_a_short_call_are_silence() {
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    let late: Vec<Step> = vec![Step::ThrottleFor(12 * SECOND), Step::Hang];
    for steps in [&[Step::Throttle][..], &[Step::Fail], &late, &[Step::Unreadable, Step::Throttle]] {
        let mut known = Known::default();
        let function = Scripted::with(SECOND, &[("*", steps)]);
        go_on(&function, &all, &Targets::new(128), &mut known).await.unwrap_err();
        assert!(known.outcomes.is_empty() && !known.tries.is_empty());
        assert!(known.tries.values().all(|tries| tries.silent == 0), "{steps:?}");
    }
    // Others ask for all rows but one, which is throttled.
    let function = Scripted::with(SECOND, &[("0", &[Step::Throttle]), ("*", &[Step::Hang])]);
    let (plan, targets, deadline) = (Plan::of(&function, &all), Targets::new(8), Instant::now() + 20 * SECOND);
    let mut work = Work::new(&plan, StatementFaults::Refuse, &targets, Known::default(), deadline).going_on();
    work.set_aside(&(1..20).collect());
    while work.run_until(deadline).await == Progress::Paused {}
    work.cut_off();
    assert!(work.unsaved().tries.iter().all(|(row, tries)| *row == 0 && tries.silent == 0));
}

#[tokio::test(start_paused = true)]
async fn rows_that_hang_together_are_at_fault_as_soon_as_without_it() {
    let hangs = ["v", "w", "x", "y", "z"];
    let function = Scripted::with(SECOND, &hangs.map(|text| (text, [Step::Hang].as_slice())));
    let texts = numbered(30);
    let mut all = rows(refs(&texts), "t");
    all.extend(rows(hangs, "t"));
    let (mut known, mut invocations) = (Known::default(), 1);
    let outcome = loop {
        match go_on(&function, &all, &Targets::new(128), &mut known).await {
            Err(_) if invocations < 20 => invocations += 1,
            outcome => break outcome,
        }
    };
    assert_eq!(json(&outcome)[29..], ["\"29\"", "null", "null", "null", "null", "null"]);
    assert_eq!((invocations, hangs.map(|text| function.calls_of(text))), (4, [4; 5]));
}

#[tokio::test(start_paused = true)]
async fn rows_that_hang_do_not_hide_that_a_target_answers_again() {
    let hangs = ["0", "1", "2"];
    let function = Scripted::with(SECOND, &hangs.map(|text| (text, [Step::Hang].as_slice())));
    let texts = numbered(40);
    let all = rows(refs(&texts), "t");
    let mut known = Known::default();
    go_on(&hanging(), &all, &Targets::new(128), &mut known).await.unwrap_err();
    let mut calls = Vec::new();
    let outcome = loop {
        let outcome = go_on(&function, &all, &Targets::new(128), &mut known).await;
        calls.push(function.calls());
        if outcome.is_ok() || calls.len() == 20 {
            break outcome;
        }
    };
    let nulls = json(&outcome).iter().take_while(|json| **json == "null").count();
    // The first two, then the third with all that are answered, and then the three until they are at fault.
    assert_eq!((nulls, calls), (3, vec![2, 2 + 40, 42 + 3, 45 + 3, 48 + 3]));
}
