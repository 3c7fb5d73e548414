//! What is made of refusals.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_refused_row_costs_the_others_nothing() {
    let function = Scripted::with(SECOND, &[("b", &[Step::RefuseRow]), ("c", &[Step::Panic])]);
    let mut all = rows(["a", "b", "c", "d"], "t");
    all.push(vec![Argument::Null, Argument::Text("t".into())]);
    all.extend(rows(["e"], "bad"));
    let outcome = run(&function, &all, 8, 20 * SECOND).await;
    assert_eq!(json(&outcome), ["\"a\"", "null", "null", "\"d\"", "null", "null"]);
    assert_eq!(function.calls(), 4, "each row is asked once");
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_cannot_succeed_takes_a_few_calls() {
    let function = Scripted::with(SECOND, &[("*", &[Step::RefuseStatement])]);
    let texts = numbered(1000);
    assert_eq!(
        refused(&run(&function, &rows(refs(&texts), "t"), 128, 20 * SECOND).await),
        Some(&refusal(Whose::Statement))
    );
    assert_eq!(function.calls(), 5);
    assert_eq!(
        refused(&run(&function, &rows(["alone"], "t"), 128, 20 * SECOND).await),
        Some(&refusal(Whose::Statement))
    );
    assert_eq!(function.calls_of("alone"), 5);
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_is_refused_and_has_no_time_left_says_so() {
    let function = Scripted::with(3 * SECOND, &[("*", &[Step::RefuseStatement])]);
    assert_eq!(refused(&run(&function, &rows(["a"], "t"), 8, 4 * SECOND).await), Some(&refusal(Whose::Statement)));
    assert_eq!(function.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_has_refused_once_when_an_invocation_ends_is_asked_again_in_the_next_one() {
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    for then in [Step::Throttle, Step::Hang, Step::Fail] {
        let (refuses, mut known) = ([Step::RefuseStatement, then.clone()], Known::default());
        let function = Scripted::with(SECOND, &[("0", &refuses), ("*", &refuses[1..])]);
        let outcome = go_on(&function, &all, &Targets::new(8), &mut known).await;
        assert!(outcome.is_err() && known.tries[&0].refused == 1, "{then:?}");
        let works = Scripted::with(SECOND, &[]);
        assert_eq!(json(&go_on(&works, &all, &Targets::new(8), &mut known).await).len(), 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_refuses_two_calls_of_each_invocation_is_given_up_in_the_third() {
    // A row a call, and all of them in each call.
    for (pack, asked) in [(0, 7), (96, 7)] {
        let function = Scripted { pack, ..Scripted::with(7 * SECOND, &[("*", &[Step::RefuseStatement])]) };
        let texts = numbered(20);
        let all = rows(refs(&texts), "t");
        let (mut known, begin) = (Known::default(), Instant::now());
        for _ in 0..2 {
            // The third call of each is cut off.
            let outcome = go_on(&function, &all, &Targets::new(1), &mut known).await;
            assert!(outcome.is_err());
        }
        let outcome = go_on(&function, &all, &Targets::new(1), &mut known).await;
        assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)));
        assert_eq!((function.calls(), begin.elapsed()), (asked, 47 * SECOND));
        // It stays given up, without another call.
        let again = go_on(&function, &all, &Targets::new(1), &mut known).await;
        assert_eq!((refused(&again), function.calls()), (refused(&outcome), asked));
        if pack == 0 {
            let order = function.order.lock().unwrap();
            assert_eq!(order.join(" "), "0 1 2 2 3 4 4", "the same rows would tell less");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_refuses_beside_calls_that_hang_is_not_given_up_at_the_deadline() {
    let hangs: &[Step] = &[Step::Hang];
    let function = Scripted::with(SECOND, &[("0", hangs), ("1", hangs), ("*", &[Step::RefuseStatementAtOnce])]);
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    let mut known = Known::default();
    let outcome = go_on(&function, &all, &Targets::new(8), &mut known).await;
    assert!(outcome.is_err());
    let calls = function.calls();
    assert!(calls > 2, "{calls}");
    let outcome = go_on(&function, &all, &Targets::new(8), &mut known).await;
    assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)));
    assert!(function.calls() <= 2 + 5, "{}", function.calls());
}

#[tokio::test(start_paused = true)]
async fn earlier_refusals_do_not_count_where_a_row_was_answered_or_the_environment_knows_the_target() {
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    for knows_answer in [true, false] {
        let targets = Targets::new(8);
        let tries = (1..9).map(|row| (row, Tries { calls: 1, refused: 1, ..Tries::default() }));
        let mut known = Known { tries: tries.collect(), ..Known::default() };
        if knows_answer {
            known.outcomes.insert(0, Outcome { attempts: 1, latency: SECOND, ..Outcome::of(answer("0").value) });
        } else {
            invoke(&Scripted::with(SECOND, &[]), &rows(["a"], "t"), &targets, Known::default(), 20 * SECOND)
                .await
                .0
                .unwrap();
        }
        let function = Scripted::with(SECOND, &[("*", &[Step::RefuseStatement, Step::Answer])]);
        assert!(!json(&go_on(&function, &all, &targets, &mut known).await).contains(&"null"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_row_that_was_refused_as_data_says_nothing_of_the_others() {
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    let refused = Outcome { attempts: 6, ..Outcome::judged(refusal(Whose::Statement)) };
    let mut known = Known { outcomes: [(3, refused)].into(), ..Known::default() };
    let function = Scripted::with(SECOND, &[]);
    let answers = go_on(&function, &all, &Targets::new(8), &mut known).await;
    assert_eq!(json(&answers).iter().filter(|answer| **answer == "null").count(), 1);
    assert_eq!(function.calls(), 19);
}

#[tokio::test(start_paused = true)]
async fn a_target_is_not_given_up_while_it_is_being_asked() {
    // Eight calls are under way when all that come after them are refused at once, as by a quota of the day that is used up.
    let texts = numbered(40);
    let mut scripts: Vec<(&str, &[Step])> =
        ["0", "1", "2", "3", "4", "5", "6", "7"].map(|text| (text, [Step::Answer].as_slice())).to_vec();
    scripts.push(("*", &[Step::RefuseStatementAtOnce]));
    let function = Scripted::with(4 * SECOND, &scripts);
    let outcome = run(&function, &rows(refs(&texts), "t"), 128, 60 * SECOND).await;
    assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)), "{:?}", function.calls());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_only_some_rows_name_is_null_for_them() {
    let texts = numbered(100);
    let mut all = rows(refs(&texts[..50]), "t");
    all.extend(rows(refs(&texts[50..]), "forbidden"));
    let function = Scripted::with(SECOND, &[]);
    let outcome = run(&function, &all, 8, 60 * SECOND).await;
    assert_eq!(json(&outcome).iter().filter(|answer| **answer == "null").count(), 50);
    assert_eq!(refused(&run(&function, &rows(["a"], "forbidden"), 8, SECOND).await), Some(&refusal(Whose::Statement)));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_never_answers_is_given_up_beside_one_that_does() {
    let gone: Vec<String> = (0..50).map(|row| format!("gone {row}")).collect();
    let mut scripts: Vec<(&str, &[Step])> = vec![("a", &[Step::Answer]), ("b", &[Step::Answer])];
    scripts.push(("*", &[Step::RefuseStatement]));
    let function = Scripted::with(SECOND, &scripts);
    let mut all = rows(["a", "b"], "t");
    all.extend(rows(refs(&gone), "gone"));
    let (outcome, entry) = invoke(&function, &all, &Targets::new(8), Known::default(), 20 * SECOND).await;
    assert_eq!(json(&outcome).iter().filter(|answer| **answer == "null").count(), 50);
    assert_eq!(function.calls(), 2 + 5);
    // That holds for the batch, whatever the target answers to others since: rows that were never asked are kept with the rest.
    assert_eq!(entry.outcomes.len(), 52);
    let mut known = Known::default();
    known.learn(entry);
    let targets = Targets::new(8);
    invoke(&function, &rows(["a"], "gone"), &targets, Known::default(), 20 * SECOND).await.0.unwrap();
    let (again, _) = invoke(&function, &all, &targets, known, 20 * SECOND).await;
    assert_eq!(json(&again), json(&outcome));
    assert_eq!(function.calls(), 2 + 5 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_has_answered_is_not_given_up_for_refusals() {
    let scripts: &[(&str, &[Step])] = &[
        ("1", &[Step::RefuseStatement, Step::RefuseStatement, Step::Answer]),
        ("2", &[Step::RefuseStatement, Step::RefuseStatement, Step::RefuseStatement, Step::Answer]),
        ("3", &[Step::RefuseStatement, Step::Answer]),
    ];
    let function = Scripted::with(SECOND, scripts);
    let texts = numbered(100);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
    assert!(!json(&outcome).contains(&"null"));
}

#[tokio::test(start_paused = true)]
async fn a_row_of_a_working_target_is_given_time_between_its_tries() {
    let tries: &[Step] = &[Step::RefuseStatement, Step::RefuseStatement, Step::RefuseStatement, Step::Answer];
    let function = Scripted::with(SECOND, &[("b", tries)]);
    let begin = Instant::now();
    json(&run(&function, &rows(["a", "b"], "t"), 8, 60 * SECOND).await);
    assert!((4500..7000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_stays_ends_the_call_and_no_row_of_a_working_target_is_null() {
    let function = Scripted::with(SECOND, &[("7", &[Step::RefuseStatement])]);
    let texts = numbered(20);
    let all = rows(refs(&texts), "t");
    let targets = Targets::new(2);
    let (outcome, entry) = invoke(&function, &all, &targets, Known::default(), 60 * SECOND).await;
    assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)));
    assert_eq!((function.calls_of("7"), entry.refusal.is_some()), (6, true));
    // It stays refused, without another call.
    let (mut known, calls) = (Known::default(), function.calls());
    known.learn(entry);
    let (again, _) = invoke(&function, &all, &targets, known, 60 * SECOND).await;
    assert_eq!((refused(&again), function.calls()), (Some(&refusal(Whose::Statement)), calls));
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_batch_that_is_refused_is_not_that_calls_are_cut_off_by_it() {
    let function = Scripted::with(SECOND, &[("7", &[Step::RefuseStatement])]);
    let texts = numbered(400);
    let all = rows(refs(&texts), "t");
    let (outcome, entry) = invoke(&function, &all, &Targets::new(8), Known::default(), 60 * SECOND).await;
    assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)));
    assert_eq!(entry.reason.as_deref(), Some("No"));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_answered_an_earlier_batch_has_answered() {
    let refuse_twice: &[Step] = &[Step::RefuseStatement, Step::RefuseStatement, Step::RefuseStatement, Step::Answer];
    let function = Scripted::with(SECOND, &[("a", &[Step::Answer]), ("*", refuse_twice)]);
    let targets = Targets::new(8);
    invoke(&function, &rows(["a"], "t"), &targets, Known::default(), 20 * SECOND).await.0.unwrap();
    let texts = numbered(6);
    let (outcome, _) = invoke(&function, &rows(refs(&texts), "t"), &targets, Known::default(), 20 * SECOND).await;
    assert!(!json(&outcome).contains(&"null"));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_answered_an_earlier_invocation_in_another_environment_has_answered() {
    let refused: Vec<Step> = std::iter::repeat_n(Step::RefuseStatement, 5).chain([Step::Answer]).collect();
    let function = Scripted::with(SECOND, &[("b", &refused)]);
    let earlier = Outcome { attempts: 1, latency: SECOND, ..Outcome::of(answer("a").value) };
    let known = Known { outcomes: HashMap::from([(0, earlier)]), ..Known::default() };
    let (outcome, _) = invoke(&function, &rows(["a", "b"], "t"), &Targets::new(8), known, 60 * SECOND).await;
    assert_eq!((json(&outcome), function.calls()), (vec!["\"a\"", "\"b\""], 6));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_options_does_not_touch_rows_without_them() {
    let function = Scripted::with(SECOND, &[("hot", &[Step::RefuseStatement])]);
    let mut all = rows(["a", "b"], "t");
    all.push(vec![
        Argument::Text("hot".into()),
        Argument::Text("t".into()),
        Argument::object(r#"{"temperature":1}"#).unwrap(),
    ]);
    assert_eq!(json(&run(&function, &all, 8, 20 * SECOND).await), ["\"a\"", "\"b\"", "null"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_the_rows_until_eight_rows_have_nothing_else() {
    let function = Scripted::with(SECOND, &[("*", &[Step::RefuseUnknown])]);
    let texts = numbered(8);
    assert_eq!(json(&run(&function, &rows(refs(&texts[..7]), "t"), 8, 20 * SECOND).await), ["null"; 7]);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 20 * SECOND).await;
    let message = &refused(&outcome).unwrap().message;
    assert!(message.contains("No") && message.contains("all 8"), "{message}");
    let function = Scripted::with(SECOND, &[("3", &[Step::Answer]), ("*", &[Step::RefuseUnknown])]);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 20 * SECOND).await;
    assert_eq!(json(&outcome).iter().filter(|answer| **answer == "null").count(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_nobody_knows_does_not_show_that_a_target_works() {
    let function = Scripted::with(SECOND, &[("0", &[Step::RefuseUnknown]), ("*", &[Step::RefuseStatement])]);
    let texts = numbered(20);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
    assert_eq!(refused(&outcome), Some(&refusal(Whose::Statement)));
    assert!(function.calls() <= 10, "{}", function.calls());
}

#[tokio::test(start_paused = true)]
async fn a_row_at_fault_does_not_hide_that_the_statement_is() {
    let mut all = rows(["a"], "forbidden");
    all.extend(rows(["b"], "bad"));
    let function = Scripted::default();
    assert_eq!(refused(&run(&function, &all, 8, SECOND).await), Some(&refusal(Whose::Statement)));
    assert_eq!(function.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn refusals_teach_the_limiter_that_the_target_answers() {
    let function = Scripted::with(2 * SECOND, &[("*", &[Step::RefuseRow])]);
    let texts = numbered(100);
    let begin = Instant::now();
    assert_eq!(json(&run(&function, &rows(refs(&texts), "t"), 128, 60 * SECOND).await).len(), 100);
    assert!(begin.elapsed() < 12 * SECOND, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn swapped_arguments_leave_no_more_targets_behind_than_are_remembered() {
    let targets = Targets::new(8);
    for number in 0..2000 {
        targets.get(&Target { name: format!("model {number}").into(), per_second: None });
    }
    assert!(targets.remembered() <= 257, "{}", targets.remembered());
}
