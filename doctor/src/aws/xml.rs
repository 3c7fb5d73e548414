//! XML of the query protocol as a JSON value, which is how every other answer is read.

use serde_json::{Map, Value};
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::AwsError;

/// What is inside the root element: an element with elements is an object, one with `member` elements a list, and any other
/// its text. Attributes carry nothing here.
pub fn read(text: &str) -> Result<Value, AwsError> {
    let mut open = vec![Element::default()];
    for token in Tokenizer::from(text) {
        let token = token.map_err(|error| AwsError::Unreadable(error.to_string()))?;
        match token {
            Token::ElementStart { local, .. } => {
                open.push(Element { name: local.as_str().to_owned(), ..Element::default() });
            }
            Token::ElementEnd { end: ElementEnd::Close(..) | ElementEnd::Empty, .. } => close(&mut open)?,
            Token::Text { text } => add(&mut open, &unescape(text.as_str())),
            Token::Cdata { text, .. } => add(&mut open, text.as_str()),
            _ => {}
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) => root.children.into_iter().next().map(|(_, value)| value),
        _ => None,
    }
    .ok_or_else(|| AwsError::Unreadable("XML that does not end".to_owned()))
}

#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(open: &mut Vec<Element>) -> Result<(), AwsError> {
    let (Some(element), Some(parent)) = (open.pop(), open.last_mut()) else {
        return Err(AwsError::Unreadable("XML that ends too often".to_owned()));
    };
    let value = if element.children.is_empty() {
        Value::String(element.text.trim().to_owned())
    } else if element.children.iter().all(|(name, _)| name == "member") {
        element.children.into_iter().map(|(_, value)| value).collect()
    } else {
        Value::Object(element.children.into_iter().collect::<Map<_, _>>())
    };
    parent.children.push((element.name, value));
    Ok(())
}

/// `&amp;` is the last: what it makes is no escape any more.
fn unescape(text: &str) -> String {
    let mut text = text.to_owned();
    for (escape, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(escape, character);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn objects_lists_and_texts() {
        let text = "<?xml version=\"1.0\"?>\n<R xmlns=\"u\"><L>\n<member><K>a &amp;lt; b</K></member><member><K>2</K></member>\
            </L><E/><T> x </T></R>";
        let expected = json!({"L": [{"K": "a &lt; b"}, {"K": "2"}], "E": "", "T": "x"});
        assert_eq!(read(text), Ok(expected));
        assert!(read("<R><L>").is_err());
        assert!(read("").is_err());
    }
}
