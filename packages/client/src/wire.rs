//! How a request gets to the API: over the network, or as a function call where the API is in this process.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};

use crate::Error;

/// Why something below us failed.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A way for requests; clones share it.
#[derive(Debug, Clone)]
pub(crate) enum Wire {
    Network(Box<hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>>),
    Inside(BoxCloneSyncService<Request<Full<Bytes>>, Response<Bytes>, Error>),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_BYTES_MAX: usize = 64 << 20;

impl Wire {
    pub(crate) fn network() -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let tls =
            rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .map_err(|failure| Error::Unreachable(failure.into()))?
                .with_webpki_roots()
                .with_no_client_auth();
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions();
        let network = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(https.wrap_connector(tcp));
        Ok(Self::Network(Box::new(network)))
    }

    pub(crate) fn inside<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<Cause>,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        Self::Inside(BoxCloneSyncService::new(service_fn(move |request| {
            let service = service.clone();
            async move {
                let answer = service.oneshot(request).await;
                whole(answer.map_err(|failure| Error::Unreachable(failure.into()))?).await
            }
        })))
    }

    pub(crate) async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Error> {
        match self {
            Self::Network(network) => {
                let answer = network.request(request).await;
                whole(answer.map_err(|failure| Error::Unreachable(failure.into()))?).await
            }
            Self::Inside(service) => service.clone().oneshot(request).await,
        }
    }
}

async fn whole<B>(answer: Response<B>) -> Result<Response<Bytes>, Error>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Cause>,
{
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|failure| {
        if failure.is::<LengthLimitError>() { Error::TooLarge } else { Error::Unreachable(failure) }
    })?;
    Ok(Response::from_parts(head, body.to_bytes()))
}
