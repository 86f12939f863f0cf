//! Stripe: payment intents, refunds, payouts, and its signed messages.

use std::time::Duration;

use bytes::Bytes;
use contracts::{PaymentId, ProjectId, RefundId, Timestamp};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use kernel::jobs::{Attempt, CallTrouble};
use kernel::outside::{self, Call};
use kernel::secrets::Secret;
use kernel::service::Means;
use serde::de::DeserializeOwned;

use super::form::{Form, encoded};
use super::signature::{self, Forged};
use super::wire::{self, Envelope, ErrorBody, Event, Intent, Metadata, PayoutObject, RefundObject, Trouble};
use super::{Asking, Giving, Opened, Opening, PayingOut, Provider, Refusal, Reply, Steer};
use crate::domain::{Capture, News, PayoutId, PayoutNews, RefundNews, Standing};
use crate::settings;

/// Stripe, with the keys of one project.
pub struct Stripe {
    wire: outside::Provider,
    url: String,
    key: Secret<String>,
    traceparent: Option<HeaderValue>,
    at: Timestamp,
}

/// A message of Stripe's, read but not yet believed.
#[derive(Debug)]
pub struct Notice {
    /// Its id: the same on every delivery.
    pub event: String,
    /// What kind it is.
    pub kind: String,
    /// When it happened, by Stripe's clock.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
    metadata: Metadata,
}

/// What a message is about.
#[derive(Debug)]
pub enum About {
    /// A payment, by Stripe's name and by ours.
    Payment {
        /// Stripe's name.
        reference: String,
        /// Ours, as it was given to Stripe.
        ours: Option<PaymentId>,
        /// Where it stands.
        news: Option<News>,
    },
    /// A refund.
    Refund {
        /// Stripe's name for the payment.
        payment: Option<String>,
        /// Our name for the refund, as it was given to Stripe.
        ours: Option<RefundId>,
        /// Where it stands.
        news: Option<RefundNews>,
    },
    /// A payout.
    Payout {
        /// Stripe's name for it.
        reference: String,
        /// Ours, as it was given to Stripe.
        ours: Option<PayoutId>,
        /// Where it stands.
        news: Option<PayoutNews>,
    },
    /// Something that changes nothing here.
    Other,
}

/// The bytes are no message of Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMessage;

const VERSION: HeaderValue = HeaderValue::from_static("2026-07-29.dahlia");
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const LATER: Duration = Duration::from_secs(2);
const ID_LENGTH_MAX: usize = 255;

impl Stripe {
    /// Stripe as `project` uses it; without a key there is nobody to ask yet.
    pub fn of(means: &Means, project: ProjectId, attempt: &Attempt) -> Result<Self, CallTrouble> {
        let key = means.settings.get_for(project, &settings::STRIPE_SECRET_KEY);
        if key.expose().is_empty() {
            return Err(CallTrouble::NotSent("payments.stripe.secret_key is not set".into()));
        }
        let traceparent = attempt.traceparent.as_ref().and_then(|text| HeaderValue::from_str(text).ok());
        Ok(Self {
            wire: means.outside.provider("stripe"),
            url: means.settings.get_for(project, &settings::STRIPE_URL),
            key,
            traceparent,
            at: means.store.clock().now(),
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: Form,
        key: Option<String>,
    ) -> Result<Reply<T>, CallTrouble> {
        let unfit = |error: http::Error| CallTrouble::NotSent(format!("the request cannot be made: {error}"));
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.key.expose()))
            .map_err(|_| CallTrouble::NotSent("payments.stripe.secret_key is no key".into()))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url.trim_end_matches('/')))
            .header(AUTHORIZATION, bearer)
            .header("stripe-version", VERSION)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(form.into_bytes()).map_err(unfit)?;
        // Each request has its key or only reads, so that asking again here changes nothing twice.
        let call = Call { timeout: CALL_TIMEOUT, idempotent: true, traceparent: self.traceparent.clone() };
        let answer = self.wire.send(request, call).await?;
        self.read(&answer)
    }

    fn read<T: DeserializeOwned>(&self, answer: &Response<Bytes>) -> Result<Reply<T>, CallTrouble> {
        let status = answer.status();
        if status.is_success() {
            let read = serde_json::from_slice(answer.body());
            return read.map(Ok).map_err(|_| CallTrouble::Unknown("the answer cannot be read".into()));
        }
        let ErrorBody { error } = serde_json::from_slice(answer.body()).unwrap_or_default();
        let later = || outside::retry_after(answer.headers()).unwrap_or(LATER);
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT => {
                Err(CallTrouble::Later { after: later() })
            }
            _ if error.code.as_deref() == Some("rate_limit") => Err(CallTrouble::Later { after: later() }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(CallTrouble::NotSent(format!("Stripe does not take our key ({status})")))
            }
            // It has heard our key with another question: what became of that one nobody knows here.
            _ if error.kind.as_deref() == Some("idempotency_error") => {
                Err(CallTrouble::Unknown("Stripe has heard this key with another question".into()))
            }
            _ if status.is_client_error() => Ok(Err(self.refusal(error))),
            _ => Err(CallTrouble::Unknown(format!("Stripe answered {status}"))),
        }
    }

    fn refusal(&self, error: Trouble) -> Refusal {
        let code = error.code();
        let declined = error.kind.as_deref() == Some("card_error");
        let news = error.payment_intent.as_ref().and_then(|intent| intent.news(self.at));
        let news = news.map(|news| match news.standing {
            Standing::Waiting if declined => {
                News { standing: Standing::Failed, failure: Some(code.clone()), ..news }
            }
            _ => news,
        });
        let unsaid = || News {
            standing: Standing::Failed,
            amount: None,
            currency: None,
            received: None,
            failure: Some(code.clone()),
            at: self.at,
            said: "card_error".to_owned(),
        };
        Refusal { news: news.or_else(|| declined.then(unsaid)), code }
    }

    fn news(&self, intent: Reply<Intent>) -> Result<Reply<News>, CallTrouble> {
        known(intent, |intent| intent.news(self.at))
    }
}

