//! One-time codes: what they are for, how they travel, how long they are good and how many there may be.

use std::time::Duration;

use contracts::{OtpId, ProjectId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contact::{Email, Phone};
use super::text::Title;

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To finish a sign-in.
    Login,
    /// To prove that mail reaches somebody.
    VerifyEmail,
    /// To prove that messages do.
    VerifyPhone,
    /// To choose a new password.
    PasswordReset,
}

/// How a code comes to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// It is shown by their authenticator.
    Authenticator,
    /// By mail.
    Email,
    /// By message to their phone.
    Sms,
}

/// For whom somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acting {
    /// For a project.
    Project(ProjectId),
    /// For the platform itself.
    Platform,
}

/// How a sign-in was asked for; it is kept until its code comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// For whom.
    pub acting: Acting,
    /// What the person calls the device.
    pub device: Option<Title>,
    /// Whether the tokens go into cookies.
    pub cookie: bool,
}

/// What goes on when the code is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The person is in.
    SignIn(Entry),
    /// The address is verified, and the person is in where they had asked for it.
    EmailVerified(Email, Option<Entry>),
    /// The phone is verified.
    PhoneVerified(Phone),
    /// The new password holds.
    NewPassword,
}

/// A code as people type it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Six digits.
    Digits(String),
    /// A recovery code, without its dashes.
    Recovery(String),
}

/// How long a code is good.
pub const LIFE: Duration = Duration::from_secs(5 * 60);
/// How long a code is good that comes with an invitation: whoever is invited does not wait for it.
pub const INVITATION_LIFE: Duration = Duration::from_secs(24 * 3_600);
/// After so many wrong tries a code is void.
pub const TRIES_MAX: u32 = 5;
/// How long to wait before the next code is sent.
pub const RESEND_PAUSE: Duration = Duration::from_secs(30);
/// How many recovery codes somebody has.
pub const RECOVERY_CODES: usize = 10;

/// At most so many codes reach one destination within a time.
const SENT_MAX: [(Duration, usize); 2] =
    [(Duration::from_secs(3_600), 5), (Duration::from_secs(24 * 3_600), 10)];
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RECOVERY_LETTERS: usize = 16;

impl Purpose {
    /// Its name, as it is stored and told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::VerifyEmail => "verify_email",
            Self::VerifyPhone => "verify_phone",
            Self::PasswordReset => "password_reset",
        }
    }
}

impl Channel {
    /// Its name, as it is stored and told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authenticator => "authenticator",
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

impl Acting {
    /// The project, where it is for one.
    pub fn project(self) -> Option<ProjectId> {
        match self {
            Self::Project(project) => Some(project),
            Self::Platform => None,
        }
    }
}

/// Six digits from a random number. That the lowest codes are likelier by 2^-44 helps nobody.
pub fn six_digits(random: u64) -> String {
    format!("{:06}", random % 1_000_000)
}

/// What the mark of a code is made over: moved to another purpose, person or challenge, it fits no more.
pub fn bound(purpose: Purpose, user: UserId, challenge: OtpId, code: &str) -> Vec<u8> {
    format!("{} {user} {challenge} {code}", purpose.as_str()).into_bytes()
}

/// Whether one more may be sent, given when the latest were sent, the newest first.
pub fn may_send(sent: &[Timestamp], now: Timestamp) -> bool {
    SENT_MAX.iter().all(|(within, sent_max)| {
        let since = now.saturating_sub(*within);
        sent.iter().filter(|at| **at > since).count() < *sent_max
    })
}

/// How far back `may_send` looks.
pub fn sent_since(now: Timestamp) -> Timestamp {
    now.saturating_sub(SENT_MAX[1].0)
}

/// How many `may_send` has to see.
pub const SENT_SEEN: u32 = 10;

/// A recovery code: 80 random bits as `xxxx-xxxx-xxxx-xxxx`.
pub fn recovery_code(random: [u8; 10]) -> String {
    let number = random.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let letters = (0..RECOVERY_LETTERS).rev().map(|place| {
        let digit = (number >> (5 * place)) & 31;
        char::from(ALPHABET[usize::from(digit as u8)])
    });
    let mut code = String::with_capacity(RECOVERY_LETTERS + 3);
    for (place, letter) in letters.enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    code
}

impl Typed {
    /// What was typed, if it can be a code at all: spaces and dashes do not count, nor does the case.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
        let bare: String =
            bare.take(RECOVERY_LETTERS + 1).map(|letter| letter.to_ascii_lowercase()).collect();
        if bare.len() == 6 && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Digits(bare));
        }
        // As the alphabet has it, what is read as one of its letters is one.
        let read: String = bare
            .chars()
            .map(|letter| match letter {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        let sound = read.len() == RECOVERY_LETTERS && read.bytes().all(|byte| ALPHABET.contains(&byte));
        sound.then_some(Self::Recovery(read))
    }
}

#[cfg(test)]
mod tests {
    use contracts::Id;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_has_six_digits() {
        assert_eq!(six_digits(7), "000007");
        assert_eq!(six_digits(12_345_678), "345678");
    }

    #[test]
    fn a_destination_gets_five_codes_an_hour_and_ten_a_day() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let ago = |minutes: u64| now.saturating_sub(Duration::from_secs(minutes * 60));
        assert!(may_send(&[], now));
        assert!(may_send(&[ago(1), ago(2), ago(3), ago(4)], now));
        assert!(!may_send(&[ago(1), ago(2), ago(3), ago(4), ago(59)], now));
        assert!(may_send(&[ago(1), ago(2), ago(3), ago(4), ago(60)], now));
        let spread: Vec<_> = (0..10).map(|number| ago(61 + number * 130)).collect();
        assert!(!may_send(&spread, now));
        assert!(may_send(&spread[..9], now));
    }

    #[test]
    fn a_mark_is_made_over_purpose_person_and_challenge() {
        let (ann, ben) = (UserId::from_u128(1), UserId::from_u128(2));
        let (one, two) = (OtpId::from_u128(1), OtpId::from_u128(2));
        let mark = bound(Purpose::Login, ann, one, "123456");
        for other in [
            bound(Purpose::PasswordReset, ann, one, "123456"),
            bound(Purpose::Login, ben, one, "123456"),
            bound(Purpose::Login, ann, two, "123456"),
            bound(Purpose::Login, ann, one, "123457"),
        ] {
            assert_ne!(mark, other);
        }
    }

    proptest! {
        #[test]
        fn a_recovery_code_is_known_however_it_is_typed(random: [u8; 10]) {
            let code = recovery_code(random);
            prop_assert_eq!(code.len(), 19);
            let bare = code.replace('-', "");
            prop_assert_eq!(Typed::parse(&code), Some(Typed::Recovery(bare.clone())));
            let sloppy = format!(" {} ", bare.to_uppercase().replace('0', "O").replace('1', "l"));
            prop_assert_eq!(Typed::parse(&sloppy), Some(Typed::Recovery(bare)));
        }

        #[test]
        fn any_text_is_a_code_or_none(text: String) {
            let _ = Typed::parse(&text);
        }

        #[test]
        fn six_digits_stay_six_digits(random: u64) {
            let code = six_digits(random);
            prop_assert_eq!(Typed::parse(&code), Some(Typed::Digits(code)));
        }
    }
}
