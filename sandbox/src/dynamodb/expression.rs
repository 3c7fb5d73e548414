//! Conditions and updates, as far as the function writes them: conditions of comparisons joined by `AND` and then `OR`, and updates
//! of `SET`, `ADD` and `REMOVE`. Whatever else is written gives nothing, which the table refuses.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::items::Item;

/// What the names and values in an expression stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    names: &'a Value,
    values: &'a Value,
}

impl<'a> Names<'a> {
    pub(super) fn of(body: &'a Value) -> Self {
        Self { names: &body["ExpressionAttributeNames"], values: &body["ExpressionAttributeValues"] }
    }

    fn name(self, word: &'a str) -> &'a str {
        self.names[word].as_str().unwrap_or(word)
    }

    fn value(self, word: &str) -> Option<&'a Value> {
        self.values.get(word)
    }
}

/// Whether a condition holds of an item.
pub(super) fn holds(condition: &str, item: Option<&Item>, names: Names<'_>) -> Option<bool> {
    let mut any = false;
    for alternative in condition.split(" OR ") {
        let words = words(alternative);
        let (mut rest, mut all) = (words.as_slice(), true);
        while !rest.is_empty() {
            let (is_so, after) = term(rest, item, names)?;
            all &= is_so;
            rest = match after {
                [] => after,
                ["AND", after @ ..] => after,
                _ => return None,
            };
        }
        any |= all;
    }
    Some(any)
}

/// The first comparison of a condition, and what comes after it.
fn term<'w, 'a>(words: &'w [&'a str], item: Option<&Item>, names: Names<'a>) -> Option<(bool, &'w [&'a str])> {
    let attribute = |word| item.and_then(|item| item.get(names.name(word)));
    Some(match words {
        ["attribute_not_exists", name, after @ ..] => (attribute(name).is_none(), after),
        ["attribute_exists", name, after @ ..] => (attribute(name).is_some(), after),
        ["size", name, "=", value, after @ ..] => {
            let count = attribute(name).and_then(|list| list["L"].as_array()).map(Vec::len);
            (count.is_some_and(|count| names.value(value) == Some(&json!({"N": count.to_string()}))), after)
        }
        [name, "BETWEEN", from, "AND", to, after @ ..] => {
            let order = |value| compare(attribute(name), names.value(value));
            let is_between = order(from).is_some_and(Ordering::is_ge) && order(to).is_some_and(Ordering::is_le);
            (is_between, after)
        }
        [name, "=", value, after @ ..] => (attribute(name) == Some(names.value(value)?), after),
        [name, operator, value, after @ ..] => {
            let is_so = match *operator {
                "<" => Ordering::is_lt,
                "<=" => Ordering::is_le,
                ">" => Ordering::is_gt,
                ">=" => Ordering::is_ge,
                _ => return None,
            };
            (compare(attribute(name), Some(names.value(value)?)).is_some_and(is_so), after)
        }
        _ => return None,
    })
}

/// The order of two numbers.
fn compare(one: Option<&Value>, other: Option<&Value>) -> Option<Ordering> {
    let number = |value: &Value| value["N"].as_str()?.parse::<f64>().ok();
    number(one?)?.partial_cmp(&number(other?)?)
}

/// Changes an item.
pub(super) fn update(expression: &str, item: &mut Item, names: Names<'_>) -> Option<()> {
    let words = words(expression);
    let (mut clause, mut rest) = ("", words.as_slice());
    while !rest.is_empty() {
        rest = match (clause, rest) {
            (_, [word @ ("SET" | "ADD" | "REMOVE"), after @ ..]) => {
                clause = word;
                after
            }
            ("SET", [name, "=", "list_append", list, more, after @ ..]) => {
                let more = names.value(more)?["L"].as_array()?;
                let list = item.get_mut(names.name(list)).filter(|_| list == name)?;
                list["L"].as_array_mut()?.extend(more.iter().cloned());
                after
            }
            ("SET", [name, "=", one, "+", more, after @ ..]) => {
                let before = item.get(names.name(one))?;
                item.insert(names.name(name).to_owned(), sum(before, names.value(more)?)?);
                after
            }
            ("SET", [name, "=", value, after @ ..]) => {
                item.insert(names.name(name).to_owned(), names.value(value)?.clone());
                after
            }
            ("ADD", [name, value, after @ ..]) => {
                let zero = json!({"N": "0"});
                let sum = sum(item.get(names.name(name)).unwrap_or(&zero), names.value(value)?)?;
                item.insert(names.name(name).to_owned(), sum);
                after
            }
            ("REMOVE", [name, after @ ..]) => {
                item.remove(names.name(name));
                after
            }
            _ => return None,
        };
    }
    Some(())
}

/// The sum of two whole numbers.
fn sum(one: &Value, other: &Value) -> Option<Value> {
    let number = |value: &Value| value["N"].as_str()?.parse::<i64>().ok();
    Some(json!({"N": number(one)?.checked_add(number(other)?)?.to_string()}))
}

/// The words of an expression: a function's name is one, and so is each of its arguments.
fn words(expression: &str) -> Vec<&str> {
    expression.split([' ', ',', '(', ')']).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_that_the_function_writes_is_understood() {
        let item = json!({"pk": {"S": "a"}, "token": {"S": "t"}, "entries": {"L": [{"S": "e"}]}, "version": {"N": "3"},
            "next_slot": {"N": "50"}, "ended": {"BOOL": false}});
        let body = json!({"ExpressionAttributeNames": {"#token": "token", "#version": "version"},
            "ExpressionAttributeValues": {":token": {"S": "t"}, ":count": {"N": "1"}, ":three": {"N": "3"}, ":no": {"BOOL": false},
                ":40": {"N": "40"}, ":50": {"N": "50"}, ":60": {"N": "60"}}});
        for (condition, expected) in [
            ("#token = :token AND size(entries) = :count", true),
            ("#token = :token AND size(entries) = :three", false),
            ("#version = :three AND next_slot BETWEEN :40 AND :50", true),
            ("next_slot BETWEEN :40 AND :50 AND #version = :count", false),
            ("attribute_exists(pk) AND #version = :three AND next_slot < :60", true),
            ("ended = :no AND next_slot <= :50 AND next_slot > :40 AND next_slot >= :60", false),
            ("attribute_not_exists(pk) OR next_slot < :60", true),
            ("attribute_not_exists(other)", true),
        ] {
            assert_eq!(holds(condition, item.as_object(), Names::of(&body)), Some(expected), "{condition}");
            let of_none = holds(condition, None, Names::of(&body));
            assert_eq!(of_none, Some(condition.contains("not_exists")), "{condition}");
        }
        for condition in
            ["begins_with(pk, :token)", "pk <> :token", "pk = :unknown", "#token = :token #version = :three"]
        {
            assert_eq!(holds(condition, item.as_object(), Names::of(&body)), None, "{condition}");
        }
    }
}
