//! The items of a table, and what can be done with them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::counts::{Counts, size};
use super::expression::{Names, holds, update};

/// An item, as DynamoDB writes it: each attribute is an object of its type and its value.
pub(super) type Item = Map<String, Value>;

/// Items by their key, `pk`.
#[derive(Debug, Default)]
pub(super) struct Items {
    items: HashMap<String, Item>,
    pub(super) counts: Counts,
}

impl Items {
    /// The answer to an operation, or the refusal of it.
    pub(super) fn answer(&mut self, operation: &str, body: &Value) -> Result<Value, Value> {
        match operation {
            "GetItem" => {
                let item = key(&body["Key"]).and_then(|key| self.items.get(&key));
                self.counts.read([item.map_or(0, |item| size(&json!(item)))]);
                Ok(item.map_or(json!({}), |item| json!({"Item": item})))
            }
            "PutItem" => {
                let item = body["Item"].as_object().ok_or_else(|| invalid("no item"))?;
                let key = key(&body["Item"]).ok_or_else(|| invalid("no key"))?;
                self.written(&key, item);
                self.check(&key, body)?;
                self.items.insert(key, item.clone());
                Ok(json!({}))
            }
            "UpdateItem" => {
                let key = key(&body["Key"]).ok_or_else(|| invalid("no key"))?;
                if let Err(refusal) = self.check(&key, body) {
                    self.written(&key, &Item::new());
                    return Err(refusal);
                }
                let before = self.items.get(&key).cloned();
                let mut item = before.clone().or_else(|| body["Key"].as_object().cloned()).unwrap_or_default();
                let expression = body["UpdateExpression"].as_str().unwrap_or_default();
                update(expression, &mut item, Names::of(body)).ok_or_else(|| invalid(expression))?;
                self.written(&key, &item);
                self.items.insert(key, item.clone());
                Ok(match body["ReturnValues"].as_str() {
                    Some("ALL_NEW") => json!({"Attributes": item}),
                    Some("ALL_OLD") => before.map_or(json!({}), |before| json!({"Attributes": before})),
                    _ => json!({}),
                })
            }
            "BatchGetItem" => {
                let keys = |of: &Value| of["Keys"].as_array().cloned().unwrap_or_default();
                let mut found = Item::new();
                let mut sizes = Vec::new();
                for (table, of) in body["RequestItems"].as_object().into_iter().flatten() {
                    let items: Vec<_> =
                        keys(of).iter().map(|of| json!(key(of).and_then(|key| self.items.get(&key)))).collect();
                    sizes.extend(items.iter().map(size));
                    found.insert(table.clone(), items.into_iter().filter(|item| !item.is_null()).collect());
                }
                self.counts.read(sizes);
                Ok(json!({"Responses": found, "UnprocessedKeys": {}}))
            }
            "BatchWriteItem" => {
                let mut sizes = Vec::new();
                let tables = body["RequestItems"].as_object().into_iter().flatten();
                for write in tables.filter_map(|(_, writes)| writes.as_array()).flatten() {
                    let item = &write["PutRequest"]["Item"];
                    sizes.push(size(item));
                    let (key, item) = key(item).zip(item.as_object()).ok_or_else(|| invalid("no item"))?;
                    self.items.insert(key, item.clone());
                }
                self.counts.written(sizes);
                Ok(json!({"UnprocessedItems": {}}))
            }
            _ => Err(refusal("UnknownOperationException", operation)),
        }
    }

    /// Counts a write, whatever becomes of it: a refused one is charged as well, and each by the larger one of the item that is there and the new one.
    fn written(&mut self, key: &str, item: &Item) {
        let before = self.items.get(key).map(|before| size(&json!(before)));
        self.counts.written([size(&json!(item)).max(before.unwrap_or_default())]);
    }

    /// Whether the condition of a write holds.
    fn check(&self, key: &str, body: &Value) -> Result<(), Value> {
        let Some(condition) = body["ConditionExpression"].as_str() else {
            return Ok(());
        };
        let item = self.items.get(key);
        if holds(condition, item, Names::of(body)).ok_or_else(|| invalid(condition))? {
            return Ok(());
        }
        let mut refusal = refusal("ConditionalCheckFailedException", "The conditional request failed");
        if let Some(item) = item.filter(|_| body["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD") {
            refusal["Item"] = json!(item);
        }
        Err(refusal)
    }
}

fn key(of: &Value) -> Option<String> {
    of["pk"]["S"].as_str().map(str::to_owned)
}

pub(super) fn refusal(code: &str, message: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message})
}

fn invalid(what: &str) -> Value {
    refusal("ValidationException", &format!("this table does not understand: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(items: &mut Items, value: u32, condition: &str) -> Result<Value, Value> {
        let item = json!({"pk": {"S": "a"}, "expires_at": {"N": value.to_string()}});
        items.answer(
            "PutItem",
            &json!({"Item": item, "ConditionExpression": condition, "ExpressionAttributeValues": {":now": {"N": "5"}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
        )
    }

    #[test]
    fn a_conditional_write_shows_the_item_that_is_there() {
        let mut items = Items::default();
        let condition = "attribute_not_exists(pk) OR expires_at < :now";
        put(&mut items, 4, condition).unwrap();
        put(&mut items, 7, condition).unwrap();
        let refused = put(&mut items, 9, condition).unwrap_err();
        assert_eq!((items.counts.writes, items.counts.write_units), (3, 3), "a refused write is charged");
        assert_eq!(refused["Item"]["expires_at"], json!({"N": "7"}));
        assert!(
            put(&mut items, 9, "contains(pk, :now)").unwrap_err()["message"].as_str().unwrap().contains("contains")
        );
        let got = items.answer(
            "BatchGetItem",
            &json!({"RequestItems": {"t": {"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}]}}}),
        );
        assert_eq!(got.unwrap()["Responses"]["t"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn an_update_makes_an_item_and_changes_it() {
        let mut items = Items::default();
        let mut change = |expression: &str| {
            let body = json!({"Key": {"pk": {"S": "a"}}, "UpdateExpression": expression, "ReturnValues": "ALL_NEW",
                "ExpressionAttributeNames": {"#list": "list"},
                "ExpressionAttributeValues": {":one": {"N": "1"}, ":more": {"L": [{"N": "2"}]}, ":none": {"L": []}}});
            items.answer("UpdateItem", &body).map(|answer| answer["Attributes"].clone())
        };
        change("SET a = :one, #list = :none ADD b :one").unwrap();
        let item = change("SET #list = list_append(#list, :more) ADD b :one").unwrap();
        assert_eq!(item, json!({"pk": {"S": "a"}, "a": {"N": "1"}, "b": {"N": "2"}, "list": {"L": [{"N": "2"}]}}));
        assert_eq!(change("REMOVE a, #list").unwrap(), json!({"pk": {"S": "a"}, "b": {"N": "2"}}));
        assert!(change("SET a = :missing").is_err());
        change("SET a = :one").unwrap();
        assert_eq!(change("SET a = a + :one").unwrap()["a"], json!({"N": "2"}));
        assert!(change("SET a = c + :one").is_err(), "there is no c");
    }
}
