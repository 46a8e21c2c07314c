//! A request and an answer as they cross the socket: bytes with names, no meaning yet.

use bytes::Bytes;

/// An HTTP request as the gateway read it. Path and query stay percent-encoded because the signature covers them
/// in that form.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub method: String,
    /// Raw path, still percent-encoded.
    pub path: String,
    /// Raw query string without the `?`, empty if there is none.
    pub query: String,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Call {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// An HTTP answer. Header names are lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

/// AWS names the request in a header of every answer, whatever the protocol.
pub(crate) const REQUEST_ID: &str = "x-amzn-requestid";

impl Reply {
    pub(crate) fn new(status: u16, content_type: &'static str, request_id: &str, body: Bytes) -> Self {
        let headers = vec![(REQUEST_ID, request_id.to_owned()), ("content-type", content_type.to_owned())];
        Reply { status, headers, body }
    }
}
