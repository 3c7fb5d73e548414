//! The events that every program understands: API Gateway's, with a plain body.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::Failure;

/// The model that is asked.
pub const MODEL: &str = "us.amazon.nova-lite-v1:0";

/// A batch of `ask_bedrock`, with a row for each text.
pub fn of(texts: impl IntoIterator<Item = String>) -> String {
    let data: Vec<Value> =
        texts.into_iter().enumerate().map(|(number, text)| json!([number, "Repeat.", text, MODEL])).collect();
    json!({
        "resource": "/{function}",
        "path": "/ask_bedrock",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": {"function": "ask_bedrock"},
        "stageVariables": null,
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "abc123",
            "httpMethod": "POST",
            "identity": {"sourceIp": "127.0.0.1"},
            "path": "/v1/ask_bedrock",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "resourceId": "123456",
            "resourcePath": "/{function}",
            "stage": "v1"
        },
        "body": json!({"data": data}).to_string(),
        "isBase64Encoded": false
    })
    .to_string()
}

/// The same event with its body in base64.
pub fn in_base64(event: &str) -> Result<String, Failure> {
    let mut event: Value = serde_json::from_str(event)?;
    event["body"] = json!(BASE64_STANDARD.encode(event["body"].as_str().unwrap_or_default()));
    event["isBase64Encoded"] = json!(true);
    Ok(event.to_string())
}

/// As many different short texts.
pub fn texts(prefix: &str, count: usize) -> impl Iterator<Item = String> + use<> {
    let prefix = prefix.to_owned();
    (0..count).map(move |row| format!("{prefix} {row}: the parcel came late, and the box was open."))
}

/// Fails unless every row, of so many, has a text for an answer.
pub fn check(answer: &[u8], rows: usize) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    let body = answer["body"].as_str().ok_or("the answer has no body")?;
    if answer["statusCode"] != 200 {
        return Err(format!("status {}: {body}", answer["statusCode"]).into());
    }
    let body: Value = serde_json::from_str(body)?;
    let data = body["data"].as_array().ok_or("the answer has no data")?;
    let answered = data.iter().enumerate().filter(|(number, row)| row[0] == *number && row[1].is_string()).count();
    if answered == rows && data.len() == rows {
        Ok(())
    } else {
        Err(format!("{answered} rows of {rows} are answered").into())
    }
}

/// The same event with Snowflake's batch id and, where there is one, that of the statement.
pub fn with_ids(event: &str, batch: &str, statement: Option<&str>) -> Result<String, Failure> {
    let mut event: Value = serde_json::from_str(event)?;
    let ids =
        [("sf-external-function-query-batch-id", Some(batch)), ("sf-external-function-current-query-id", statement)];
    for (name, id) in ids.into_iter().filter_map(|(name, id)| Some((name, id?))) {
        event["headers"][name] = json!(id);
        event["multiValueHeaders"][name] = json!([id]);
    }
    Ok(event.to_string())
}
