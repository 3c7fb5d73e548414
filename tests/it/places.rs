//! The functions that ask Amazon Location, with a place index and with the Places API: the same SQL, the same shape.

use sandbox::aws::{Call, Fault, Matching, Rule, Service};
use serde_json::{Value, json};

use crate::support::{Answer, House};

const INDEX: &[(&str, &str)] = &[];
const PLACES: &[(&str, &str)] = &[("PLACE_INDEX_NAME", "")];

/// The service that is asked.
fn service<'a>(house: &'a House, variables: &[(&str, &str)]) -> &'a Service {
    if variables.contains(&PLACES[0]) { house.aws.places() } else { house.aws.location() }
}

/// Rows of these arguments, numbered from 0.
fn rows(arguments: &[Value]) -> Value {
    let row = |(number, row): (usize, &Value)| {
        let mut all = vec![json!(number)];
        all.extend(row.as_array().unwrap().iter().cloned());
        Value::from(all)
    };
    arguments.iter().enumerate().map(row).collect()
}

async fn ask(house: &House, function: &str, arguments: &[Value]) -> Vec<Value> {
    house.post(function, rows(arguments)).await.values().into_iter().cloned().collect()
}

fn bodies(service: &Service) -> Vec<Value> {
    service.calls().into_iter().map(|call: Call| call.body).collect()
}

fn eiffel() -> Value {
    json!({
        "latitude": 48.85837, "longitude": 2.29448, "label": "Eiffel Tower, 5 Avenue Anatole France, Paris, Île-de-France, 75007, FRA",
        "relevance": 1.0, "country": "FRA", "region": "Île-de-France", "municipality": "Paris", "postal_code": "75007",
        "street": "Avenue Anatole France", "address_number": "5", "interpolated": false, "place_type": "PointAddress",
        "time_zone": "Europe/Paris",
    })
}

#[tokio::test]
async fn both_services_give_the_same_places_in_the_same_shape() {
    let mut of_each = Vec::new();
    for variables in [INDEX, PLACES] {
        let house = House::with(variables).await;
        let addresses = [
            "Eiffel Tower, Paris",
            "3799 S Las Vegas Blvd, Las Vegas, NV",
            "Las Vegas, NV",
            "Null Island",
            "no such place",
        ];
        let geocoded = ask(&house, "geocode", &addresses.map(|address| json!([address]))).await;
        let options = json!({"max_results": 2, "countries": ["usa"], "language": "en", "min_relevance": 0.7});
        let chosen = ask(&house, "geocode", &[json!(["3600 S Las Vegas Blvd", options])]).await;
        let positions = [
            json!([48.85837, 2.29448]),
            json!([0, -100]),
            json!([48.85837, 2.29448, {"max_results": 2}]),
            json!([null, 1]),
        ];
        let there = ask(&house, "reverse_geocode", &positions).await;
        let texts = [json!(["eiff"]), json!(["zzz"]), json!(["Las Ve", {"max_results": 2}])];
        let suggested = ask(&house, "suggest_address", &texts).await;
        assert_eq!(
            (service(&house, variables).stats().bad_signatures, service(&house, variables).stats().requests),
            (0, 12)
        );
        of_each.push([geocoded, chosen, there, suggested]);
    }
    let [geocoded, chosen, there, suggested] = &of_each[0];
    assert_eq!(geocoded[0], eiffel());
    assert_eq!(
        (&geocoded[2]["place_type"], &geocoded[3]["latitude"], &geocoded[4]),
        (&json!("Locality"), &json!(0.0), &Value::Null)
    );
    assert_eq!(chosen[0]["candidates"].as_array().unwrap().len(), 2);
    assert_eq!(chosen[0]["candidates"][0]["label"], chosen[0]["label"]);
    let mut at_the_tower = eiffel();
    at_the_tower.as_object_mut().unwrap().remove("relevance");
    at_the_tower["distance"] = json!(0.0);
    assert_eq!(there[..2], [at_the_tower, Value::Null]);
    assert_eq!((there[2]["candidates"].as_array().unwrap().len(), &there[3]), (2, &Value::Null));
    assert_eq!(suggested[0], json!([eiffel()["label"]]), "a search for a kind of shop is no address");
    assert_eq!((&suggested[1], suggested[2].as_array().unwrap().len()), (&json!([]), 2));
    // The Places API says whole metres.
    let second = &mut of_each.clone()[1];
    for (of_index, of_places) in [&of_each[0][2][2], &of_each[0][2][2]["candidates"][1]].into_iter().zip([0, 1]) {
        let metres = of_index["distance"].clone();
        let place = &mut second[2][2];
        let place = if of_places == 0 { place } else { &mut place["candidates"][1] };
        assert!((metres.as_f64().unwrap() - place["distance"].as_f64().unwrap()).abs() <= 0.5);
        place["distance"] = metres;
    }
    assert_eq!(*second, of_each[0]);
}

