//! The gateway across processes, beside nginx before the same backend: three processes, one road each.
//!
//! It is the whole door that is measured: an API key checked, five limits counted, the caller handed on signed. nginx
//! passes on what comes.

use std::collections::HashMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::any;
use gateway::Front;
use gateway::upstreams::{InstanceAddress, Tuning, Upstreams};
use kernel::http::{Porters, listen};
use kernel::testing::{Place, Stage, unique_directory};
use serde_json::json;
use tokio::sync::watch;

use crate::Failure;
use crate::client::{CONNECTIONS, Request as Asked, load};
use crate::contest::{Contestant, Latencies, Tally, take_turns};
use crate::door;
use crate::http::ask;
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::{Server, wait_until_ready};

/// nginx, told to do what we do.
struct Nginx {
    child: Child,
    address: SocketAddr,
}

/// About two hundred bytes, as a small resource has.
const HELLO: &str = r#"{"id":"ord_01J9ZKX4N6S8Q2T5W7Y9B1D3F5","state":"paid","total":{"currency":"EUR","minor":4599},"lines":[{"sku":"cup","quantity":2},{"sku":"pot","quantity":1}],"placed_at":"2026-03-01T12:00:00Z","version":3}"#;
const SERVICE: &str = "hello";
const PATH: &str = "/api/v1/orders/ord_01J9ZKX4N6S8Q2T5W7Y9B1D3F5";
const NGINX: &str = "/usr/sbin/nginx";

/// Measures and keeps the rows.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let directory = unique_directory();
    let measured = contest(&directory, time);
    std::fs::remove_dir_all(directory)?;
    measured
}

fn contest(directory: &Path, time: Duration) -> Result<(), Failure> {
    let backend = Server::relay(None)?;
    let relay = Server::relay(Some(backend.address))?;
    let nginx = Nginx::start(directory, backend.address)?;
    for connections in [CONNECTIONS, 1] {
        let get = |_| Asked::get(PATH, door::KEY);
        let [ours, theirs, direct] = take_turns(
            time,
            [
                ask(&relay, connections, get),
                Box::new(|turn| load(nginx.address, connections, turn, get)) as Contestant<'_>,
                Box::new(|turn| load(backend.address, connections, turn, get)),
            ],
        )?;
        row(connections, &ours, &theirs, &direct).keep()?;
    }
    Ok(())
}

fn row(connections: u64, ours: &Tally, theirs: &Tally, direct: &Tally) -> Row {
    let spread = |latencies: &Latencies| {
        let (half, most) = quantiles(latencies).unwrap_or_default();
        format!("p50 {} µs, p99 {} µs", half.as_micros(), most.as_micros())
    };
    let plural = if connections == 1 { "" } else { "s" };
    Row {
        what: format!(
            "the door before another process: key, limits, routing; {connections} connection{plural}"
        ),
        figure: format!("{}, {:.0} µs of our CPU each", per_second(ours), ours.server_cpu_micros()),
        baseline: format!(
            "nginx {} ({}), nothing between {}",
            per_second(theirs),
            spread(&theirs.latencies),
            per_second(direct)
        ),
        ratio: ratio(ours.rate(), theirs.rate()),
        quantiles: quantiles(&ours.latencies),
    }
}

/// Serves the backend, or hands everything on to it.
pub fn serve(address: SocketAddr, to: Option<SocketAddr>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let place = Place::sqlite();
        let (_stop, stopped) = watch::channel(false);
        let listening = listen(address).await?;
        match to {
            Some(backend) => {
                let door = door(&place, backend).await?;
                listening.with_porters(Porters::hire()?).serve(door, stopped, Duration::ZERO).await;
            }
            None => {
                let hello = any(async || ([(header::CONTENT_TYPE, "application/json")], HELLO));
                listening.serve(Router::new().fallback(hello), stopped, Duration::ZERO).await;
            }
        }
        Ok(())
    })
}

async fn door(place: &Place, backend: SocketAddr) -> Result<Front, Failure> {
    let upstreams = Upstreams::new(Tuning::default(), None);
    upstreams.set_instances(SERVICE, vec![format!("http://{backend}").parse::<InstanceAddress>()?]);
    let document = json!({ "paths": { "/api/v1/orders/{id}": { "get": {} }, "/health/ready": { "get": { "security": [{}] } } } });
    let gateway = Stage::with(place, gateway::service(), &door::WIDE).await;
    door::open(&gateway, (SERVICE, document), HashMap::new(), upstreams).await
}

impl Nginx {
    fn start(directory: &Path, backend: SocketAddr) -> Result<Self, Failure> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let settings: PathBuf = directory.join("nginx.conf");
        let mut file = std::fs::File::create(&settings)?;
        write!(
            file,
            "worker_processes 2;\ndaemon off;\npid nginx.pid;\nerror_log error.log crit;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n  access_log off;\n  client_body_temp_path body;\n  proxy_temp_path proxy;\n  \
             fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n  \
             upstream backend {{ server {backend}; keepalive 64; keepalive_requests 1000000000; }}\n  \
             server {{\n    listen {address};\n    keepalive_requests 1000000000;\n    location / {{\n      \
             proxy_pass http://backend;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      \
             proxy_set_header X-Forwarded-For $remote_addr;\n    }}\n  }}\n}}\n"
        )?;
        let child = Command::new(NGINX)
            .arg("-p")
            .arg(directory)
            .arg("-c")
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut nginx = Self { child, address };
        wait_until_ready(&mut nginx.child, address)?;
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Asked to end it takes its workers along; killed it would leave them.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
