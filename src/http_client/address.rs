//! Addresses that a service names in an answer, such as Meta's of a file. An answer may be forged or
//! mistaken: what it names must not lead us into the user's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::BaseUrl;

/// An absolute address, taken apart: the host, and path and query.
pub(super) fn parsed(url: &str) -> Option<(BaseUrl, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_plain = target.bytes().all(|byte| byte.is_ascii_graphic()) && !target.contains('#');
    let host = BaseUrl::parse(&format!("{scheme}://{authority}")).ok()?;
    match target.as_bytes().first() {
        _ if !is_plain => None,
        None => Some((host, "/")),
        Some(b'/') => Some((host, target)),
        Some(_) => None,
    }
}

/// Whether two addresses lead to the same server in the same way.
pub(super) fn is_same(host: &BaseUrl, other: &BaseUrl) -> bool {
    host.is_https() == other.is_https()
        && host.address().1 == other.address().1
        && host.host().eq_ignore_ascii_case(other.host())
}

/// Looks a host up.
pub(super) async fn resolve(host: &BaseUrl) -> Result<Vec<SocketAddr>, String> {
    let found = tokio::net::lookup_host(host.address()).await;
    let found = found.map_err(|error| format!("cannot be found: {error}"))?;
    Ok(found.collect())
}

/// Whether any of these leads to this machine or a network that is not public.
pub(super) fn leads_inside(addresses: &[SocketAddr]) -> bool {
    addresses.iter().any(|address| !is_public(address.ip()))
}

/// Whether an address is one of the public internet
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation();
    !special
        && !matches!(
            address.octets(),
            // This network, shared by carriers, of protocols, for benchmarks, reserved.
            [0 | 240..=255, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18 | 19, ..]
        )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // An IPv4 address by NAT64, or by 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo and the other special ones, documentation; global unicast is 2000::/3.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_odd_ones_refused() {
        let (host, target) = parsed("https://a.example:8443/b/c?d=e&f").expect("fine");
        assert_eq!(
            (host.address(), target),
            (("a.example", 8443), "/b/c?d=e&f")
        );
        let (_, target) = parsed("https://a.example").expect("fine");
        assert_eq!(target, "/");
        for wrong in [
            "",
            "/a",
            "a.example/b",
            "ftp://a/b",
            "file:///etc/passwd",
            "https://u:p@a/b",
            "https://a/b#c",
            "https://a/b c",
            "https://a/b\r\nX: 1",
            "https://a?b",
            "https://",
            "https:///b",
            "https://a\\b/c",
        ] {
            assert!(parsed(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_same_server_is_known_by_scheme_host_and_port() {
        let base = |text: &str| BaseUrl::parse(text).expect("fine");
        assert!(is_same(
            &base("https://A.example"),
            &base("https://a.example:443/p")
        ));
        for other in [
            "http://a.example",
            "https://a.example:444",
            "https://b.example",
        ] {
            assert!(
                !is_same(&base("https://a.example"), &base(other)),
                "{other}"
            );
        }
    }

    #[test]
    fn addresses_inside_are_told_from_public_ones() {
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
            "::127.0.0.1",
        ] {
            let address = inside.parse().expect("an address");
            assert!(leads_inside(&[SocketAddr::new(address, 443)]), "{inside}");
        }
        for public in [
            "157.240.1.1",
            "1.1.1.1",
            "2a03:2880:f000::1",
            "64:ff9b::101:101",
        ] {
            let address = public.parse().expect("an address");
            assert!(!leads_inside(&[SocketAddr::new(address, 443)]), "{public}");
        }
    }
}
