//! The cards and names that Stripe gives out for trials, and how each of them behaves.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::{Error, doc_url};
use super::form::{Form, hex};

/// How a method of payment behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conduct {
    /// Whether its owner must say yes first.
    pub asks_owner: bool,
    /// How the bank decides.
    pub verdict: Verdict,
    /// Whether the bank takes days to decide.
    pub slow: bool,
    /// What becomes of refunds.
    pub refunds: RefundConduct,
}

/// How the bank decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approved,
    /// No.
    Declined(Decline),
}

/// What becomes of refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundConduct {
    /// They are done at once.
    AtOnce,
    /// They are done later.
    Later,
    /// They look done, and come back.
    ComeBack,
}

/// Why a bank says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// It does not say.
    Generic,
    /// There is not enough.
    InsufficientFunds,
    /// The card was lost.
    LostCard,
    /// The card was stolen.
    StolenCard,
    /// The card is too old.
    ExpiredCard,
    /// The code on the back is another.
    IncorrectCvc,
    /// It does not work now.
    ProcessingError,
    /// It looks like fraud.
    Fraudulent,
    /// The owner must say yes, and cannot be asked.
    AuthenticationRequired,
    /// The owner was asked and did not say yes.
    NotAuthenticated,
    /// A card that is not for trials.
    NotATestCard,
}

/// What is printed on a card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    /// Whose network.
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// The month after which it is too old.
    pub exp_month: i64,
    /// Its year.
    pub exp_year: i64,
    /// The same for the same number.
    pub fingerprint: String,
}

const PLAIN: Conduct =
    Conduct { asks_owner: false, verdict: Verdict::Approved, slow: false, refunds: RefundConduct::AtOnce };
const ASKS: Conduct = Conduct { asks_owner: true, ..PLAIN };

const fn declined(why: Decline) -> Conduct {
    Conduct { verdict: Verdict::Declined(why), ..PLAIN }
}

const CARDS: [(&str, Conduct); 27] = [
    ("4242424242424242", PLAIN),
    ("4000056655665556", PLAIN),
    ("4111111111111111", PLAIN),
    ("5555555555554444", PLAIN),
    ("2223003122003222", PLAIN),
    ("5200828282828210", PLAIN),
    ("5105105105105100", PLAIN),
    ("378282246310005", PLAIN),
    ("371449635398431", PLAIN),
    ("6011111111111117", PLAIN),
    ("3566002020360505", PLAIN),
    ("4000003560000008", PLAIN), // India
    ("4000008260000000", PLAIN), // United Kingdom
    ("4000000000000002", declined(Decline::Generic)),
    ("4000000000009995", declined(Decline::InsufficientFunds)),
    ("4000000000009987", declined(Decline::LostCard)),
    ("4000000000009979", declined(Decline::StolenCard)),
    ("4000000000000069", declined(Decline::ExpiredCard)),
    ("4000000000000127", declined(Decline::IncorrectCvc)),
    ("4000000000000119", declined(Decline::ProcessingError)),
    ("4100000000000019", declined(Decline::Fraudulent)),
    ("4000002760003184", ASKS),
    ("4000002500003155", ASKS),
    ("4000000000003220", ASKS),
    ("4000008400001629", Conduct { asks_owner: true, ..declined(Decline::Generic) }),
    ("4000000000007726", Conduct { refunds: RefundConduct::Later, ..PLAIN }),
    ("4000000000005126", Conduct { refunds: RefundConduct::ComeBack, ..PLAIN }),
];

const NAMES: [(&str, &str); 25] = [
    ("pm_card_visa", "4242424242424242"),
    ("pm_card_visa_debit", "4000056655665556"),
    ("pm_card_mastercard", "5555555555554444"),
    ("pm_card_amex", "378282246310005"),
    ("pm_card_discover", "6011111111111117"),
    ("pm_card_in", "4000003560000008"),
    ("pm_card_gb", "4000008260000000"),
    ("pm_card_visa_chargeDeclined", "4000000000000002"),
    ("pm_card_chargeDeclined", "4000000000000002"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "4000000000009995"),
    ("pm_card_chargeDeclinedInsufficientFunds", "4000000000009995"),
    ("pm_card_visa_chargeDeclinedLostCard", "4000000000009987"),
    ("pm_card_visa_chargeDeclinedStolenCard", "4000000000009979"),
    ("pm_card_chargeDeclinedExpiredCard", "4000000000000069"),
    ("pm_card_chargeDeclinedIncorrectCvc", "4000000000000127"),
    ("pm_card_chargeDeclinedProcessingError", "4000000000000119"),
    ("pm_card_chargeDeclinedFraudulent", "4100000000000019"),
    ("pm_card_threeDSecure2Required", "4000000000003220"),
    ("pm_card_threeDSecureRequired", "4000000000003220"),
    ("pm_card_authenticationRequired", "4000002760003184"),
    ("pm_card_authenticationRequiredOnSetup", "4000002500003155"),
    ("pm_card_threeDSecureRequiredChargeDeclined", "4000008400001629"),
    ("pm_card_authenticationRequiredChargeDeclined", "4000008400001629"),
    ("pm_card_pendingRefund", "4000000000007726"),
    ("pm_card_refundFail", "4000000000005126"),
];

