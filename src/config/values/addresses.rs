//! Parses listen addresses, origins and host names.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use super::expected::Expected;

/// The address where clients on this machine reach a listener: loopback, if it listens on all
/// interfaces.
pub fn reached_at(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

/// An address to listen on.
pub(in crate::config) fn host(text: &str) -> Result<IpAddr, Expected> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match IpAddr::from_str(bare.unwrap_or(text)) {
        // Convert IPv4-mapped IPv6 addresses, so that the check for loopback sees `::ffff:127.0.0.1`.
        Ok(address) => Ok(address.to_canonical()),
        Err(_) if text.eq_ignore_ascii_case("localhost") => Ok(Ipv4Addr::LOCALHOST.into()),
        Err(_) => Err("an IP address such as 127.0.0.1, ::1 or 0.0.0.0, or localhost".to_owned()),
    }
}

/// Web origins in the serialisation of RFC 6454, section 6.2, in lower case.
pub(in crate::config) fn origins(text: &str) -> Result<Vec<String>, Expected> {
    let is_origin = |item: &str| {
        item.split_once("://")
            .is_some_and(|(scheme, host)| is_scheme(scheme) && is_host(host))
    };
    list(text, is_origin).ok_or_else(|| {
        "origins separated by commas, each scheme://host or scheme://host:port without a path, \
         such as https://chat.example.org (no *)"
            .to_owned()
    })
}

/// Host names as in a `Host` header, in lower case.
pub(in crate::config) fn hosts(text: &str) -> Result<Vec<String>, Expected> {
    list(text, is_host).ok_or_else(|| {
        "host names separated by commas, each with or without :port, \
         such as gateway.example.org or 192.0.2.7:18789 (no *)"
            .to_owned()
    })
}

/// The items between commas, without duplicates; `None` if one is not valid.
fn list(text: &str, is_valid: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let mut items = Vec::new();
    for item in text.split(',').map(|item| item.trim().to_ascii_lowercase()) {
        if item.is_empty() || items.contains(&item) {
            continue;
        }
        if !is_valid(&item) {
            return None;
        }
        items.push(item);
    }
    Some(items)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// `name`, `name:port`, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n != 0)
    };
    is_host_name(name) && port.is_none_or(is_port)
}

fn is_host_name(name: &str) -> bool {
    if let Some(inner) = name.strip_prefix('[') {
        let address = inner.strip_suffix(']').map(str::parse::<Ipv6Addr>);
        return matches!(address, Some(Ok(_)));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    !name.is_empty() && name.len() <= 253 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_brackets_and_ipv4_mapped() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("localhost", "127.0.0.1"),
            ("[::1]", "::1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(host(text).map(|a| a.to_string()), Ok(address.to_owned()));
        }
        for wrong in ["", "example.org", "127.0.0.1:80", "*", "[::1"] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_are_trimmed_lowered_and_hold_each_item_once() {
        assert_eq!(
            hosts(" A.example ,b:80,, a.example").expect("fine"),
            ["a.example", "b:80"]
        );
        assert_eq!(hosts("").expect("fine"), [""; 0]);
        assert_eq!(
            origins("https://A.example:8443, tauri://localhost").expect("fine"),
            ["https://a.example:8443", "tauri://localhost"]
        );
    }

    #[test]
    fn wildcards_paths_and_bad_ports_are_refused_in_lists() {
        for wrong in ["*", "a/b", "a:0", "a:", "a:+1", "::1", "[::1", "a b", "ä"] {
            assert!(hosts(wrong).is_err(), "{wrong}");
        }
        for wrong in ["*", "null", "a.example", "https://a/", "https://", "1s://a"] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
        assert!(hosts("[::1],[::1]:80,192.0.2.7:1").is_ok());
    }
}
