//! The rules of orders as sentences: each move against each state, and what is never true.

use contracts::events::commerce::CancelReason;
use contracts::{Currency, Id, Money, OrderId, PaymentId, ProductId, RefundId, Timestamp, UserId, VariantId};
use proptest::prelude::*;
use serde_json::json;

use super::order::Move;
use super::*;

const TOTAL: i64 = 1_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn payment(number: u128) -> Payment {
    Payment { intent: format!("pi_{number}"), id: Some(PaymentId::from_u128(number)) }
}

fn paid(refunded: i64) -> Paid {
    Paid { by: payment(1), at: at(5), refunded }
}

fn order(state: State) -> Order {
    let ship_to = json!({ "name": "Ann", "line1": "12 Mill Lane", "city": "Bengaluru", "postcode": "560001", "country": "IN" });
    Order {
        id: OrderId::from_u128(1),
        number: 1_001,
        buyer: UserId::from_u128(2),
        total: Money::new(TOTAL, Currency::INR),
        ship_to: Destination::Known(serde_json::from_value(ship_to).unwrap()),
        placed_at: at(0),
        state,
        version: 1,
    }
}

fn pending(attempt: Attempt) -> State {
    State::PendingPayment { expires_at: at(60), attempt }
}

fn cancelled(received: Received) -> State {
    State::Cancelled { why: CancelReason::Expired, received }
}

/// One order in each state there is, by a short name.
fn each_state() -> Vec<(&'static str, Order)> {
    let (open, failed) =
        (Attempt::Open { at: at(0) }, Attempt::Failed { at: at(3), reason: "declined".into() });
    let sent = Goods::Sent { tracking: None };
    [
        ("unpaid", pending(open.clone())),
        ("failed", pending(failed)),
        ("authorized", pending(Attempt::Authorized { at: at(3) })),
        ("paid", State::Paid(paid(0))),
        ("partly back", State::Paid(paid(1))),
        ("sent", State::Fulfilled { paid: paid(0), tracking: None }),
        ("sent, partly back", State::Fulfilled { paid: paid(1), tracking: None }),
        ("cancelled", cancelled(Received::Nothing(open))),
        ("cancelled, money here", cancelled(Received::All(paid(0)))),
        ("cancelled, partly back", cancelled(Received::All(paid(1)))),
        ("refunded", State::Refunded { paid: paid(TOTAL), goods: Goods::Kept { why: None } }),
        ("sent, refunded", State::Refunded { paid: paid(TOTAL), goods: sent }),
    ]
    .map(|(name, state)| (name, order(state)))
    .into()
}

/// The three axes of an order as the wire has them.
fn axes(order: &Order) -> String {
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let axis = |value| word(serde_json::to_value(value).unwrap());
    let (payment, goods) = (json!(order.payment_status()), json!(order.fulfilment_status()));
    format!("{} {} {}", axis(json!(order.status())), word(payment), word(goods))
}

/// What `change` makes of each state, one line each.
fn table(change: impl Fn(Order) -> String) -> Vec<String> {
    each_state().into_iter().map(|(name, order)| format!("{name}: {}", change(order))).collect()
}

fn or_refused(next: Result<Order, BadMove>) -> String {
    next.map_or_else(|_| "-".to_owned(), |order| axes(&order))
}

#[test]
fn each_state_has_its_place_on_the_three_axes() {
    assert_eq!(
        table(|order| axes(&order)),
        [
            "unpaid: PENDING_PAYMENT unpaid unfulfilled",
            "failed: PENDING_PAYMENT failed unfulfilled",
            "authorized: PENDING_PAYMENT authorized unfulfilled",
            "paid: PAID paid unfulfilled",
            "partly back: PAID partially_refunded unfulfilled",
            "sent: FULFILLED paid fulfilled",
            "sent, partly back: FULFILLED partially_refunded fulfilled",
            "cancelled: CANCELLED unpaid cancelled",
            "cancelled, money here: CANCELLED paid cancelled",
            "cancelled, partly back: CANCELLED partially_refunded cancelled",
            "refunded: REFUNDED refunded cancelled",
            "sent, refunded: REFUNDED refunded fulfilled",
        ]
    );
}

fn receipt(receipt: Receipt) -> String {
    match receipt {
        Receipt::Pays(order) => axes(&order),
        Receipt::TooLate(order) => format!("back, {}", axes(&order)),
        Receipt::WrongAmount => "back".to_owned(),
        Receipt::Known => "known".to_owned(),
        Receipt::Second => "second".to_owned(),
    }
}