/// What answers to one of the names that are given out, or to a card written out.
pub enum Means {
    /// A card.
    Card(Card, Conduct),
    /// A bank account, which takes days.
    BankAccount(Conduct),
}

/// What a name of Stripe's stands for; it is good for two years more.
pub fn by_name(name: &str, this_year: i64) -> Option<Means> {
    match name {
        "pm_usBankAccount_success" => return Some(Means::BankAccount(Conduct { slow: true, ..PLAIN })),
        "pm_usBankAccount_insufficientFunds" => {
            let conduct = Conduct { slow: true, ..declined(Decline::InsufficientFunds) };
            return Some(Means::BankAccount(conduct));
        }
        _ => {}
    }
    let (_, number) = NAMES.iter().find(|(known, _)| *known == name)?;
    Some(Means::Card(card(number, 12, this_year + 2), conduct_of(number)))
}

/// The card that a form describes below `at`, as `payment_method_data[card]`.
pub fn from_form(form: &Form, at: &str, (this_year, this_month): (i64, i64)) -> Result<Means, Error> {
    let field = |name: &str| format!("{at}[{name}]");
    let wrong = |code: &'static str, name: &str, why: &str| {
        Error::of(402, "card_error", why).code(code).at(&field(name))
    };
    let number: String =
        form.required(&field("number"))?.chars().filter(|letter| !" -".contains(*letter)).collect();
    if !(12..=19).contains(&number.len()) || !is_sound(&number) {
        return Err(wrong("incorrect_number", "number", "Your card number is incorrect."));
    }
    let month = form.integer(&field("exp_month"))?.ok_or_else(|| Error::missing(&field("exp_month")))?;
    let year = form.integer(&field("exp_year"))?.ok_or_else(|| Error::missing(&field("exp_year")))?;
    let year = if (0..100).contains(&year) { year + 2000 } else { year };
    if !(1..=12).contains(&month) {
        return Err(wrong("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid."));
    }
    if (year, month) < (this_year, this_month) || year > this_year + 50 {
        return Err(wrong("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid."));
    }
    let sound_cvc = |cvc: &str| (3..=4).contains(&cvc.len()) && cvc.bytes().all(|byte| byte.is_ascii_digit());
    if form.text(&field("cvc")).is_some_and(|cvc| !sound_cvc(cvc)) {
        return Err(wrong("invalid_cvc", "cvc", "Your card's security code is invalid."));
    }
    Ok(Means::Card(card(&number, month, year), conduct_of(&number)))
}

fn card(number: &str, exp_month: i64, exp_year: i64) -> Card {
    let fingerprint = ring::digest::digest(&ring::digest::SHA256, number.as_bytes());
    Card {
        brand: brand(number).to_owned(),
        last4: number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned(),
        exp_month,
        exp_year,
        fingerprint: hex(fingerprint.as_ref()).chars().take(16).collect(),
    }
}

fn conduct_of(number: &str) -> Conduct {
    let known = CARDS.iter().find(|(card, _)| *card == number);
    known.map_or(declined(Decline::NotATestCard), |(_, conduct)| *conduct)
}

fn brand(number: &str) -> &'static str {
    match number.as_bytes() {
        [b'4', ..] => "visa",
        [b'5' | b'2', ..] => "mastercard",
        [b'3', b'4' | b'7', ..] => "amex",
        [b'3', b'5', ..] => "jcb",
        [b'3', ..] => "diners",
        [b'6', ..] => "discover",
        _ => "unknown",
    }
}

/// Luhn's check: doubled from the right, every second digit.
fn is_sound(number: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum = number.chars().rev().enumerate().try_fold(0, |sum, (place, letter)| {
        let digit = letter.to_digit(10)?;
        Some(sum + if place % 2 == 1 { doubled(digit) } else { digit })
    });
    sum.is_some_and(|sum| sum % 10 == 0)
}

