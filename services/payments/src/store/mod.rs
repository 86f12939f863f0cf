//! All SQL of payments, one statement a function: `payments`, `payables` (what orders and top-ups are to bring, and
//! what is blocked), `refunds`, `attempts`, `payouts`, `reviews`, `webhooks`, `erasing`.

mod attempts;
mod erasing;
mod payables;
mod payments;
mod payouts;
mod refunds;
mod reviews;
mod webhooks;

pub use attempts::{Attempt, attempts_of, insert_attempt};
pub use erasing::{delete_payables, empty_messages_of, forget_payee, forget_payer, forget_secrets_of};
pub use payables::{
    PayableOrder, PayableTopUp, block_order, cancel_order, expire_top_up, insert_order, insert_top_up,
    is_blocked, order, top_up,
};
pub use payments::{
    Asked, Story, client_secret, insert_payment, live_of_invoice, live_of_order, live_of_top_up,
    lock_by_reference, lock_payment, newest_of_top_up, paid_of_order, payment, payment_by_reference,
    payments, payments_of, reserve, save_payment, set_client_secret, stories_of_reference,
};
pub use payouts::{
    AskedPayouts, PayoutAttempt, destination, forget_destination, insert_payout, insert_payout_attempt,
    lock_payout, lock_payout_by_reference, payout, payout_attempts_of, payout_of, payouts, payouts_of,
    put_unwanted, save_payout, unwanted,
};
pub use refunds::{insert_refund, lock_refund, refund, refund_by_reference, refunds_of, save_refund};
pub use reviews::{insert_review, reviews_of};
pub use webhooks::{About, Message, delete_old_messages, insert_message, kept_message, set_outcome};
