//! How an order stands, in words: what its page, its row in the list and those who listen are told.

use ui::{Told, Tone};

use crate::api::{FulfilmentStatus, Order, OrderStatus, PaymentStatus};

/// What is said of an order; `paying` where the visitor has just paid and the money is on its way.
pub fn told(order: &Order, paying: bool) -> Told {
    let said = |tone, short, title, text| Told { tone, short, title, text };
    match order.status {
        OrderStatus::PendingPayment => match order.payment_status {
            PaymentStatus::Authorized => said(
                Tone::Calm,
                "Payment approved",
                "Your payment is approved",
                "We are taking it now; this page will say when it is done.",
            ),
            _ if paying => said(
                Tone::Calm,
                "Confirming payment",
                "We are confirming your payment",
                "This takes a few seconds. The page changes by itself; you need not pay again.",
            ),
            PaymentStatus::Failed => said(
                Tone::Bad,
                "Payment failed",
                "The payment did not go through",
                "Nothing was charged. Your goods are still held: try again, or use another card.",
            ),
            PaymentStatus::Unpaid
            | PaymentStatus::Paid
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded => said(
                Tone::Warn,
                "Awaiting payment",
                "Your order waits for its payment",
                "Your goods are held for you until then.",
            ),
        },
        OrderStatus::Paid => match order.fulfilment_status {
            FulfilmentStatus::Cancelled => said(
                Tone::Warn,
                "Being refunded",
                "This order is being refunded",
                "The money goes back to your card.",
            ),
            FulfilmentStatus::Unfulfilled | FulfilmentStatus::Fulfilled => said(
                Tone::Good,
                "Paid",
                "Thank you, your order is paid",
                "We are getting it ready and will tell you when it leaves.",
            ),
        },
        OrderStatus::Fulfilled => {
            said(Tone::Good, "Sent", "Your order is on its way", "We hope you like it.")
        }
        OrderStatus::Refunded => said(
            Tone::Plain,
            "Refunded",
            "This order was refunded",
            "The money is on its way back to your card.",
        ),
        OrderStatus::Cancelled if order.ran_out() => said(
            Tone::Plain,
            "Ran out of time",
            "This order ran out of time",
            "It was not paid in time, so the goods went back on the shelf. Nothing was charged. You can order them again.",
        ),
        OrderStatus::Cancelled => {
            said(Tone::Plain, "Cancelled", "This order is cancelled", "The goods went back on the shelf.")
        }
    }
}

/// Why a card was refused, from the code of the provider.
pub fn refusal(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "The card does not have enough money on it.",
        "expired_card" => "The card has expired.",
        "incorrect_cvc" => "The security code is not right.",
        "incorrect_number" => "The card number is not right.",
        "lost_card" | "stolen_card" => "The bank refused the card. Please use another one.",
        "processing_error" => "The bank could not process the card just now. Please try again.",
        "authentication_required" | "payment_intent_authentication_failure" => {
            "The bank could not confirm that it is you."
        }
        _ => "The bank refused the card.",
    }
}
