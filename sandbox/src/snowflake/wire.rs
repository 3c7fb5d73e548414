//! The bytes of a request's body, and the plain bytes of an answer's.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use serde_json::Value;

use super::answer::RESPONSE_LIMIT;
use super::error::ResponseProblem;
use super::options::Compression;

/// The batch, with the line ends that have been seen.
pub(super) fn body<'a>(rows: impl Iterator<Item = &'a Vec<Value>>) -> String {
    let mut body = String::from("{\n\"data\":[\n");
    for (number, row) in rows.enumerate() {
        if number > 0 {
            body.push_str(",\n");
        }
        body.push('[');
        body.push_str(&number.to_string());
        for value in row {
            body.push(',');
            body.push_str(&value.to_string());
        }
        body.push(']');
    }
    body.push_str("\n]\n}");
    body
}

pub(super) fn compress(body: String, compression: Compression) -> std::io::Result<Bytes> {
    let mut bytes = Vec::new();
    match compression {
        Compression::None => return Ok(body.into()),
        Compression::Gzip => GzEncoder::new(body.as_bytes(), flate2::Compression::fast()).read_to_end(&mut bytes)?,
        Compression::Deflate => {
            ZlibEncoder::new(body.as_bytes(), flate2::Compression::fast()).read_to_end(&mut bytes)?
        }
    };
    Ok(bytes.into())
}

/// Undoes the coding of an answer, up to one byte more than an answer may have.
pub(super) fn decompress(coding: Option<&str>, body: Bytes) -> Result<Bytes, ResponseProblem> {
    let limit = u64::try_from(RESPONSE_LIMIT).unwrap_or(u64::MAX) + 1;
    let mut plain = Vec::new();
    match coding {
        None | Some("identity") => return Ok(body),
        Some("gzip") => MultiGzDecoder::new(&*body).take(limit).read_to_end(&mut plain),
        Some("deflate") => ZlibDecoder::new(&*body).take(limit).read_to_end(&mut plain),
        Some(_) => return Err(ResponseProblem::NotJson),
    }
    .map_err(|_| ResponseProblem::NotJson)?;
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_body_has_the_bytes_that_were_seen() {
        let rows = [vec![json!("a"), json!(null)], vec![json!("b"), json!({"c": 1})], vec![]];
        assert_eq!(body(rows.iter()), "{\n\"data\":[\n[0,\"a\",null],\n[1,\"b\",{\"c\":1}],\n[2]\n]\n}");
    }

    #[test]
    fn codings_are_undone() {
        for (compression, coding) in
            [(Compression::None, None), (Compression::Gzip, Some("gzip")), (Compression::Deflate, Some("deflate"))]
        {
            let bytes = compress("{}".to_owned(), compression).unwrap();
            assert_eq!(decompress(coding, bytes).unwrap(), "{}");
        }
        assert!(decompress(Some("gzip"), Bytes::from_static(b"{}")).is_err());
        assert!(decompress(Some("br"), Bytes::from_static(b"{}")).is_err());
    }
}
