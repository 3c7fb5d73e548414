//! Many rows in one call.

use super::*;

#[tokio::test(start_paused = true)]
async fn many_rows_go_in_one_call() {
    let function = Scripted { pack: 96, ..Scripted::with(SECOND, &[]) };
    let texts = numbered(4096);
    let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
    assert_eq!(json(&outcome).len(), 4096);
    assert_eq!(function.calls(), 43);
    assert!(outcome.unwrap().rows().flatten().all(|row| row.attempts == 1));
}

#[tokio::test(start_paused = true)]
async fn a_bad_row_of_a_pack_costs_the_others_nothing() {
    for (bad, step, most) in [
        (vec!["0"], Step::RefuseRow, 2),
        (vec!["0", "95"], Step::RefuseRow, 3),
        (vec!["41"], Step::RefuseUnknown, 16),
        (vec!["0", "95"], Step::RefuseUnknown, 30),
        (vec!["41"], Step::Fail, 22),
        (vec!["41"], Step::Unreadable, 17),
    ] {
        let script = [step.clone()];
        let scripts: Vec<(&'static str, &[Step])> = bad.iter().map(|text| (*text, &script[..])).collect();
        let function = Scripted { pack: 96, ..Scripted::with(SECOND / 10, &scripts) };
        let texts = numbered(96);
        let outcome = run(&function, &rows(refs(&texts), "t"), 8, 60 * SECOND).await;
        let nulls: Vec<String> = json(&outcome)
            .iter()
            .enumerate()
            .filter(|(_, json)| **json == "null")
            .map(|(row, _)| row.to_string())
            .collect();
        assert_eq!(nulls, bad, "{step:?}");
        assert!(function.calls() <= most, "{step:?} {bad:?}: {} calls", function.calls());
    }
}
