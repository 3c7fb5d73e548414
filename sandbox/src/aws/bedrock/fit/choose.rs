//! Choosing among labels.

use serde_json::Value;

use super::super::text::feeling;
use super::condition;
use super::schema::Member;
use super::words::{alike, count, telling, words};

/// The member whose words, or whose description's, are in the text; else the one that has the text's feeling, or says
/// whether the condition holds. None when nothing speaks for any.
pub(super) fn choose(members: &[Member<'_>], instructions: &str, text: &str) -> Option<Value> {
    let scores: Vec<usize> = members.iter().map(|member| score(member, instructions, text)).collect();
    let best = scores.iter().max().copied().filter(|best| *best > 0);
    let named = best.and_then(|best| scores.iter().position(|score| *score == best));
    let named = named.and_then(|at| members.get(at)).map(|member| member.value.clone());
    named.or_else(|| by_feeling(members, text)).or_else(|| by_condition(members, instructions, text))
}

/// The member that says least: the neutral one among feelings, or else the last.
pub(super) fn least(members: &[Member<'_>]) -> Value {
    let last = || members.last().map_or(Value::Null, |member| member.value.clone());
    feelings(members).and_then(|()| labelled(members, "neutral")).unwrap_or_else(last)
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

/// Whether the labels are feelings.
fn feelings(members: &[Member<'_>]) -> Option<()> {
    labelled(members, "positive").zip(labelled(members, "negative")).map(|_| ())
}

fn labelled(members: &[Member<'_>], wanted: &str) -> Option<Value> {
    let is = |member: &&Member<'_>| {
        member.value.as_str().is_some_and(|label| words(label).iter().any(|word| alike(word, wanted)))
    };
    members.iter().find(is).map(|member| member.value.clone())
}

fn by_feeling(members: &[Member<'_>], text: &str) -> Option<Value> {
    feelings(members)?;
    match feeling(&text.to_lowercase()) {
        (0, 0) => None,
        (good, bad) if good > 0 && bad > 0 => labelled(members, "mixed").or_else(|| labelled(members, "neutral")),
        (good, _) => labelled(members, if good > 0 { "positive" } else { "negative" }),
    }
}

fn by_condition(members: &[Member<'_>], instructions: &str, text: &str) -> Option<Value> {
    let (yes, no) = labelled(members, "yes").zip(labelled(members, "no"))?;
    Some(if condition::holds("", "", instructions, text) { yes } else { no })
}
