//! Certificates and keys, read from PEM files: those that a server shows, and those that calls inside trust and show.
//!
//! rustls on ring, TLS 1.2 and 1.3. A server's files are read anew when they change; what is bad then is told, and
//! what was in use stays. Listening is `server/`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use hyper_rustls::ConfigBuilderExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WantsClientCert, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, ProducesTickets, WebPkiClientVerifier};
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
    WantsVerifier,
};

/// Why certificates or keys cannot be used, in one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no such file, or it may not be read.
    #[error("{} cannot be read: {why}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is no PEM, or holds something else.
    #[error("{} holds no {wanted} in PEM form", file.display())]
    Empty {
        /// Which file.
        file: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// What the file holds is broken or of an unknown kind, or does not fit its key.
    #[error("{} cannot be used: {why}", file.display())]
    Unusable {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// What a port shows to its callers, and whom it lets in; clones are the same.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    files: Files,
    /// How the files were when they were last read, well or badly.
    read: Mutex<Stamps>,
    config: RwLock<Arc<ServerConfig>>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

/// When each file was changed and how long it was; nothing of one that is not there.
type Stamps = [Option<(SystemTime, u64)>; 3];

/// What calls inside the platform trust and show.
pub struct ClientTls;

/// Takes any name; without authorities, any certificate too. That whoever shows it has its key is checked always.
#[derive(Debug)]
struct AnyName {
    authorities: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerTls {
    /// Reads a certificate with its chain and its key; with `client_ca`, callers must show a certificate of it.
    pub fn load(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> Result<Self, TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            client_ca: client_ca.map(Path::to_owned),
        };
        // Taken first: what changes while the files are read is noticed by the next look.
        let read = files.stamps();
        let config = files.server_config()?;
        Ok(Self(Arc::new(Kept { files, read: Mutex::new(read), config: RwLock::new(Arc::new(config)) })))
    }

    /// What the next connection is served with.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files anew where they changed. It blocks on the disk.
    pub(super) fn look(&self) {
        let kept = &self.0;
        let mut read = kept.read.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = kept.files.stamps();
        if *read == stamps {
            return;
        }
        *read = stamps;
        let file = kept.files.certificate.display();
        match kept.files.server_config() {
            Ok(config) => {
                *kept.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!(%file, "the certificate was read anew");
            }
            Err(error) => tracing::error!(%error, "a changed certificate is bad; the one in use stays"),
        }
    }
}

impl Files {
    fn stamps(&self) -> Stamps {
        let stamp = |file: &PathBuf| {
            let about = std::fs::metadata(file).ok()?;
            Some((about.modified().ok()?, about.len()))
        };
        [stamp(&self.certificate), stamp(&self.key), self.client_ca.as_ref().and_then(stamp)]
    }

    fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&self.certificate)?;
        let key = key(&self.key)?;
        let clients = match &self.client_ca {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(file) => WebPkiClientVerifier::builder_with_provider(roots(file)?.into(), provider())
                .build()
                .map_err(|error| unusable(file, &error))?,
        };
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&self.certificate, &error))?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .map_err(|error| self.pair_unusable(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Kept by the caller, sealed for this configuration alone: a resumed session outlives no change of it.
        config.ticketer = ticketer().map_err(|error| unusable(&self.certificate, &error))?;
        Ok(config)
    }

    fn pair_unusable(&self, error: &rustls::Error) -> TlsError {
        match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Unusable {
                file: self.key.clone(),
                why: format!("it is not the key of {}", self.certificate.display()),
            },
            rustls::Error::InvalidCertificate(_) => unusable(&self.certificate, error),
            _ => unusable(&self.key, error),
        }
    }
}

impl ClientTls {
    /// Trusts the certificates of `ca`, or the web's when none is given, and shows `identity` (a certificate's file
    /// and its key's) to those who ask. Which protocols are offered is left to whoever dials.
    pub fn load(ca: Option<&Path>, identity: Option<(&Path, &Path)>) -> Result<Arc<ClientConfig>, TlsError> {
        let authorities = ca.map(roots).transpose()?;
        trusting(ca, identity, |builder| match authorities {
            Some(authorities) => builder.with_root_certificates(authorities),
            None => builder.with_webpki_roots(),
        })
    }

    /// The same for whatever name the other side is called by; without a `ca` any certificate does.
    pub fn for_any_name(
        ca: Option<&Path>,
        identity: Option<(&Path, &Path)>,
    ) -> Result<Arc<ClientConfig>, TlsError> {
        let any_name = AnyName { authorities: ca.map(roots).transpose()?, provider: provider() };
        trusting(ca, identity, |builder| {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(any_name))
        })
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(authorities) = &self.authorities {
            let algorithms = self.provider.signature_verification_algorithms.all;
            let certificate = ParsedCertificate::try_from(certificate)?;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                authorities,
                intermediates,
                now,
                algorithms,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn trusting(
    ca: Option<&Path>,
    identity: Option<(&Path, &Path)>,
    trust: impl FnOnce(ConfigBuilder<ClientConfig, WantsVerifier>) -> ConfigBuilder<ClientConfig, WantsClientCert>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let named = ca.or(identity.map(|(certificate, _)| certificate)).unwrap_or(Path::new("TLS"));
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(named, &error))?;
    let builder = trust(builder);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key_file)) => builder
            .with_client_auth_cert(certificates(certificate)?, key(key_file)?)
            .map_err(|error| unusable(key_file, &error))?,
    };
    Ok(Arc::new(config))
}

fn ticketer() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    rustls::crypto::ring::Ticketer::new()
}

fn unusable(file: &Path, error: &dyn std::error::Error) -> TlsError {
    TlsError::Unusable { file: file.to_owned(), why: error.to_string() }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|why| TlsError::Unreadable { file: file.to_owned(), why })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(file)?;
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| unusable(file, &error))?;
    if found.is_empty() {
        return Err(TlsError::Empty { file: file.to_owned(), wanted: "certificate" });
    }
    Ok(found)
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::Empty { file: file.to_owned(), wanted: "private key" },
        error => unusable(file, &error),
    })
}

fn roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| unusable(file, &error))?;
    }
    Ok(roots)
}
