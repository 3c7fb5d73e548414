//! An answer of a service: its status, and what its body says.

use http::HeaderMap;
use serde_json::Value;

use super::{AwsError, xml};

/// An HTTP answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP's status.
    pub status: u16,
    headers: HeaderMap,
    /// The body, as it came.
    pub body: String,
}

impl Answer {
    /// Of these parts.
    pub fn new(status: u16, headers: HeaderMap, body: String) -> Self {
        Self { status, headers, body }
    }

    /// A header, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, unless the service refused.
    pub fn into_json(self) -> Result<Value, AwsError> {
        if self.is_success() {
            return serde_json::from_str(&self.body).map_err(|error| AwsError::Unreadable(error.to_string()));
        }
        Err(self.refusal())
    }

    /// What is in the `…Result` of an action.
    pub fn into_xml(self, action: &str) -> Result<Value, AwsError> {
        if !self.is_success() {
            return Err(self.refusal());
        }
        let mut root = xml::read(&self.body)?;
        let result = root.get_mut(format!("{action}Result"));
        result.map(Value::take).ok_or_else(|| AwsError::Unreadable(format!("no {action}Result")))
    }

    /// What the service says against it, in whichever of its forms.
    pub fn refusal(&self) -> AwsError {
        let body = serde_json::from_str(&self.body).or_else(|_| xml::read(&self.body)).unwrap_or_default();
        let body = body.get("Error").unwrap_or(&body);
        let text = |names: &[&str]| names.iter().find_map(|name| body[*name].as_str()).unwrap_or_default().to_owned();
        let mut code = self.header("x-amzn-errortype").to_owned();
        if code.is_empty() {
            code = text(&["__type", "Code", "code", "Type"]);
        }
        // `namespace#Code:url`
        let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
        let code = if code.is_empty() { format!("status {}", self.status) } else { code.to_owned() };
        AwsError::Refused { status: self.status, code, message: text(&["message", "Message"]) }
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::Answer;

    #[test]
    fn every_form_of_a_refusal_is_read() {
        let refusal = |body: &str| Answer::new(400, HeaderMap::new(), body.to_owned()).refusal().to_string();
        let json = r#"{"__type": "com.amazonaws.dynamodb#ResourceNotFoundException", "message": "no table"}"#;
        assert_eq!(refusal(json), "ResourceNotFoundException: no table");
        let xml = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no role</Message></Error></ErrorResponse>";
        assert_eq!(refusal(xml), "NoSuchEntity: no role");
        assert_eq!(refusal("down"), "status 400: ");
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-errortype", "AccessDeniedException:http://internal/".parse().unwrap());
        let answer = Answer::new(403, headers, r#"{"Message": "explicit deny"}"#.to_owned());
        assert_eq!(answer.refusal().to_string(), "AccessDeniedException: explicit deny");
    }
}