#[tokio::test]
async fn options_reach_both_services_in_their_form() {
    let options =
        json!({"countries": ["FRA"], "language": "fr", "bias": {"latitude": 48.8, "longitude": 2.3}, "max_results": 3});
    let house = House::with(INDEX).await;
    ask(&house, "geocode", &[json!(["Paris", options])]).await;
    ask(&house, "geocode", &[json!(["Paris", {"bounding_box": {"west": 2, "south": 48, "east": 3, "north": 49}}])])
        .await;
    ask(&house, "reverse_geocode", &[json!([48.8, 2.3, {"language": "fr", "time_zone": false}])]).await;
    ask(&house, "suggest_address", &[json!(["Par", {"bounding_box": [2, 48, 3, 49]}])]).await;
    let bounds = json!([2.0, 48.0, 3.0, 49.0]);
    assert_eq!(
        bodies(house.aws.location()),
        [
            json!({"Text": "Paris", "MaxResults": 3, "FilterCountries": ["FRA"], "Language": "fr", "BiasPosition": [2.3, 48.8]}),
            json!({"Text": "Paris", "MaxResults": 1, "FilterBBox": bounds}),
            json!({"Position": [2.3, 48.8], "MaxResults": 1, "Language": "fr"}),
            json!({"Text": "Par", "MaxResults": 5, "FilterBBox": bounds}),
        ]
    );

    let house = House::with(&[PLACES[0], ("LOCATION_INTENDED_USE", "Storage")]).await;
    ask(&house, "geocode", &[json!(["Paris", options])]).await;
    ask(&house, "reverse_geocode", &[json!([48.8, 2.3, {"time_zone": false, "political_view": "FRA"}])]).await;
    ask(&house, "suggest_address", &[json!(["Par", {"countries": ["FRA"], "bounding_box": [2, 48, 3, 49]}])]).await;
    assert_eq!(
        bodies(house.aws.places()),
        [
            json!({
                "QueryText": "Paris", "MaxResults": 3, "Filter": {"IncludeCountries": ["FRA"]}, "Language": "fr",
                "BiasPosition": [2.3, 48.8], "AdditionalFeatures": ["TimeZone"], "IntendedUse": "Storage",
            }),
            json!({"QueryPosition": [2.3, 48.8], "MaxResults": 1, "PoliticalView": "FRA", "IntendedUse": "Storage"}),
            json!({
                "QueryText": "Par", "MaxResults": 5, "Filter": {"IncludeCountries": ["FRA"], "BoundingBox": bounds},
                "IntendedUse": "SingleUse",
            }),
        ]
    );
}

#[tokio::test]
async fn an_option_that_cannot_be_is_a_400_before_any_call_whatever_the_other_rows_are() {
    for (variables, function, options, expected) in [
        (
            INDEX,
            "geocode",
            json!({"contries": ["USA"]}),
            "no option \"contries\" here; the options are countries, language",
        ),
        (INDEX, "geocode", json!({"max_results": 51}), "\"max_results\" must be a whole number from 1 to 50"),
        (INDEX, "geocode", json!({"political_view": "USA"}), "\"political_view\" cannot be had from a place index"),
        (
            PLACES,
            "geocode",
            json!({"bounding_box": [1, 2, 3, 4]}),
            "\"bounding_box\" cannot be had from the Places API",
        ),
        (PLACES, "suggest_address", json!({"min_relevance": 0.5}), "no option \"min_relevance\""),
    ] {
        let house = House::with(variables).await;
        let answer = house.post(function, rows(&[json!(["Paris"]), json!(["Paris", options])])).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.error().contains(expected), "{}", answer.error());
        assert_eq!(house.aws.places().stats().requests + house.aws.location().stats().requests, 0);

        let tried = ask(&house, &format!("try_{function}"), &[json!(["Paris"]), json!(["Paris", options])]).await;
        assert_eq!((&tried[0]["error"], &tried[1]["error"]["code"]), (&Value::Null, &json!("invalid_argument")));
        assert!(tried[1]["error"]["message"].as_str().unwrap().contains(expected));
    }
}

