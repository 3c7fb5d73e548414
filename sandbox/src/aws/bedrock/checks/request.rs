//! What is asked: the texts and the checks, as the service's model has them.

use serde_json::{Map, Value};

use super::super::super::reply::Reply;
use super::super::fields::{Fields, list};
use super::super::invalid;

/// Content blocks of a message.
///
/// Source: "Concepts", in the user guide's chapter on the operation.
const MOST_BLOCKS: usize = 10;

/// A family of checks: its member of `checks`, its list, the member of each entry, and what that may be.
struct Family {
    name: &'static str,
    list: &'static str,
    member: &'static str,
    values: &'static [&'static str],
}

/// Source: the service's model in botocore, 2026-11.
const FAMILIES: [Family; 3] = [
    Family {
        name: "contentFilter",
        list: "categories",
        member: "category",
        values: &["VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS"],
    },
    Family {
        name: "promptAttack",
        list: "categories",
        member: "category",
        values: &["JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE"],
    },
    Family {
        name: "sensitiveInformation",
        list: "entities",
        member: "type",
        values: &[
            "ADDRESS",
            "AGE",
            "AWS_ACCESS_KEY",
            "AWS_SECRET_KEY",
            "CA_HEALTH_NUMBER",
            "CA_SOCIAL_INSURANCE_NUMBER",
            "CREDIT_DEBIT_CARD_CVV",
            "CREDIT_DEBIT_CARD_EXPIRY",
            "CREDIT_DEBIT_CARD_NUMBER",
            "DRIVER_ID",
            "EMAIL",
            "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
            "IP_ADDRESS",
            "LICENSE_PLATE",
            "MAC_ADDRESS",
            "NAME",
            "PASSWORD",
            "PHONE",
            "PIN",
            "SWIFT_CODE",
            "UK_NATIONAL_HEALTH_SERVICE_NUMBER",
            "UK_NATIONAL_INSURANCE_NUMBER",
            "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER",
            "URL",
            "USERNAME",
            "US_BANK_ACCOUNT_NUMBER",
            "US_BANK_ROUTING_NUMBER",
            "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
            "US_PASSPORT_NUMBER",
            "US_SOCIAL_SECURITY_NUMBER",
            "VEHICLE_IDENTIFICATION_NUMBER",
        ],
    },
];

/// A text and where it is.
pub(super) struct Text<'a> {
    pub(super) message: usize,
    pub(super) content: usize,
    pub(super) text: &'a str,
}

/// A request that can be answered.
pub(super) struct Request<'a> {
    pub(super) texts: Vec<Text<'a>>,
    /// Each family that is asked for, with its categories or types.
    pub(super) checks: Vec<(&'static str, Vec<&'a str>)>,
}

impl<'a> Request<'a> {
    pub(super) fn read(body: &'a Map<String, Value>) -> Result<Self, Reply> {
        let fields = Fields::new("", body);
        fields.only(&["messages", "checks"])?;
        let texts = texts(fields.required("messages")?)?;
        let checks = checks(fields.required("checks")?)?;
        Ok(Self { texts, checks })
    }
}

fn texts(messages: &Value) -> Result<Vec<Text<'_>>, Reply> {
    let mut texts = Vec::new();
    for (message, value) in at_least_one("messages", messages)?.iter().enumerate() {
        let path = format!("messages.{}.member", message + 1);
        let fields = Fields::of(&path, value)?;
        fields.only(&["role", "content"])?;
        one_of(&format!("{path}.role"), fields.required_text("role")?, &["user", "assistant", "system"])?;
        let blocks = at_least_one(&format!("{path}.content"), fields.required("content")?)?;
        if blocks.len() > MOST_BLOCKS {
            return Err(unmet(&format!("{path}.content"), "Member must have length less than or equal to 10"));
        }
        for (content, block) in blocks.iter().enumerate() {
            let path = format!("{path}.content.{}.member", content + 1);
            let fields = Fields::of(&path, block)?;
            fields.only(&["text"])?;
            let text = fields.required_text("text")?;
            if text.is_empty() {
                let constraint = "Member must have length greater than or equal to 1";
                return Err(unmet(&format!("{path}.text"), constraint));
            }
            texts.push(Text { message, content, text });
        }
    }
    Ok(texts)
}

fn checks(checks: &Value) -> Result<Vec<(&'static str, Vec<&str>)>, Reply> {
    let fields = Fields::of("checks", checks)?;
    fields.only(&FAMILIES.map(|family| family.name))?;
    let mut asked = Vec::new();
    for family in &FAMILIES {
        let Some(config) = checks.get(family.name) else { continue };
        let path = format!("checks.{}", family.name);
        let fields = Fields::of(&path, config)?;
        fields.only(&[family.list])?;
        let path = format!("{path}.{}", family.list);
        let entries = at_least_one(&path, fields.required(family.list)?)?;
        if entries.len() > family.values.len() {
            let most = family.values.len();
            return Err(unmet(&path, &format!("Member must have length less than or equal to {most}")));
        }
        let mut names = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let path = format!("{path}.{}.member", index + 1);
            let fields = Fields::of(&path, entry)?;
            fields.only(&[family.member])?;
            let name = fields.required_text(family.member)?;
            one_of(&format!("{path}.{}", family.member), name, family.values)?;
            names.push(name);
        }
        asked.push((family.name, names));
    }
    match asked.is_empty() {
        true => Err(invalid("At least one check must be specified.")),
        false => Ok(asked),
    }
}

fn at_least_one<'a>(path: &str, value: &'a Value) -> Result<&'a [Value], Reply> {
    match list(path, Some(value))? {
        [] => Err(unmet(path, "Member must have length greater than or equal to 1")),
        items => Ok(items),
    }
}

fn one_of(path: &str, given: &str, allowed: &[&str]) -> Result<(), Reply> {
    if allowed.contains(&given) {
        return Ok(());
    }
    Err(invalid(&format!(
        "1 validation error detected: Value '{given}' at '{path}' failed to satisfy constraint: Member must satisfy enum \
         value set: [{}]",
        allowed.join(", ")
    )))
}

fn unmet(path: &str, constraint: &str) -> Reply {
    invalid(&format!("1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}"))
}
