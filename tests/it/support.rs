//! The function in the sandbox, and the calls that the tests make.

use std::time::Duration;

use sandbox::aws::{Aws, AwsOptions};
use sandbox::lambda::{Invocation, InvokeOptions, Lambda, LambdaOptions, LogSink, Outcome};
use serde_json::{Value, json};

/// A model that the sandbox's Bedrock knows.
pub const MODEL: &str = "us.amazon.nova-lite-v1:0";

/// The function, and the services behind it.
pub struct House {
    pub aws: Aws,
    pub lambda: Lambda,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub body: Value,
    pub text: String,
    pub response: Value,
}

impl House {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    /// A house whose function has these environment variables besides those of the sandbox.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::of(Aws::start(AwsOptions::default()).await.unwrap(), variables, 1).await
    }

    pub async fn of(aws: Aws, variables: &[(&str, &str)], environments: usize) -> Self {
        let mut env = aws.env();
        env.push(("PLACE_INDEX_NAME".to_owned(), AwsOptions::default().place_index));
        env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let lambda = Lambda::start(LambdaOptions {
            environments,
            timeout: Duration::from_secs(20),
            env,
            log: LogSink::Keep,
            ..LambdaOptions::new(env!("CARGO_BIN_EXE_bootstrap"))
        })
        .await
        .unwrap();
        Self { aws, lambda }
    }

    pub async fn post(&self, function: &str, rows: Value) -> Answer {
        self.http(event("POST", function, &[], &json!({"data": rows}).to_string())).await
    }

    /// A POST of one row for each text, to [`MODEL`].
    pub async fn ask(&self, texts: impl IntoIterator<Item = &str>) -> Answer {
        self.post("ask_bedrock", rows(texts, MODEL)).await
    }

    pub async fn http(&self, event: Value) -> Answer {
        self.text(event.to_string()).await
    }

    /// An event as its text, which may be what no [`Value`] holds.
    pub async fn text(&self, event: String) -> Answer {
        Answer::of(&self.lambda.invoke(event).await)
    }

    /// The same with a timeout of its own.
    pub async fn http_within(&self, timeout: Duration, event: Value) -> Answer {
        let options = InvokeOptions { timeout: Some(timeout), ..InvokeOptions::default() };
        Answer::of(&self.lambda.invoke_with(event.to_string(), options).await)
    }

    /// A direct invocation: the answer, or the error's type and message.
    pub async fn invoke(&self, event: &Value) -> Result<Value, (String, String)> {
        match self.lambda.invoke(event.to_string()).await.outcome {
            Outcome::Answer(body) => Ok(serde_json::from_slice(&body).unwrap()),
            Outcome::FunctionError { error_type, error_message, .. } => Err((error_type, error_message)),
            other => panic!("{other:?}"),
        }
    }

    pub fn calls(&self) -> u64 {
        self.aws.bedrock().stats().requests
    }
}

impl Answer {
    fn of(invocation: &Invocation) -> Self {
        let response: Value = match &invocation.outcome {
            Outcome::Answer(body) => serde_json::from_slice(body).unwrap(),
            other => panic!("{other:?}"),
        };
        let text = response["body"].as_str().unwrap().to_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: response["statusCode"].as_u64().unwrap(), body, text, response }
    }

    /// The values, after a look at status and row numbers.
    pub fn values(&self) -> Vec<&Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        let rows = self.body["data"].as_array().unwrap();
        for (number, row) in rows.iter().enumerate() {
            assert_eq!(row[0], number);
            assert_eq!(row.as_array().unwrap().len(), 2);
        }
        rows.iter().map(|row| &row[1]).collect()
    }

    /// The first value of a header, wherever the form of the event's version has it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let members =
            ["headers", "multiValueHeaders"].into_iter().filter_map(|member| self.response[member].as_object());
        let (_, value) = members.flatten().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        value.as_str().or_else(|| value[0].as_str())
    }

    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_else(|| panic!("no error: {} {}", self.status, self.text))
    }
}

/// Rows of `ask_bedrock`, numbered from 0.
pub fn rows<'a>(texts: impl IntoIterator<Item = &'a str>, model: &str) -> Value {
    texts.into_iter().enumerate().map(|(number, text)| json!([number, "Do.", text, model])).collect()
}

/// An event of version 1.
pub fn event(method: &str, function: &str, headers: &[(&str, &str)], body: &str) -> Value {
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let body = if method == "GET" { Value::Null } else { json!(body) };
    json!({
        "resource": "/{function}",
        "path": format!("/{function}"),
        "httpMethod": method,
        "headers": headers,
        "requestContext": {"stage": "test", "httpMethod": method},
        "body": body,
        "isBase64Encoded": false,
    })
}
