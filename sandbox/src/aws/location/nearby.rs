//! SearchPlaceIndexForPosition and SearchPlaceIndexForSuggestions: their requests and their answers.

use serde_json::{Map, Value, json};

use super::super::reply::Reply;
use super::fields;
use super::places::{nearest, suggest};
use super::search::place;
use super::wanted::Wanted;

pub(super) fn position(body: &Map<String, Value>, nothing: bool) -> Result<Reply, Reply> {
    fields::only(body, &["Position", "MaxResults", "Language"])?;
    let position = fields::position(body, "Position")?
        .ok_or_else(|| fields::refused("Missing", "Position", "The field is required."))?;
    let most = fields::most(body, 50, 50)?;
    let found = if nothing { Vec::new() } else { nearest(position) };
    let results: Vec<Value> = found
        .into_iter()
        .take(most)
        .map(|(found, metres)| json!({"Place": place(found), "Distance": metres}))
        .collect();
    let summary = json!({"Position": position, "DataSource": "Esri", "MaxResults": most});
    Ok(Reply::json(&json!({"Summary": summary, "Results": results})))
}

pub(super) fn suggestions(body: &Map<String, Value>, nothing: bool) -> Result<Reply, Reply> {
    fields::only(
        body,
        &["Text", "BiasPosition", "FilterBBox", "FilterCountries", "FilterCategories", "MaxResults", "Language"],
    )?;
    let text = fields::text(body, "Text")?;
    let wanted = Wanted {
        most: fields::most(body, 5, 15)?,
        bias: fields::position(body, "BiasPosition")?,
        within: fields::numbers::<4>(body, "FilterBBox")?,
        countries: fields::countries(body, "FilterCountries")?,
    };
    if wanted.bias.is_some() && wanted.within.is_some() {
        return Err(fields::refused("Other", "FilterBBox", "BiasPosition and FilterBBox exclude each other."));
    }
    let found = wanted.of(if nothing { Vec::new() } else { suggest(&text) });
    let results: Vec<Value> = found.iter().map(|found| json!({"Text": found.place.label()})).collect();
    let summary = json!({"Text": text, "DataSource": "Esri", "MaxResults": wanted.most});
    Ok(Reply::json(&json!({"Summary": summary, "Results": results})))
}
