//! A text as it is sent to be searched: such that it makes no difference in which of two ways the service counts characters.
//!
//! Bedrock's user guide says "begin/end character offsets within that block", and not what a character is. Code points are what it
//! means elsewhere (Amazon Comprehend's `PiiEntity` says so of the same offsets), and Python slices by them, in which the service's
//! examples are. That it is so here is not confirmed: a service in Java or JavaScript would count UTF-16 units, of which an emoji is
//! two, and what comes after one would be redacted beside its place. So whatever is two units is sent as something of one unit and
//! of the same nature, and both counts are the same. The answer is still made of the text as it was given.
//!
//! Bytes are no characters; a service that counted those, or letters with their accents as one, would be noticed by offsets that a text of
//! another language does not have, and not always.

/// The text with one UTF-16 unit for each character, and as many characters.
pub fn of_one_unit(text: &str) -> String {
    text.chars().map(|character| if character.len_utf16() == 1 { character } else { stand_in(character) }).collect()
}

/// What stands for a character beyond the first 65,536.
fn stand_in(character: char) -> char {
    let letter = |of: u32, first: u8| char::from(first + u8::try_from(of).unwrap_or_default());
    match u32::from(character) {
        // Latin letters and digits in the styles of mathematics, which some write names and addresses in: their plain form.
        code @ 0x1D400..=0x1D6A3 => match (code - 0x1D400) % 52 {
            of @ 0..26 => letter(of, b'A'),
            of => letter(of - 26, b'a'),
        },
        code @ 0x1D7CE..=0x1D7FF => letter((code - 0x1D7CE) % 10, b'0'),
        // Rare ideographs, which are often part of a name: an ideograph that is.
        0x20000..=0x3FFFF => '吉',
        // Selectors of a variant, which are part of the character before them: another one.
        0xE0000..=0xE0FFF => '\u{FE0F}',
        _ if character.is_alphabetic() => 'x',
        _ if character.is_numeric() => '0',
        // Emoji for the most part.
        _ => '☺',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_two_units_has_a_stand_in_of_its_nature() {
        for (text, sent) in [
            ("Mail a@b.cd, 田中太郎, e\u{301}, שלום ☎️", "Mail a@b.cd, 田中太郎, e\u{301}, שלום ☎️"),
            ("😀 👩‍👩‍👧 👍🏽 🇫🇷", "☺ ☺‍☺‍☺ ☺☺ ☺☺"),
            ("𠮷田 葛󠄀城", "吉田 葛️城"),
            ("𝐉𝐨𝐡𝐧 𝒜𝓏𝙰𝚣 𝟎𝟗𝟘𝟿", "John AzAz 0909"),
            ("𐍈𞤀 𐄇", "xx 0"),
        ] {
            assert_eq!(of_one_unit(text), sent);
        }
    }

    proptest! {
        #[test]
        fn units_and_characters_are_as_many_as_the_text_has_characters(text in any::<String>()) {
            let sent = of_one_unit(&text);
            prop_assert_eq!(sent.chars().count(), text.chars().count());
            prop_assert_eq!(sent.encode_utf16().count(), text.chars().count());
        }
    }
}
