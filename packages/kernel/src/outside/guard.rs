//! Where user-given URLs may lead: out, never in.
//!
//! A URL is judged before it is dialed, and each address of its name when it is dialed; the connector goes to the
//! judged addresses and asks no second time, so a name that changes its answer in between gains nothing.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::dns::Name;

/// The rules for user-given URLs.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Ports that may be called.
    pub ports: Vec<RangeInclusive<u16>>,
    /// Whether this machine itself may be called: for trials and tests only.
    pub allow_loopback: bool,
}

/// A URL leads where user-given URLs may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Neither `http` nor `https`.
    #[error("the URL must begin with http:// or https://")]
    Scheme,
    /// There is no host, or a name and password before it.
    #[error("the URL must name a host, and no user before it")]
    Host,
    /// A port that is not on the list.
    #[error("port {0} may not be called")]
    Port(u16),
    /// An address that is not on the public internet.
    #[error("the URL leads to an address that may not be called")]
    Address(IpAddr),
}

/// Looks names up for the connector, and lets no forbidden address through where there is a guard.
#[derive(Debug, Clone)]
pub(super) struct Resolver(pub(super) Option<Guard>);

impl Default for Guard {
    fn default() -> Self {
        Self { ports: vec![80..=80, 443..=443, 1024..=u16::MAX], allow_loopback: false }
    }
}

impl Guard {
    /// Judges all of a URL but the addresses behind a name, which are judged when it is dialed.
    pub fn check_url(&self, url: &Uri) -> Result<(), Forbidden> {
        let port = match url.scheme_str() {
            Some("https") => 443,
            Some("http") => 80,
            _ => return Err(Forbidden::Scheme),
        };
        let authority = url.authority().ok_or(Forbidden::Host)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(Forbidden::Host);
        }
        // A port that is no number is not the same as no port.
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => port,
            _ => authority.port_u16().ok_or(Forbidden::Host)?,
        };
        if !self.ports.iter().any(|range| range.contains(&port)) {
            return Err(Forbidden::Port(port));
        }
        // Addresses written out never reach the resolver.
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        host.parse().map_or(Ok(()), |address| self.check_address(address))
    }

    fn check_address(&self, address: IpAddr) -> Result<(), Forbidden> {
        let loopback = address.to_canonical().is_loopback();
        let allowed = if loopback { self.allow_loopback } else { is_public(address) };
        if allowed { Ok(()) } else { Err(Forbidden::Address(address)) }
    }
}

impl Resolver {
    async fn resolve(self, name: Name) -> std::io::Result<std::vec::IntoIter<SocketAddr>> {
        let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
        if let Some(guard) = &self.0 {
            // One bad address spoils the name: a mixture is an attempt.
            let judged = found.iter().try_for_each(|found| guard.check_address(found.ip()));
            judged.map_err(std::io::Error::other)?;
        }
        Ok(found.into_iter())
    }
}

impl tower::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name))
    }
}

/// Whether an address is on the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let refused = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _) // this network, private, loopback, multicast and all above
            | (100, 64..=127, _) // carrier NAT
            | (169, 254, _) // link-local, with the clouds' metadata
            | (172, 16..=31, _) | (192, 168, _) // private
            | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) // protocol assignments, documentation
            | (192, 88, 99) // 6to4 relays
            | (198, 18..=19, _) // benchmarks
    );
    !refused
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = Ipv4Addr::from((u32::from(g) << 16) | u32::from(h));
    match (a, b, c, d, e, f) {
        // IPv4 in other clothes (mapped, NAT64) is judged as what it is.
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => is_public_v4(embedded),
        // Protocol assignments with Teredo, documentation twice, 6to4.
        (0x2001, ..0x200 | 0xdb8, ..) | (0x3fff, ..0x1000, ..) | (0x2002, ..) => false,
        // Of all the rest only global unicast: nothing local, multicast, or not yet given out.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<(), Forbidden> {
        Guard::default().check_url(&url.parse().unwrap())
    }

    #[test]
    fn addresses_inside_are_refused_in_every_spelling() {
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2002:808:808::]",
            "[3fff::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
        ] {
            let refused = check(&format!("http://{inside}/"));
            assert!(matches!(refused, Err(Forbidden::Address(_))), "{inside}: {refused:?}");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "[2606:4700::1111]",
            "[64:ff9b::101:101]",
            "[::ffff:8.8.8.8]",
        ] {
            assert_eq!(check(&format!("https://{public}/")), Ok(()), "{public}");
        }
        assert_eq!(check("https://example.com:8443/hook?x=1"), Ok(()));
    }

    #[test]
    fn users_odd_schemes_and_low_ports_are_refused() {
        assert_eq!(check("http://good.example@10.0.0.1/"), Err(Forbidden::Host));
        assert_eq!(check("http://user:password@example.com/"), Err(Forbidden::Host));
        assert_eq!(check("ftp://example.com/"), Err(Forbidden::Scheme));
        assert_eq!(check("/relative"), Err(Forbidden::Scheme));
        assert_eq!(check("http://example.com:25/"), Err(Forbidden::Port(25)));
        assert_eq!(check("http://example.com:0/"), Err(Forbidden::Port(0)));
    }

    #[test]
    fn loopback_is_open_only_where_asked_and_opens_nothing_else() {
        let guard = Guard { allow_loopback: true, ..Guard::default() };
        assert_eq!(guard.check_url(&"http://127.0.0.1:8080/".parse().unwrap()), Ok(()));
        assert_eq!(guard.check_url(&"http://[::1]:8080/".parse().unwrap()), Ok(()));
        assert!(guard.check_url(&"http://169.254.169.254/".parse().unwrap()).is_err());
    }
}
