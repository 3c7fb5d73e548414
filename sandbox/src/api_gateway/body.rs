//! The body of a request as the function will see it.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::REQUEST_LIMIT;
use super::refusal::Refusal;

/// Undoes the content coding; an empty body has none, whatever its headers say.
pub(super) fn decompress(coding: Option<&str>, body: Bytes) -> Result<Bytes, Refusal> {
    if body.is_empty() {
        return Ok(body);
    }
    match coding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => Ok(body),
        Some("gzip" | "x-gzip") => read(MultiGzDecoder::new(&*body)),
        // The name means zlib, but the bare format is in use, too.
        Some("deflate") => read(ZlibDecoder::new(&*body)).or_else(|_| read(DeflateDecoder::new(&*body))),
        Some(_) => Err(Refusal::UnsupportedMediaType),
    }
}

fn read(decoder: impl Read) -> Result<Bytes, Refusal> {
    let limit = u64::try_from(REQUEST_LIMIT).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    decoder.take(limit + 1).read_to_end(&mut plain).map_err(|_| Refusal::UnsupportedMediaType)?;
    if plain.len() > REQUEST_LIMIT { Err(Refusal::RequestTooLarge) } else { Ok(plain.into()) }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn all(mut reader: impl Read) -> Bytes {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes.into()
    }

    #[test]
    fn known_codings_are_undone() {
        let fast = Compression::fast();
        for (coding, body) in [
            (None, Bytes::from_static(b"text")),
            (Some("identity"), Bytes::from_static(b"text")),
            (Some("GZIP"), all(GzEncoder::new(&b"text"[..], fast))),
            (Some("deflate"), all(ZlibEncoder::new(&b"text"[..], fast))),
            (Some("deflate"), all(DeflateEncoder::new(&b"text"[..], fast))),
        ] {
            assert_eq!(decompress(coding, body).unwrap(), "text", "{coding:?}");
        }
        assert_eq!(decompress(Some("gzip"), Bytes::new()).unwrap(), "");
    }

    #[test]
    fn others_are_refused() {
        for coding in ["br", "gzip", "deflate"] {
            let refusal = decompress(Some(coding), Bytes::from_static(b"\xfftext")).unwrap_err();
            assert_eq!(refusal, Refusal::UnsupportedMediaType, "{coding}");
        }
        let bomb = all(GzEncoder::new(std::io::repeat(b' ').take(11 << 20), Compression::fast()));
        assert_eq!(decompress(Some("gzip"), bomb).unwrap_err(), Refusal::RequestTooLarge);
    }
}
