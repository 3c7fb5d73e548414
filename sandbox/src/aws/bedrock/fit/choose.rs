//! Choosing among labels.

use serde_json::Value;

use super::super::text::feeling;
use super::schema::Member;
use super::words::{alike, count, telling, words};

/// The member whose words, or whose description's, are in the text; else the one that has the text's feeling. None when
/// nothing speaks for any.
pub(super) fn choose(members: &[Member<'_>], instructions: &str, text: &str) -> Option<Value> {
    let scores: Vec<usize> = members.iter().map(|member| score(member, instructions, text)).collect();
    let best = scores.iter().max().copied().filter(|best| *best > 0);
    let named = best.and_then(|best| scores.iter().position(|score| *score == best));
    named.and_then(|at| members.get(at)).map(|member| member.value.clone()).or_else(|| by_feeling(members, text))
}

/// All members that the text speaks of.
pub(super) fn all(members: &[Member<'_>], instructions: &str, text: &str) -> Vec<Value> {
    let of = |member: &&Member<'_>| score(member, instructions, text) > 0;
    members.iter().filter(of).map(|member| member.value.clone()).collect()
}

/// The member's own words count for more than what is said of it.
fn score(member: &Member<'_>, instructions: &str, text: &str) -> usize {
    let Some(label) = member.value.as_str() else {
        let value = member.value.to_string();
        return usize::from(words(text).contains(&value));
    };
    let there = words(text);
    let named = count(&telling(label), &there);
    let described = count(&telling(member.description), &there) + count(&telling(line_of(label, instructions)), &there);
    // Scripts without spaces have no words to compare.
    let whole = !label.is_ascii() && text.to_lowercase().contains(&label.to_lowercase());
    3 * (named + usize::from(whole)) + described
}

/// What the instructions say of a label on a line of its own: `- label: what it means`.
fn line_of<'a>(label: &str, instructions: &'a str) -> &'a str {
    let of = |line: &'a str| {
        let line = line.trim_start_matches([' ', '-', '*', '•', '"', '`', '\'']);
        let rest = line.strip_prefix(label)?.trim_start_matches(['"', '`', '\'', ' ', '*']);
        rest.strip_prefix([':', '=', '–', '—', '-'])
    };
    instructions.lines().find_map(of).unwrap_or_default()
}

fn by_feeling(members: &[Member<'_>], text: &str) -> Option<Value> {
    let labels = || members.iter().filter_map(|member| Some((member.value.as_str()?, member.value)));
    let of = |wanted: &str| {
        labels().find(|(label, _)| words(label).iter().any(|word| alike(word, wanted))).map(|(_, value)| value.clone())
    };
    of("positive").zip(of("negative"))?;
    let (good, bad) = feeling(&text.to_lowercase());
    if good > 0 && bad > 0 {
        return of("mixed").or_else(|| of("neutral"));
    }
    of(if good > bad {
        "positive"
    } else if bad > good {
        "negative"
    } else {
        "neutral"
    })
}
