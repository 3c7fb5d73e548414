//! What the service validates, finds and answers.

use serde_json::json;

use super::super::AwsOptions;
use super::super::operation::Asked;
use super::super::reply::Reply;
use super::*;

fn answer(name: &str, body: &Value) -> (Reply, Value) {
    let operation = GEO_PLACES.operations.iter().find(|operation| operation.name == name).unwrap();
    let headers = &http::HeaderMap::new();
    let asked = Asked { target: name, body: Some(body), headers, fault: None, options: &AwsOptions::default() };
    let reply = (operation.answer)(&asked).unwrap_or_else(|refusal| refusal);
    let json = serde_json::from_slice(&reply.body).unwrap_or_default();
    (reply, json)
}

#[test]
fn the_form_of_an_answer_and_its_price() {
    let body = json!({"QueryText": "Eiffel Tower, Paris", "MaxResults": 1});
    let (reply, found) = answer("geocode", &body);
    let item = &found["ResultItems"][0];
    assert_eq!(item["Position"], json!([2.29448, 48.85837]));
    assert_eq!((&item["Address"]["Country"]["Code3"], &item["MatchScores"]["Overall"]), (&json!("FRA"), &json!(1.0)));
    assert_eq!(item.get("TimeZone"), None);
    assert_eq!(reply.headers, [("x-amz-geo-pricing-bucket".to_owned(), "Core".to_owned())]);
    for (more, bucket) in [
        (json!({"AdditionalFeatures": ["TimeZone"]}), "Advanced"),
        (json!({"AdditionalFeatures": ["TimeZone"], "IntendedUse": "Storage"}), "Stored"),
    ] {
        let mut body = body.clone();
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let (reply, found) = answer("geocode", &body);
        assert_eq!(found["ResultItems"][0]["TimeZone"]["Name"], "Europe/Paris");
        assert_eq!(reply.headers[0].1, bucket);
    }
}

#[test]
fn what_is_near_and_what_a_text_begins() {
    let (_, found) = answer("reverse_geocode", &json!({"QueryPosition": [2.2945, 48.8584]}));
    assert_eq!(found["ResultItems"][0]["Address"]["Locality"], "Paris");
    assert!(found["ResultItems"][0]["Distance"].as_i64().is_some_and(|metres| metres < 10), "{found}");
    let (reply, found) = answer("suggest", &json!({"QueryText": "Eiff", "MaxResults": 5}));
    let kinds: Vec<_> =
        found["ResultItems"].as_array().into_iter().flatten().map(|item| &item["SuggestResultItemType"]).collect();
    assert_eq!(kinds, [&json!("Place"), &json!("Query")]);
    assert_eq!(reply.headers[0].1, "Label");
}

#[test]
fn what_is_validated() {
    for (operation, body, field) in [
        ("geocode", json!({}), "QueryText"),
        ("geocode", json!({"QueryText": "a".repeat(201)}), "QueryText"),
        ("geocode", json!({"QueryText": "a", "MaxResults": 101}), "MaxResults"),
        ("geocode", json!({"QueryText": "a", "Filter": {"BoundingBox": [1, 2, 3, 4]}}), "BoundingBox"),
        ("geocode", json!({"QueryText": "a", "IntendedUse": "Ever"}), "IntendedUse"),
        ("geocode", json!({"QueryText": "a", "PoliticalView": "usa"}), "PoliticalView"),
        ("reverse_geocode", json!({"QueryPosition": [200, 0]}), "QueryPosition"),
        ("reverse_geocode", json!({}), "QueryPosition"),
        ("suggest", json!({"QueryText": "a", "IntendedUse": "Storage"}), "IntendedUse"),
    ] {
        let (reply, answer) = answer(operation, &body);
        assert_eq!((reply.status, &answer["fieldList"][0]["name"]), (400, &json!(field)), "{body}");
    }
}
