//! The base URL of a service, `http://host:8080/prefix`, parsed once when the settings are loaded.

use std::fmt;

/// The base of every URL of one service.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    https: bool,
    host: String,
    port: u16,
    authority: String,
    prefix: String,
}

impl BaseUrl {
    /// Parses an http or https URL without user, query and fragment; the error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = || "an address such as http://localhost:8080 or https://example.com/prefix";
        let (https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(expected().to_owned()),
        };
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        if !visible || rest.contains(['@', '?', '#', '\\']) {
            return Err(expected().to_owned());
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let uri: hyper::http::uri::Authority =
            authority.parse().map_err(|_| expected().to_owned())?;
        let port = uri.port_u16();
        // A port that is no number is none to hyper.
        let has_port = authority
            .rsplit(']')
            .next()
            .is_some_and(|rest| rest.contains(':'));
        if uri.host().is_empty() || has_port != port.is_some() {
            return Err(expected().to_owned());
        }
        Ok(Self {
            https,
            host: uri.host().trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(if https { 443 } else { 80 }),
            authority: authority.to_owned(),
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Whether it uses TLS.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port to connect to.
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Host and port as written.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The whole base, such as `https://example.com/prefix`.
    pub fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.prefix)
    }

    /// The prefix of every path, without a slash at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_parsed() {
        let base = BaseUrl::parse("http://localhost:8080/a/").expect("fine");
        assert_eq!(base.address(), ("localhost", 8080));
        assert_eq!((base.prefix(), base.is_https()), ("/a", false));
        assert_eq!(base.url(), "http://localhost:8080/a");
        let base = BaseUrl::parse("https://[::1]").expect("fine");
        assert_eq!(base.address(), ("::1", 443));
        for wrong in [
            "",
            "ftp://a",
            "http://",
            "http://a b",
            "http://u:p@h",
            "http://h?x",
            "h:1",
            "http://h:port",
            "http://h:",
            "http://h:70000",
        ] {
            assert!(BaseUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
