//! What people are told of their payments: `notifications` brings it to them.

use contracts::UserId;
use contracts::events::NotificationSend;
use kernel::store::{StoreError, Tx};
use serde_json::{Map, Value};

const IN_APP: &str = "in_app";

/// Has somebody told a sentence; asked for twice under one key, it is told once.
pub fn say(tx: &mut Tx<'_>, user: UserId, text: String, key: String) -> Result<(), StoreError> {
    let sent = NotificationSend {
        channel: IN_APP.to_owned(),
        recipient: user.to_string(),
        payload: Map::from_iter([("text".to_owned(), Value::String(text))]),
        template_id: None,
        user_id: Some(user),
        idempotency_key: Some(key),
    };
    tx.publish(user, &sent).map(drop)
}
