//! What the service validates, finds and answers.

use serde_json::json;

use super::*;

fn answer(body: &Value) -> (u16, Value) {
    LOCATION.ask("search_text", "sandbox-places", body, None)
}

fn first(text: &str) -> String {
    let (status, answer) = answer(&json!({"Text": text, "MaxResults": 1}));
    assert_eq!(status, 200);
    answer["Results"][0]["Place"]["Label"].as_str().unwrap_or("nothing").to_owned()
}

#[test]
fn finds_addresses_however_they_are_written() {
    let label = "Empire State Building, 350 5th Ave, New York, NY, 10118, USA";
    for text in [
        "350 5th Ave, New York, NY",
        "350 Fifth Avenue, New York, NY 10118, USA",
        "350 5TH AVENUE NEW YORK",
        "Empire State Building",
        "Empire State Building, 5th Avenue, NYC",
    ] {
        assert_eq!(first(text), label, "{text}");
    }
    assert!(first("3799 South Las Vegas Boulevard, Las Vegas, Nevada").starts_with("Joël Robuchon, 3799"));
    assert!(first("3799 S Las Vegas Blvd").starts_with("Joël Robuchon, 3799"));
    assert!(first("Joel Robuchon").starts_with("Joël Robuchon, 3799"));
    assert!(first("東京タワー, Tokyo Tower").starts_with("Tokyo Tower, Shibakoen 4-2-8"));
    assert_eq!(first("Las Vegas, NV"), "Las Vegas, NV, USA");
}

#[test]
fn every_place_is_found_by_its_own_address() {
    for place in places::all() {
        let found = places::find(&place.label());
        assert!(found.iter().any(|found| found.name == place.name), "{}", place.label());
        assert!(place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0);
    }
    assert!(places::all().len() >= 60);
}

#[test]
fn finds_nothing_elsewhere() {
    for text in ["12345 S Las Vegas Blvd, Las Vegas, NV", "350 6th Ave, Springfield", "no such place", " ", "zzz"] {
        assert_eq!(first(text), "nothing", "{text}");
    }
}

#[test]
fn the_form_of_an_answer() {
    let (_, found) = answer(&json!({"Text": "Null Island, Gulf of Guinea", "MaxResults": 5}));
    let place = &found["Results"][0]["Place"];
    assert_eq!(place["Geometry"]["Point"], json!([0.0, 0.0]));
    assert_eq!(found["Results"][0]["Relevance"], 1.0);
    assert_eq!(found["Summary"]["ResultBBox"], json!([0.0, 0.0, 0.0, 0.0]));
    let (_, found) = answer(&json!({"Text": "1600 Pennsylvania Ave NW, Washington, DC"}));
    let place = &found["Results"][0]["Place"];
    assert_eq!(place["Geometry"]["Point"], json!([-77.03653, 38.89768]));
    for (name, value) in [
        ("AddressNumber", "1600"),
        ("Municipality", "Washington"),
        ("Region", "District of Columbia"),
        ("Country", "USA"),
        ("PostalCode", "20500"),
    ] {
        assert_eq!(place[name], value);
    }
    assert_eq!(found["Summary"]["MaxResults"], 50);
    assert!(found["Results"][0].get("Distance").is_none());
}

#[test]
fn filters_and_bias() {
    let count = |body: Value| answer(&body).1["Results"].as_array().map_or(0, Vec::len);
    assert_eq!(count(json!({"Text": "3600 S Las Vegas Blvd", "MaxResults": 2})), 2);
    assert_eq!(count(json!({"Text": "Eiffel Tower", "FilterCountries": ["USA"]})), 0);
    assert_eq!(count(json!({"Text": "Eiffel Tower", "FilterBBox": [2.0, 48.0, 3.0, 49.0]})), 1);
    assert_eq!(count(json!({"Text": "Eiffel Tower", "FilterBBox": [3.0, 48.0, 4.0, 49.0]})), 0);
    let (_, found) = answer(&json!({"Text": "Eiffel Tower", "BiasPosition": [2.33764, 48.86061]}));
    let metres = found["Results"][0]["Distance"].as_f64().unwrap_or_default();
    assert!((3100.0..3250.0).contains(&metres), "{metres}");
}

#[test]
fn what_is_validated() {
    for (body, reason, field) in [
        (json!({}), "Missing", "Text"),
        (json!({"Text": 1}), "CannotParse", "Text"),
        (json!({"Text": ""}), "FieldValidationFailed", "Text"),
        (json!({"Text": "é".repeat(201)}), "FieldValidationFailed", "Text"),
        (json!({"Text": "a", "MaxResults": 0}), "FieldValidationFailed", "MaxResults"),
        (json!({"Text": "a", "MaxResults": 51}), "FieldValidationFailed", "MaxResults"),
        (json!({"Text": "a", "BiasPosition": [200, 0]}), "FieldValidationFailed", "BiasPosition"),
        (json!({"Text": "a", "BiasPosition": [2]}), "FieldValidationFailed", "BiasPosition"),
        (json!({"Text": "a", "BiasPosition": [2, 3], "FilterBBox": [1, 2, 3, 4]}), "Other", "FilterBBox"),
        (json!({"Text": "a", "FilterCountries": ["US"]}), "FieldValidationFailed", "FilterCountries"),
        (json!({"Text": "a", "Sort": true}), "UnknownField", "Sort"),
    ] {
        let (status, answer) = answer(&body);
        assert_eq!((status, &answer["reason"]), (400, &json!(reason)), "{body}");
        assert_eq!(answer["fieldList"][0]["name"], field);
    }
    assert_eq!(answer(&json!({"Text": "é".repeat(200)})).0, 200);
}
