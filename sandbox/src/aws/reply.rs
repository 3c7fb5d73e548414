//! An HTTP answer, and its body, which can be made to break off.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use serde_json::{Value, json};

/// What a service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(value: &Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: value.to_string().into_bytes() }
    }

    /// An error in the form of AWS's restJson1 protocol.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::error_with(status, code, &json!({ "message": message }))
    }

    pub(super) fn error_with(status: u16, code: &str, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("x-amzn-errortype".to_owned(), code.to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// Adds a request id as every AWS answer has, and breaks the body off half-way when asked to.
    pub(super) fn into_response(self, request: u64, truncate: bool) -> Response<Payload> {
        let payload = Payload::new(Bytes::from(self.body), truncate);
        let mut response = Response::new(payload);
        // Only a rule can ask for a status that does not exist.
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let id = format!("00000000-0000-4000-8000-{request:012x}");
        for (name, value) in std::iter::once(("x-amzn-requestid".to_owned(), id)).chain(self.headers) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// The connection is closed without an answer, or within one.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
pub(super) struct Dropped;

/// A body of known length, of which only half may come.
#[derive(Debug)]
pub(super) struct Payload {
    declared: u64,
    data: Option<Bytes>,
    ending: Ending,
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Whole,
    /// Half is out; hyper writes it to the socket when the body says "not yet".
    Flush,
    Break,
}

impl Payload {
    fn new(mut data: Bytes, truncate: bool) -> Self {
        let declared = data.len() as u64;
        if truncate {
            data.truncate(data.len() / 2);
        }
        let ending = if truncate { Ending::Flush } else { Ending::Whole };
        Self { declared, data: (declared > 0).then_some(data), ending }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.ending {
            Ending::Whole => Poll::Ready(None),
            Ending::Flush => {
                self.ending = Ending::Break;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Break => Poll::Ready(Some(Err(Dropped))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.ending == Ending::Whole
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared)
    }
}
