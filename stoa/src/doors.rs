//! The doors of a process: every port that it serves, with TLS or without, and what it shows when it calls others.
//!
//! All ports lead to the same routes; a request tells by which it came (`kernel::http::Arrived`). How a connection
//! is served is the kernel's business.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::config::{Mode, SettingValue, Settings};
use kernel::http::{ClientTls, Entrance, Health, Listening, Porters, Room, ServerTls, TlsError, listen};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::platform::Failure;
use crate::{settings, world};

/// The ports that the five documents name for what is behind one door here.
const DOCUMENTS: [u16; 15] =
    [8000, 8080, 8081, 8082, 8083, 8084, 8085, 8086, 8087, 8088, 8089, 3001, 3002, 8888, 8761];
/// How long balancers get to look elsewhere: two of their usual looks, 2 s apart, and one more second.
const NOTICE: Duration = Duration::from_secs(5);

/// Ports that are open and not served yet.
pub struct Doors {
    first: Listening,
    others: Vec<Listening>,
    scheme: &'static str,
}

/// More ports to listen on than one, as a setting says them: `8080,[::1]:9000,documents`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MorePorts(Vec<Named>);

/// One word of that setting.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    /// On the host of `listen`.
    Port(u16),
    Address(SocketAddr),
    Documents,
}

/// Opens every port that the settings name.
pub async fn open(settings: &Settings) -> Result<Doors, Failure> {
    let tls = server_tls(settings)?;
    let room = Room::for_connections(settings.get(&settings::CONNECTIONS_MAX));
    let address = settings.get(&settings::LISTEN);
    let more = settings.get(&settings::LISTEN_ALSO);
    let first = open_one(address, tls.as_ref(), &room).await?;
    let mut others = Vec::new();
    for address in more.map_or_else(Vec::new, |more| more.beside(address)) {
        others.push(open_one(address, tls.as_ref(), &room).await?);
    }
    if !others.is_empty() {
        let at: Vec<_> = others.iter().map(|listening| listening.address().to_string()).collect();
        tracing::info!(at = at.join(","), "more ports are open");
    }
    Ok(Doors { first, others, scheme: if tls.is_some() { "https" } else { "http" } })
}

async fn open_one(address: SocketAddr, tls: Option<&ServerTls>, room: &Room) -> Result<Listening, Failure> {
    world::let_go(address);
    let listening =
        listen(address).await.map_err(|error| Failure::File(format!("the address {address}"), error))?;
    let listening = listening.with_room(room.clone());
    Ok(match tls {
        Some(tls) => listening.with_tls(tls.clone()),
        None => listening,
    })
}

fn server_tls(settings: &Settings) -> Result<Option<ServerTls>, Failure> {
    let client_ca = settings.get(&settings::TLS_CLIENT_CA);
    match identity(settings)? {
        Some((certificate, key)) => {
            ServerTls::load(&certificate, &key, client_ca.as_deref()).map(Some).map_err(bad_tls)
        }
        None => Ok(None),
    }
}

/// The certificate and its key: both or neither.
fn identity(settings: &Settings) -> Result<Option<(PathBuf, PathBuf)>, Failure> {
    match (settings.get(&settings::TLS_CERTIFICATE), settings.get(&settings::TLS_KEY)) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Failure::Other("`tls.certificate` is set, and `tls.key` is not".into())),
        (None, Some(_)) => Err(Failure::Other("`tls.key` is set, and `tls.certificate` is not".into())),
    }
}

fn bad_tls(error: TlsError) -> Failure {
    Failure::Other(error.to_string())
}

/// What calls to other processes trust and show: our own authority if there is one, and our own certificate.
pub fn inside(settings: &Settings) -> Result<Arc<rustls::ClientConfig>, Failure> {
    let ca = settings.get(&settings::TLS_INSIDE_CA).or_else(|| settings.get(&settings::TLS_CLIENT_CA));
    let identity = identity(settings)?;
    let identity = identity.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
    ClientTls::load(ca.as_deref(), identity).map_err(bad_tls)
}