impl Decline {
    /// The code of the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Generic
            | Self::InsufficientFunds
            | Self::LostCard
            | Self::StolenCard
            | Self::Fraudulent
            | Self::NotATestCard => "card_declined",
            Self::ExpiredCard => "expired_card",
            Self::IncorrectCvc => "incorrect_cvc",
            Self::ProcessingError => "processing_error",
            Self::AuthenticationRequired => "authentication_required",
            Self::NotAuthenticated => "payment_intent_authentication_failure",
        }
    }

    /// What the bank said.
    pub fn decline_code(self) -> Option<&'static str> {
        match self {
            Self::Generic => Some("generic_decline"),
            Self::InsufficientFunds => Some("insufficient_funds"),
            Self::LostCard => Some("lost_card"),
            Self::StolenCard => Some("stolen_card"),
            Self::Fraudulent => Some("fraudulent"),
            Self::AuthenticationRequired => Some("authentication_required"),
            Self::NotATestCard => Some("test_mode_live_card"),
            Self::ExpiredCard | Self::IncorrectCvc | Self::ProcessingError | Self::NotAuthenticated => None,
        }
    }

    /// For people.
    pub fn message(self) -> &'static str {
        match self {
            Self::Generic | Self::LostCard | Self::StolenCard | Self::Fraudulent => "Your card was declined.",
            Self::InsufficientFunds => "Your card has insufficient funds.",
            Self::ExpiredCard => "Your card has expired.",
            Self::IncorrectCvc => "Your card's security code is incorrect.",
            Self::ProcessingError => {
                "An error occurred while processing your card. Try again in a little bit."
            }
            Self::AuthenticationRequired => {
                "Your card was declined. This transaction requires authentication."
            }
            Self::NotAuthenticated => {
                "The provided PaymentMethod has failed authentication. You can provide payment_method_data or \
                 a new PaymentMethod to attempt to fulfill this PaymentIntent again."
            }
            Self::NotATestCard => {
                "Your card was declined. Your request was in test mode, but used a non test card."
            }
        }
    }

    /// The error object as the intent remembers it.
    pub fn error(self, charge: Option<&str>, payment_method: Value) -> Value {
        let kind = match self {
            Self::NotAuthenticated => "invalid_request_error",
            _ => "card_error",
        };
        let mut error = json!({
            "type": kind,
            "code": self.code(),
            "doc_url": doc_url(self.code()),
            "message": self.message(),
            "payment_method": payment_method,
        });
        if let Some(decline_code) = self.decline_code() {
            error["decline_code"] = decline_code.into();
        }
        if let Some(charge) = charge {
            error["charge"] = charge.into();
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Means, Error> {
        from_form(&Form::parse(text).unwrap(), "card", (2026, 11))
    }

    #[test]
    fn every_card_that_is_given_out_passes_its_own_check_and_every_name_leads_to_one() {
        for (number, conduct) in CARDS {
            assert!(is_sound(number), "{number}");
            assert_eq!(conduct_of(number), conduct, "{number} stands twice");
        }
        for (name, number) in NAMES {
            assert!(CARDS.iter().any(|(card, _)| *card == number), "{name}");
            assert!(matches!(by_name(name, 2026), Some(Means::Card(..))), "{name}");
        }
        assert!(by_name("pm_card_nobody", 2026).is_none());
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month() {
        let on = |month: i64, year: i64| {
            read(&format!("card[number]=4242 4242 4242 4242&card[exp_month]={month}&card[exp_year]={year}"))
        };
        assert!(on(11, 2026).is_ok());
        assert!(on(11, 26).is_ok());
        assert!(on(10, 2026).is_err());
        assert!(on(13, 2027).is_err());
        assert!(on(0, 2027).is_err());
    }

    #[test]
    fn wrong_numbers_and_codes_are_card_errors() {
        let body = |text: &str| match read(text) {
            Err(Error::Refused(refusal)) => (refusal.status, refusal.body()["error"]["code"].clone()),
            _ => panic!("{text} was taken"),
        };
        let date = "&card[exp_month]=12&card[exp_year]=2030";
        assert_eq!(body(&format!("card[number]=4242424242424241{date}")), (402, "incorrect_number".into()));
        let cvc = format!("card[number]=4242424242424242{date}&card[cvc]=12");
        assert_eq!(body(&cvc), (402, "invalid_cvc".into()));
        assert_eq!(body("card[number]=4242424242424242").0, 400);
    }

    #[test]
    fn a_real_card_is_turned_away() {
        let Ok(Means::Card(_, conduct)) =
            read("card[number]=4539578763621486&card[exp_month]=12&card[exp_year]=30")
        else {
            panic!("a sound number is read")
        };
        assert_eq!(conduct.verdict, Verdict::Declined(Decline::NotATestCard));
    }
}
