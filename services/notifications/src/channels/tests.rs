//! What the tests of all channels share, and which provider carries what.

mod smtp;

pub use smtp::{Act, PostOffice};

use contracts::{Id, NotificationId, ProjectId, Timestamp};
use kernel::config::Settings;
use kernel::service::Means;
use kernel::testing::{Place, outside, run};

use super::{Content, Outgoing, Provider, Trouble, attempt, settings};

/// The means of a call, with a database of their own that is cleared away at the end.
pub struct Desk {
    pub means: Means,
    _place: Place,
}

impl Desk {
    /// With these settings for everybody.
    pub fn with(set: &[(&str, &str)]) -> Self {
        let place = Place::sqlite();
        let flags: Vec<_> = set.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        let settings = Settings::load(settings(), None, [], &flags).unwrap();
        let means = Means { store: place.store("notifications", &[]), settings, outside: outside() };
        Self { means, _place: place }
    }
}

pub fn project() -> ProjectId {
    ProjectId::from_u128(1)
}

pub fn outgoing(content: Content) -> Outgoing {
    Outgoing { id: NotificationId::from_u128(7), project: project(), expires_at: None, content }
}

pub fn email(to: &str) -> Content {
    Content::Email {
        to: to.to_owned(),
        subject: "Bezahlt \u{2013} danke".to_owned(),
        text: "Viele Grüße\n.\nfrom the shop, with a dot on a line of its own".to_owned(),
        html: Some("<p>Grüße</p>".to_owned()),
        unsubscribe_url: Some("https://example.com/u/1".to_owned()),
    }
}

pub fn sms(body: &str) -> Content {
    Content::Sms { to: "+14158675310".to_owned(), body: body.to_owned() }
}

/// The word for a result, for tables.
pub fn word<T>(result: &Result<T, Trouble>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(Trouble::Unknown(_)) => "unknown",
        Err(Trouble::Later { .. }) => "later",
        Err(Trouble::ProviderDown(_)) => "down",
        Err(Trouble::BadRecipient(_)) => "recipient",
        Err(Trouble::BadContent(_)) => "content",
        Err(Trouble::BadCredential(_)) => "credential",
    }
}

fn contents() -> [Content; 4] {
    let webhook = Content::Webhook {
        url: "http://127.0.0.1:1/".to_owned(),
        secrets: Vec::new(),
        kind: "order.paid".to_owned(),
        at: Timestamp::from_millis(0),
        data: "{}".to_owned(),
    };
    let log = Content::Log { to: "jane@example.com".to_owned(), text: "x".to_owned() };
    [email("jane@example.com"), sms("x"), webhook, log]
}

#[test]
fn each_provider_carries_its_own_kind_of_content_and_the_log_carries_all() {
    let desk = Desk::with(&[]);
    run(async {
        for (provider, words) in [
            (Provider::Log, ["accepted"; 4]),
            (Provider::Smtp, ["credential", "content", "content", "content"]),
            (Provider::Twilio, ["content", "credential", "content", "content"]),
            (Provider::Webhook, ["content", "content", "credential", "content"]),
        ] {
            for (content, expected) in contents().into_iter().zip(words) {
                let result = attempt(&desk.means, provider, &outgoing(content.clone())).await;
                assert_eq!(word(&result), expected, "{provider:?} {content:?}");
            }
        }
    });
}

#[test]
fn every_setting_has_a_name_of_its_own_and_keys_are_secret() {
    let declared = settings();
    assert!(declared.iter().all(|one| one.key.starts_with("notifications.")));
    let secret: Vec<_> = declared.iter().filter(|one| one.secret).map(|one| one.key).collect();
    assert_eq!(secret, ["notifications.smtp.password", "notifications.twilio.auth_token"]);
    // Settings with the same name or variable are refused when they are loaded.
    assert!(Settings::load(declared, None, [], &[]).is_ok());
}

#[test]
fn a_sender_that_is_none_stops_the_start() {
    for (text, is_one) in [("Shop <shop@example.com>", true), ("shop@example.com", true), ("shop", false)] {
        let flags = [("notifications.email.from".to_owned(), text.to_owned())];
        assert_eq!(Settings::load(settings(), None, [], &flags).is_ok(), is_one, "{text}");
    }
}
