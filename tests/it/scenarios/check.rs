//! What was played beside what its file expects.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::aws::{Call, embedding, find_places, fit, redacted, reply, severity};
use serde_json::{Value, json};

use super::file::{Row, Scenario, ask_bedrock};
use super::play::Played;

/// A model id may be told up to here; what is longer is a text that came in its place.
const TELLABLE: usize = 64;

/// What differs, and what no scenario may do.
pub fn problems(scenario: &Scenario, rows: &[Row], played: &Played) -> Vec<String> {
    let expect = &scenario.expect;
    let mut problems = played.wrong.clone();
    if !expect.status.contain(played.status) {
        problems.push(format!("the status is {}, not {}", played.status, expect.status));
    } else if played.status == 200 {
        problems.extend(values(scenario, rows, played));
    } else {
        problems.extend(expect.message.problems("the message", &played.message));
    }
    problems.extend(expect.log.problems("the log", &played.log));
    problems.extend(counts(scenario, rows, played));
    if let Some([least, most]) = expect.seconds {
        let took = played.elapsed.as_secs_f64();
        if !(least..=most).contains(&took) {
            problems.push(format!("it took {took:.1} s, not {least} to {most}"));
        }
    }
    problems.extend(secrets(rows, played));
    problems
}

/// Every group has what is expected of it, and every other one the service's proper answers.
fn values(scenario: &Scenario, rows: &[Row], played: &Played) -> Vec<String> {
    let mut wrong: BTreeMap<usize, Vec<(usize, &Value)>> = BTreeMap::new();
    for (number, (row, value)) in rows.iter().zip(&played.values).enumerate() {
        let expected = match scenario.expect.gives.get(&scenario.rows[row.group].name) {
            Some(value) => value.clone(),
            None => proper(scenario, row),
        };
        if *value != expected {
            wrong.entry(row.group).or_default().push((number, value));
        }
    }
    let tell = |(group, rows): (usize, Vec<(usize, &Value)>)| {
        let (name, (first, value)) = (&scenario.rows[group].name, rows[0]);
        let nulls = rows.iter().filter(|(_, value)| value.is_null()).count();
        format!(
            "{} of the rows {name:?} have another value than they must, {nulls} of them NULL; row {first}: {value}",
            rows.len()
        )
    };
    wrong.into_iter().map(tell).collect()
}

/// What the service answers when nothing goes wrong.
fn proper(scenario: &Scenario, row: &Row) -> Value {
    let Some((model, text)) = &row.question else { return Value::Null };
    if scenario.function == ask_bedrock() {
        let options = scenario.rows[row.group].options.as_ref();
        let schema = options.and_then(|options| options.get("response_format"));
        return json!(schema.map_or_else(|| reply(model, "Do.", text), |schema| fit(schema, "Do.", text).to_string()));
    }
    if scenario.function == "embed_text" {
        let options = scenario.rows[row.group].options.as_ref();
        let dimensions = options.and_then(|options| options["dimensions"].as_u64());
        let vector = embedding(model, text, dimensions.and_then(|count| usize::try_from(count).ok()));
        // With as few digits as tell a number of 32 bits.
        return vector.iter().map(|number| number.to_string().parse::<f64>().unwrap()).collect();
    }
    if scenario.function == "redact_pii" {
        return json!(redacted(text));
    }
    if scenario.function == "moderate_text" {
        let checks = ["violence", "hate", "sexual", "misconduct", "insults"];
        return checks
            .iter()
            .map(|check| ((*check).to_owned(), json!(severity(&check.to_uppercase(), text))))
            .collect();
    }
    let coordinate = |place: &sandbox::aws::Place| json!({"latitude": place.latitude, "longitude": place.longitude});
    find_places(text).first().map_or_else(|| json!({}), |place| coordinate(place))
}

fn counts(scenario: &Scenario, rows: &[Row], played: &Played) -> Vec<String> {
    let expect = &scenario.expect;
    let mut calls: BTreeMap<(&str, &str), Vec<&Call>> = BTreeMap::new();
    for call in &played.calls {
        let has_model = matches!(call.operation, "converse" | "invoke");
        let model = if has_model { call.target.as_str() } else { "" };
        // A call for many texts has one on each line.
        for text in call.text.lines() {
            calls.entry((model, text)).or_default().push(call);
        }
    }
    let mut problems = Vec::new();
    problems.extend(expect.calls.and_then(|count| count.problem("service calls", played.calls.len())));
    problems.extend(expect.requests.and_then(|count| count.problem("requests", played.requests)));
    for (name, count) in &expect.calls_of {
        let calls = counts_of(scenario, rows, &calls, name).iter().sum();
        problems.extend(count.problem(&format!("calls for the rows {name:?}"), calls));
    }
    for (name, count) in &expect.calls_of_each {
        let what = format!("calls for one of the rows {name:?}");
        let wrong: Vec<String> =
            counts_of(scenario, rows, &calls, name).iter().filter_map(|calls| count.problem(&what, *calls)).collect();
        problems.extend(wrong.first().map(|first| format!("{first} (so it is with {} of them)", wrong.len())));
    }
    let paid = |calls: &Vec<&Call>| calls.iter().filter(|call| call.status == Some(200)).count();
    let twice: usize = calls.values().map(|calls| paid(calls).saturating_sub(1)).sum();
    let most = expect.paid_twice + cut_off(&played.log);
    if twice > most {
        problems.push(format!("{twice} answers were paid for again, not {most} at most"));
    }
    problems
}

/// Calls that were in flight at the end of an invocation, as the function tells: the service may have answered them all the same.
fn cut_off(log: &str) -> usize {
    log.split_whitespace().filter_map(|word| word.strip_prefix("cut=")?.parse::<usize>().ok()).sum()
}

/// How often each different row of a group was asked.
fn counts_of(scenario: &Scenario, rows: &[Row], calls: &BTreeMap<(&str, &str), Vec<&Call>>, name: &str) -> Vec<usize> {
    let of_group = rows.iter().filter(|row| scenario.rows[row.group].name == name);
    let questions: BTreeSet<(&str, &str)> =
        of_group.filter_map(|row| row.question.as_ref().map(|(model, text)| (model.as_str(), text.as_str()))).collect();
    questions.iter().map(|question| calls.get(question).map_or(0, Vec::len)).collect()
}

/// No text of a row is in a message or in the log, nor a text that came as a model id.
fn secrets(rows: &[Row], played: &Played) -> Vec<String> {
    let mut problems = Vec::new();
    for (place, told) in [("the message", &played.message), ("the log", &played.log)] {
        let of_row = |row: &Row| {
            let (model, text) = row.question.clone()?;
            // A short one may be there by chance.
            let texts = [(model, TELLABLE), (text, 5)];
            texts.into_iter().find(|(text, short)| text.chars().count() > *short && told.contains(text))
        };
        let leaked = rows.iter().find_map(of_row);
        problems.extend(leaked.map(|(text, _)| format!("{place} tells the text of a row: {text:?}")));
    }
    problems
}
