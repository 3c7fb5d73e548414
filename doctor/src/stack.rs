//! The stack, as CloudFormation tells of it: every other check compares with this.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::{Aws, AwsError, services};

/// What was deployed, and with what.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// Its name, which is the function's as well.
    pub name: String,
    /// What the last deployment ended with.
    pub status: String,
    parameters: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl Stack {
    /// One of which nothing is known but its name.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Reads it.
    pub async fn read(aws: &Aws, name: &str) -> Result<Self, AwsError> {
        let result = aws.query(services::CLOUDFORMATION, "DescribeStacks", &[("StackName", name)]).await?;
        let stack = &result["Stacks"][0];
        let status = text(&stack["StackStatus"]);
        if status.is_empty() {
            return Err(AwsError::Unreadable("a stack without a status".to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            status,
            parameters: pairs(&stack["Parameters"], "ParameterKey", "ParameterValue"),
            outputs: pairs(&stack["Outputs"], "OutputKey", "OutputValue"),
        })
    }

    /// An output, empty where there is none.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// A parameter, empty where it is so.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// The name of Snowflake's role, at the end of its ARN.
    pub fn role_name(&self) -> &str {
        self.output("SnowflakeRoleArn").rsplit('/').next().unwrap_or_default()
    }

    /// The stage of the API, at the end of its URL.
    pub fn stage(&self) -> &str {
        self.output("ApiUrl").rsplit('/').next().unwrap_or_default()
    }

    /// The id of the API, at the beginning of its URL.
    pub fn api_id(&self) -> &str {
        let host = self.output("ApiUrl").trim_start_matches("https://");
        host.split('.').next().unwrap_or_default()
    }
}

/// A text of an answer, empty where there is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pairs(list: &Value, key: &str, value: &str) -> BTreeMap<String, String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|pair| (text(&pair[key]), text(&pair[value]))).collect()
}
