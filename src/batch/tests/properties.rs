//! What holds for any batch and any pattern of failures.

use super::*;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Answer),
        1 => Just(Step::Throttle),
        1 => Just(Step::Fail),
        1 => Just(Step::Unreadable),
        1 => Just(Step::RefuseRow),
        1 => Just(Step::RefuseUnknown),
        1 => Just(Step::RefuseStatement),
        1 => Just(Step::Hang),
    ]
}

const TEXTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_answered_in_its_place_or_the_whole_batch_is_not(
        batch in proptest::collection::vec((0..TEXTS.len(), proptest::bool::weighted(0.1)), 0..40),
        scripts in proptest::collection::vec(proptest::collection::vec(step(), 1..4), TEXTS.len()),
        ceiling in 1_usize..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let function = Scripted {
                scripts: TEXTS.iter().copied().zip(scripts.clone()).collect(),
                latency: SECOND,
                ..Scripted::default()
            };
            let target = |null: &bool| if *null { Argument::Null } else { Argument::Text("t".into()) };
            let all: Vec<Vec<Argument<'_>>> =
                batch.iter().map(|(text, null)| vec![Argument::Text(TEXTS[*text].into()), target(null)]).collect();
            if let Ok(answers) = run(&function, &all, ceiling, 60 * SECOND).await
                && answers.refusal().is_none()
            {
                let answers: Vec<_> = answers.json().collect();
                assert_eq!(answers.len(), batch.len());
                for ((text, null), answer) in batch.iter().zip(answers) {
                    let own = format!("\"{}\"", TEXTS[*text]);
                    assert!(answer == "null" || (answer == own && !null));
                }
            }
        });
    }
}

/// What may happen to a row each time that it is asked. What a statement is refused for is not the row's.
fn own_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Answer),
        2 => Just(Step::Throttle),
        2 => Just(Step::Fail),
        1 => Just(Step::Unreadable),
        1 => Just(Step::RefuseRow),
        1 => Just(Step::RefuseUnknown),
        1 => Just(Step::Hang),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_row_is_null_only_if_it_would_have_no_answer_alone(
        scripts in proptest::collection::vec(proptest::collection::vec(own_step(), 1..4), 2..TEXTS.len()),
        others in 0..20_usize,
        gone in proptest::bool::weighted(0.3),
        ceiling in 1_usize..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let scripted = || Scripted {
                scripts: TEXTS.iter().copied().zip(scripts.clone()).chain([("gone", vec![Step::RefuseStatement])]).collect(),
                latency: SECOND,
                ..Scripted::default()
            };
            let (function, others) = (scripted(), numbered(others));
            let mut all = rows(TEXTS[..scripts.len()].iter().copied(), "t");
            all.extend(rows(refs(&others), "t"));
            if gone {
                all.extend(rows(["gone"], "gone"));
            }
            let (outcome, _) = invoke_on(&function, &all, &Targets::new(ceiling), 20).await;
            for (text, script) in TEXTS.iter().zip(&scripts) {
                let unreadable = script.iter().filter(|step| matches!(step, Step::Unreadable)).count();
                let is_endless = matches!(script.last(), Some(Step::Unreadable));
                let bound = if unreadable < 2 && !is_endless { usize::MAX } else { script.len() + 1 };
                prop_assert!(function.calls_of(text) <= bound, "{text} {script:?}: {}", function.calls_of(text));
            }
            let Ok(answers) = outcome else { return Ok(()) };
            if answers.refusal().is_some() {
                return Ok(());
            }
            for (row, json) in answers.json().enumerate().filter(|(_, json)| *json == "null") {
                if row >= scripts.len() {
                    prop_assert!(gone && row == all.len() - 1, "row {row} is null");
                    continue;
                }
                // Endless twice while others were answered: alone it would have been waited for.
                if scripts[row].iter().filter(|step| matches!(step, Step::Hang)).count() > 1 {
                    continue;
                }
                let (alone, _) = invoke_on(&scripted(), &all[row..=row], &Targets::new(ceiling), 4).await;
                let is_answered = alone.is_ok_and(|alone| alone.refusal().is_none() && alone.json().all(|own| own != "null"));
                prop_assert!(!is_answered, "{row} {:?} is {json}, and alone it has an answer", scripts[row]);
            }
            Ok(())
        })?;
    }
}
