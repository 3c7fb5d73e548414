//! AWS's compact form of ISO 8601, `20150830T123600Z`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

pub(super) fn format(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = civil(seconds / DAY);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let digits = |range: std::ops::Range<usize>| -> Option<u64> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let marks = text.len() == 16 && text.get(8..9) == Some("T") && text.ends_with('Z');
    let days = days(digits(0..4)?, digits(4..6)?, digits(6..8)?)?;
    let (hour, minute, second) = (digits(9..11)?, digits(11..13)?, digits(13..15)?);
    (marks && hour < 24 && minute < 60 && second < 60)
        .then(|| UNIX_EPOCH + Duration::from_secs(days * DAY + hour * 3600 + minute * 60 + second))
}

/// The date of a day since 1970-01-01: Howard Hinnant's `civil_from_days`, for years from 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, in_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The inverse; none for a date that does not exist.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted_year = year - u64::from(month <= 2);
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let in_year = (153 * shifted_month + 2) / 5 + day - 1;
    let in_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + in_year;
    let days = era * 146_097 + in_era - 719_468;
    (civil(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for text in ["19700101T000000Z", "20000229T235959Z", "20150830T123600Z", "20261123T000001Z", "21000301T000000Z"]
        {
            assert_eq!(parse(text).map(format).as_deref(), Some(text));
        }
        let known = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        assert_eq!(parse("20150830T123600Z"), Some(known));
    }

    #[test]
    fn what_is_no_date() {
        for text in
            ["", "20150230T000000Z", "20151301T000000Z", "2015-08-30T12:36", "20150830T243600Z", "20150830T1236é0"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
