//! What is said where a project has no words of its own: version 0 of a few templates, in English.
//!
//! A project that makes a template of the same name is heard instead.

use contracts::Timestamp;
use serde_json::Value;

use super::template::{EmailWords, InAppWords, Kind, SmsWords, Variable, Version, VersionState, Words};
use super::words::{Category, Locale, TemplateName, VariableName};

/// Money has arrived.
pub const ORDER_PAID: &str = "order_paid";
/// A payment came to nothing.
pub const PAYMENT_FAILED: &str = "payment_failed";
/// A code is to reach somebody.
pub const OTP_CODE: &str = "otp_code";
/// A code to choose a new password with.
pub const PASSWORD_RESET: &str = "password_reset";
/// Somebody has an account now.
pub const WELCOME: &str = "welcome";
/// An order came to nothing.
pub const ORDER_CANCELLED: &str = "order_cancelled";
/// Goods are on their way.
pub const ORDER_FULFILLED: &str = "order_fulfilled";
/// Money went back.
pub const REFUND_PAID: &str = "refund_paid";
/// Somebody has tried to register an address that is known.
pub const ACCOUNT_EXISTS: &str = "account_exists";

/// One of ours.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// What such messages are about.
    pub category: &'static str,
    /// Name, kind, whether it is needed, and a sample as JSON.
    variables: &'static [(&'static str, Kind, bool, &'static str)],
    subject: &'static str,
    /// Each line is a paragraph of the HTML.
    lines: &'static [&'static str],
    sms: &'static str,
    in_app: &'static str,
}