impl Provider for Stripe {
    fn open<'a>(&'a self, opening: &'a Opening) -> Asking<'a, Opened> {
        let capture = match opening.capture {
            Capture::Automatic => "automatic",
            Capture::Manual => "manual",
        };
        let form = Form::default()
            .with("amount", opening.price.minor())
            .with("currency", opening.price.currency().code().to_ascii_lowercase())
            .with("capture_method", capture)
            .with("payment_method_types[]", "card")
            .with_some("metadata[orderId]", opening.order)
            .with_some("metadata[invoiceId]", opening.invoice.as_ref())
            .with_some("metadata[topUpId]", opening.top_up)
            .with_some("metadata[userId]", opening.user)
            .with("metadata[paymentId]", opening.payment)
            .with("metadata[projectId]", opening.project);
        Box::pin(async move {
            let key = Some(format!("{}:open", opening.payment));
            let intent = self.ask::<Intent>(Method::POST, "/v1/payment_intents", form, key).await?;
            known(intent, |intent| {
                // Stripe's own clock, so that its messages of the same second are not older.
                let news = intent.news(intent.created.map_or(self.at, wire::time))?;
                Some(Opened {
                    reference: intent.id.clone(),
                    client_secret: intent.client_secret.clone(),
                    news,
                })
            })
        })
    }

    fn steer<'a>(&'a self, reference: &'a str, steer: &'a Steer, key: String) -> Asking<'a, News> {
        let form = match steer {
            Steer::Confirm { method } => Form::default().with_some("payment_method", method.as_ref()),
            Steer::Capture { amount } => Form::default().with("amount_to_capture", amount),
            Steer::Cancel => Form::default().with("cancellation_reason", "abandoned"),
        };
        let path = format!("/v1/payment_intents/{}/{}", encoded(reference), steer.name());
        Box::pin(async move { self.news(self.ask(Method::POST, &path, form, Some(key)).await?) })
    }

    fn look<'a>(&'a self, reference: &'a str) -> Asking<'a, News> {
        let path = format!("/v1/payment_intents/{}", encoded(reference));
        Box::pin(async move { self.news(self.ask(Method::GET, &path, Form::default(), None).await?) })
    }

    fn give_back<'a>(&'a self, giving: &'a Giving) -> Asking<'a, RefundNews> {
        let form = Form::default()
            .with("payment_intent", &giving.reference)
            .with("amount", giving.amount)
            .with("metadata[refundId]", giving.refund);
        Box::pin(async move {
            let key = Some(giving.refund.to_string());
            let refund = self.ask(Method::POST, "/v1/refunds", form, key).await?;
            known(refund, RefundObject::news)
        })
    }

    fn look_refund<'a>(&'a self, reference: &'a str) -> Asking<'a, RefundNews> {
        let path = format!("/v1/refunds/{}", encoded(reference));
        Box::pin(async move {
            let refund = self.ask(Method::GET, &path, Form::default(), None).await?;
            known(refund, RefundObject::news)
        })
    }

    fn pay_out<'a>(&'a self, paying: &'a PayingOut) -> Asking<'a, PayoutNews> {
        let form = Form::default()
            .with("amount", paying.amount.minor())
            .with("currency", paying.amount.currency().code().to_ascii_lowercase())
            .with("destination", paying.destination.expose())
            .with("metadata[withdrawalId]", paying.withdrawal)
            .with("metadata[payoutId]", paying.payout)
            .with("metadata[projectId]", paying.project);
        Box::pin(async move {
            let key = Some(format!("{}:payout", paying.withdrawal));
            let payout = self.ask(Method::POST, "/v1/payouts", form, key).await?;
            known(payout, PayoutObject::news)
        })
    }

    fn look_payout<'a>(&'a self, reference: &'a str) -> Asking<'a, PayoutNews> {
        let path = format!("/v1/payouts/{}", encoded(reference));
        Box::pin(async move {
            let payout = self.ask(Method::GET, &path, Form::default(), None).await?;
            known(payout, PayoutObject::news)
        })
    }
}

