//! A webhook's request and reply, as integrations see them.

use hyper::HeaderMap;

use crate::percent;

/// One request, its body complete and within the size limit.
pub struct Hook {
    /// Whether it is a `GET`, with which services verify an address.
    pub is_get: bool,
    /// The query string, without the question mark.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its raw body.
    pub body: Vec<u8>,
}

/// What is known of who posted, before the body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookSender {
    /// The head carries our secret.
    Proven,
    /// The head may be of who it should be; the body will tell.
    Unproven,
}

/// The reply to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookReply {
    /// The status.
    pub status: u16,
    /// The body, as plain text.
    pub text: String,
}

impl Hook {
    /// The value of a header, if it has exactly one and that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        value.to_str().ok()
    }

    /// The first value of a query parameter, percent-decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_field(&self.query, name)
    }
}

impl HookReply {
    /// A reply with this text.
    pub fn new(status: u16, text: &str) -> Self {
        Self {
            status,
            text: text.to_owned(),
        }
    }

    /// The content is stored, or there was nothing to store.
    pub fn done() -> Self {
        Self::new(200, "ok")
    }

    /// Nothing was stored; the service should repeat the request.
    pub fn again(why: &str) -> Self {
        Self::new(503, why)
    }

    /// The request is not authentic.
    pub fn forbidden(why: &str) -> Self {
        Self::new(403, why)
    }
}

/// The first value of a field in a form or a query (`application/x-www-form-urlencoded`).
pub fn form_field(form: &str, name: &str) -> Option<String> {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let mut found = pairs.filter(|(key, _)| *key == name);
    found.next().map(|(_, value)| decoded(value))
}

/// The value of a parameter, as forms write it: a blank is a plus.
fn decoded(text: &str) -> String {
    let bytes = percent::decode(&text.replace('+', " "), b'%');
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let hook = Hook {
            is_get: true,
            query: "hub.mode=subscribe&a=%41+b%&c=%zz".to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        };
        assert_eq!(hook.parameter("hub.mode").as_deref(), Some("subscribe"));
        assert_eq!(hook.parameter("a").as_deref(), Some("A b%"));
        assert_eq!(hook.parameter("c").as_deref(), Some("%zz"));
        assert_eq!(hook.parameter("b"), None);
    }
}
