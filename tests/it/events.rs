//! The events that `sam local invoke -e` is tried with: every file of `events/` gets its answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::House;

fn read(name: &str) -> Value {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn eiffel() -> Value {
    json!({"latitude": 48.85837, "longitude": 2.29448})
}

/// All that is known of the tower, with how well it fits or how far it is.
fn tower(measure: &str, value: f64) -> Value {
    json!({
        "latitude": 48.85837, "longitude": 2.29448, "label": "Eiffel Tower, 5 Avenue Anatole France, Paris, Île-de-France, 75007, FRA",
        measure: value, "country": "FRA", "region": "Île-de-France", "municipality": "Paris", "postal_code": "75007",
        "street": "Avenue Anatole France", "address_number": "5", "interpolated": false, "place_type": "PointAddress",
        "time_zone": "Europe/Paris",
    })
}

/// The rows of the answer to each event of the two functions of the article.
fn expected(name: &str) -> Value {
    if name.contains("ask-bedrock") {
        json!([[0, "positive"], [1, "negative"], [2, "positive"], [3, null]])
    } else {
        let las_vegas = json!({"latitude": 36.10212, "longitude": -115.16946});
        json!([[0, las_vegas], [1, eiffel()], [2, null], [3, {}]])
    }
}

#[tokio::test]
async fn every_event_has_its_answer() {
    let house = House::open().await;
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/events")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        names.insert(name.strip_suffix(".json").unwrap().to_owned());
    }
    for name in &names {
        let event = read(name);
        match name.as_str() {
            "api-gateway-v1-empty" => assert_eq!(house.http(event).await.text, r#"{"data":[]}"#),
            "api-gateway-v1-poll" => assert_eq!(house.http(event).await.status, 404),
            "api-gateway-v1-unknown-model" => {
                let answer = house.http(event).await;
                assert_eq!(answer.status, 400);
                assert!(answer.error().contains("no.such.model"));
            }
            "direct-one-call" => assert_eq!(house.invoke(&event).await, Ok(eiffel())),
            "direct-geocode" => {
                assert_eq!(
                    house.invoke(&event).await,
                    Ok(json!({"data": [[0, tower("relevance", 1.0)], [1, null], [2, null]]}))
                );
            }
            "direct-reverse-geocode" => assert_eq!(house.invoke(&event).await, Ok(tower("distance", 0.0))),
            "direct-suggest-address" => {
                assert_eq!(house.invoke(&event).await, Ok(json!([tower("distance", 0.0)["label"]])))
            }
            "direct-try-geocode" => {
                let rows = house.invoke(&event).await.unwrap();
                assert_eq!((&rows["data"][0][1]["value"], &rows["data"][0][1]["error"]), (&Value::Null, &Value::Null));
                assert_eq!(rows["data"][1][1]["error"]["code"], "invalid_argument");
                assert_eq!(rows["data"][2][1], Value::Null);
            }
            "direct-embed-text" => {
                let rows = house.invoke(&event).await.unwrap();
                let length = |row: usize| rows["data"][row][1].as_array().map(Vec::len);
                assert_eq!([length(0), length(1), length(2), length(3)], [Some(256), Some(1024), Some(1024), None]);
                assert_eq!(rows["data"][1][1], rows["data"][2][1]);
            }
            "direct-redact-pii" => {
                let redacted = [
                    json!([0, "Write to [EMAIL] or call [PHONE]."]),
                    json!([1, "From 10.0.0.1, by [NAME]"]),
                    json!([2, "Nothing to hide."]),
                    json!([3, null]),
                ];
                assert_eq!(house.invoke(&event).await, Ok(json!({"data": redacted})));
            }
            "direct-moderate-text" => {
                assert_eq!(house.invoke(&event).await, Ok(json!({"insults": 0.8, "prompt_injection": 0.8})));
            }
            "direct-try-redact-pii" | "direct-try-moderate-text" => {
                let rows = house.invoke(&event).await.unwrap();
                let is_redacted = rows["data"][0][1]["value"] == "Write to [EMAIL]";
                assert!(is_redacted || rows["data"][0][1]["value"]["insults"] == 0.8, "{name}");
                assert_eq!(rows["data"][1][1]["error"]["code"], "invalid_argument");
                assert_eq!(rows["data"][2][1], Value::Null);
            }
            "direct-ask-bedrock-options" => {
                let expected = json!([[0, "{\"label\":\"positive\"}"], [1, "negative"], [2, null]]);
                assert_eq!(house.invoke(&event).await, Ok(json!({ "data": expected })));
            }
            "direct-classify-text" => {
                let expected = json!([[0, "delivery"], [1, "delivery"], [2, null]]);
                assert_eq!(house.invoke(&event).await, Ok(json!({ "data": expected })));
            }
            "direct-extract-fields" => {
                let order =
                    json!({"email": "jane.doe@example.com", "order_id": "A-1234", "phone": null, "total": 12.5});
                assert_eq!(house.invoke(&event).await, Ok(json!({"data": [[0, order], [1, null]]})));
            }
            "direct-filter-text" => {
                let expected = json!([[0, true], [1, false], [2, null]]);
                assert_eq!(house.invoke(&event).await, Ok(json!({ "data": expected })));
            }
            "direct-sentiment" => {
                let expected = json!([[0, "positive"], [1, "negative"], [2, "mixed"], [3, "neutral"], [4, null]]);
                assert_eq!(house.invoke(&event).await, Ok(json!({ "data": expected })));
            }
            "direct-try-ask-bedrock" => {
                let rows = house.invoke(&event).await.unwrap();
                let row = |number: usize| &rows["data"][number][1];
                assert_eq!([&row(0)["value"]["label"], &row(1)["value"]["label"]], ["positive", "positive"]);
                // The first has paid for the second, so that the sum of the column is what was paid.
                assert_eq!((&row(0)["shared"], &row(1)["shared"]), (&Value::Null, &json!("batch")));
                assert!(row(0)["cost_usd"].as_f64().is_some_and(|cost| cost > 0.0));
                assert_eq!((&row(1)["cost_usd"], &row(1)["usage"]["input_tokens"]), (&json!(0.0), &json!(0)));
                assert_eq!((&row(2)["error"]["code"], row(3)), (&json!("model_not_found"), &Value::Null));
            }
            "direct-try-classify-text" => {
                let rows = house.invoke(&event).await.unwrap();
                assert_eq!(rows["data"][0][1]["value"], "delivery");
                for row in 1..3 {
                    assert_eq!(rows["data"][row][1]["error"]["code"], "invalid_argument");
                }
            }
            "direct-try-extract-fields" => {
                assert_eq!(house.invoke(&event).await.unwrap()["value"], json!({"order_id": "A-1234"}));
            }
            "direct-try-filter-text" => assert_eq!(house.invoke(&event).await.unwrap()["value"], true),
            "direct-try-sentiment" => assert_eq!(house.invoke(&event).await.unwrap()["value"], "positive"),
            "pipes" => {
                let answer = house.invoke(&event).await.unwrap();
                assert_eq!(answer[0]["messageId"], event[0]["messageId"]);
                assert_eq!(answer[1]["result"], "positive");
                assert_eq!(answer[2]["error"]["code"], "invalid_argument");
            }
            "redshift" => {
                let answer = house.invoke(&event).await.unwrap();
                let first: Value = serde_json::from_str(answer["results"][0].as_str().unwrap()).unwrap();
                assert_eq!(first, eiffel());
                assert_eq!(answer["results"].as_array().unwrap()[1..], [Value::Null, Value::Null]);
            }
            _ if name.starts_with("api-gateway") => {
                assert_eq!(house.http(event).await.body, json!({"data": expected(name)}), "{name}");
            }
            _ => assert_eq!(house.invoke(&event).await, Ok(json!({"data": expected(name)})), "{name}"),
        }
    }
    assert_eq!(names.len(), 30);
}
