//! Which `Host` and `Origin` a request may carry: the two checks that keep foreign web pages out.
//!
//! A page whose own name resolves to 127.0.0.1 would pass for the same origin (DNS rebinding), but it
//! sends its name as `Host`. A page that opens our socket sends its address as `Origin` (cross-site
//! hijacking, RFC 6455 §10.2).

use std::net::{IpAddr, SocketAddr};

/// The host of a `Host` value without its port: `[::1]:80` → `::1`. `None` where it is no host.
fn host_name(value: &str) -> Option<&str> {
    let (name, port) = match value.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => value.split_at(value.find(':').unwrap_or(value.len())),
    };
    let port_is_fine = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.parse::<u16>().is_ok());
    (!name.is_empty() && port_is_fine).then_some(name)
}

/// The `Host` of a request to the address we are bound to; none where that stands for all addresses.
pub(in crate::gateway) fn own_host(bound: SocketAddr) -> Option<String> {
    (!bound.ip().is_unspecified()).then(|| bound.to_string())
}

/// Whether it is a loopback name or address, the address we are bound to, a name in `allowed`, or that of the
/// address which others are given.
pub(super) fn host_is_ours(
    value: &str,
    bound: IpAddr,
    allowed: &[String],
    public: Option<&str>,
) -> bool {
    let Some(name) = host_name(value) else {
        return false;
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_own_address = name.parse::<IpAddr>().is_ok_and(|address| {
        address.is_loopback() || (address == bound && !bound.is_unspecified())
    });
    is_own_address
        || name.eq_ignore_ascii_case("localhost")
        || public.is_some_and(|public| public.eq_ignore_ascii_case(name))
        || allowed
            .iter()
            .any(|one| one.eq_ignore_ascii_case(name) || one.eq_ignore_ascii_case(value))
}

/// Whether it is the origin of our own page, or an allowed one. A connection without TLS may come from a proxy that
/// has it; one with TLS never belongs to a page that came without, which anybody on the way could have written.
pub(super) fn origin_is_ours(origin: &str, host: &str, is_tls: bool, allowed: &[String]) -> bool {
    let schemes = if is_tls {
        &["https://"][..]
    } else {
        &["http://", "https://"]
    };
    let same = schemes.iter().any(|scheme| {
        origin
            .strip_prefix(scheme)
            .is_some_and(|rest| rest.eq_ignore_ascii_case(host))
    });
    same || allowed.iter().any(|one| one.eq_ignore_ascii_case(origin))
}

/// Whether it is the https origin of one of our names, which a proxy may have replaced in `Host`. A name without a
/// port stands for that of https alone: what another program serves beside us is no page of ours.
pub(super) fn is_https_of<'a>(origin: &str, mut names: impl Iterator<Item = &'a str>) -> bool {
    let host = origin.strip_prefix("https://");
    host.is_some_and(|host| names.any(|name| name.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn loopback_and_named_hosts_pass_and_rebound_ones_do_not() {
        let allowed = ["gateway.lan".to_owned()];
        for ours in [
            "127.0.0.1",
            "127.0.0.1:18789",
            "localhost:1",
            "LOCALHOST",
            "[::1]:18789",
            "127.9.9.9",
            "gateway.lan:80",
        ] {
            assert!(host_is_ours(ours, BOUND, &allowed, None), "{ours}");
        }
        for foreign in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:18789",
            "[::1",
            "127.0.0.1:x",
            "127.0.0.1@evil.example",
            "192.168.0.5",
        ] {
            assert!(!host_is_ours(foreign, BOUND, &allowed, None), "{foreign}");
        }
        assert!(host_is_ours(
            "192.168.0.5:1",
            IpAddr::from([192, 168, 0, 5]),
            &[],
            None
        ));
        assert!(!host_is_ours(
            "0.0.0.0:1",
            IpAddr::from([0, 0, 0, 0]),
            &[],
            None
        ));
        let public = |host| host_is_ours(host, BOUND, &[], Some("box.tail1.ts.net"));
        assert!(public("Box.tail1.ts.net") && public("box.tail1.ts.net:443"));
        assert!(!public("tail1.ts.net") && !public("a.box.tail1.ts.net"));
    }

    #[test]
    fn what_is_mostly_said_is_ours_without_being_read() {
        for bound in ["127.0.0.1:18789", "192.168.0.5:1", "[::1]:18789"] {
            let bound: SocketAddr = bound.parse().expect("an address");
            let own = own_host(bound).expect("one address");
            assert!(host_is_ours(&own, bound.ip(), &[], None), "{own}");
        }
        for all in ["0.0.0.0:1", "[::]:1"] {
            assert_eq!(own_host(all.parse().expect("an address")), None, "{all}");
        }
    }

    #[test]
    fn only_our_own_page_and_listed_origins_pass() {
        let allowed = ["https://chat.example".to_owned()];
        let host = "127.0.0.1:18789";
        for ours in ["http://127.0.0.1:18789", "https://chat.example"] {
            assert!(origin_is_ours(ours, host, false, &allowed), "{ours:?}");
        }
        for foreign in [
            "null",
            "",
            "http://evil.example",
            "http://127.0.0.1:8080",
            "file://",
            "http://127.0.0.1:18789.evil",
        ] {
            assert!(!origin_is_ours(foreign, host, false, &allowed), "{foreign}");
        }
    }

    #[test]
    fn a_page_that_came_without_tls_is_not_the_one_inside_it() {
        let is_ours = |origin| origin_is_ours(origin, "box.lan:18789", true, &[]);
        assert!(is_ours("https://box.lan:18789"));
        assert!(!is_ours("http://box.lan:18789"));
    }

    #[test]
    fn https_pages_of_our_names_pass_whatever_the_proxy_says() {
        let names = ["gateway.lan", "box.lan:18789"];
        let is_ours = |origin| is_https_of(origin, names.into_iter());
        assert!(is_ours("https://Gateway.lan") && is_ours("https://box.lan:18789"));
        for foreign in [
            "http://gateway.lan",
            "https://gateway.lan:8443",
            "https://box.lan",
            "null",
        ] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}