/// How this installation is called on its own machine, and with what: its certificate is for the name that others use.
pub fn ourselves(settings: &Settings) -> Result<(String, Arc<rustls::ClientConfig>), Failure> {
    let identity = identity(settings)?;
    let identity = identity.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
    let scheme = if identity.is_some() { "https" } else { "http" };
    let tls = ClientTls::for_any_name(None, identity).map_err(bad_tls)?;
    Ok((format!("{scheme}://{}", settings.get(&settings::LISTEN)), tls))
}

/// Says that this process is about to stop, and serves on until balancers have had time to look elsewhere, or until
/// `hurried`.
pub async fn give_notice(settings: &Settings, health: &Health, hurried: impl Future<Output = ()>) {
    let notice = notice(settings);
    health.drain();
    if !notice.is_zero() {
        tracing::info!(
            notice_ms = notice.as_millis() as u64,
            "stopping soon: not ready any more, serving on"
        );
        // Either way it is time.
        let _ = tokio::time::timeout(notice, hurried).await;
    }
}

fn notice(settings: &Settings) -> Duration {
    settings.get(&settings::DRAIN_NOTICE).unwrap_or(match settings.get(&settings::MODE) {
        Mode::Sandbox => Duration::ZERO,
        Mode::Production => NOTICE,
    })
}

impl Doors {
    /// Where the first port is: the one that was given when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.first.address()
    }

    /// `https` or `http`: all ports speak the same.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Has threads of their own serve the connections of all ports.
    pub fn with_porters(self) -> Result<Self, Failure> {
        let porters = Porters::hire();
        let porters = porters.map_err(|error| Failure::Other(format!("no threads for the door: {error}")))?;
        let others = self.others.into_iter().map(|listening| listening.with_porters(porters.clone()));
        let others = others.collect();
        Ok(Self { first: self.first.with_porters(porters), others, ..self })
    }

    /// Serves the same on all ports until `stop` changes, then lets running requests end.
    pub async fn serve(self, entrance: impl Entrance, stop: watch::Receiver<bool>, drain: Duration) {
        let mut serving = JoinSet::new();
        for listening in std::iter::once(self.first).chain(self.others) {
            serving.spawn(listening.serve(entrance.clone(), stop.clone(), drain));
        }
        while let Some(ended) = serving.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a port was not served to its end");
            }
        }
    }
}

impl MorePorts {
    /// Their addresses beside the first, each once.
    fn beside(&self, first: SocketAddr) -> Vec<SocketAddr> {
        let on_host = |port: &u16| SocketAddr::new(first.ip(), *port);
        let named = self.0.iter().flat_map(|named| match named {
            Named::Port(port) => vec![on_host(port)],
            Named::Address(address) => vec![*address],
            Named::Documents => DOCUMENTS.iter().map(on_host).collect(),
        });
        let mut all = Vec::new();
        for address in named {
            // Port 0 is another port each time.
            if address.port() == 0 || (address != first && !all.contains(&address)) {
                all.push(address);
            }
        }
        all
    }
}

impl SettingValue for MorePorts {
    const KIND: &'static str = "ports or addresses";

    fn parse(text: &str) -> Result<Self, String> {
        let word = |word: &str| match word.trim() {
            "documents" => Some(Named::Documents),
            word => {
                let port = word.parse().ok().map(Named::Port);
                port.or_else(|| word.parse().ok().map(Named::Address))
            }
        };
        let named: Option<Vec<Named>> = text.split(',').map(word).collect();
        named
            .map(Self)
            .ok_or_else(|| "ports or addresses like 8080,127.0.0.1:9000, or `documents`".to_owned())
    }

