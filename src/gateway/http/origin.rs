//! Which `Host` and `Origin` a request may carry: the two checks that keep foreign web pages out.
//!
//! A page whose own name resolves to 127.0.0.1 would pass for the same origin (DNS rebinding), but it
//! sends its name as `Host`. A page that opens our socket sends its address as `Origin` (cross-site
//! hijacking, RFC 6455 §10.2).

use std::net::IpAddr;

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

/// Whether it is a loopback name or address, the address we are bound to, or a name in `allowed`.
pub(super) fn host_is_ours(value: &str, bound: IpAddr, allowed: &[String]) -> bool {
    let Some(name) = host_name(value) else {
        return false;
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_own_address = name.parse::<IpAddr>().is_ok_and(|address| {
        address.is_loopback() || (address == bound && !bound.is_unspecified())
    });
    is_own_address
        || name.eq_ignore_ascii_case("localhost")
        || allowed
            .iter()
            .any(|one| one.eq_ignore_ascii_case(name) || one.eq_ignore_ascii_case(value))
}

/// Whether there is no origin (so no browser), or it is that of our own page, or an allowed one.
pub(super) fn origin_is_ours(origin: Option<&str>, host: &str, allowed: &[String]) -> bool {
    let Some(origin) = origin else { return true };
    let same = ["http://", "https://"].iter().any(|scheme| {
        origin
            .strip_prefix(scheme)
            .is_some_and(|rest| rest.eq_ignore_ascii_case(host))
    });
    same || allowed.iter().any(|one| one.eq_ignore_ascii_case(origin))
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
            assert!(host_is_ours(ours, BOUND, &allowed), "{ours}");
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
            assert!(!host_is_ours(foreign, BOUND, &allowed), "{foreign}");
        }
        assert!(host_is_ours(
            "192.168.0.5:1",
            IpAddr::from([192, 168, 0, 5]),
            &[]
        ));
        assert!(!host_is_ours("0.0.0.0:1", IpAddr::from([0, 0, 0, 0]), &[]));
    }

    #[test]
    fn only_our_own_page_and_listed_origins_pass() {
        let allowed = ["https://chat.example".to_owned()];
        let host = "127.0.0.1:18789";
        for ours in [
            None,
            Some("http://127.0.0.1:18789"),
            Some("https://chat.example"),
        ] {
            assert!(origin_is_ours(ours, host, &allowed), "{ours:?}");
        }
        for foreign in [
            "null",
            "",
            "http://evil.example",
            "http://127.0.0.1:8080",
            "file://",
            "http://127.0.0.1:18789.evil",
        ] {
            assert!(!origin_is_ours(Some(foreign), host, &allowed), "{foreign}");
        }
    }
}