#[test]
fn money_that_arrives_does_to_each_state_what_it_should() {
    let outcomes = |number: u128, fits: bool| {
        let all = table(|order| receipt(order.receive(payment(number), fits, at(9))));
        all.into_iter().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let paid = "PAID paid unfulfilled";
    let late = "back, CANCELLED paid cancelled";
    let (again, partly) = ("known", "known");
    assert_eq!(
        outcomes(1, true),
        [paid, paid, paid, again, partly, again, partly, late, again, partly, "known", "known"]
    );
    let (kept, kept_partly) = (late, "back, CANCELLED partially_refunded cancelled");
    assert_eq!(
        outcomes(2, true),
        [
            paid,
            paid,
            paid,
            "second",
            "second",
            "second",
            "second",
            late,
            kept,
            kept_partly,
            "second",
            "second"
        ]
    );
    let untouched = "back, CANCELLED unpaid cancelled";
    assert_eq!(
        outcomes(2, false),
        [
            "back",
            "back",
            "back",
            "second",
            "second",
            "second",
            "second",
            untouched,
            kept,
            kept_partly,
            "second",
            "second"
        ]
    );
}

#[test]
fn the_customer_cancels_what_is_unpaid_and_the_shop_what_is_unsent() {
    let none = "CANCELLED unpaid cancelled";
    let cancels = |by: By| {
        let all = table(|order| or_refused(order.cancel(by)));
        all.into_iter().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let (failed, authorized) = ("CANCELLED failed cancelled", "CANCELLED authorized cancelled");
    assert_eq!(
        cancels(By::Customer),
        [none, failed, authorized, "-", "-", "-", "-", "-", "-", "-", "-", "-"]
    );
    let (paid, partly) = ("CANCELLED paid cancelled", "CANCELLED partially_refunded cancelled");
    assert_eq!(
        cancels(By::Shop),
        [none, failed, authorized, paid, partly, "-", "-", "-", "-", "-", "-", "-"]
    );
}

#[test]
fn only_what_is_paid_is_sent() {
    let sent: Vec<String> = table(|order| or_refused(order.fulfil(None)))
        .into_iter()
        .filter(|line| !line.ends_with(": -"))
        .collect();
    assert_eq!(
        sent,
        ["paid: FULFILLED paid fulfilled", "partly back: FULFILLED partially_refunded fulfilled"]
    );
}

#[test]
fn only_what_waits_for_money_expires_and_not_before_its_time() {
    let expires = |now: i64| -> Vec<&'static str> {
        let ended = |order: &Order| {
            order.clone().expire(at(now)).is_some_and(|order| order.status() == Status::Cancelled)
        };
        each_state().iter().filter(|(_, order)| ended(order)).map(|(name, _)| *name).collect()
    };
    assert_eq!(expires(59), Vec::<&str>::new());
    assert_eq!(expires(60), ["unpaid", "failed", "authorized"]);
}

#[test]
fn an_attempt_matters_while_the_order_waits_and_the_latest_word_on_it_holds() {
    let heard = |second: i64| Attempt::Failed { at: at(second), reason: "late".into() };
    let takes = |second: i64| -> Vec<&'static str> {
        let all = each_state();
        all.into_iter().filter_map(|(name, order)| order.try_paying(heard(second)).map(|_| name)).collect()
    };
    assert_eq!(takes(9), ["unpaid", "failed", "authorized"]);
    assert_eq!(takes(1), ["unpaid"], "what was heard at three seconds is newer");
    let failed = order(pending(heard(4)));
    assert_eq!(failed.clone().try_paying(heard(4)), None, "twice is once");
    let open = failed.try_paying(Attempt::Authorized { at: at(5) }).unwrap();
    assert_eq!(open.payment_status(), PaymentStatus::Authorized);
}

