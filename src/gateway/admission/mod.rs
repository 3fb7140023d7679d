//! Who may come in, and what they may hold: connections and the memory of what is unfinished
//! (`connections`, by their age `by_age`), wrong tokens (`attempts`), and the descriptors of this process (`descriptors`).
//!
//! Not here: what a token is compared with (`Gateway`), and how those who must leave are told (`http`,
//! `session`).

mod attempts;
mod by_age;
mod connections;
mod descriptors;
mod permit;

use std::net::IpAddr;

pub(in crate::gateway) use self::{
    attempts::{Attempts, WrongToken},
    connections::{Connections, Full},
    permit::Permit,
};

/// What counts as one address: of IPv6 the network of 64 bits, all of which one host may have
/// (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let prefix = u128::from(six) >> 64 << 64;
            IpAddr::V6(prefix.into())
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
