//! `embed_text`: what is sent to each family of models, and what comes back.

use sandbox::aws::{Fault, Matching, Rule, embedding};
use serde_json::{Value, json};

use crate::support::{House, MODEL};

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const COHERE_3: &str = "cohere.embed-multilingual-v3";
const COHERE_4: &str = "us.cohere.embed-v4:0";
const NOVA: &str = "amazon.nova-2-multimodal-embeddings-v1:0";

/// The vector that the service gives, as JSON with as few digits as tell a number of 32 bits.
fn vector(model: &str, text: &str, dimensions: Option<usize>) -> Value {
    embedding(model, text, dimensions).iter().map(|number| number.to_string().parse::<f64>().unwrap()).collect()
}

#[tokio::test]
async fn each_family_gets_its_body_and_gives_numbers() {
    let house = House::open().await;
    for (model, options, dimensions, body) in [
        (TITAN, Value::Null, 1024, json!({"inputText": "A lamp.", "dimensions": 1024, "normalize": true})),
        (TITAN, json!({"dimensions": 256}), 256, json!({"inputText": "A lamp.", "dimensions": 256, "normalize": true})),
        (
            COHERE_3,
            json!({"input_type": "search_query", "truncate": "END"}),
            1024,
            json!({"texts": ["A lamp."], "input_type": "search_query", "truncate": "END"}),
        ),
        (
            COHERE_4,
            json!({"dimensions": 512}),
            512,
            json!({
                "texts": ["A lamp."], "input_type": "search_document", "truncate": "NONE", "embedding_types": ["float"],
                "output_dimension": 512,
            }),
        ),
        (
            NOVA,
            json!({"dimensions": 384, "input_type": "clustering", "truncate": "START"}),
            384,
            json!({
                "schemaVersion": "nova-multimodal-embed-v1",
                "taskType": "SINGLE_EMBEDDING",
                "singleEmbeddingParams": {
                    "embeddingPurpose": "CLUSTERING",
                    "embeddingDimension": 384,
                    "text": {"truncationMode": "START", "value": "A lamp."},
                },
            }),
        ),
    ] {
        let answer = house.post("embed_text", json!([[0, "A lamp.", model, options]])).await;
        assert_eq!(answer.values(), [&vector(model, "A lamp.", Some(dimensions))], "{model} {options}");
        let call = house.aws.bedrock().calls().pop().unwrap();
        assert_eq!((call.operation, call.target.as_str(), call.body), ("invoke", model, body));
    }
    assert_eq!(house.aws.bedrock().stats().bad_signatures, 0);
    let raw = house.aws.bedrock().calls().len();
    let body = json!([[0, "A lamp.", TITAN], [1, null, TITAN], [2, " ", TITAN], [3, "A lamp.", TITAN, {}]]);
    let answer = house.post("embed_text", body).await;
    let lamp = vector(TITAN, "A lamp.", None);
    assert_eq!(answer.values(), [&lamp, &Value::Null, &Value::Null, &lamp]);
    assert_eq!(house.aws.bedrock().calls().len(), raw + 1, "no options, said or not, are one question");
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_where_that_is_asked_for() {
    let house = House::open().await;
    let long = format!("{}end", "a ".repeat(2000));
    let with = |number: u32, options: Value| json!([number, long, COHERE_3, options]);
    let rows =
        json!([with(0, Value::Null), with(1, json!({"truncate": "END"})), with(2, json!({"truncate": "start"}))]);
    let answer = house.post("embed_text", rows).await;
    let values = answer.values();
    assert_eq!(values[0], &Value::Null);
    let texts: Vec<String> = house.aws.bedrock().calls().into_iter().map(|call| call.text).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts.iter().all(|text| text.chars().count() == 2048));
    assert!(texts.iter().any(|text| text.ends_with("end")) && texts.iter().any(|text| !text.ends_with("end")));
    let tried = house.post("try_embed_text", json!([with(0, Value::Null)])).await;
    assert_eq!(tried.values()[0]["error"]["code"], "too_large");
}

#[tokio::test]
async fn an_envelope_has_the_tokens_that_the_model_counted() {
    let house = House::open().await;
    let rows = json!([[0, "A lamp.", TITAN], [1, "A lamp.", TITAN], [2, "A lamp.", MODEL], [3, "x", TITAN, {"dimensions": 3}]]);
    let answer = house.post("try_embed_text", rows).await;
    let values = answer.values();
    assert_eq!(values[0]["value"], vector(TITAN, "A lamp.", None));
    assert_eq!((&values[0]["usage"]["input_tokens"], &values[0]["shared"]), (&json!(2), &Value::Null));
    assert_eq!((&values[1]["usage"]["input_tokens"], &values[1]["shared"]), (&json!(0), &json!("batch")));
    assert_eq!(values[1]["value"], values[0]["value"]);
    for (envelope, named) in [(values[2], MODEL), (values[3], "dimensions")] {
        assert_eq!((&envelope["value"], &envelope["error"]["code"]), (&Value::Null, &json!("invalid_argument")));
        assert!(envelope["error"]["message"].as_str().unwrap().contains(named), "{envelope}");
    }
}

#[tokio::test]
async fn an_answer_of_another_number_of_vectors_is_asked_for_again() {
    let house = House::open().await;
    let short = Fault::Malformed(json!({"embeddings": [[1.0]]}).to_string());
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, short).times(1)]);
    let answer = house.post("embed_text", json!([[0, "a", COHERE_3], [1, "b", COHERE_3]])).await;
    assert_eq!(answer.values(), [&vector(COHERE_3, "a", None), &vector(COHERE_3, "b", None)]);
}
