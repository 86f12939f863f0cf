//! Where an instance is, and what it speaks there.

use std::fmt;
use std::str::FromStr;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

/// Where one instance of a service answers: `http://10.0.0.7:8000`, `h2c://…`, `https://…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstanceAddress {
    speaks: Speaks,
    authority: Authority,
}

/// What is spoken at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Speaks {
    /// HTTP/1.1 in the clear.
    Http,
    /// HTTP/2 in the clear, from the first byte.
    H2c,
    /// TLS, within which the two sides agree on one of both.
    Https,
}

/// The text is not where an instance could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Neither of the three.
    #[error("an address begins with http://, h2c:// or https://")]
    Scheme,
    /// No host, a port that is none, or a user before it.
    #[error("an address names a host and a port, and no user")]
    Host,
    /// Something stands behind host and port.
    #[error("an address ends with its port: paths are those of the routes")]
    Path,
}

impl FromStr for InstanceAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (speaks, rest) = match text.split_once("://") {
            None => (Speaks::Http, text),
            Some(("http", rest)) => (Speaks::Http, rest),
            Some(("h2c", rest)) => (Speaks::H2c, rest),
            Some(("https", rest)) => (Speaks::Https, rest),
            Some(_) => return Err(BadAddress::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(BadAddress::Path);
        }
        let authority: Authority = rest.parse().map_err(|_| BadAddress::Host)?;
        let host = authority.host();
        let port = authority.as_str().strip_prefix(host).ok_or(BadAddress::Host)?;
        // A port that is no number is not the same as no port.
        if host.is_empty() || !(port.is_empty() || authority.port_u16().is_some_and(|port| port > 0)) {
            return Err(BadAddress::Host);
        }
        Ok(Self { speaks, authority })
    }
}

impl fmt::Display for InstanceAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.speaks {
            Speaks::Http => "http",
            Speaks::H2c => "h2c",
            Speaks::Https => "https",
        };
        write!(out, "{scheme}://{}", self.authority)
    }
}

impl InstanceAddress {
    /// What is spoken there.
    pub(super) fn speaks(&self) -> Speaks {
        self.speaks
    }

    /// The same path there, absolute: what HTTP/2 asks for, and what is dialed.
    pub(super) fn uri(&self, path: PathAndQuery) -> Uri {
        let scheme = if self.speaks == Speaks::Https { Scheme::HTTPS } else { Scheme::HTTP };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        // Each of the three parts has been parsed as such.
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// What an HTTP/1.1 request names in its `host`.
    pub(super) fn host(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.authority.as_str()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for (text, shown) in [
            ("10.0.0.7:8000", "http://10.0.0.7:8000"),
            ("http://audit:8088/", "http://audit:8088"),
            ("h2c://[::1]:8000", "h2c://[::1]:8000"),
            ("https://audit.internal", "https://audit.internal"),
        ] {
            let address: InstanceAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn what_is_no_such_address_is_refused() {
        for (text, why) in [
            ("ftp://audit:21", BadAddress::Scheme),
            ("http://", BadAddress::Host),
            ("http://:80", BadAddress::Host),
            ("http://me:secret@audit:80", BadAddress::Host),
            ("http://audit:0", BadAddress::Host),
            ("http://audit:99999", BadAddress::Host),
            ("http://audit:80/api", BadAddress::Path),
            ("http://audit:80?x=1", BadAddress::Path),
        ] {
            assert_eq!(text.parse::<InstanceAddress>(), Err(why), "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_there_keeps_its_path_and_query() {
        let address: InstanceAddress = "h2c://audit:8088".parse().unwrap();
        let uri = address.uri(PathAndQuery::from_static("/api/v1/audit?limit=2"));
        assert_eq!(uri, "http://audit:8088/api/v1/audit?limit=2");
    }
}
