//! The article's two examples.

use sandbox::snowflake::QueryOptions;
use serde_json::{Value, json};

use crate::Failure;
use crate::stage::Stage;
use crate::table::print_table;

/// The article's model. It is past its end of life at AWS, and still answered by the sandbox.
pub const MODEL: &str = "anthropic.claude-3-sonnet-20240229-v1:0";

const EMAIL: &str = "Review the customer's most frequent retail purchases from last year. Write a personalized email \
    explaining their shopper profile based on these habits. Add a tailored message suggesting products and brands for \
    them to consider, from their purchase history.";
const JSON_ONLY: &str = "You are a helpful agent only respond with json format, not anything else";
const RESTAURANTS: &str = "Give me a few 5-star michelin restaurants in Las Vegas using json format as \
    {\"places\":[{\"place_name\",\"address\",\"city_name\",\"state_name\" }]}";

/// The instructions of the article's e-mail.
pub fn email_instructions() -> &'static str {
    EMAIL
}

/// Plays both; the places are shown without coordinates where the caller may not search for them.
pub async fn play(stage: &Stage, model: &str) -> Result<(), Failure> {
    println!("\n1. An e-mail from purchase history\n");
    println!(
        "   select ask_bedrock($DEFAULT_LLM_INSTRUCTIONS, 'Home Decor, Furniture, Lighting',\n                      '{model}');\n"
    );
    let email = ask(stage, EMAIL, "Home Decor, Furniture, Lighting", model).await?;
    for line in email.lines() {
        println!("   | {line}");
    }

    println!("\n2. Restaurants as JSON, and where they are\n");
    println!("   select place, addr, city, state, coord:latitude, coord:longitude from (");
    println!("     … parse_json(ask_bedrock($DEFAULT_LLM_INSTRUCTIONS, $PROMPT, $DEFAULT_MODEL))");
    println!("     … get_coordinate(addr) as coord …);\n");
    let text = ask(stage, JSON_ONLY, RESTAURANTS, model).await?;
    let places = places(&text)?;
    let addresses = places.iter().map(|place| vec![place["address"].clone()]).collect();
    let options = QueryOptions { retry_for: stage.patience, ..QueryOptions::new("get_coordinate") };
    let (coordinates, refused) = match stage.snowflake.query(addresses, options).await {
        Ok(answer) => (answer.values, None),
        Err(refused) if stage.aws.is_none() => (vec![Value::Null; places.len()], Some(refused)),
        Err(refused) => return Err(refused.into()),
    };
    let rows = places.iter().zip(&coordinates).map(|(place, coordinate)| {
        let text = |name: &str| place[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| coordinate[name].as_f64().map_or_else(String::new, |degrees| format!("{degrees:.5}"));
        [
            text("place_name"),
            text("address"),
            text("city_name"),
            text("state_name"),
            number("latitude"),
            number("longitude"),
        ]
    });
    print_table(["PLACE", "ADDR", "CITY", "STATE", "LAT", "LON"], rows.collect());
    if let Some(refused) = refused {
        println!("\n   Where they are could not be found out: {refused}");
    }
    Ok(())
}

async fn ask(stage: &Stage, instructions: &str, context: &str, model: &str) -> Result<String, Failure> {
    let row = vec![json!(instructions), json!(context), json!(model)];
    let options = QueryOptions {
        return_type: "VARCHAR".to_owned(),
        retry_for: stage.patience,
        ..QueryOptions::new("ask_bedrock")
    };
    let answer = stage.snowflake.query(vec![row], options).await?.values.pop();
    let text = answer.as_ref().and_then(Value::as_str).ok_or("the model refused the question: its answer is NULL")?;
    Ok(text.to_owned())
}

/// The list in the model's JSON, which some models put into a Markdown fence.
fn places(text: &str) -> Result<Vec<Value>, Failure> {
    let json = text.trim().trim_start_matches("```json").trim_matches('`').trim();
    let answer: Value = serde_json::from_str(json).map_err(|_| format!("the model did not answer in JSON: {text}"))?;
    Ok(answer["places"].as_array().cloned().unwrap_or_default())
}