/// What an object says; one in a state that we do not know was accepted, and nobody knows what it means.
fn known<O, T>(reply: Reply<O>, meaning: impl Fn(&O) -> Option<T>) -> Result<Reply<T>, CallTrouble> {
    match reply {
        Ok(object) => match meaning(&object) {
            Some(meant) => Ok(Ok(meant)),
            None => Err(CallTrouble::Unknown("the object is in a state that is not known here".into())),
        },
        Err(refusal) => Ok(Err(refusal)),
    }
}

impl Notice {
    /// Reads a message without believing it.
    pub fn read(body: &[u8]) -> Result<Self, NotAMessage> {
        let envelope: Envelope = serde_json::from_slice(body).map_err(|_| NotAMessage)?;
        if envelope.id.is_empty() || envelope.id.len() > ID_LENGTH_MAX || envelope.kind.len() > ID_LENGTH_MAX
        {
            return Err(NotAMessage);
        }
        if [&envelope.id, &envelope.kind].iter().any(|text| text.chars().any(char::is_control)) {
            return Err(NotAMessage);
        }
        let at = wire::time(envelope.created.unwrap_or_default());
        let (about, metadata) = match envelope.kind.as_str() {
            kind if kind.starts_with("payment_intent.") => {
                let Event { data, .. } =
                    serde_json::from_slice::<Event<Intent>>(body).map_err(|_| NotAMessage)?;
                let metadata = data.object.metadata.clone().unwrap_or_default();
                (of_payment(data.object, kind, at, metadata.payment()), metadata)
            }
            kind if kind.starts_with("refund.") || kind == "charge.refund.updated" => {
                let read = serde_json::from_slice::<Event<RefundObject>>(body).map_err(|_| NotAMessage)?;
                let refund = read.data.object;
                let metadata = refund.metadata.clone().unwrap_or_default();
                let (ours, news) = (metadata.refund(), refund.news());
                (About::Refund { payment: refund.payment_intent, ours, news }, metadata)
            }
            kind if kind.starts_with("payout.") => {
                let read = serde_json::from_slice::<Event<PayoutObject>>(body).map_err(|_| NotAMessage)?;
                let payout = read.data.object;
                let metadata = payout.metadata.clone().unwrap_or_default();
                let (ours, news) = (metadata.payout(), payout.news());
                (About::Payout { reference: payout.id, ours, news }, metadata)
            }
            _ => (About::Other, Metadata::default()),
        };
        Ok(Self { event: envelope.id, kind: envelope.kind, at, about, metadata })
    }

    /// Stripe's name for the payment or the payout, by which we know whose it is.
    pub fn reference(&self) -> Option<&str> {
        match &self.about {
            About::Payment { reference, .. } | About::Payout { reference, .. } => Some(reference),
            About::Refund { payment, .. } => payment.as_deref(),
            About::Other => None,
        }
    }

    /// The project that it names itself.
    pub fn project(&self) -> Option<ProjectId> {
        self.metadata.project()
    }
}

fn of_payment(intent: Intent, kind: &str, at: Timestamp, ours: Option<PaymentId>) -> About {
    let news = intent.news(at).map(|news| match (kind, news.standing) {
        // The message says it even where the object leaves the reason out.
        ("payment_intent.payment_failed", Standing::Waiting) => {
            News { standing: Standing::Failed, failure: Some("refused".to_owned()), ..news }
        }
        _ => news,
    });
    About::Payment { reference: intent.id, ours, news }
}

/// Whether the message is Stripe's, by any of the project's secrets.
pub fn verify(header: &str, body: &[u8], secrets: &[Secret<String>], now: Timestamp) -> Result<(), Forged> {
    signature::verify(header, body, secrets, now.as_micros().div_euclid(1_000_000))
}
