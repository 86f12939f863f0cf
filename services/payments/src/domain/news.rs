//! What a provider says of a payment, and what that changes.
//!
//! News comes twice, late and in any order. Of two stages the later one holds; among open ones the higher rank, or
//! what the provider says happened later. Nothing is believed that names another amount.

use contracts::{Currency, Timestamp};

use super::payment::{Payment, Status};

/// What a provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Where the payment stands there.
    pub standing: Standing,
    /// What is to be paid there, in minor units.
    pub amount: Option<i64>,
    /// Their currency; none where it is one that we do not know.
    pub currency: Option<Currency>,
    /// What was taken.
    pub received: Option<i64>,
    /// Why a try came to nothing.
    pub failure: Option<String>,
    /// When it was so, by the provider's clock.
    pub at: Timestamp,
    /// The provider's own word for it.
    pub said: String,
}

/// Where a payment stands at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for the customer.
    Waiting,
    /// It is being worked at.
    Processing,
    /// The money is held.
    Authorized,
    /// The money was taken.
    Succeeded,
    /// A try came to nothing.
    Failed,
    /// It will not be made.
    Cancelled,
}

/// What news did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The payment stands otherwise now.
    Moved(Payment),
    /// It is old news.
    Kept(Payment),
    /// It cannot be true; the payment stands as it stood and waits for a look.
    Doubted(Payment, Doubt),
}

/// Why news is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is about another amount.
    Amount,
    /// It is about another currency.
    Currency,
}

impl Standing {
    /// The status that it makes.
    pub fn status(self) -> Status {
        match self {
            Self::Waiting => Status::Pending,
            Self::Processing => Status::Processing,
            Self::Authorized => Status::Authorized,
            Self::Succeeded => Status::Succeeded,
            Self::Failed => Status::Failed,
            Self::Cancelled => Status::Cancelled,
        }
    }
}

impl Doubt {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Amount => "amount_mismatch",
            Self::Currency => "currency_mismatch",
        }
    }
}

impl Payment {
    /// The provider has said something, heard at `now`.
    pub fn hear(self, news: &News, now: Timestamp) -> Heard {
        let heard = Self { heard_at: now, ..self };
        if !heard.yields_to(news) {
            // A blocked payment stays failed; once its provider has let it go nobody has to look after it.
            let over = heard.blocked && news.standing == Standing::Cancelled;
            return Heard::Kept(Self { live: heard.live && !over, ..heard });
        }
        if let Some(doubt) = heard.doubt(news) {
            return Heard::Doubted(Self { needs_review: true, ..heard }, doubt);
        }
        let status = news.standing.status();
        let captured = match news.standing {
            Standing::Succeeded => news.received.or(news.amount).unwrap_or(heard.captured),
            Standing::Waiting
            | Standing::Processing
            | Standing::Authorized
            | Standing::Failed
            | Standing::Cancelled => heard.captured,
        };
        let failure = news.failure.clone().filter(|_| status == Status::Failed);
        let live = heard.live && status != Status::Cancelled;
        let news_at = heard.news_at.max(news.at);
        let moved = Self { status, captured, failure, live, news_at, needs_review: false, ..heard };
        Heard::Moved(moved.if_blocked())
    }

    /// Whether the news is old, and nothing follows from it.
    pub fn knows(&self, news: &News) -> bool {
        !self.blocked && !self.yields_to(news)
    }

    fn yields_to(&self, news: &News) -> bool {
        let (own, told) = (self.status, news.standing.status());
        match told.stage().cmp(&self.stage()) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => {
                self.stage() == super::Stage::Open && (told.rank() > own.rank() || news.at > self.news_at)
            }
        }
    }

    fn doubt(&self, news: &News) -> Option<Doubt> {
        let expected = match news.standing {
            Standing::Succeeded => self.capture_asked.unwrap_or(self.amount),
            Standing::Authorized => self.amount,
            Standing::Waiting | Standing::Processing | Standing::Failed | Standing::Cancelled => return None,
        };
        let taken = match news.standing {
            Standing::Succeeded => news.received.or(news.amount),
            _ => news.amount,
        };
        if news.currency != Some(self.currency) {
            Some(Doubt::Currency)
        } else if news.amount != Some(self.amount) || taken != Some(expected) {
            Some(Doubt::Amount)
        } else {
            None
        }
    }
}
