//! What a customer's browser needs to pay an order or a top-up: for its owner and nobody else.

use std::time::Duration;

use contracts::{OrderId, TopUpId, UserId};
use http::HeaderValue;
use kernel::auth::Denied;
use kernel::http::{Answer, Answering, Caller, Ctx, Path};
use kernel::store::Tx;

use super::READ;
use super::payments::PROVIDER_PATIENCE;
use super::views::ClientSecret;
use crate::commands::start;
use crate::domain::{Payment, ProviderName};
use crate::error::Error;
use crate::settings;
use crate::store::{self, Asked};

/// What is to be paid.
#[derive(Clone, Copy, Debug)]
enum Payable {
    Order(OrderId),
    TopUp(TopUpId),
}

/// What is there for the browser of an owner.
enum ForBrowser {
    /// Nobody has told of this order or top-up yet.
    Unknown,
    /// The payment is on its way to the provider.
    NotReady,
    /// It can be paid.
    Ready(Box<Payment>, Option<Vec<u8>>),
}

/// A browser that comes before its order is patient for so long.
const TELLING_PATIENCE: Duration = Duration::from_secs(1);

/// Gives the customer's browser what it needs to pay an order: to the order's owner and to nobody else.
#[utoipa::path(get, path = "/api/v1/payments/by-order/{order_id}/client-secret", tag = "payments",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, description = "What the browser needs.", body = ClientSecret)))]
pub(super) async fn get_client_secret(
    ctx: Ctx,
    caller: Caller,
    Path(order): Path<OrderId>,
) -> Answer<ClientSecret> {
    secret_of(&ctx, &caller, Payable::Order(order)).await
}

/// Gives the browser of whoever tops up their wallet what it needs to pay: to them and to nobody else.
#[utoipa::path(get, path = "/api/v1/payments/by-top-up/{top_up_id}/client-secret", tag = "payments",
    params(("top_up_id" = TopUpId, Path)),
    responses((status = 200, description = "What the browser needs.", body = ClientSecret)))]
pub(super) async fn get_top_up_client_secret(
    ctx: Ctx,
    caller: Caller,
    Path(top_up): Path<TopUpId>,
) -> Answer<ClientSecret> {
    secret_of(&ctx, &caller, Payable::TopUp(top_up)).await
}

async fn secret_of(ctx: &Ctx, caller: &Caller, payable: Payable) -> Answer<ClientSecret> {
    let scope = caller.require(READ)?;
    let owner = caller.user().map_err(|_| payable.absent())?;
    let project = caller.project().ok_or(Denied::NoProject)?;
    let look = move |tx: &mut Tx<'_>| for_browser(tx, payable, owner);
    let known = ctx
        .awaited(scope.clone(), TELLING_PATIENCE, move |tx| {
            Ok::<_, Error>(match look(tx)? {
                ForBrowser::Unknown => None,
                ForBrowser::NotReady | ForBrowser::Ready(..) => Some(()),
            })
        })
        .await?;
    known.ok_or(payable.absent())?;
    let ready = ctx
        .awaited(scope, PROVIDER_PATIENCE, move |tx| {
            Ok::<_, Error>(match look(tx)? {
                ForBrowser::Ready(payment, secret) => Some((payment, secret)),
                ForBrowser::Unknown | ForBrowser::NotReady => None,
            })
        })
        .await?;
    let (payment, secret) = ready.ok_or(Error::NotReady)?;
    let view = ClientSecret {
        payment_id: payment.id,
        provider: payment.provider.ok_or(Error::NotReady)?,
        client_secret: secret.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        publishable_key: ctx.settings().get_for(project, &settings::STRIPE_PUBLISHABLE_KEY),
        amount: payment.amount,
        currency: payment.currency,
        status: payment.status,
    };
    Ok(view).answered().map(|reply| reply.cached(HeaderValue::from_static("no-store")))
}

fn for_browser(tx: &mut Tx<'_>, payable: Payable, owner: UserId) -> Result<ForBrowser, Error> {
    let (known_owner, payment) = match payable {
        Payable::Order(id) => {
            let Some(order) = store::order(tx, id)? else { return Ok(ForBrowser::Unknown) };
            if order.cancelled && order.user_id == owner {
                return Err(Error::OrderCancelled);
            }
            let asked = Asked { order: Some(id), ..Asked::default() };
            (order.user_id, store::payments(tx, &asked, 1)?.into_iter().next())
        }
        Payable::TopUp(id) => {
            let Some(top_up) = store::top_up(tx, id)? else { return Ok(ForBrowser::Unknown) };
            (top_up.user_id, store::newest_of_top_up(tx, id)?)
        }
    };
    if known_owner != owner {
        return Err(payable.absent());
    }
    let payment = payment.filter(|payment| payment.live && !payment.unwanted).ok_or(Error::NotPayable)?;
    if payment.provider_ref.is_none() {
        return Ok(ForBrowser::NotReady);
    }
    match store::client_secret(tx, payment.id)? {
        Some(sealed) => {
            let context = start::secret_of(tx, payment.id)?;
            let secret = tx.keys().keyring.open(&context, &sealed)?;
            Ok(ForBrowser::Ready(Box::new(payment), Some(secret)))
        }
        None if payment.provider == Some(ProviderName::Offline) => {
            Ok(ForBrowser::Ready(Box::new(payment), None))
        }
        None => Ok(ForBrowser::NotReady),
    }
}

impl Payable {
    fn absent(self) -> Error {
        match self {
            Self::Order(_) => Error::NoSuchOrder,
            Self::TopUp(_) => Error::NoSuchTopUp,
        }
    }
}
