//! Where a project's programs hear events, and the secrets by which they know that it is us.

use contracts::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::WebUrl;

contracts::ids! {
    /// An address that hears events.
    EndpointId = "whe";
}

/// An event that can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Hears {
    /// An order's money has arrived.
    #[serde(rename = "order.paid")]
    OrderPaid,
    /// An order came to nothing.
    #[serde(rename = "order.cancelled")]
    OrderCancelled,
    /// All goods of an order are on their way.
    #[serde(rename = "order.fulfilled")]
    OrderFulfilled,
    /// A provider has the money.
    #[serde(rename = "payment.succeeded")]
    PaymentSucceeded,
    /// A payment came to nothing.
    #[serde(rename = "payment.failed")]
    PaymentFailed,
    /// Money went back to the customer.
    #[serde(rename = "payment.refunded")]
    PaymentRefunded,
}

/// An address that hears events.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where.
    pub url: WebUrl,
    /// What it hears.
    pub kinds: Vec<Hears>,
    /// Since when nobody wants this any more.
    pub gone_at: Option<Timestamp>,
    /// Until when the secret before this one goes on.
    pub old_secret_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Endpoints of one project.
pub const ENDPOINTS_MAX: u32 = 50;
/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;
/// So long the old secret goes on beside a new one.
pub const OVERLAP: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

impl Hears {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::OrderPaid,
        Self::OrderCancelled,
        Self::OrderFulfilled,
        Self::PaymentSucceeded,
        Self::PaymentFailed,
        Self::PaymentRefunded,
    ];

    /// The event's type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderPaid => "order.paid",
            Self::OrderCancelled => "order.cancelled",
            Self::OrderFulfilled => "order.fulfilled",
            Self::PaymentSucceeded => "payment.succeeded",
            Self::PaymentFailed => "payment.failed",
            Self::PaymentRefunded => "payment.refunded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_asked_for_by_its_type() {
        for kind in Hears::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
