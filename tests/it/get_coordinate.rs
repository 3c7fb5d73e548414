//! `get_coordinate`: what is sent to Amazon Location, and what comes back.

use sandbox::aws::{Aws, AwsOptions, Fault, Matching, Rule};
use serde_json::{Value, json};

use crate::support::House;

#[tokio::test]
async fn latitude_and_longitude_are_the_right_way_round() {
    let house = House::open().await;
    let rows = json!([
        [0, "3799 S Las Vegas Blvd, Las Vegas, NV"],
        [1, "nowhere at all 99999"],
        [2, "Null Island, Gulf of Guinea"],
        [3, null],
        [4, " "],
        [5, "a".repeat(201)],
    ]);
    let answer = house.post("get_coordinate", rows).await;
    let values = answer.values();
    let (latitude, longitude) = (values[0]["latitude"].as_f64().unwrap(), values[0]["longitude"].as_f64().unwrap());
    assert!((36.0..36.3).contains(&latitude) && (-115.3..-115.0).contains(&longitude), "{}", values[0]);
    assert_eq!(
        values[1..],
        [&json!({}), &json!({"latitude": 0.0, "longitude": 0.0}), &Value::Null, &Value::Null, &Value::Null]
    );
    let calls = house.aws.location().calls();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0].body["MaxResults"], 1);
    assert_eq!(house.aws.location().stats().bad_signatures, 0);
}

#[tokio::test]
async fn a_place_index_that_is_not_there_is_the_statements_fault() {
    let aws = Aws::start(AwsOptions { place_index: "another".to_owned(), ..AwsOptions::default() }).await.unwrap();
    let house = House::of(aws, &[], 1).await;
    let answer = house.post("get_coordinate", json!([[0, "a"], [1, "b"]])).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains("PLACE_INDEX_NAME"), "{}", answer.error());
}

#[tokio::test]
async fn without_a_place_index_the_places_api_is_asked() {
    let house = House::with(&[("PLACE_INDEX_NAME", "")]).await;
    let answer = house.post("get_coordinate", json!([[0, "Eiffel Tower, Paris"], [1, "nowhere at all 99999"]])).await;
    assert_eq!(answer.values(), [&json!({"latitude": 48.85837, "longitude": 2.29448}), &json!({})]);
    assert_eq!(house.aws.location().stats().requests, 0);
    let calls = house.aws.places().calls();
    let expected = json!({"QueryText": "Eiffel Tower, Paris", "MaxResults": 1, "IntendedUse": "SingleUse"});
    assert_eq!((calls[0].operation, &calls[0].body), ("geocode", &expected));
    assert_eq!(house.aws.places().stats().bad_signatures, 0);
}

#[tokio::test]
async fn what_passes_is_invisible() {
    let house = House::open().await;
    let faults = vec![
        Rule::new(Matching::TextContains("Eiffel".to_owned()), Fault::Throttle).per_text(2),
        Rule::new(Matching::TextContains("Louvre".to_owned()), Fault::Drop).per_text(1),
    ];
    house.aws.location().set_faults(faults);
    let answer = house.post("get_coordinate", json!([[0, "Eiffel Tower, Paris"], [1, "Louvre Museum, Paris"]])).await;
    assert!(answer.values().iter().all(|value| value["latitude"].is_number()), "{}", answer.text);
}
