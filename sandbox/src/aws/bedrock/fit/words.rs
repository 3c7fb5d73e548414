//! Words, and when two of them are the same one.

/// Words of instructions and field names that say nothing of what a text is about.
const IDLE: &str = "a about according against all alone also an and answer any are as at be been below between boolean but by \
    can carefully check classify command commands condition contains content criteria criterion data decide \
    describes determine do document does else evaluate exactly explanation false fence field fits follow \
    following for from give given has have he her here his holds how i if ignore in input instruction \
    instructions into is it its json judge just less markdown marked match matches meets mention mentioned \
    mentioning mentions message more must my name never no none not nothing null number object of on one only or \
    other our out output part parts precisely question quoted reply respond response result row says schema she \
    should so some source statement string tag tags tell text than that the their them then there these they \
    this those to treat true type us use user value was we were what when where whether which who whole whose \
    will with within without word would yes you your";

/// The words of a text, in small letters. A name like `order_id` or `orderId` is two.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in text.chars() {
        if !letter.is_alphanumeric() || (small && letter.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && letter.is_alphanumeric()
        {
            word.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The words that say what something is about.
pub(super) fn telling(text: &str) -> Vec<String> {
    let mut words = words(text);
    words.retain(|word| !IDLE.split(' ').any(|idle| idle == word) && word.parse::<u64>().is_err());
    words
}

/// Whether two words are forms of one: `deliver`, `delivered` and `delivery`; `refund` and `refunds`.
pub(super) fn alike(one: &str, other: &str) -> bool {
    let begin =
        |word: &str| word.char_indices().nth(5).map_or_else(|| word.to_owned(), |(at, _)| word[..at].to_owned());
    one == other || begin(one.trim_end_matches('s')) == begin(other.trim_end_matches('s'))
}

/// How many of `wanted` are among `there`.
pub(super) fn count(wanted: &[String], there: &[String]) -> usize {
    wanted.iter().filter(|word| there.iter().any(|other| alike(word, other))).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_forms_of_a_word() {
        assert_eq!(words("orderId, order_number: É-mail"), ["order", "id", "order", "number", "é", "mail"]);
        assert_eq!(telling("Does the text mention a refund of 20?"), ["refund"]);
        assert!(alike("delivery", "delivered") && alike("refunds", "refund") && alike("late", "late"));
        assert!(!alike("late", "later") && !alike("no", "now"));
    }
}