#[tokio::test]
async fn an_envelope_tells_no_match_from_an_error_and_what_was_paid() {
    let house = House::with(PLACES).await;
    let faults = vec![Rule::new(Matching::TextContains("Louvre".to_owned()), Fault::Drop).per_text(1)];
    house.aws.places().set_faults(faults);
    let time_zone = json!({"time_zone": false});
    let arguments = [
        json!(["Eiffel Tower, Paris"]),
        json!([" Eiffel  Tower, Paris"]),
        json!(["no such place"]),
        json!([" "]),
        json!([null]),
        json!(["Louvre Museum, Paris", time_zone]),
    ];
    let mut tried = ask(&house, "try_geocode", &arguments).await;
    for envelope in tried.iter_mut().filter(|envelope| !envelope.is_null()) {
        assert!(envelope["latency_ms"].is_u64(), "{envelope}");
        envelope["latency_ms"] = json!(0);
    }
    let envelope = |value: Value, attempts: u32, bucket: Value| {
        json!({
            "value": value, "error": null, "stop_reason": null, "truncated": null, "model_id": null, "usage": null, "cost_usd": null,
            "service_tier": null, "pricing_bucket": bucket, "attempts": attempts,
            "latency_ms": 0, "shared": null,
        })
    };
    assert_eq!(tried[0], envelope(eiffel(), 1, json!("Advanced")));
    let mut shared = envelope(eiffel(), 0, Value::Null);
    shared["shared"] = json!("batch");
    assert_eq!(tried[1], shared);
    assert_eq!(tried[2], envelope(Value::Null, 1, json!("Advanced")));
    assert_eq!(
        (&tried[3]["value"], &tried[3]["error"]),
        (
            &Value::Null,
            &json!({"code": "invalid_argument", "message": "the address is empty or blank", "retryable": false})
        )
    );
    assert_eq!(tried[4], Value::Null, "a NULL argument gives NULL");
    assert_eq!((&tried[5]["attempts"], &tried[5]["pricing_bucket"]), (&json!(2), &json!("Core")));
    assert_eq!(tried[5]["value"]["time_zone"], Value::Null);
    assert_eq!(bodies(house.aws.places())[0]["QueryText"], "Eiffel Tower, Paris", "what is sent is folded, too");
}

#[tokio::test]
async fn every_door_gives_the_envelope_and_faults_of_the_statement_are_in_it() {
    let house = House::with(PLACES).await;
    let denied = Fault::error(
        403,
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/r/x is not authorized",
    );
    house.aws.places().set_faults(vec![Rule::new(Matching::All, denied)]);
    let refused: Answer = house.post("get_coordinate", json!([[0, "Paris"], [1, "London"]])).await;
    assert_eq!(refused.status, 400);
    assert!(refused.error().contains("geo-places:Geocode") && !refused.text.contains("arn:"), "{}", refused.text);
    let is_denied = |envelope: &Value| {
        assert_eq!(
            (&envelope["value"], &envelope["error"]["code"]),
            (&Value::Null, &json!("access_denied")),
            "{envelope}"
        );
    };
    let call = |arguments: Value| json!({"function": "try_get_coordinate", "arguments": arguments});
    ask(&house, "try_get_coordinate", &[json!(["Paris"]), json!(["London"])]).await.iter().for_each(is_denied);
    is_denied(&house.invoke(&call(json!(["Paris"]))).await.unwrap());
    let pipes = house.invoke(&json!([call(json!(["Paris"])), call(json!({"address": null}))])).await.unwrap();
    is_denied(&pipes[0]["result"]);
    assert_eq!((pipes[0].get("error"), &pipes[1]["result"]), (None, &Value::Null));
    let redshift = json!({"external_function": "s.try_get_coordinate", "arguments": [["Paris"]], "num_records": 1});
    let redshift = house.invoke(&redshift).await.unwrap();
    is_denied(&serde_json::from_str(redshift["results"][0].as_str().unwrap()).unwrap());
}

#[tokio::test]
async fn no_relevance_to_filter_by_is_the_statements_fault() {
    let house = House::with(INDEX).await;
    let body = json!({"Summary": {"Text": "x", "DataSource": "Here"}, "Results": [{"Place": {"Geometry": {"Point": [1.0, 2.0]}}}]});
    let nothing = json!({"Summary": {"Text": "x", "DataSource": "Here"}, "Results": []});
    house.aws.location().set_faults(vec![
        Rule::new(Matching::TextContains("nowhere".to_owned()), Fault::Malformed(nothing.to_string())),
        Rule::new(Matching::All, Fault::Malformed(body.to_string())),
    ]);
    assert_eq!(ask(&house, "geocode", &[json!(["Paris"])]).await[0]["relevance"], Value::Null);
    let all: Vec<Value> = (0..30).map(|number| json!([format!("{number} Paris"), {"min_relevance": 0.5}])).collect();
    let answer = house.post("geocode", rows(&all)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains("min_relevance"), "{}", answer.error());
    // Each call is paid for, also where nothing was found at first.
    let requests = || house.aws.location().stats().requests;
    assert!(requests() <= 1 + 8, "{}", requests());
    house.aws.location().reset();
    assert_eq!(ask(&house, "geocode", &[json!(["nowhere", {"min_relevance": 0.5}])]).await, [Value::Null]);
    let tried = ask(&house, "try_geocode", &all).await;
    assert!(tried.iter().all(|row| row["error"]["code"] == "invalid_argument"), "{tried:?}");
    assert_eq!(requests(), 1 + 30);
}
