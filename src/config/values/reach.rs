//! Parses paths of files and the address under which other devices reach the gateway.

use std::{net::IpAddr, path::PathBuf};

use super::{addresses, base_url::BaseUrl, expected::Expected};

/// Longest path of a file.
const MAX_PATH: usize = 4096;

/// The path of a file, which may be relative to the home folder.
pub(in crate::config) fn file(text: &str) -> Result<PathBuf, Expected> {
    let is_content = text.contains("-----BEGIN");
    let fits = !text.is_empty() && text.len() <= MAX_PATH && !text.chars().any(char::is_control);
    if fits && !is_content {
        return Ok(PathBuf::from(text));
    }
    Err("the path of a file, not what is in it; relative ones begin in the home folder".to_owned())
}

/// The address under which other devices reach the gateway: https, or http where it leads to this machine
/// alone. Paths are not served below a prefix, so it has none.
pub(in crate::config) fn public_url(text: &str) -> Result<BaseUrl, Expected> {
    let expected = || {
        "https://NAME or https://NAME:PORT without a path, as other devices reach the gateway \
         (http only with localhost or a loopback address)"
            .to_owned()
    };
    let url = BaseUrl::parse(&text.to_ascii_lowercase()).map_err(|_| expected())?;
    let is_host = addresses::hosts(url.authority()).is_ok_and(|hosts| hosts.len() == 1);
    let is_private = url.is_https() || is_loopback(url.host());
    if is_host && is_private && url.prefix().is_empty() {
        return Ok(url);
    }
    Err(expected())
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_and_the_content_of_a_file_is_not() {
        assert_eq!(file("tls/cert.pem"), Ok(PathBuf::from("tls/cert.pem")));
        for wrong in ["", "a\nb", "-----BEGIN PRIVATE KEY-----", &"x".repeat(4097)] {
            assert!(file(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_public_address_is_https_and_has_no_path() {
        for (text, host) in [
            ("https://Box.tail1.ts.net", "box.tail1.ts.net"),
            ("https://box.lan:18789/", "box.lan"),
            ("https://[fd00::1]:18789", "fd00::1"),
            ("http://localhost:18789", "localhost"),
            ("http://127.0.0.1:18789", "127.0.0.1"),
        ] {
            assert_eq!(public_url(text).expect("fine").host(), host, "{text}");
        }
        for wrong in [
            "",
            "box.lan",
            "http://box.lan",
            "https://box.lan/prefix",
            "https://box.lan#pair",
            "https://a,b",
            "wss://box.lan",
            "https://u:p@box.lan",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
