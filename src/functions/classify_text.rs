//! `classify_text(text, categories, model_id [, options])`: one of the categories, and nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::ask_model::{Asking, Models, TEXT_IS_DATA, set_apart};
use crate::function::{Code, Function, Job, Parameter, Refusal, Row, Whose};

/// Most categories of one text.
const MOST: usize = 500;

/// Answers with the category of a text.
pub struct ClassifyText {
    models: Models,
}

impl ClassifyText {
    /// The function over these models.
    pub fn new(models: Models) -> Self {
        Self { models }
    }
}

impl Function for ClassifyText {
    fn name(&self) -> &str {
        "classify_text"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::text("text"),
                Parameter::json("categories"),
                Parameter::text("model_id"),
                Parameter::options("options"),
            ]
        }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let (text, model_id) = (row.text(0), row.text(2));
        self.models.check(model_id, row.get(3))?;
        let categories = categories(row.text(1))?;
        let labels: Vec<&str> = categories.iter().map(|(label, _)| &**label).collect();
        let form = json!({
            "type": "object",
            "properties": {"category": {"type": "string", "enum": labels}},
            "required": ["category"],
            "additionalProperties": false,
        });
        let asking = Asking {
            function: self.name(),
            caller: row.caller,
            instructions: instructions(&categories).into(),
            text: set_apart(text).into(),
            model_id,
            options: self.models.options(row.get(3), Some(&form.to_string()))?,
            member: Some("category"),
        };
        self.models.job(asking, ("text", text))
    }
}

/// Labels, each with what it stands for, where that is said.
type Categories<'a> = Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>;

/// An array of labels, or an object of labels and descriptions.
fn categories(json: &str) -> Result<Categories<'_>, Refusal> {
    let labels = serde_json::from_str::<Vec<Cow<'_, str>>>(json);
    let categories: Option<Categories<'_>> = match labels {
        Ok(labels) => Some(labels.into_iter().map(|label| (label, None)).collect()),
        Err(_) => serde_json::from_str::<BTreeMap<_, _>>(json).ok().map(|of| of.into_iter().collect()),
    };
    let is_usable = |categories: &Categories<'_>| {
        let labels: std::collections::HashSet<_> = categories.iter().map(|(label, _)| label).collect();
        (1..=MOST).contains(&labels.len())
            && labels.len() == categories.len()
            && labels.iter().all(|label| !label.trim().is_empty())
    };
    categories.filter(is_usable).ok_or_else(|| {
        let message =
            "categories must be an array of 1 to 500 different labels, or an object of labels and what each stands for";
        Refusal { whose: Whose::Options, ..Refusal::row(Code::InvalidArgument, message) }
    })
}

fn instructions(categories: &Categories<'_>) -> String {
    let mut instructions =
        format!("Say to which one of the categories the text belongs. {TEXT_IS_DATA}\n\nThe categories:\n");
    for (label, description) in categories {
        let _ = match description {
            Some(description) => writeln!(instructions, "- {label}: {description}"),
            None => writeln!(instructions, "- {label}"),
        };
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_labels_or_labels_with_descriptions() {
        assert_eq!(categories(r#"["b","a"]"#).unwrap(), [("b".into(), None), ("a".into(), None)]);
        let with = categories(r#"{"a":"first","b":null}"#).unwrap();
        assert_eq!(with, [("a".into(), Some("first".into())), ("b".into(), None)]);
        assert!(instructions(&with).ends_with("The categories:\n- a: first\n- b\n"));
        for json in ["[]", "{}", "[1]", r#"["a","a"]"#, r#"["a"," "]"#, r#"{"a":1}"#, r#"[["a"]]"#] {
            let refusal = categories(json).unwrap_err();
            assert_eq!((refusal.whose, refusal.code), (Whose::Options, Code::InvalidArgument), "{json}");
        }
        let many: Vec<String> = (0..=MOST).map(|number| number.to_string()).collect();
        assert!(categories(&json!(many).to_string()).is_err());
        assert!(categories(&json!(many[..MOST]).to_string()).is_ok());
    }
}