const ORDER: (&str, Kind, bool, &str) = ("order_id", Kind::Text, true, r#""ord_01jd3sa4k8qm7v2x9c5f0t6w1b""#);
const AMOUNT: (&str, Kind, bool, &str) = ("amount", Kind::Integer, true, "1999");
const CURRENCY: (&str, Kind, bool, &str) = ("currency", Kind::Text, true, r#""INR""#);
const CODE: (&str, Kind, bool, &str) = ("code", Kind::Text, true, r#""123456""#);
const PURPOSE: (&str, Kind, bool, &str) = ("purpose", Kind::Text, false, r#""login""#);
const EXPIRES: (&str, Kind, bool, &str) = ("expires_at", Kind::Time, false, r#""2026-11-21T09:47:35.000Z""#);

/// All of ours.
pub const ALL: [Builtin; 9] = [
    Builtin {
        name: ORDER_PAID,
        category: "order",
        variables: &[
            ORDER,
            ("number", Kind::Text, false, r#""1001""#),
            AMOUNT,
            CURRENCY,
            ("lines", Kind::List, false, r#"[{"title": "Tea, 250 g", "quantity": 2, "amount": 1999}]"#),
        ],
        subject: "Your order {{ number or order_id }} is paid",
        lines: &[
            "Thank you. We have received {{ amount|money(currency) }} for your order {{ number or order_id }}.",
            "{% for line in lines %}{{ line.quantity }} x {{ line.title }}: {{ line.amount|money(currency) }}{% if not loop.last %}; {% endif %}{% endfor %}",
        ],
        sms: "We have received {{ amount|money(currency) }} for order {{ number or order_id }}. Thank you.",
        in_app: "We have received {{ amount|money(currency) }} for your order.",
    },
    Builtin {
        name: PAYMENT_FAILED,
        category: "payment",
        variables: &[
            ("order_id", Kind::Text, false, ORDER.3),
            ("reason", Kind::Text, false, r#""card_declined""#),
        ],
        subject: "Your payment did not go through",
        lines: &[
            "Your payment{% if order_id %} for order {{ order_id }}{% endif %} did not go through, and nothing was taken.",
            "{% if reason %}The bank says: {{ reason|replace('_', ' ') }}. {% endif %}You can try again with the same or another card.",
        ],
        sms: "Your payment{% if order_id %} for order {{ order_id }}{% endif %} did not go through. You can try again.",
        in_app: "Nothing was taken. You can try again with the same or another card.",
    },
    Builtin {
        name: OTP_CODE,
        category: Category::SECURITY,
        variables: &[CODE, PURPOSE, EXPIRES],
        subject: "Your code",
        lines: &[
            "Your code is {{ code }}.",
            "{% if expires_at %}It is good until {{ expires_at|date('%H:%M') }} UTC. {% endif %}Give it to nobody; we never ask for it.",
        ],
        sms: "{{ code }} is your code. Give it to nobody.",
        in_app: "A code was sent to you.",
    },
    Builtin {
        name: PASSWORD_RESET,
        category: Category::SECURITY,
        variables: &[CODE, PURPOSE, EXPIRES],
        subject: "Choose a new password",
        lines: &[
            "Somebody, we hope you, wants to choose a new password for your account. The code for that is {{ code }}.",
            "If it was not you, do nothing: your password stays as it is.",
        ],
        sms: "{{ code }} is your code for a new password. Give it to nobody.",
        in_app: "A code for a new password was sent to you.",
    },
    Builtin {
        name: WELCOME,
        category: "account",
        variables: &[],
        subject: "Welcome",
        lines: &["Your account is ready.", "If you did not make it, tell us by answering this mail."],
        sms: "Welcome. Your account is ready.",
        in_app: "Your account is ready.",
    },
    Builtin {
        name: ORDER_CANCELLED,
        category: "order",
        variables: &[ORDER, ("reason", Kind::Text, false, r#""expired""#)],
        subject: "Your order {{ order_id }} is cancelled",
        lines: &[
            "Your order {{ order_id }} is cancelled{% if reason == 'expired' %}, because it was not paid in time{% elif reason == 'shop' %}, because we cannot send it{% endif %}.",
            "If you have paid for it, the money goes back the way it came.",
        ],
        sms: "Your order {{ order_id }} is cancelled. If you have paid, the money goes back.",
        in_app: "If you have paid for it, the money goes back the way it came.",
    },
    Builtin {
        name: ORDER_FULFILLED,
        category: "order",
        variables: &[ORDER, ("tracking", Kind::Text, false, r#""https://example.com/parcels/7""#)],
        subject: "Your order {{ order_id }} is on its way",
        lines: &[
            "Everything you ordered is on its way.",
            "{% if tracking %}Follow it here: {{ tracking }}{% endif %}",
        ],
        sms: "Your order {{ order_id }} is on its way.{% if tracking %} {{ tracking }}{% endif %}",
        in_app: "Everything you ordered is on its way.",
    },
    Builtin {
        name: REFUND_PAID,
        category: "payment",
        variables: &[("order_id", Kind::Text, false, ORDER.3), AMOUNT, CURRENCY],
        subject: "{{ amount|money(currency) }} is on its way back to you",
        lines: &[
            "We have sent {{ amount|money(currency) }}{% if order_id %} for order {{ order_id }}{% endif %} back the way it came.",
            "Banks take a few days to show it.",
        ],
        sms: "{{ amount|money(currency) }} is on its way back to you.",
        in_app: "Banks take a few days to show it.",
    },
    Builtin {
        name: ACCOUNT_EXISTS,
        category: Category::SECURITY,
        variables: &[],
        subject: "You have an account already",
        lines: &[
            "Somebody has tried to make an account with this address, which has one already.",
            "If it was you, sign in, or choose a new password. If it was not, do nothing.",
        ],
        sms: "Somebody has tried to make an account with your number. If it was not you, do nothing.",
        in_app: "Somebody has tried to make an account with your address.",
    },
];

impl Builtin {
    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|one| one.name == name)
    }

    /// Its name, typed.
    pub fn template(&self) -> TemplateName {
        TemplateName::ours(self.name)
    }

    /// It as a version like any other.
    pub fn version(&self) -> Version {
        Version {
            number: 0,
            id: None,
            state: VersionState::Published,
            variables: self.variables(),
            words: vec![self.words()],
            created_at: Timestamp::from_millis(0),
            published_at: None,
        }
    }

    fn variables(&self) -> Vec<Variable> {
        let each = self.variables.iter();
        each.map(|(name, kind, required, sample)| Variable {
            name: VariableName::ours(name),
            kind: *kind,
            required: *required,
            // A test reads each of them.
            sample: serde_json::from_str(sample).unwrap_or(Value::Null),
        })
        .collect()
    }

    fn words(&self) -> Words {
        let paragraphs: String = self.lines.iter().map(|line| format!("<p>{line}</p>\n")).collect();
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n\
             <body style=\"font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 2em auto\">\n{paragraphs}</body></html>\n",
            self.subject
        );
        Words {
            locale: Locale::english(),
            email: Some(EmailWords {
                subject: self.subject.to_owned(),
                text: self.lines.join("\n\n"),
                html: Some(html),
            }),
            sms: Some(SmsWords { text: self.sms.to_owned() }),
            in_app: Some(InAppWords { title: self.subject.to_owned(), body: self.in_app.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notification::Channel;
    use crate::domain::rendering::Compiled;
    use crate::domain::segments;
    use crate::domain::template::{check_shape, checked, samples};

    #[test]
    fn each_of_ours_could_be_published_and_fits_its_channels() {
        for one in &ALL {
            let version = one.version();
            assert_eq!(check_shape(&version.variables, &version.words), Ok(()), "{}", one.name);
            let compiled = Compiled::new(&version.variables, &version.words).unwrap();
            assert_eq!(compiled.prove(), Ok(()), "{}", one.name);
            let given = checked(&version.variables, &samples(&version.variables)).unwrap();
            let short = compiled.render(Channel::Sms, &[], &given).unwrap();
            assert!(segments::count(&short.text).count <= 2, "{}: {}", one.name, short.text);
            let mail = compiled.render(Channel::Email, &[], &given).unwrap();
            assert!(mail.html.unwrap().contains("</html>"), "{}", one.name);
            assert!(Category::try_from(one.category.to_owned()).is_ok());
            assert!(TemplateName::try_from(one.name.to_owned()).is_ok());
        }
    }

    #[test]
    fn what_may_be_left_out_leaves_no_hole() {
        let version = Builtin::named(PAYMENT_FAILED).unwrap().version();
        let compiled = Compiled::new(&version.variables, &version.words).unwrap();
        let given = checked(&version.variables, &serde_json::Map::new()).unwrap();
        let mail = compiled.render(Channel::Email, &[], &given).unwrap();
        assert!(
            mail.text.starts_with("Your payment did not go through, and nothing was taken."),
            "{}",
            mail.text
        );
        assert!(!mail.text.contains("none") && !mail.text.contains("bank"), "{}", mail.text);
    }
}
