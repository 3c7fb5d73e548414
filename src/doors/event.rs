//! An event as Lambda hands it over, taken apart once and no deeper than it takes to tell the doors apart.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The event of one invocation.
#[derive(Debug)]
pub enum Event {
    /// An object: API Gateway, a function URL, a direct invocation, or Redshift.
    Object(Box<Members>),
    /// An array: EventBridge Pipes.
    Array(Vec<Box<RawValue>>),
    /// Anything else, which no caller sends.
    Other,
}

/// The members of an object event that some door reads. Each may hold any JSON: the door says what is wrong with it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Members {
    /// API Gateway, version 1.
    pub http_method: Option<Box<RawValue>>,
    /// API Gateway, version 1.
    pub path: Option<Box<RawValue>>,
    /// API Gateway, version 2.
    pub raw_path: Option<Box<RawValue>>,
    /// API Gateway, version 2, has the method in it.
    pub request_context: Option<Box<RawValue>>,
    /// API Gateway.
    pub headers: Option<Box<RawValue>>,
    /// API Gateway.
    pub body: Option<Box<RawValue>>,
    /// API Gateway.
    pub is_base64_encoded: Option<Box<RawValue>>,
    /// Direct invocation.
    pub function: Option<Box<RawValue>>,
    /// Direct invocation.
    pub data: Option<Box<RawValue>>,
    /// Direct invocation of one call, and Redshift.
    pub arguments: Option<Box<RawValue>>,
    /// Redshift.
    #[serde(rename = "external_function")]
    pub external_function: Option<Box<RawValue>>,
    /// Redshift.
    #[serde(rename = "num_records")]
    pub num_records: Option<Box<RawValue>>,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Event, A::Error> {
        Members::deserialize(MapAccessDeserializer::new(map)).map(|members| Event::Object(Box::new(members)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Event, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = items.next_element()? {
            elements.push(element);
        }
        Ok(Event::Array(elements))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Event, E> {
        Ok(Event::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Event, E> {
        Ok(Event::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Event, E> {
        Ok(Event::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Event, E> {
        Ok(Event::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Event, E> {
        Ok(Event::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Event, E> {
        Ok(Event::Other)
    }
}

/// The text of a member, if it is text.
pub fn text(member: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(member?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_is_an_event() {
        for json in ["null", "true", "1", "-1", "1.5", "1e300", "\"text\""] {
            assert!(matches!(serde_json::from_str(json), Ok(Event::Other)), "{json}");
        }
        assert!(matches!(serde_json::from_str("[1,{}]"), Ok(Event::Array(elements)) if elements.len() == 2));
    }

    #[test]
    fn members_of_any_type_are_taken() {
        let Ok(Event::Object(members)) = serde_json::from_str(r#"{"httpMethod":5,"body":{"x":"\ud800"},"other":[1]}"#)
        else {
            panic!("no object");
        };
        assert_eq!(members.http_method.unwrap().get(), "5");
        assert!(members.body.is_some() && members.function.is_none());
    }
}
