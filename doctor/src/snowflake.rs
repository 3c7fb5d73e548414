//! The API integration, through the Snowflake CLI: it has the connection, so that no password comes here.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::stack::text;

/// What `DESC INTEGRATION` says, by property.
pub type Integration = BTreeMap<String, String>;

/// Why it does not say it.
#[derive(Debug, thiserror::Error)]
pub enum SnowError {
    /// There is no Snowflake CLI.
    #[error("snow does not start: {0}")]
    Start(std::io::Error),
    /// The Snowflake CLI or Snowflake refuses.
    #[error("snow says: {0}")]
    Refused(String),
    /// Something else than rows.
    #[error("snow answers something else than rows in JSON")]
    Unreadable,
}

/// Asks for the integration of this name.
pub async fn describe(connection: &str, name: &str) -> Result<Integration, SnowError> {
    let query = format!("DESC INTEGRATION {name}");
    let output = Command::new("snow")
        .args(["sql", "--format", "json", "-q", &query, "-c", connection])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(SnowError::Start)?;
    if !output.status.success() {
        return Err(SnowError::Refused(complaint(&String::from_utf8_lossy(&output.stderr))));
    }
    read(&String::from_utf8_lossy(&output.stdout)).ok_or(SnowError::Unreadable)
}

/// The rows of `DESC INTEGRATION`, of which only the columns of a property and its value matter.
pub fn read(output: &str) -> Option<Integration> {
    // There may be a warning before the rows.
    let rows: Value = serde_json::from_str(output.get(output.find('[')?..)?).ok()?;
    // More than one statement would be a list of such lists.
    let rows = rows.as_array()?;
    let rows = rows.first().and_then(Value::as_array).unwrap_or(rows);
    let property = |row: &Value| Some((text(row.get("property")?), plain(&row["property_value"])));
    rows.iter().map(property).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The message in the frame that the CLI draws around it.
fn complaint(text: &str) -> String {
    let line = |line: &str| line.trim_matches(|c: char| c.is_whitespace() || "│╭╮╰╯─".contains(c)).to_owned();
    let lines: Vec<_> = text.lines().map(line).filter(|line| !line.is_empty() && line != "Error").collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{complaint, read};

    #[test]
    fn rows_are_read_with_or_without_a_warning() {
        let rows = r#"[{"property": "ENABLED", "property_type": "Boolean", "property_value": "true"}]"#;
        assert_eq!(read(rows).unwrap()["ENABLED"], "true");
        assert_eq!(read(&format!("careful\n[{rows}]")).unwrap()["ENABLED"], "true");
        assert_eq!(read("nothing"), None);
        assert_eq!(read(r#"[{"name": "x"}]"#), None);
    }

    #[test]
    fn a_complaint_loses_its_frame() {
        assert_eq!(complaint("╭─ Error ───╮\n│ no such connection │\n╰─────────╯\n"), "no such connection");
    }
}
