//! Words of addresses, however they are written.

/// The distinct words of a text, in lower case, without accents, with the usual abbreviations.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let folded: String =
        text.to_lowercase().chars().filter(|letter| *letter != '\'' && *letter != '’').map(unaccented).collect();
    let mut tokens: Vec<String> = Vec::new();
    for word in folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = abbreviated(word);
        if !tokens.iter().any(|known| known == word) {
            tokens.push(word.to_owned());
        }
    }
    tokens
}

fn unaccented(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        other => other,
    }
}

fn abbreviated(word: &str) -> &str {
    match word {
        "north" => "n",
        "south" => "s",
        "east" => "e",
        "west" => "w",
        "northwest" => "nw",
        "northeast" => "ne",
        "southwest" => "sw",
        "southeast" => "se",
        "street" | "saint" => "st",
        "boulevard" => "blvd",
        "avenue" | "av" => "ave",
        "road" => "rd",
        "drive" => "dr",
        "place" => "pl",
        "square" => "sq",
        "plaza" => "plz",
        "parkway" => "pkwy",
        "highway" => "hwy",
        "lane" => "ln",
        "court" => "ct",
        "first" => "1st",
        "fifth" => "5th",
        "us" | "america" => "usa",
        other => other,
    }
}

/// Whether a word of a street says nothing about which street it is.
pub(super) fn is_kind(word: &str) -> bool {
    matches!(
        word,
        "n" | "s"
            | "e"
            | "w"
            | "nw"
            | "ne"
            | "sw"
            | "se"
            | "st"
            | "blvd"
            | "ave"
            | "rd"
            | "dr"
            | "pl"
            | "sq"
            | "plz"
            | "pkwy"
            | "hwy"
            | "ln"
            | "ct"
            | "de"
            | "la"
            | "the"
            | "of"
    )
}
