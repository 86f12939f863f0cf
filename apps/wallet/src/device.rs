//! The device that the wallet is opened on: a name at random that its browser keeps, so that fraud detection tells one
//! device from another. It says nothing of whose it is; whoever takes it away is on a new device.

use std::time::Duration;

use axum::Extension;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header;
use serde::Serialize;
use ui::face::cookies::Name;
use ui::face::{Failure, Visit, new_token};

use crate::frame::ROOT;

/// A device, as it is told with payments.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Device(String);

const DEVICE: Name = Name::new("stoa_wallet_device", ROOT);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// 16 bytes in hexadecimal.
const LETTERS: usize = 32;

/// Tells pages which device they are for, and has a new one keep its name.
pub async fn know(
    Extension(visit): Extension<Visit>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let known = visit.cookie(DEVICE).filter(|name| is_ours(name)).map(str::to_owned);
    let is_new = known.is_none();
    let name = match known {
        Some(name) => name,
        None => new_token()?,
    };
    let kept = is_new.then(|| DEVICE.set_for(&name, YEAR, visit.is_secure())).flatten();
    request.extensions_mut().insert(Device(name));
    let mut response = next.run(request).await;
    if let Some(cookie) = kept {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What no page of ours has given is not passed on.
fn is_ours(name: &str) -> bool {
    name.len() == LETTERS && name.bytes().all(|letter| letter.is_ascii_hexdigit())
}
