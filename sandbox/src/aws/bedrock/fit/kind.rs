//! What a string is of, by the words of its field.

use super::Field;
use super::words::words;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Phone,
    Date,
    Link,
    Amount,
    Id,
    City,
    Name,
    Product,
    Keyword,
    /// Words of the model's own: it can always say something.
    Prose,
}

/// The first line that has a word of the field decides.
const KINDS: &[(Kind, &[&str])] = &[
    (Kind::Email, &["email", "emails", "mail"]),
    (Kind::Phone, &["phone", "phones", "telephone", "tel", "mobile", "fax"]),
    (Kind::Date, &["date", "dates", "deadline", "day"]),
    (Kind::Link, &["url", "urls", "link", "links", "website"]),
    (Kind::Amount, &["amount", "amounts", "price", "prices", "total", "cost"]),
    (Kind::Id, &["id", "ids", "order", "orders", "invoice", "ticket", "tracking", "reference", "sku"]),
    (Kind::City, &["city", "cities", "town", "location", "destination", "place"]),
    (Kind::Product, &["product", "products", "item", "items", "article"]),
    (Kind::Name, &["name", "names", "customer", "person", "people", "author", "sender", "company", "brand"]),
    (Kind::Keyword, &["keyword", "keywords", "tag", "tags", "topic", "topics", "theme", "themes"]),
    (
        Kind::Prose,
        &[
            "answer",
            "summary",
            "title",
            "subject",
            "reason",
            "explanation",
            "reasoning",
            "translation",
            "text",
            "output",
            "response",
            "result",
            "content",
            "comment",
            "description",
            "message",
            "quote",
            "evidence",
        ],
    ),
];

/// By the field's name, or else by what is said of it.
pub(super) fn kind(field: &Field<'_>, format: &str) -> Option<Kind> {
    let by = |text: &str| {
        let words = words(text);
        let has = |(_, of): &&(Kind, &[&str])| words.iter().any(|word| of.contains(&word.as_str()));
        KINDS.iter().find(has).map(|(kind, _)| *kind)
    };
    match format {
        "email" => Some(Kind::Email),
        "date" | "date-time" => Some(Kind::Date),
        "uri" => Some(Kind::Link),
        // A description says "as in the text" of anything.
        _ => by(field.name).or_else(|| by(field.description).filter(|kind| *kind != Kind::Prose)),
    }
}
