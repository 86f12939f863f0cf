//! Calls over TLS: both sides show a certificate, and speak the best that both know.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use gateway::upstreams::{Trouble, Tuning, Upstreams};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::upstreams::{SERVICE, get, post, reading, text, writing};
use super::upstreams_streaming::{door, echo};

/// One certificate for all: everybody shows it, and trusts nothing else.
struct Pair {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
}

fn pair() -> Pair {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    Pair { certificate, key, roots: Arc::new(roots) }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Pair {
    fn client(&self, shows: bool) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(Arc::clone(&self.roots));
        Arc::new(match shows {
            true => {
                config.with_client_auth_cert(vec![self.certificate.clone()], self.key.clone_key()).unwrap()
            }
            false => config.with_no_client_auth(),
        })
    }

    fn server(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let callers = WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), provider());
        let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = config.unwrap().with_client_cert_verifier(callers.build().unwrap());
        let mut config =
            config.with_single_cert(vec![self.certificate.clone()], self.key.clone_key()).unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// An instance that says which version it was asked in; it counts its connections.
    async fn instance(&self, protocols: &[&str], connections: &Arc<AtomicUsize>) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(self.server(protocols));
        let (routes, connections) = (routes(), Arc::clone(connections));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                connections.fetch_add(1, Ordering::SeqCst);
                let service = TowerToHyperService::new(routes.clone());
                tokio::spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
                });
            }
        });
        format!("https://localhost:{}", address.port())
    }
}

fn routes() -> Router {
    let version = async |request: Request| {
        let version = format!("{:?}", request.version());
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
        format!("{version} {}", body.len())
    };
    Router::new().route("/ws", any(echo)).fallback(any(version))
}

fn at(tls: Option<Arc<ClientConfig>>, address: &str) -> Upstreams {
    let upstreams = Upstreams::new(Tuning::default(), tls);
    upstreams.set_instances(SERVICE, vec![address.parse().unwrap()]);
    upstreams
}

#[tokio::test]
async fn over_tls_the_best_that_both_speak_is_spoken_over_few_connections() {
    let pair = pair();
    for (protocols, version) in
        [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")]
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let upstreams = at(Some(pair.client(true)), &pair.instance(protocols, &connections).await);
        for length in [0, 10, 1 << 20] {
            let answer = upstreams.send(SERVICE, writing(), post(vec![b'x'; length])).await.unwrap();
            assert_eq!(text(answer).await, format!("{version} {length}"));
            let answer = upstreams.send(SERVICE, reading(), get("/")).await.unwrap();
            assert_eq!(text(answer).await, format!("{version} 0"));
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{version}");
    }
}

#[tokio::test]
async fn whoever_shows_no_certificate_or_trusts_nobody_reaches_nobody() {
    let (pair, stranger) = (pair(), self::pair());
    let address = pair.instance(&["h2", "http/1.1"], &Arc::default()).await;
    for tls in [Some(pair.client(false)), Some(stranger.client(true)), None] {
        let upstreams = at(tls, &address);
        assert!(upstreams.send(SERVICE, writing(), post("{}")).await.is_err());
    }
    let stranger = at(Some(stranger.client(true)), &address);
    assert_eq!(stranger.send(SERVICE, writing(), post("{}")).await.unwrap_err(), Trouble::NoInstance);
}

#[tokio::test]
async fn a_tunnel_is_dug_through_tls_too() {
    let pair = pair();
    let upstreams = at(Some(pair.client(true)), &pair.instance(&["h2", "http/1.1"], &Arc::default()).await);
    let mut caller = TcpStream::connect(door(&upstreams).await).await.unwrap();
    let ask = b"GET /ws HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nfirst";
    caller.write_all(ask).await.unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\nfirst") {
        assert!(caller.read_buf(&mut heard).await.unwrap() > 0, "{}", String::from_utf8_lossy(&heard));
    }
    assert!(heard.starts_with(b"HTTP/1.1 101 "));
}
