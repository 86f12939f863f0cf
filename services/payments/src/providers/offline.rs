//! People take the money and pay it out by hand, and say so by settling. There is nobody to ask.

use contracts::Timestamp;

use super::{Asking, Giving, Opened, Opening, PayingOut, Provider, Refusal, Steer};
use crate::domain::{News, PayoutNews, PayoutStanding, RefundNews, RefundStanding, Standing};

/// Money from hand to hand.
pub struct Offline {
    /// What time it is.
    pub at: Timestamp,
}

const BY_HAND: &str = "settled_by_hand";

impl Offline {
    fn news(&self, standing: Standing) -> News {
        News {
            standing,
            amount: None,
            currency: None,
            received: None,
            failure: None,
            at: self.at,
            said: BY_HAND.to_owned(),
        }
    }
}

impl Provider for Offline {
    fn open<'a>(&'a self, opening: &'a Opening) -> Asking<'a, Opened> {
        let reference = format!("offline_{}", opening.payment);
        let opened = Opened { reference, client_secret: None, news: self.news(Standing::Waiting) };
        Box::pin(async move { Ok(Ok(opened)) })
    }

    fn steer<'a>(&'a self, _: &'a str, steer: &'a Steer, _: String) -> Asking<'a, News> {
        let reply = match steer {
            Steer::Cancel => Ok(self.news(Standing::Cancelled)),
            Steer::Confirm { .. } | Steer::Capture { .. } => Err(Refusal::of(BY_HAND)),
        };
        Box::pin(async move { Ok(reply) })
    }

    fn look<'a>(&'a self, _: &'a str) -> Asking<'a, News> {
        Box::pin(async { Ok(Err(Refusal::of(BY_HAND))) })
    }

    fn give_back<'a>(&'a self, giving: &'a Giving) -> Asking<'a, RefundNews> {
        let news = RefundNews {
            reference: format!("offline_{}", giving.refund),
            standing: RefundStanding::Succeeded,
            amount: giving.amount,
            failure: None,
            said: BY_HAND.to_owned(),
        };
        Box::pin(async move { Ok(Ok(news)) })
    }

    fn look_refund<'a>(&'a self, _: &'a str) -> Asking<'a, RefundNews> {
        Box::pin(async { Ok(Err(Refusal::of(BY_HAND))) })
    }

    fn pay_out<'a>(&'a self, paying: &'a PayingOut) -> Asking<'a, PayoutNews> {
        let news = PayoutNews {
            reference: format!("offline_{}", paying.payout),
            standing: PayoutStanding::Pending,
            amount: paying.amount.minor(),
            currency: Some(paying.amount.currency()),
            failure: None,
            said: "waits_for_people".to_owned(),
        };
        Box::pin(async move { Ok(Ok(news)) })
    }

    fn look_payout<'a>(&'a self, _: &'a str) -> Asking<'a, PayoutNews> {
        Box::pin(async { Ok(Err(Refusal::of(BY_HAND))) })
    }
}
