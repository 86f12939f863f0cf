//! `stoa health`: asks a running process whether it is ready; what containers and scripts need.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kernel::config::Settings;
use rustls::ClientConfig;

use crate::doors;
use crate::output::{say, with_causes};
use crate::platform::{self, Failure};

const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Prints what the process says of itself; fails when it is not ready.
pub fn ask(settings: &Settings, url: Option<String>) -> Result<ExitCode, Failure> {
    let (url, tls) = match url {
        Some(url) => (url, doors::inside(settings)?),
        None => doors::ourselves(settings)?,
    };
    let address = format!("{}/health/ready", url.trim_end_matches('/'));
    let asked = platform::block_on(async { tokio::time::timeout(PATIENCE, get(&address, tls)).await })?;
    let (ready, text) = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Err(Failure::Other(format!("{url} does not answer: {why}"))),
        Err(_) => return Err(Failure::Other(format!("{url} does not answer in {} s", PATIENCE.as_secs()))),
    };
    say(text);
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn get(address: &str, tls: Arc<ClientConfig>) -> Result<(bool, String), String> {
    let request = Request::get(address).body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let tls =
        HttpsConnectorBuilder::new().with_tls_config((*tls).clone()).https_or_http().enable_http1().build();
    let client = Client::builder(TokioExecutor::new()).build(tls);
    let answer = client.request(request).await.map_err(|error| with_causes(&error))?;
    let ready = answer.status().is_success();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok((ready, String::from_utf8_lossy(&body).into_owned()))
}
