//! A call as it came over the wire and the reply to it, as plain values.
//!
//! Nothing here touches a socket: the HTTP layer translates into these and back, so that every
//! rule of the simulator, faults included, can be tested without a network.

use percent_encoding::percent_decode_str;

/// A call as received: nothing decoded, nothing dropped, because the signature covers the raw form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path of the request target, still percent-encoded.
    pub path: String,
    /// The query of the request target without the question mark, still percent-encoded.
    pub query: String,
    /// Header names in any case, values as octets, in the order of arrival.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, octet for octet.
    pub body: Vec<u8>,
}

impl Request {
    /// The first value of a header, trimmed; `None` if absent or not UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok().map(str::trim)
    }

    /// The query as decoded pairs in the order of arrival. A `+` stays a `+`: this is not a form.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        self.query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (decode(name), decode(value)),
                None => (decode(pair), String::new()),
            })
            .collect()
    }

    /// The decoded segments of the path.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        self.path
            .split('/')
            .skip(1)
            .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect()
    }
}

/// What becomes of a reply on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The reply is sent.
    Send,
    /// The connection is closed without an octet of a reply.
    Cut,
    /// Nothing happens for so many milliseconds of real time, then the connection is closed.
    CutAfter(u64),
}

/// A reply, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values; always `X-Request-Id` and `Content-Type`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the client gets to see it.
    pub delivery: Delivery,
}

impl Reply {
    /// The same reply with another fate.
    #[must_use]
    pub fn undelivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }
}
