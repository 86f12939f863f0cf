//! WebSockets and whatever else begins as HTTP/1.1 and goes on as something of its own: bytes, both ways.

use std::io;
use std::time::Duration;

use http::{HeaderValue, Request, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::headers::upgrade_of;
use super::lane::{Place, Tried};

/// What one side wants to go on with.
pub(super) struct Wish {
    /// The protocol, as it was asked for.
    pub protocol: HeaderValue,
    /// The caller's side of the tunnel, once the caller has been told.
    pub caller: OnUpgrade,
}

/// When one side has said all, the other has this long to say goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(5);

/// What a request wants to go on with, if anything. Over HTTP/2 that is not asked for in this way.
pub(super) fn wish<B>(request: &mut Request<B>) -> Option<Wish> {
    let protocol = upgrade_of(request.headers()).filter(|_| request.version() == Version::HTTP_11)?;
    Some(Wish { protocol, caller: hyper::upgrade::on(request) })
}

/// Joins both sides after the instance has agreed; they count as in flight until one ends.
pub(super) fn join(wish: Wish, instance: OnUpgrade, tried: Tried, place: Place) {
    tokio::spawn(async move {
        let _counted = (tried, place);
        let joined = async {
            let (caller, instance) = tokio::try_join!(wish.caller, instance).map_err(io::Error::other)?;
            carry(caller, instance).await
        };
        if let Err(error) = joined.await {
            tracing::debug!(%error, "a tunnel to an instance broke");
        }
    });
}

async fn carry(caller: Upgraded, instance: Upgraded) -> io::Result<()> {
    let (mut from_caller, mut to_caller) = tokio::io::split(TokioIo::new(caller));
    let (mut from_instance, mut to_instance) = tokio::io::split(TokioIo::new(instance));
    let mut there = std::pin::pin!(copy(&mut from_caller, &mut to_instance));
    let mut back = std::pin::pin!(copy(&mut from_instance, &mut to_caller));
    tokio::select! {
        ended = &mut there => {
            ended?;
            tokio::time::timeout(GOODBYE_MAX, back).await.unwrap_or(Ok(()))
        }
        ended = &mut back => {
            ended?;
            tokio::time::timeout(GOODBYE_MAX, there).await.unwrap_or(Ok(()))
        }
    }
}

async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    tokio::io::copy(from, to).await?;
    to.shutdown().await
}
