//! Answers made smaller for callers that take gzip, where that pays: text of a known and middling size.
//!
//! The edge says where this stands; streams, short answers, what is encoded already and parts of a whole pass as
//! they are. A body is compressed while it is sent, a piece at a time, so a large one holds up nobody else.

use std::io::Write;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};

/// A shorter answer fits in a packet or two anyway; a longer one is a download.
const BYTES: RangeInclusive<u64> = 1 << 10..=8 << 20;
/// What is compressed before others have their turn: well below a millisecond.
const PIECE_BYTES: usize = 32 * 1024;
/// The fastest: JSON shrinks to a fifth or so already, and each further level costs more than it saves.
const LEVEL: u32 = 1;

/// A body that is compressed while it is read.
struct Gzipped {
    body: Body,
    /// What arrived and is not compressed yet.
    rest: Bytes,
    /// None once everything is told.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// Whether others are to have a turn before the next piece.
    pausing: bool,
}

/// Whether the caller takes gzip, and no less gladly than the plain text.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut others, mut plain) = (None, None, None);
    for line in headers.get_all(header::ACCEPT_ENCODING) {
        for coding in line.to_str().unwrap_or_default().split(',') {
            let mut words = coding.split(';').map(str::trim);
            let name = words.next().unwrap_or_default();
            let weight = words.find_map(weight).unwrap_or(1.0);
            match name.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(weight),
                "identity" => plain = Some(weight),
                "*" => others = Some(weight),
                _ => {}
            }
        }
    }
    let gzip = gzip.or(others).unwrap_or(0.0);
    gzip > 0.0 && gzip >= plain.unwrap_or(0.0)
}

/// `q=0.5`; what is no weight is a refusal.
fn weight(word: &str) -> Option<f32> {
    let (name, value) = word.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let weight = value.trim().parse().unwrap_or(0.0);
    Some(if (0.0..=1.0).contains(&weight) { weight } else { 0.0 })
}

/// The answer, compressed where the caller takes gzip and it pays.
pub fn compressed(takes_gzip: bool, mut response: Response<Body>) -> Response<Body> {
    if !pays(&response) {
        return response;
    }
    let headers = response.headers_mut();
    vary(headers);
    if !takes_gzip {
        return response;
    }
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(header::CONTENT_LENGTH);
    weaken(headers);
    response.map(|body| {
        let encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        Body::new(Gzipped { body, rest: Bytes::new(), encoder: Some(encoder), pausing: false })
    })
}

fn pays(response: &Response<Body>) -> bool {
    let headers = response.headers();
    let says = |name, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|directive| directive.trim().eq_ignore_ascii_case(word)))
    };
    response.body().size_hint().exact().is_some_and(|bytes| BYTES.contains(&bytes))
        && !response.status().is_informational()
        && !matches!(
            response.status(),
            StatusCode::NO_CONTENT | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED
        )
        && !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE)
        && headers.get(header::CONTENT_TYPE).is_some_and(is_text)
        && !says(header::CACHE_CONTROL, "no-transform")
}

fn is_text(content_type: &HeaderValue) -> bool {
    let kind = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    match kind.trim().to_ascii_lowercase().as_str() {
        "text/event-stream" => false,
        "application/json" | "application/javascript" | "image/svg+xml" => true,
        kind => kind.starts_with("text/") || kind.ends_with("+json"),
    }
}

/// Caches keep the two forms apart.
fn vary(headers: &mut HeaderMap) {
    let told = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value
            .split(',')
            .map(str::trim)
            .any(|name| name == "*" || name.eq_ignore_ascii_case("accept-encoding"))
    });
    if !told {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// Another form of the same thing is not the same byte for byte.
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")) else { return };
    match HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        Ok(weak) => headers.insert(header::ETAG, weak),
        Err(_) => headers.remove(header::ETAG),
    };
}

impl Gzipped {
    /// Compresses the next piece; what comes of it may be nothing yet.
    fn compress(&mut self) -> std::io::Result<Vec<u8>> {
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        self.pausing = !self.rest.is_empty();
        let is_last = !self.pausing && self.body.is_end_stream();
        let Some(encoder) = &mut self.encoder else { return Ok(Vec::new()) };
        encoder.write_all(&piece)?;
        if is_last {
            return self.finish();
        }
        Ok(std::mem::take(encoder.get_mut()))
    }

    fn finish(&mut self) -> std::io::Result<Vec<u8>> {
        self.encoder.take().map_or_else(|| Ok(Vec::new()), GzEncoder::finish)
    }
}

impl http_body::Body for Gzipped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            if self.encoder.is_none() {
                return Poll::Ready(None);
            }
            if std::mem::take(&mut self.pausing) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let told = if self.rest.is_empty() {
                match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                    // A body of known length has no trailers that anybody could expect.
                    Some(Ok(frame)) => {
                        self.rest = frame.into_data().unwrap_or_default();
                        continue;
                    }
                    Some(Err(error)) => {
                        self.encoder = None;
                        return Poll::Ready(Some(Err(error)));
                    }
                    None => self.finish(),
                }
            } else {
                self.compress()
            };
            match told {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes.into())))),
                Err(error) => {
                    self.encoder = None;
                    return Poll::Ready(Some(Err(axum::Error::new(error))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
