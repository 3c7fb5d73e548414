//! An event as Lambda hands it over, taken apart once and no deeper than it takes to tell the doors apart.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
#[derive(Debug, Default)]
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
    /// API Gateway, version 1.
    pub multi_value_headers: Option<Box<RawValue>>,
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
    pub external_function: Option<Box<RawValue>>,
    /// Redshift.
    pub num_records: Option<Box<RawValue>>,
    /// Redshift.
    pub query_id: Option<Box<RawValue>>,
    /// Redshift.
    pub user: Option<Box<RawValue>>,
}

impl Members {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Box<RawValue>>> {
        Some(match name {
            "httpMethod" => &mut self.http_method,
            "path" => &mut self.path,
            "rawPath" => &mut self.raw_path,
            "requestContext" => &mut self.request_context,
            "headers" => &mut self.headers,
            "multiValueHeaders" => &mut self.multi_value_headers,
            "body" => &mut self.body,
            "isBase64Encoded" => &mut self.is_base64_encoded,
            "function" => &mut self.function,
            "data" => &mut self.data,
            "arguments" => &mut self.arguments,
            "external_function" => &mut self.external_function,
            "num_records" => &mut self.num_records,
            "query_id" => &mut self.query_id,
            "user" => &mut self.user,
            _ => return None,
        })
    }
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

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut members = Box::<Members>::default();
        // Of a name that stands there twice the last counts, as for most readers: the derived reader would fail the invocation.
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match members.slot(&name) {
                Some(member) => *member = map.next_value()?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Event::Object(members))
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
        let json = r#"{"httpMethod":"GET","httpMethod":5,"path":null,"body":{"x":"\ud800"},"other":[1]}"#;
        let Ok(Event::Object(members)) = serde_json::from_str(json) else {
            panic!("no object");
        };
        assert_eq!(members.http_method.unwrap().get(), "5");
        assert!(members.path.is_none());
        assert!(members.body.is_some() && members.function.is_none());
    }
}
