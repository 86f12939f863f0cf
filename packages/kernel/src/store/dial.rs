//! How a Postgres is reached: its address with libpq's words for encryption, and the connector that keeps to them.
//!
//! What the connections are used for is `postgres.rs` and `care.rs`. The driver knows three of the five words and no
//! file of authorities, so both are taken off the address here. The web's authorities are those that are built in.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::postgres::config::{Host, SslMode};
use ::postgres::error::SqlState;
use ::postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use ::postgres::{Client, Config, NoTls, Socket};
use ring::digest::{self, digest};
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;

use super::StoreError;
use crate::http::ClientTls;

/// A Postgres and how to speak to it.
#[derive(Clone)]
pub(super) struct Dial {
    pub config: Config,
    mode: Mode,
    authority: Option<PathBuf>,
    tls: Option<Encryption>,
}

/// How far a connection is to be trusted: `sslmode`, as libpq means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Why a connection could not be encrypted as the address asks.
#[derive(Debug, thiserror::Error)]
enum TlsRefused {
    #[error("its certificate is not of an authority that `sslrootcert` names")]
    Authority,
    #[error("its certificate is not of an authority that the web trusts; name its own with `sslrootcert`")]
    WebAuthority,
    #[error("its certificate is not for the name `{0}` by which it is called")]
    Name(String),
    #[error("its certificate is an authority's own; let that authority sign one for the server")]
    NotAServers,
    #[error("`{0}` is no name that a certificate can be for")]
    BadName(String),
    #[error(transparent)]
    Handshake(std::io::Error),
}

/// Makes connectors for the driver.
#[derive(Clone)]
struct Encryption {
    config: Arc<ClientConfig>,
    by_file: bool,
}

/// Encrypts one connection.
struct Encrypting {
    with: Encryption,
    name: String,
}

/// A connection that is encrypted.
struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

const NAMES: [(&str, Mode); 5] = [
    ("disable", Mode::Disable),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];
/// Stands for the web's authorities where a file would stand.
const SYSTEM: &str = "system";
/// By what a server of version 17 or later knows whom it is asked for.
const PROTOCOL: &[u8] = b"postgresql";

impl Dial {
    /// Understands an address, and reads the file that it names.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let (rest, mode, authority) = split(url)?;
        let mut config: Config = rest.parse().map_err(super::postgres::unavailable)?;
        let mode = mode.unwrap_or(match config.get_ssl_mode() {
            SslMode::Disable => Mode::Disable,
            SslMode::Require => Mode::Require,
            _ => Mode::Prefer,
        });
        let system = authority.as_deref() == Some(SYSTEM);
        let authority = authority.filter(|_| !system).map(PathBuf::from);
        let mode = match (mode, &authority) {
            // As libpq does: who names an authority means it.
            (Mode::Require, Some(_)) => Mode::VerifyCa,
            (Mode::VerifyCa, None) => {
                return Err(refused(
                    "sslmode=verify-ca needs sslrootcert: anybody has a certificate of the web's authorities; name the file of yours, or use verify-full",
                ));
            }
            (Mode::Prefer | Mode::Require, None) if system => {
                return Err(refused("sslrootcert=system needs sslmode=verify-full"));
            }
            (mode, _) => mode,
        };
        config.ssl_mode(match mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        // A server that is known by its number alone is called by it.
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(&address.to_string());
            }
        }
        let tls = Encryption::of(mode, authority.as_ref())?;
        Ok(Self { config, mode, authority, tls })
    }

    /// Opens a connection. It blocks on a runtime of its own, which must not start inside another.
    pub fn connect(&self) -> Result<Client, ::postgres::Error> {
        let Some(tls) = &self.tls else { return self.config.connect(NoTls) };
        match self.config.connect(tls.clone()) {
            Err(error) if self.mode == Mode::Prefer && is_of_encryption(&error) => {
                self.config.clone().ssl_mode(SslMode::Disable).connect(NoTls)
            }
            connected => connected,
        }
    }

    /// The same in the words of Postgres' own tools.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if let Some(Host::Tcp(host)) = self.config.get_hosts().first() {
            variables.push(("PGHOST", host.clone()));
        }
        if let Some(Host::Unix(path)) = self.config.get_hosts().first() {
            variables.push(("PGHOST", path.display().to_string()));
        }
        if let Some(port) = self.config.get_ports().first() {
            variables.push(("PGPORT", port.to_string()));
        }
        if let Some(user) = self.config.get_user() {
            variables.push(("PGUSER", user.to_owned()));
        }
        if let Some(password) = self.config.get_password() {
            variables.push(("PGPASSWORD", String::from_utf8_lossy(password).into_owned()));
        }
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or("postgres");
        variables.push(("PGDATABASE", database.to_owned()));
        variables.extend(
            NAMES
                .iter()
                .filter(|(_, mode)| *mode == self.mode)
                .map(|(name, _)| ("PGSSLMODE", (*name).to_owned())),
        );
        match &self.authority {
            Some(file) => variables.push(("PGSSLROOTCERT", file.display().to_string())),
            None if self.mode == Mode::VerifyFull => variables.push(("PGSSLROOTCERT", SYSTEM.to_owned())),
            None => {}
        }
        variables
    }
}

fn refused(why: &str) -> StoreError {
    StoreError::Unavailable(why.into())
}

