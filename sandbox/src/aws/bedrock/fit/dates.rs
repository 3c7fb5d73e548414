//! Dates as people write them, in ISO 8601.

use super::find::tokens;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The dates of a text.
pub(super) fn dates(text: &str) -> Vec<String> {
    let tokens: Vec<&str> = tokens(text).collect();
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = |by: usize| tokens.get(at + by).copied().unwrap_or_default();
        if let Some(date) = iso(token) {
            found.push(date);
        } else if let Some(date) = written(token, next(1), next(2)) {
            found.push(date);
            at += 2;
        }
        at += 1;
    }
    found
}

/// `2026-03-04`, alone or before a time; `4.3.2026`; and `3/4/2026` with the month first.
pub(super) fn iso(token: &str) -> Option<String> {
    let day = token.split_once('T').map_or(token, |(day, _)| day);
    let parts = |by: char| -> Option<[u32; 3]> {
        let parts: Option<Vec<u32>> = day.split(by).map(|part| part.parse().ok()).collect();
        parts?.try_into().ok()
    };
    match (parts('-'), parts('.'), parts('/')) {
        (Some([year, month, day]), _, _) | (_, Some([day, month, year]), _) | (_, _, Some([month, day, year])) => {
            date(year, month, day)
        }
        _ => None,
    }
}

/// `March 4, 2026` and `4 March 2026`.
fn written(one: &str, two: &str, three: &str) -> Option<String> {
    let number = |word: &str| word.trim_end_matches(|letter: char| letter.is_ascii_lowercase()).parse().ok();
    let (month, day) = match (month(one), month(two)) {
        (Some(month), _) => (month, number(two)?),
        (None, Some(month)) => (month, number(one)?),
        _ => return None,
    };
    date(three.parse().ok()?, month, day)
}

fn month(word: &str) -> Option<u32> {
    let lower = word.to_lowercase();
    let at = MONTHS.iter().position(|month| lower.starts_with(month) && word.len() <= 9)?;
    u32::try_from(at + 1).ok()
}

fn date(year: u32, month: u32, day: u32) -> Option<String> {
    let real = (1000..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    real.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::dates;

    #[test]
    fn each_way_to_write_a_date() {
        for text in
            ["on 2026-03-04.", "4.3.2026", "(3/4/2026)", "March 4, 2026", "on 4th Mar 2026", "2026-03-04T10:00:00Z"]
        {
            assert_eq!(dates(text), ["2026-03-04"], "{text}");
        }
        assert!(dates("May I have 2 lamps? 1.2.3 and 40/50/60").is_empty());
    }
}
