//! What the models say: the same for the same question, and sensible enough to be shown.

use std::cmp::Ordering;
use std::fmt::Write;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::location::places;

/// The text that model `model`, as it was called, answers to `text` under the instructions `system`.
#[must_use]
pub fn reply(model: &str, system: &str, text: &str) -> String {
    let instructions = system.to_lowercase();
    let question = text.to_lowercase();
    let either = |word: &str| instructions.contains(word) || question.contains(word);
    if either("restaurants") && (either("json") || either("places")) {
        return restaurants();
    }
    if instructions.contains("email") || instructions.contains("e-mail") {
        let habits = instructions.contains("purchase") || instructions.contains("habit");
        let categories: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if habits && categories.len() > 1 {
            return email(&categories);
        }
    }
    if instructions.contains("sentiment") || instructions.contains("one word") {
        return sentiment(&question).to_owned();
    }
    let first: Vec<&str> = text.split_whitespace().take(8).collect();
    format!("You wrote \"{}\". This is sandbox answer {}.", first.join(" "), digest(model, system, text))
}

/// Takes the article's prompt apart into instructions and user context; any other prompt is context alone.
#[must_use]
pub fn split_prompt(prompt: &str) -> (&str, &str) {
    let parts = || {
        let (system, rest) = prompt.strip_prefix("<SYSTEM>")?.split_once("<END_SYSTEM>\n<USER_CONTEXT>")?;
        let context = rest.strip_suffix("<END_USER_CONTEXT>")?;
        Some((
            system.strip_prefix("Follow these:").unwrap_or(system),
            context.strip_prefix("Use this user context in your response:").unwrap_or(context),
        ))
    };
    parts().unwrap_or(("", prompt))
}

/// Eight hexadecimal digits that are another for another model, system text or text.
pub(super) fn digest(model: &str, system: &str, text: &str) -> String {
    let digest = Sha256::digest(format!("{model}\0{system}\0{text}"));
    digest.iter().take(4).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn restaurants() -> String {
    let places: Vec<_> = places::all()
        .iter()
        .filter(|place| place.restaurant)
        .take(6)
        .map(|place| {
            json!({
                "place_name": place.name,
                "address": place.address(),
                "city_name": place.municipality,
                "state_name": place.region,
            })
        })
        .collect();
    json!({ "places": places }).to_string()
}

fn email(categories: &[&str]) -> String {
    let all = match categories {
        [some @ .., last] if !some.is_empty() => format!("{} and {last}", some.join(", ")),
        _ => categories.join(", "),
    };
    let (first, last) =
        (categories.first().copied().unwrap_or_default(), categories.last().copied().unwrap_or_default());
    format!(
        "Subject: Your year in {first}, and a few ideas for the next\n\n\
         Dear customer,\n\n\
         Thank you for shopping with us. Looking back at last year, your most frequent purchases were {all}. \
         They tell us that you care about the place you live in: you choose pieces that last, and you like a room \
         to feel finished.\n\n\
         We would call you a thoughtful curator. You start with {first}, and you bring it all together with {last}.\n\n\
         For the coming season we suggest a look at our new {first} collection, and at the makers you have bought \
         from before. A few pieces in {last} would go well with what you already own.\n\n\
         As a thank-you, your next order ships free.\n\n\
         Warm regards,\nYour personal shopping team"
    )
}

fn sentiment(review: &str) -> &'static str {
    let (good, bad) = feeling(review);
    match good.cmp(&bad) {
        Ordering::Greater => "positive",
        Ordering::Equal => "neutral",
        Ordering::Less => "negative",
    }
}

/// How many words of a review, in small letters, speak for its subject, and how many against it.
pub(super) fn feeling(review: &str) -> (usize, usize) {
    const GOOD: &[&str] = &[
        "amazing",
        "beautiful",
        "best",
        "comfortable",
        "delicious",
        "delighted",
        "easy",
        "enjoy",
        "enjoyed",
        "excellent",
        "fantastic",
        "fast",
        "friendly",
        "glad",
        "good",
        "great",
        "happy",
        "helpful",
        "impressed",
        "love",
        "loved",
        "loves",
        "nice",
        "perfect",
        "perfectly",
        "pleased",
        "recommend",
        "recommended",
        "reliable",
        "satisfied",
        "sturdy",
        "superb",
        "wonderful",
    ];
    const BAD: &[&str] = &[
        "awful",
        "bad",
        "broke",
        "broken",
        "cheap",
        "cold",
        "cracked",
        "damaged",
        "defective",
        "disappointed",
        "disappointing",
        "fails",
        "failed",
        "faulty",
        "flimsy",
        "hate",
        "hated",
        "horrible",
        "late",
        "missing",
        "never",
        "noisy",
        "poor",
        "refund",
        "returned",
        "rude",
        "slow",
        "stopped",
        "terrible",
        "torn",
        "unhappy",
        "useless",
        "waste",
        "worst",
        "wrong",
    ];
    let (mut good, mut bad) = (0, 0);
    let mut negated = false;
    for word in review.split(|letter: char| !letter.is_alphanumeric() && letter != '\'') {
        match (GOOD.contains(&word), BAD.contains(&word), negated) {
            (true, _, false) | (_, true, true) => good += 1,
            (true, _, true) | (_, true, false) => bad += 1,
            _ => {}
        }
        negated = word == "not" || word.ends_with("n't");
    }
    (good, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_restaurants_of_the_article() -> Result<(), serde_json::Error> {
        let prompt = "Give me a few 5-star michelin restaurants in Las Vegas using json format as {\"places\":[]}";
        let answer: serde_json::Value = serde_json::from_str(&reply("m", "only respond with json format", prompt))?;
        let places = answer["places"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(places.len(), 6);
        for place in places {
            let address = place["address"].as_str().unwrap_or_default();
            assert!(!places::find(address).is_empty(), "{address}");
            assert_eq!(place["city_name"], "Las Vegas");
            assert_eq!(place["state_name"], "Nevada");
        }
        Ok(())
    }

    #[test]
    fn the_email_of_the_article() {
        let system = "Review the customer's most frequent retail purchases from last year. Write a personalized email \
                      explaining their shopper profile based on these habits.";
        let email = reply("m", system, "Home Decor, Furniture, Lighting");
        assert!(email.contains("Home Decor, Furniture and Lighting"));
        assert!((100..150).contains(&email.split_whitespace().count()));
    }

    #[test]
    fn one_word() {
        let say = |text| reply("m", "Answer in one word: the sentiment.", text);
        assert_eq!(say("I love this lamp, great light."), "positive");
        assert_eq!(say("Arrived broken. Not good!"), "negative");
        assert_eq!(say("It is a lamp."), "neutral");
    }

    #[test]
    fn other_questions_are_told_apart() {
        let one = reply("m", "s", "Why is the sky blue?");
        assert!(one.starts_with("You wrote \"Why is the sky blue?\"."));
        assert_eq!(one, reply("m", "s", "Why is the sky blue?"));
        for other in [reply("n", "s", "Why is the sky blue?"), reply("m", "t", "Why is the sky blue?")] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_prompt_of_the_article() {
        let prompt = "<SYSTEM>Follow these:be brief<END_SYSTEM>\n<USER_CONTEXT>Use this user context in your \
                      response:a <b>\n<END_USER_CONTEXT>";
        assert_eq!(split_prompt(prompt), ("be brief", "a <b>\n"));
        assert_eq!(split_prompt("plain"), ("", "plain"));
    }
}
