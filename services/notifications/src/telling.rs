//! What notifications tells others: what was sent, and what was not. Never to which address, and never what it said.

use contracts::{Event, NotificationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::notification::{Channel, Reason};
use crate::domain::words::Category;

/// A provider has taken a notification, or it stands in an inbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationSent {
    /// Which.
    pub notification_id: NotificationId,
    /// How it travelled.
    pub channel: Channel,
    /// What it was about.
    pub category: Category,
    /// For whom, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
}

/// A notification will not arrive, unless people do something about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationFailed {
    /// Which.
    pub notification_id: NotificationId,
    /// How it was to travel.
    pub channel: Channel,
    /// What it was about.
    pub category: Category,
    /// For whom, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
    /// Why.
    pub reason: Reason,
    /// Whether people can have it sent again.
    pub dead: bool,
}

impl Event for NotificationSent {
    const TYPE: &'static str = "notification.sent";
    const ALIASES: &'static [&'static str] = &["NotificationSent"];
}

impl Event for NotificationFailed {
    const TYPE: &'static str = "notification.failed";
    const ALIASES: &'static [&'static str] = &["NotificationFailed"];
}
