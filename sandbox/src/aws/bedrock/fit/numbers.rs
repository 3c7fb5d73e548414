//! Numbers of a text, by what is said near them.

use serde_json::{Value, json};

use super::words::{alike, telling, words};

/// How many characters a number may be away from a word of its field.
const NEAR: usize = 40;
/// Fields that any number fits.
const ANY: &[&str] = &["amount", "cost", "figure", "number", "price", "quantity", "total", "value"];

/// The number that is nearest to a word of the field.
pub(super) fn find(name: &str, description: &str, text: &str, schema: &Value, integer: bool) -> Option<Value> {
    let named = words(name);
    if named.iter().any(|word| ["confidence", "probability", "certainty"].contains(&word.as_str())) {
        return Some(within(0.9, schema, integer));
    }
    let numbers = numbers(text);
    let money = named.iter().any(|word| ["amount", "cost", "price", "total"].contains(&word.as_str()));
    let priced = numbers.iter().find(|number| money && number.money);
    let mut about = named.clone();
    about.extend(telling(description));
    let nearest = || {
        let places = places(text, &about);
        let distance = |number: &Number| places.iter().map(|place| place.abs_diff(number.at)).min();
        let near = numbers.iter().filter_map(|number| Some((distance(number).filter(|far| *far <= NEAR)?, number)));
        near.min_by_key(|(far, _)| *far).map(|(_, number)| number)
    };
    let any = || numbers.first().filter(|_| name.is_empty() || named.iter().any(|word| ANY.contains(&word.as_str())));
    let number = priced.or_else(nearest).or_else(any)?;
    Some(within(number.value, schema, integer))
}

struct Number {
    at: usize,
    value: f64,
    money: bool,
}

/// The numbers, with the byte at which each begins. A comma before three digits separates thousands.
fn numbers(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut end = 0;
    for (at, _) in text.match_indices(|letter: char| letter.is_ascii_digit()) {
        let inside_a_word = text[..at].ends_with(|letter: char| letter.is_alphabetic() || "-#.".contains(letter));
        if at < end {
            continue;
        }
        let run = &text[at..];
        let length = run.find(|letter: char| !letter.is_ascii_digit() && !".,".contains(letter)).unwrap_or(run.len());
        end = at + length;
        if inside_a_word {
            continue;
        }
        let digits = run[..length].trim_end_matches(['.', ',']);
        let plain = match digits.rsplit_once(',') {
            Some((_, last)) if last.len() != 3 && !digits.contains('.') => digits.replace(',', "."),
            _ => digits.replace(',', ""),
        };
        let Ok(value) = plain.parse::<f64>() else { continue };
        let before = text[..at].chars().next_back();
        let after = text[end..].trim_start().to_lowercase();
        let money = before.is_some_and(|letter| "$€£".contains(letter))
            || ["usd", "eur", "gbp", "dollar", "pound", "€", "£"].iter().any(|unit| after.starts_with(unit));
        found.push(Number { at, value, money });
    }
    found
}

/// Where the words stand in the text.
fn places(text: &str, wanted: &[String]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    for part in text.split_inclusive(|letter: char| !letter.is_alphanumeric()) {
        let word = part.trim_end_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
        if !word.is_empty() && wanted.iter().any(|other| alike(&word, other)) {
            places.push(at);
        }
        at += part.len();
    }
    places
}

/// The number as the schema takes it.
pub(super) fn within(value: f64, schema: &Value, integer: bool) -> Value {
    let bound = |name: &str| schema[name].as_f64();
    let value = bound("minimum").map_or(value, |least| value.max(least));
    let value = bound("maximum").map_or(value, |most| value.min(most));
    let value = bound("exclusiveMinimum").filter(|least| value <= *least).map_or(value, |least| least + 1.0);
    let rounded = value.round();
    if integer || (rounded - value).abs() < f64::EPSILON {
        // A JSON number without a fraction, where it is small enough to be one.
        let text = format!("{rounded:.0}");
        return text.parse::<i64>().map_or_else(|_| json!(rounded), |whole| json!(whole));
    }
    json!(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_words_nearby() {
        let text = "Order A-77: 3 lamps at $12.50 each, 2 weeks late. I am 41 years old, 1,200 km away.";
        let number = |name: &str, integer| find(name, "", text, &json!({}), integer);
        assert_eq!(number("lamps", true), Some(json!(3)));
        assert_eq!(number("price", false), Some(json!(12.5)));
        assert_eq!(number("weeks_late", true), Some(json!(2)));
        assert_eq!(number("years", true), Some(json!(41)));
        assert_eq!(number("km", false), Some(json!(1200)));
        assert_eq!(number("rating", true), None);
        assert_eq!(find("age", "how many years", text, &json!({"maximum": 40}), true), Some(json!(40)));
        assert_eq!(find("total", "", "Bill: 12,50", &json!({}), false), Some(json!(12.5)));
    }
}