    fn show(&self) -> String {
        let word = |named: &Named| match named {
            Named::Port(port) => port.to_string(),
            Named::Address(address) => address.to_string(),
            Named::Documents => "documents".to_owned(),
        };
        self.0.iter().map(word).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::Extension;
    use bytes::Bytes;
    use http_body_util::{BodyExt, Empty};
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use kernel::http::Arrived;

    use super::*;

    fn set(values: &[(&str, &str)]) -> Settings {
        let flags: Vec<_> =
            values.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        Settings::load(settings::declarations(), None, [], &flags).unwrap()
    }

    fn refusal<T>(opened: Result<T, Failure>) -> String {
        let failure = opened.err().unwrap();
        let cause = std::error::Error::source(&failure).map(ToString::to_string).unwrap_or_default();
        format!("{failure}: {cause}")
    }

    async fn port_that_answers(address: SocketAddr) -> String {
        let uri = format!("http://{address}/").parse().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        let body = client.get(uri).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn all_ports_lead_to_the_same_routes_and_say_which_they_are() {
        let settings = set(&[("listen", "127.0.0.1:0"), ("listen_also", "0,127.0.0.1:0")]);
        let doors = open(&settings).await.unwrap();
        let mut addresses = vec![doors.address()];
        addresses.extend(doors.others.iter().map(Listening::address));
        assert_eq!((addresses.len(), doors.scheme()), (3, "http"));
        let which = |Extension(arrived): Extension<Arrived>| async move { arrived.port.to_string() };
        let routes = Router::new().route("/", axum::routing::get(which));
        let (stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(doors.serve(routes, stopping, Duration::from_secs(20)));
        for address in &addresses {
            assert_eq!(port_that_answers(*address).await, address.port().to_string());
        }
        stop.send(true).unwrap();
        serving.await.unwrap();
        for address in addresses {
            assert!(tokio::net::TcpStream::connect(address).await.is_err(), "all doors are shut");
        }
    }

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let settings = set(&[("listen", "127.0.0.1:0"), ("listen_also", &address.port().to_string())]);
        let told = refusal(open(&settings).await);
        assert!(
            told.contains(&format!("the address {address} cannot be used: Address already in use")),
            "{told}"
        );
    }

    #[tokio::test]
    async fn half_a_certificate_and_a_missing_one_are_told() {
        let half = refusal(open(&set(&[("listen", "127.0.0.1:0"), ("tls.key", "a.key")])).await);
        assert!(half.contains("`tls.key` is set, and `tls.certificate` is not"), "{half}");
        let both = [("listen", "127.0.0.1:0"), ("tls.key", "a.key"), ("tls.certificate", "no/such.pem")];
        let missing = refusal(open(&set(&both)).await);
        assert!(missing.contains("no/such.pem cannot be read: No such file"), "{missing}");
        assert!(refusal(inside(&set(&both))).contains("no/such.pem cannot be read"));
        assert!(inside(&set(&[])).is_ok());
    }

    #[test]
    fn the_documents_have_their_ports_each_once() {
        let first = SocketAddr::from(([127, 0, 0, 1], 8000));
        let ports: Vec<u16> = MorePorts::parse("documents, 8080,3001,127.0.0.1:8000")
            .unwrap()
            .beside(first)
            .iter()
            .map(SocketAddr::port)
            .collect();
        assert_eq!(ports, &DOCUMENTS[1..], "8000 is open already");
        let elsewhere = MorePorts::parse("documents").unwrap().beside(SocketAddr::from(([0, 0, 0, 0], 9000)));
        assert_eq!(elsewhere.len(), DOCUMENTS.len());
        assert!(elsewhere.iter().all(|address| address.ip().is_unspecified()));
    }

    #[test]
    fn more_ports_are_shown_as_they_are_read() {
        for text in ["8080", "0", "8080,[::1]:9000,documents"] {
            assert_eq!(MorePorts::parse(text).unwrap().show(), text);
        }
        for text in [",", "8080,", "http", "70000", "localhost:1", "8080;8081"] {
            assert!(MorePorts::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn notice_is_given_in_production_unless_the_settings_say_otherwise() {
        assert_eq!(notice(&set(&[])), Duration::ZERO);
        assert_eq!(notice(&set(&[("mode", "production")])), NOTICE);
        assert_eq!(notice(&set(&[("mode", "production"), ("drain_notice", "0s")])), Duration::ZERO);
        assert_eq!(notice(&set(&[("drain_notice", "30s")])), Duration::from_secs(30));
    }

    #[tokio::test]
    async fn who_is_hurried_waits_no_longer_and_is_not_ready_any_more() {
        let health = Health::default();
        give_notice(&set(&[("drain_notice", "90d")]), &health, std::future::ready(())).await;
        assert_eq!(health.ready().await.status, "draining");
        give_notice(&set(&[("drain_notice", "0s")]), &health, std::future::pending()).await;
        give_notice(&set(&[("drain_notice", "1ms")]), &health, std::future::pending()).await;
    }
}