/// An address without what the driver does not know, and what that was.
fn split(url: &str) -> Result<(String, Option<Mode>, Option<String>), StoreError> {
    let (mut mode, mut authority) = (None, None);
    // As the driver reads it: what is before the first `@` may hold a question mark of a password.
    let host = url.find('@').unwrap_or(0);
    let Some(query) = url[host..].find('?').map(|at| host + at).filter(|_| url.contains("://")) else {
        return Ok((url.to_owned(), mode, authority));
    };
    let mut kept = Vec::new();
    for pair in url[query + 1..].split('&') {
        match pair.split_once('=') {
            Some(("sslmode", name)) => {
                let known = NAMES.iter().find(|(known, _)| *known == name);
                mode = Some(known.ok_or_else(|| unknown(name))?.1);
            }
            Some(("sslrootcert", file)) => authority = Some(decoded(file)?),
            _ => kept.push(pair),
        }
    }
    Ok((format!("{}?{}", &url[..query], kept.join("&")), mode, authority))
}

fn unknown(mode: &str) -> StoreError {
    let names = NAMES.map(|(name, _)| name).join(", ");
    refused(&format!("there is no sslmode `{mode}` here; there are: {names}"))
}

/// A value of an address without its percent signs; the driver knows how, for values of its own.
fn decoded(value: &str) -> Result<String, StoreError> {
    let config: Config =
        format!("postgres:///?application_name={value}").parse().map_err(super::postgres::unavailable)?;
    Ok(config.get_application_name().unwrap_or_default().to_owned())
}

/// Whether the same may be tried without encryption: there was none to be had, or this user is let in without alone.
fn is_of_encryption(error: &::postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
        || source.is_some_and(|source| source.is::<TlsRefused>())
}

impl Encryption {
    fn of(mode: Mode, authority: Option<&PathBuf>) -> Result<Option<Self>, StoreError> {
        if mode == Mode::Disable {
            return Ok(None);
        }
        let file = authority.map(PathBuf::as_path);
        let trusted = match mode {
            Mode::VerifyFull => ClientTls::load(file, None),
            Mode::VerifyCa => ClientTls::for_any_name(file, None),
            Mode::Disable | Mode::Prefer | Mode::Require => ClientTls::for_any_name(None, None),
        };
        let mut config = (*trusted.map_err(|error| StoreError::Unavailable(error.into()))?).clone();
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Some(Self { config: Arc::new(config), by_file: authority.is_some() }))
    }
}

impl MakeTlsConnect<Socket> for Encryption {
    type Stream = Encrypted;
    type TlsConnect = Encrypting;
    type Error = TlsRefused;

    fn make_tls_connect(&mut self, name: &str) -> Result<Encrypting, TlsRefused> {
        // Asked for every connection, also for those that have no name and need none.
        Ok(Encrypting { with: self.clone(), name: name.to_owned() })
    }
}

impl TlsConnect<Socket> for Encrypting {
    type Stream = Encrypted;
    type Error = TlsRefused;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted, TlsRefused>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.name.clone());
            let name = name.map_err(|_| TlsRefused::BadName(self.name.clone()))?;
            let connected = TlsConnector::from(Arc::clone(&self.with.config)).connect(name, stream).await;
            connected.map(Encrypted).map_err(|error| self.explain(error))
        })
    }
}

impl Encrypting {
    fn explain(self, error: std::io::Error) -> TlsRefused {
        match error.get_ref().and_then(|why| why.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(why)) => match why {
                // The second: an authority of the same name that has another key.
                CertificateError::UnknownIssuer | CertificateError::BadSignature if self.with.by_file => {
                    TlsRefused::Authority
                }
                CertificateError::UnknownIssuer => TlsRefused::WebAuthority,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    TlsRefused::Name(self.name)
                }
                // The library has no word of its own for it.
                CertificateError::Other(why) if why.to_string() == "CaUsedAsEndEntity" => {
                    TlsRefused::NotAServers
                }
                _ => TlsRefused::Handshake(error),
            },
            _ => TlsRefused::Handshake(error),
        }
    }
}

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        let shown = self.0.get_ref().1.peer_certificates().and_then(<[_]>::first);
        shown
            .and_then(|certificate| end_point(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// What a password is bound to (RFC 5929, section 4.1): the certificate's mark, by the digest that signed it. Nothing
/// where that is a digest of another kind; the password then goes unbound.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, .. }, .. }
    let (fields, _) = element(certificate)?;
    let (_, after_the_signed) = element(fields)?;
    let (algorithm, _) = element(after_the_signed)?;
    let by = match element(algorithm)?.0 {
        // sha256, sha384 and sha512 WithRSAEncryption, then ecdsa-with-SHA256, SHA384 and SHA512.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2] => {
            &digest::SHA256
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] => {
            &digest::SHA384
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4] => {
            &digest::SHA512
        }
        _ => return None,
    };
    Some(digest(by, certificate).as_ref().to_vec())
}

/// What the first element of DER holds, and what comes after it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&short, rest) = der.get(1..)?.split_first()?;
    if short < 0x80 {
        return rest.split_at_checked(usize::from(short));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
    let length = octets
        .iter()
        .try_fold(0_usize, |length, octet| length.checked_mul(256)?.checked_add(usize::from(*octet)))?;
    rest.split_at_checked(length)
}