#[test]
fn money_that_goes_back_is_counted_once_and_the_goods_are_given_up_when_all_of_it_has() {
    let repays = |total: i64| {
        let told = |order: Order| match order.repay(PaymentId::from_u128(1), total) {
            Repaid::Nothing => "-".to_owned(),
            Repaid::Noted(order) => axes(&order),
            Repaid::GivesUpGoods(order) => format!("gives up, {}", axes(&order)),
        };
        let all = table(told);
        all.into_iter().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let (here, sent) = ("PAID partially_refunded unfulfilled", "FULFILLED partially_refunded fulfilled");
    let ended = "CANCELLED partially_refunded cancelled";
    assert_eq!(repays(2), ["-", "-", "-", here, here, sent, sent, "-", ended, ended, "-", "-"]);
    assert_eq!(repays(1), ["-", "-", "-", here, "-", sent, "-", "-", ended, "-", "-", "-"], "less is old");
    let (here, sent) = ("gives up, REFUNDED refunded cancelled", "REFUNDED refunded fulfilled");
    let ended = "REFUNDED refunded cancelled";
    assert_eq!(repays(TOTAL), ["-", "-", "-", here, here, sent, sent, "-", ended, ended, "-", "-"]);
    let other = order(State::Paid(paid(0))).repay(PaymentId::from_u128(2), TOTAL);
    assert_eq!(other, Repaid::Nothing, "another payment's");
}

#[test]
fn no_more_is_asked_back_than_is_left() {
    let left = |asked: i64| {
        let told =
            |order: Order| order.refundable(asked).map_or_else(|_| "-".to_owned(), |left| left.to_string());
        let all = table(told);
        all.into_iter().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(left(0), ["-", "-", "-", "1000", "1000", "1000", "1000", "-", "1000", "1000", "-", "-"]);
    assert_eq!(left(2_000)[3], "0");
}

#[test]
fn a_refused_move_says_what_can_be_done_instead() {
    let refused = order(State::Fulfilled { paid: paid(0), tracking: None }).cancel(By::Shop).unwrap_err();
    assert_eq!((refused.status, refused.allowed), (Status::Fulfilled, vec![Move::Refund]));
    let refused = order(pending(Attempt::Open { at: at(0) })).fulfil(None).unwrap_err();
    assert_eq!(refused.allowed, [Move::Cancel]);
}

#[test]
fn what_a_payment_does_not_say_is_taken_for_right() {
    let order = order(State::Paid(paid(0)));
    assert!(order.fits(None, None) && order.fits(Some(TOTAL), Some(Currency::INR)));
    assert!(!order.fits(Some(TOTAL - 1), None) && !order.fits(Some(TOTAL), Some(Currency::USD)));
}

fn wish(variant: u128, quantity: u32, price: Option<i64>, available: i64) -> Wish {
    let variant_id = VariantId::from_u128(variant);
    let offer = Offer {
        variant_id,
        product_id: ProductId::from_u128(variant),
        sku: "S".into(),
        title: "T".into(),
        variant_title: String::new(),
        image_url: None,
        on_sale: true,
        price,
        available,
    };
    Wish { variant_id, quantity, offer: Some(offer) }
}

#[test]
fn wishes_are_refused_for_one_reason_at_a_time() {
    let priced = |wishes: Vec<Wish>| Priced::of(wishes, Currency::INR);
    assert_eq!(priced(vec![]), Err(Refusal::Empty));
    let variant = VariantId::from_u128(1);
    let unknown = Wish { variant_id: variant, quantity: 1, offer: None };
    assert_eq!(priced(vec![unknown]), Err(Refusal::NotForSale(vec![variant])));
    assert_eq!(priced(vec![wish(1, 1, None, 5)]), Err(Refusal::NotForSale(vec![variant])));
    let Err(Refusal::NotEnough(short)) = priced(vec![wish(1, 6, Some(5), 5), wish(2, 1, Some(5), -3)]) else {
        panic!("there is not enough");
    };
    assert_eq!(short.iter().map(|line| (line.wanted, line.available)).collect::<Vec<_>>(), [(6, 5), (1, 0)]);
    assert_eq!(priced(vec![wish(1, 1, Some(0), 5)]), Err(Refusal::NothingToPay));
    assert!(matches!(priced(vec![wish(1, 2, Some(i64::MAX), 5)]), Err(Refusal::Amount(_))));
}

#[test]
fn a_line_of_a_cart_says_what_is_wrong_with_it() {
    assert_eq!(wish(1, 5, Some(5), 5).problem(), None);
    assert_eq!(wish(1, 6, Some(5), 5).problem(), Some(LineProblem::NotEnoughStock));
    assert_eq!(wish(1, 1, None, 5).problem(), Some(LineProblem::NotSoldInCurrency));
    let mut gone = wish(1, 1, Some(5), 5);
    gone.offer.as_mut().unwrap().on_sale = false;
    assert_eq!(gone.problem(), Some(LineProblem::Gone));
}

#[test]
fn the_refund_of_a_payment_has_one_name() {
    let (one, other) = (OrderId::from_u128(1), OrderId::from_u128(2));
    assert_eq!(refund_of(one, "pi_1"), refund_of(one, "pi_1"));
    let names = [refund_of(one, "pi_1"), refund_of(one, "pi_2"), refund_of(other, "pi_1")];
    assert!(names.iter().collect::<std::collections::HashSet<&RefundId>>().len() == 3);
}

proptest! {
    #[test]
    fn an_order_costs_the_sum_of_its_lines(
        goods in prop::collection::vec((1u32..=99, 1i64..1_000_000), 1..20),
    ) {
        let wishes = goods.iter().enumerate().map(|(at, (quantity, price))| wish(at as u128, *quantity, Some(*price), 99));
        let priced = Priced::of(wishes.collect(), Currency::INR).unwrap();
        let expected: i64 = goods.iter().map(|(quantity, price)| i64::from(*quantity) * price).sum();
        prop_assert_eq!(priced.total.minor(), expected);
        prop_assert_eq!(priced.lines.iter().map(|line| line.amount.minor()).sum::<i64>(), expected);
    }

    #[test]
    fn equal_variants_are_summed_and_none_is_lost(lines in prop::collection::vec((0u128..5, 1u32..=99), 0..50)) {
        let sums = summed(lines.iter().map(|(variant, quantity)| (VariantId::from_u128(*variant), *quantity)));
        prop_assert_eq!(sums.iter().map(|(_, sum)| sum).sum::<u32>(), lines.iter().map(|(_, quantity)| quantity).sum::<u32>());
        let names: std::collections::HashSet<_> = sums.iter().map(|(variant, _)| variant).collect();
        prop_assert_eq!(names.len(), sums.len());
    }

    #[test]
    fn quantities_are_taken_within_their_bounds(count: u32) {
        prop_assert_eq!(Quantity::try_from(count).is_ok(), (1..=99).contains(&count));
        prop_assert_eq!(QuantityOrNone::try_from(count).is_ok(), count <= 99);
    }
}
