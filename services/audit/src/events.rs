//! Every event of every service becomes a record; of one alone more follows: a person who is to be forgotten.

use std::sync::LazyLock;

use contracts::events::access::UserErased;
use contracts::{Envelope, EventKind, Registry};
use kernel::events::Heard;
use kernel::secrets::mask;
use kernel::store::Tx;
use serde_json::{Map, Value, json};

use crate::commands::{self, project_of};
use crate::domain::{Class, Outcome, Record, SOURCE, Subject};
use crate::error::Error;

static KNOWN: LazyLock<Registry> = LazyLock::new(contracts::events::registry);

/// Events of these families are about money; `order.paid` is, other events of orders are not.
const FINANCIAL: [&str; 7] =
    ["payment.", "invoice.", "ledger.", "transaction.", "account.balance.", "order.paid", "refund."];

/// The fields of an event that name the person whom it is about.
const SUBJECT_FIELDS: [&str; 2] = ["userId", "subject"];

const HIDDEN: &str = "***";

/// What happened anywhere is remembered here.
pub fn on_any(tx: &mut Tx<'_>, events: &[&Envelope]) -> Result<(), Error> {
    let records = events.iter().map(|event| record_of(tx, event)).collect();
    commands::remember(tx, records)
}

fn record_of(tx: &Tx<'_>, event: &Envelope) -> Record {
    let kind = KNOWN.find(&event.event_type);
    let action = kind.map_or(event.event_type.as_str(), |kind| kind.name);
    let (subject, details) = details_of(event, kind);
    // Nobody's event is taken for a word of the audit service itself.
    let source = event.source.as_deref().filter(|source| *source != SOURCE).unwrap_or("unknown");
    Record {
        project_id: project_of(tx),
        id: tx.new_id(),
        occurred_at: event.occurred_at,
        recorded_at: tx.now(),
        class: class_of(action),
        actor: format!("service:{source}"),
        action: action.to_owned(),
        object_kind: action.split('.').next().unwrap_or_default().to_owned(),
        object_id: event.key.clone().unwrap_or_default(),
        outcome: if action.ends_with(".failed") { Outcome::Failed } else { Outcome::Succeeded },
        source: source.to_owned(),
        correlation_id: event.correlation_id.clone(),
        causation: Some(event.event_id.to_string()),
        subject: subject.map(|subject| subject.as_str().to_owned()),
        details,
    }
}

/// Whoever is forgotten elsewhere is forgotten here: what is kept about them can be read no more.
pub fn on_user_erased(tx: &mut Tx<'_>, event: &Heard<'_, UserErased>) -> Result<(), Error> {
    commands::erase_subject(tx, &event.user_id.to_string()).map(drop)
}

fn class_of(action: &str) -> Class {
    if FINANCIAL.iter().any(|family| action.starts_with(family)) {
        Class::Financial
    } else {
        Class::Operational
    }
}

/// What an event says, and the person under whose key that must be sealed.
///
/// A known event without sensitive fields stays as it is. Everything else is sealed where it says whom it is
/// about; where it does not, sensitive fields are hidden, and of an unknown event all that looks like a secret.
fn details_of(event: &Envelope, kind: Option<&EventKind>) -> (Option<Subject>, String) {
    let text = event.data.get();
    if kind.is_some_and(|kind| kind.sensitive.is_empty()) {
        return (None, text.to_owned());
    }
    let Ok(mut data) = serde_json::from_str::<Map<String, Value>>(text) else { return (None, masked(text)) };
    if let Some(subject) = subject_in(&data) {
        return (Some(subject), text.to_owned());
    }
    let Some(kind) = kind else { return (None, masked(text)) };
    for field in kind.sensitive {
        if let Some(value) = data.get_mut(*field) {
            *value = HIDDEN.into();
        }
    }
    (None, Value::Object(data).to_string())
}

fn subject_in(data: &Map<String, Value>) -> Option<Subject> {
    let named = SUBJECT_FIELDS.iter().find_map(|field| data.get(*field)?.as_str())?;
    Subject::try_from(named.to_owned()).ok()
}

/// The text with everything hidden that looks like a secret; still JSON.
fn masked(text: &str) -> String {
    let masked = mask(text);
    match serde_json::from_str::<serde::de::IgnoredAny>(&masked) {
        Ok(_) => masked.into_owned(),
        Err(_) => json!({ "masked": masked }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use contracts::{EventId, Id, Timestamp};
    use serde_json::value::RawValue;

    use super::*;

    fn heard(kind: &str, data: &Value) -> (Option<String>, Value) {
        let event = Envelope {
            event_id: EventId::from_u128(1),
            event_type: kind.to_owned(),
            version: 1,
            occurred_at: Timestamp::from_millis(0),
            correlation_id: "c1".to_owned(),
            data: RawValue::from_string(data.to_string()).unwrap(),
            project_id: None,
            key: None,
            source: None,
            causation_id: None,
        };
        let (subject, details) = details_of(&event, KNOWN.find(kind));
        (subject.map(|subject| subject.as_str().to_owned()), serde_json::from_str(&details).unwrap())
    }

    #[test]
    fn events_about_money_are_kept_as_long_as_money_is() {
        for (action, class) in [
            ("payment.succeeded", Class::Financial),
            ("invoice.sent", Class::Financial),
            ("order.paid", Class::Financial),
            ("account.balance.changed", Class::Financial),
            ("order.created", Class::Operational),
            ("account.opened", Class::Operational),
            ("user.created", Class::Operational),
        ] {
            assert_eq!(class_of(action), class, "{action}");
        }
    }

    #[test]
    fn a_known_event_without_secrets_stays_as_it_is() {
        let data = json!({"orderId": "o1", "userId": "usr_1", "amount": 5});
        assert_eq!(heard("order.created", &data), (None, data.clone()));
    }

    #[test]
    fn sensitive_fields_are_sealed_under_the_person_or_hidden() {
        let about_ann = json!({"userId": "usr_1", "email": "ann@example.com"});
        assert_eq!(heard("user.created", &about_ann), (Some("usr_1".into()), about_ann.clone()));
        let about_nobody = json!({"email": "ann@example.com", "source": "form"});
        assert_eq!(heard("user.created", &about_nobody), (None, json!({"email": "***", "source": "form"})));
        let intent = json!({"orderId": "o1", "clientSecret": "s3cret"});
        assert_eq!(
            heard("payment.intent.created", &intent),
            (None, json!({"orderId": "o1", "clientSecret": "***"}))
        );
    }

    #[test]
    fn an_unknown_event_shows_no_secret_and_stays_json() {
        let (subject, details) = heard("thing.made", &json!({"password": "hunter2", "n": 1}));
        assert_eq!(subject, None);
        assert!(!details.to_string().contains("hunter2"), "{details}");
        let (_, details) = heard("thing.made", &json!("ann@example.com"));
        assert!(!details.to_string().contains("ann@"), "{details}");
    }
}
