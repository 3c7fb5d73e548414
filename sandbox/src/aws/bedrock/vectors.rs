//! What the embedding models say: vectors of length 1, the same for the same text, and near each other for texts that share words.

use super::models::{Family, resolve};

/// The vector of a text by model `model`, as it was called, with so many dimensions, or with as many as the model gives by itself. It is
/// empty for a model that gives none.
#[must_use]
pub fn embedding(model: &str, text: &str, dimensions: Option<usize>) -> Vec<f32> {
    let default = resolve(model, false).ok().and_then(|model| match model.family {
        Family::Embedding(form) => form.dimensions().first().copied(),
        _ => None,
    });
    default.map(|default| vector(text, dimensions.unwrap_or(default))).unwrap_or_default()
}

/// The sum of a random vector for each word.
pub(super) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut sum = vec![0_f64; dimensions];
    let text = text.to_lowercase();
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    // The text itself is one word of it: texts of the same words, or of none, differ all the same.
    for (word, weight) in words.map(|word| (word, 1.0)).chain([(text.as_str(), 0.3)]) {
        let mut random = fastrand::Rng::with_seed(seed(word));
        sum.iter_mut().for_each(|number| *number += weight * (random.f64() - 0.5));
    }
    let length = sum.iter().map(|number| number * number).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "the models reckon with 32 bits")]
    let rounded = |number: f64| ((number / length * 1e8).round() / 1e8) as f32;
    sum.into_iter().map(rounded).collect()
}

/// FNV-1a.
fn seed(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_near() {
        let of = |text| embedding("us.cohere.embed-v4:0", text, Some(256));
        let near = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
        let lamp = of("A lamp of brass");
        assert!((near(&lamp, &lamp) - 1.0).abs() < 1e-4);
        assert!(near(&lamp, &of("a brass lamp")) > 0.6 && near(&lamp, &of("two red shoes")) < 0.4);
        assert_ne!(lamp, of("A lamp of Brass!"));
        assert_eq!(embedding("amazon.titan-embed-text-v2:0", "x", None).len(), 1024);
        assert!(embedding("us.amazon.nova-lite-v1:0", "x", None).is_empty());
    }
}
