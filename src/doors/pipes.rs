//! EventBridge Pipes: an array of elements in, an array of the same length and order out.
//!
//! Each element names its function and arguments, and comes back with everything that it had and `result` or `error`:
//! Pipes finds the records of a partial failure again by the ids in them.

use std::borrow::Cow;
use std::fmt;

use futures_util::future::try_join_all;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::arguments;
use crate::batch::{Plan, StatementFaults};
use crate::calls::{AtOnce, CallError, House};
use crate::function::{Argument, Code, ErrorAsData, Function, Outcome, Refusal, Rendering};

/// Answers every element.
///
/// # Errors
///
/// Only what passes with the moment: Pipes sends the elements of a failed invocation again.
pub async fn answer(house: &House, elements: &[Box<RawValue>], deadline: Instant) -> Result<String, CallError> {
    let members: Vec<Option<Members<'_>>> =
        elements.iter().map(|element| serde_json::from_str(element.get()).ok()).collect();
    let mut groups: Vec<Group<'_>> = Vec::new();
    let places: Vec<Result<Place, String>> =
        members.iter().map(|members| group(house, members.as_ref(), &mut groups)).collect();
    let plans: Vec<Plan<'_>> = groups.iter().map(|group| Plan::of(group.function, &group.rows)).collect();
    let begin = |(group, plan)| {
        let Group { function, .. }: &Group<'_> = group;
        house.begin(*function, plan, StatementFaults::AreData, deadline)
    };
    let begun: Vec<AtOnce<'_, '_>> = groups.iter().zip(&plans).map(begin).collect::<Result<_, _>>()?;
    let answers = try_join_all(begun.into_iter().map(AtOnce::end)).await?;
    let outcomes: Vec<Vec<Option<&Outcome>>> = answers.iter().map(|answers| answers.rows().collect()).collect();
    let results: Vec<Vec<Cow<'_, str>>> = answers.iter().map(|answers| answers.json().collect()).collect();

    let mut output = String::from("[");
    for ((element, members), place) in elements.iter().zip(&members).zip(places) {
        if output.len() > 1 {
            output.push(',');
        }
        match members {
            Some(Members(members)) => write_members(&mut output, members),
            None => output.extend(["{\"input\":", element.get(), ","]),
        }
        match place {
            Ok(Place { group, row }) => {
                let is_bare = groups[group].function.rendering() != Rendering::Envelope;
                match outcomes[group][row].and_then(Outcome::refusal).filter(|_| is_bare) {
                    Some(refusal) => write_error(&mut output, refusal),
                    None => output.extend(["\"result\":", &results[group][row]]),
                }
            }
            Err(message) => write_error(&mut output, &Refusal::row(Code::InvalidArgument, message)),
        }
        output.push('}');
    }
    output.push(']');
    Ok(output)
}

/// The members of an element, in their order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Members<'_> {
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// The elements that name one function: they are one batch, so that equal ones share a call.
struct Group<'a> {
    function: &'a dyn Function,
    rows: Vec<Vec<Argument<'a>>>,
}

/// Where an element's answer will be.
struct Place {
    group: usize,
    row: usize,
}

fn group<'a>(house: &'a House, members: Option<&'a Members<'a>>, groups: &mut Vec<Group<'a>>) -> Result<Place, String> {
    let members = members.ok_or("expected an object with \"function\" and \"arguments\"")?;
    let name = members.get("function").ok_or("the element has no \"function\"")?;
    let name: Cow<'_, str> = serde_json::from_str(name.get()).map_err(|_| "\"function\" must be a name")?;
    let function = house.function(&name).map_err(|error| error.to_string())?;
    let given = members.get("arguments").ok_or("the element has no \"arguments\"")?;
    let arguments = arguments::read(given, function.parameters())?;
    let group = groups.iter().position(|group| group.function.name() == function.name()).unwrap_or_else(|| {
        groups.push(Group { function, rows: Vec::new() });
        groups.len() - 1
    });
    let rows = &mut groups[group].rows;
    rows.push(arguments);
    Ok(Place { group, row: rows.len() - 1 })
}

/// Writes the members but for those that the answer brings itself, and leaves the object open.
fn write_members(output: &mut String, members: &[(Cow<'_, str>, &RawValue)]) {
    output.push('{');
    for (name, value) in members.iter().filter(|(name, _)| name != "result" && name != "error") {
        output.extend([&*serde_json::Value::from(&**name).to_string(), ":", value.get(), ","]);
    }
}

fn write_error(output: &mut String, refusal: &Refusal) {
    // It holds nothing that cannot be written.
    let error = serde_json::to_string(&ErrorAsData::from(refusal)).unwrap_or_default();
    output.extend(["\"error\":", &error]);
}
