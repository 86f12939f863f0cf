//! Addresses: networks, who stands behind trusted proxies, and what counts as one caller.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use kernel::config::SettingValue;

/// Addresses that share their first bits: `10.0.0.0/8`, or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: u128,
    bits: u8,
}

/// Networks; an empty list has no addresses in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// The text is no address and no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address or a network like 10.0.0.0/8")]
pub struct BadNetwork;

/// Of IPv6 a customer has at least a /64: its addresses count as one caller.
const GROUP_BITS_6: u32 = 64;
/// Further than any chain of proxies reaches.
const HOPS_MAX: usize = 16;

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| BadNetwork)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadNetwork)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if bits > width {
            return Err(BadNetwork);
        }
        let bits = bits + (128 - width);
        Ok(Self { first: number(address) & mask(bits), bits })
    }
}

impl Network {
    /// Whether the address is in it.
    pub fn has(&self, address: IpAddr) -> bool {
        number(address) & mask(self.bits) == self.first
    }
}

impl Networks {
    /// Whether one of them has the address.
    pub fn have(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl SettingValue for Networks {
    const KIND: &'static str = "addresses and networks, with commas between";

    fn parse(text: &str) -> Result<Self, String> {
        let each = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        each.map(|part| {
            part.parse().map_err(|bad: BadNetwork| format!("{bad}, not `{}`", part.escape_debug()))
        })
        .collect()
    }

    fn show(&self) -> String {
        let each = self.0.iter().map(|network| {
            let address = Ipv6Addr::from(network.first);
            match address.to_ipv4_mapped() {
                Some(address) => format!("{address}/{}", network.bits - 96),
                None => format!("{address}/{}", network.bits),
            }
        });
        each.collect::<Vec<_>>().join(",")
    }
}

/// Who really calls: the last of the named addresses that is no proxy of ours.
///
/// Every proxy adds the address that it saw to the right, so whatever a caller wrote stands left of the truth.
pub fn caller_address<'h>(
    peer: IpAddr,
    forwarded_for: impl DoubleEndedIterator<Item = &'h str>,
    trusted: &Networks,
) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.have(peer) {
        return peer;
    }
    let mut nearest = peer;
    for hop in forwarded_for.rev().flat_map(|line| line.rsplit(',')).take(HOPS_MAX) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { return nearest };
        nearest = address.to_canonical();
        if !trusted.have(nearest) {
            return nearest;
        }
    }
    nearest
}

/// What one caller is counted by: an IPv4 address, or the /64 of an IPv6 one.
pub fn counted_as(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => number(IpAddr::V4(address)),
        IpAddr::V6(address) => u128::from(address) & (u128::MAX << (128 - GROUP_BITS_6)),
    }
}

fn number(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn networks(text: &str) -> Networks {
        Networks::parse(text).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_its_addresses_and_no_others() {
        let ours = networks("10.0.0.0/8, 192.168.1.7,2001:db8::/32");
        for (address, inside) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.168.1.7", true),
            ("192.168.1.8", false),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(ours.have(ip(address)), inside, "{address}");
        }
        assert_eq!(networks(&ours.show()), ours);
        assert!(networks("0.0.0.0/0").have(ip("1.2.3.4")));
        assert!(!networks("0.0.0.0/0").have(ip("2001:db8::1")));
        for bad in ["10.0.0.0/33", "here", "10.0.0.1/-1", "::/129"] {
            assert!(Networks::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_our_own_proxies_are_believed_about_where_a_call_came_from() {
        let trusted = networks("127.0.0.1,10.0.0.0/8");
        for (peer, named, caller) in [
            ("9.9.9.9", Some("1.1.1.1"), "9.9.9.9"),
            ("127.0.0.1", None, "127.0.0.1"),
            ("127.0.0.1", Some("1.1.1.1"), "1.1.1.1"),
            ("127.0.0.1", Some("6.6.6.6, 1.1.1.1, 10.0.0.4"), "1.1.1.1"),
            ("127.0.0.1", Some("6.6.6.6, nonsense, 10.0.0.4"), "10.0.0.4"),
            ("127.0.0.1", Some(""), "127.0.0.1"),
            ("::ffff:127.0.0.1", Some("2001:db8::1"), "2001:db8::1"),
        ] {
            assert_eq!(caller_address(ip(peer), named.into_iter(), &trusted), ip(caller), "{peer} {named:?}");
        }
        let lines = ["1.1.1.1, 6.6.6.6", "9.9.9.9", "10.0.0.4"].into_iter();
        assert_eq!(
            caller_address(ip("127.0.0.1"), lines, &trusted),
            ip("9.9.9.9"),
            "the client wrote the first"
        );
    }

    #[test]
    fn neighbours_of_one_ipv6_network_count_as_one() {
        assert_eq!(counted_as(ip("2001:db8::1")), counted_as(ip("2001:db8::ffff:1")));
        assert_ne!(counted_as(ip("2001:db8::1")), counted_as(ip("2001:db8:0:1::1")));
        assert_ne!(counted_as(ip("10.0.0.1")), counted_as(ip("10.0.0.2")));
        assert_eq!(counted_as(ip("10.0.0.1")), counted_as(ip("::ffff:10.0.0.1")));
    }

    proptest! {
        #[test]
        fn no_header_confuses_it(text: String) {
            let trusted = networks("127.0.0.1");
            caller_address(ip("127.0.0.1"), [text.as_str()].into_iter(), &trusted);
        }

        #[test]
        fn what_is_shown_is_read_again(address: u128, bits in 0u8..=128) {
            let shown = format!("{}/{bits}", Ipv6Addr::from(address));
            let network = networks(&shown);
            prop_assert_eq!(networks(&network.show()), network);
        }
    }
}
