//! Our shop beside one on Node: Vendure, which `bench/node/run` sets up, in the same run and taking turns.
//!
//! Each does what its own API asks for: a list of 20 of 1,000 goods, and from nothing to an order that is placed. What
//! follows from an order counts for ours (its payment is made at the sandbox, and told to all who hear of it) and for
//! theirs as far as it happens before the answer (a dummy payment, which is settled).

use std::net::SocketAddr;
use std::time::Duration;

use kernel::store::Engine;
use kernel::testing::{Place, unique_directory};
use serde_json::{Value, json};

use crate::Failure;
use crate::client::{CONNECTIONS, Keyed, Request, load};
use crate::contest::{Contestant, Latencies, take_turns};
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server;
use crate::trade::{Followed, KEY, Shop, say, until};

const GOODS: u64 = 1_000;
const API: &str = "/shop-api";
/// How Vendure's own storefront lists goods.
const LIST: &str = "{ search(input: { take: 20, groupByProduct: true }) { totalItems items { productId productName slug \
    sku currencyCode priceWithTax { ... on SinglePrice { value } ... on PriceRange { min max } } } } }";
const REFUSED: &str = "{ __typename ... on ErrorResult { errorCode message } }";
/// What an order says that was placed and paid.
const PLACED: &str = "PaymentSettled";

#[derive(Clone, Copy)]
enum Load {
    Goods,
    Order,
}

/// Measures and keeps the rows.
pub fn measure(time: Duration, theirs: SocketAddr) -> Result<(), Failure> {
    let (files, keys) = (unique_directory(), unique_directory());
    let place = Place::postgres().ok_or("there is no Postgres: set STOA_TEST_DATABASE_URL")?;
    let Engine::Postgres { url, .. } = &place.engine else { return Err("no Postgres".into()) };
    let binary = server::binary()?;
    let embedded = Shop::open(&binary, &files, None)?;
    let scaled = Shop::open(&binary, &keys, Some(url))?;
    for shop in [&embedded, &scaled] {
        stock(shop)?;
    }
    until(|| indexed(theirs).ok().filter(|found| *found >= GOODS))?;
    for (what, one) in [("a list of 20 of 1,000 goods", Load::Goods), ("an order placed", Load::Order)] {
        contest(what, one, [&embedded, &scaled], theirs, time)?;
    }
    drop((embedded, scaled));
    std::fs::remove_dir_all(files)?;
    std::fs::remove_dir_all(keys)?;
    Ok(())
}

fn contest(
    what: &str,
    one: Load,
    [embedded, scaled]: [&Shop; 2],
    theirs: SocketAddr,
    time: Duration,
) -> Result<(), Failure> {
    let (on_files, on_postgres) = (Followed::default(), Followed::default());
    let [a, b, other] = take_turns(
        time,
        [
            on_files.ask(embedded, ours(embedded, one)),
            on_postgres.ask(scaled, ours(scaled, one)),
            Box::new(|turn| load(theirs, CONNECTIONS, turn, |number| asked(one, number))) as Contestant<'_>,
        ],
    )?;
    for (engine, tally) in [("embedded", a), ("Postgres", b)] {
        Row {
            what: format!("shop, {engine}, beside Vendure (`bench/node/run`, theirs on Postgres): {what}"),
            figure: per_second(&tally),
            baseline: format!("Vendure {} ({})", per_second(&other), spread(&other.latencies)),
            ratio: ratio(tally.rate(), other.rate()),
            quantiles: quantiles(&tally.latencies),
        }
        .keep()?;
    }
    Ok(())
}

fn spread(latencies: &Latencies) -> String {
    let (half, most) = quantiles(latencies).unwrap_or_default();
    format!("p50 {} ms, p99 {} ms", half.as_millis(), most.as_millis())
}

/// As many goods as the other shop has.
fn stock(shop: &Shop) -> Result<(), Failure> {
    for number in 1..GOODS {
        let goods = json!({ "title": format!("Thing {number}"), "status": "on_sale", "variants": [
            { "sku": format!("sku-{number}"), "title": "", "prices": [{ "amount": 500, "currency": "EUR" }],
                "on_hand": 1_000_000 }] });
        shop.say("POST", "/api/v1/products", &goods)?;
    }
    Ok(())
}

/// How many goods their search finds by now.
fn indexed(theirs: SocketAddr) -> Result<u64, Failure> {
    let found = say(theirs, "", "POST", API, &json!({ "query": LIST }))?;
    Ok(found["data"]["search"]["totalItems"].as_u64().unwrap_or_default())
}

fn ours(shop: &Shop, one: Load) -> Request {
    match one {
        Load::Goods => Request::get("/api/v1/products?limit=20&currency=EUR", KEY),
        Load::Order => Request::post("/api/v1/orders", shop.token(), &shop.order().to_string(), Keyed::Yes),
    }
}

/// Each connection is a customer of its own; each request, without a cookie, a session with an empty cart.
fn asked(one: Load, customer: u64) -> Request {
    let query = match one {
        Load::Goods => Value::from(LIST),
        Load::Order => Value::from(format!(
            "mutation {{ a: addItemToOrder(productVariantId: \"1\", quantity: 1) {REFUSED} \
             b: setCustomerForOrder(input: {{ emailAddress: \"nina{customer}@example.com\", firstName: \"Nina\", \
               lastName: \"Gray\" }}) {REFUSED} \
             c: setOrderShippingAddress(input: {{ fullName: \"Nina Gray\", streetLine1: \"1 High Street\", \
               city: \"Dublin\", postalCode: \"D02\", countryCode: \"IE\" }}) {REFUSED} \
             d: setOrderShippingMethod(shippingMethodId: [\"1\"]) {REFUSED} \
             e: transitionOrderToState(state: \"ArrangingPayment\") {{ __typename }} \
             f: addPaymentToOrder(input: {{ method: \"dummy\", metadata: {{}} }}) {{ ... on Order {{ code state }} \
               ... on ErrorResult {{ errorCode message }} }} }}"
        )),
    };
    let request = Request::post(API, "none", &json!({ "query": query }).to_string(), Keyed::No);
    match one {
        Load::Goods => request,
        Load::Order => request.expecting(PLACED),
    }
}
