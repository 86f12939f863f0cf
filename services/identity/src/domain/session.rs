//! Sessions: what a presented refresh token comes to, and what a project asks for beside a password.

use std::time::Duration;

use contracts::Timestamp;

use super::code::Channel;
use super::project::Otp;

contracts::ids! {
    /// One refresh token of a session.
    RefreshTokenId = "rft";
    /// One access token.
    AccessTokenId = "tok";
}

/// How a refresh token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenState {
    /// When it was used, if it was.
    pub used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether its session was ended before its time.
    pub session_ended: bool,
}

/// What a presented refresh token comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// It is used now, and has a successor from now on.
    Now,
    /// It was used a moment ago: the same successor again.
    Again,
    /// It was used long ago: somebody has a copy.
    Reused,
    /// It is over.
    Over,
}

/// What is asked for beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondStep {
    /// Nothing.
    None,
    /// The code that the authenticator shows.
    Authenticator,
    /// A code that is sent.
    Sent,
}

/// How long a used token still gives its successor: clients ask twice when an answer was lost.
pub const GRACE: Duration = Duration::from_secs(20);
/// How long used tokens are known again; an older copy is just wrong.
pub const REUSE_KNOWN: Duration = Duration::from_secs(7 * 86_400);
/// How long an access token is good.
pub const ACCESS_LIFE: Duration = Duration::from_secs(600);
/// What proves a password, in the words of RFC 8176.
pub const PASSWORD: &str = "pwd";
/// What proves a one-time code.
pub const ONE_TIME_CODE: &str = "otp";

impl TokenState {
    /// What it comes to now.
    pub fn presented(self, now: Timestamp) -> Presented {
        match self.used_at {
            _ if self.session_ended || self.expires_at <= now => Presented::Over,
            None => Presented::Now,
            Some(used_at) if now <= used_at.saturating_add(GRACE) => Presented::Again,
            Some(_) => Presented::Reused,
        }
    }
}

/// What a policy asks of somebody beside their password.
pub fn second_step(policy: Otp, has_authenticator: bool) -> SecondStep {
    match (policy, has_authenticator) {
        (Otp::Off, _) | (Otp::Optional, false) => SecondStep::None,
        (Otp::Optional | Otp::Required, true) => SecondStep::Authenticator,
        (Otp::Required, false) => SecondStep::Sent,
    }
}

/// How the code of a second step comes: by message to those who asked for it and have a verified phone.
pub fn channel(step: SecondStep, asked: Option<Channel>, phone_verified: bool) -> Option<Channel> {
    match step {
        SecondStep::None => None,
        SecondStep::Authenticator => Some(Channel::Authenticator),
        SecondStep::Sent if asked == Some(Channel::Sms) && phone_verified => Some(Channel::Sms),
        SecondStep::Sent => Some(Channel::Email),
    }
}

/// Whether what a session was begun with is enough for a policy.
pub fn satisfies(methods: &str, step: SecondStep) -> bool {
    step == SecondStep::None || methods.split(' ').any(|method| method == ONE_TIME_CODE)
}

/// The methods of a session that a one-time code has been added to.
pub fn with_code(methods: &str) -> String {
    if satisfies(methods, SecondStep::Sent) {
        methods.to_owned()
    } else {
        format!("{methods} {ONE_TIME_CODE}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_refresh_token_is_used_once_and_forgiven_for_twenty_seconds() {
        let ago = |seconds| NOW.saturating_sub(Duration::from_secs(seconds));
        let fresh = TokenState {
            used_at: None,
            expires_at: NOW.saturating_add(Duration::from_secs(1)),
            session_ended: false,
        };
        for (standing, comes_to) in [
            (fresh, Presented::Now),
            (TokenState { used_at: Some(NOW), ..fresh }, Presented::Again),
            (TokenState { used_at: Some(ago(20)), ..fresh }, Presented::Again),
            (TokenState { used_at: Some(ago(21)), ..fresh }, Presented::Reused),
            (TokenState { expires_at: NOW, ..fresh }, Presented::Over),
            (TokenState { session_ended: true, ..fresh }, Presented::Over),
            (TokenState { session_ended: true, used_at: Some(NOW), ..fresh }, Presented::Over),
        ] {
            assert_eq!(standing.presented(NOW), comes_to, "{standing:?}");
        }
    }

    #[test]
    fn each_policy_asks_for_its_second_step() {
        for (policy, has_authenticator, step) in [
            (Otp::Off, false, SecondStep::None),
            (Otp::Off, true, SecondStep::None),
            (Otp::Optional, false, SecondStep::None),
            (Otp::Optional, true, SecondStep::Authenticator),
            (Otp::Required, false, SecondStep::Sent),
            (Otp::Required, true, SecondStep::Authenticator),
        ] {
            assert_eq!(second_step(policy, has_authenticator), step, "{policy:?} {has_authenticator}");
        }
        assert_eq!(channel(SecondStep::Sent, Some(Channel::Sms), true), Some(Channel::Sms));
        assert_eq!(channel(SecondStep::Sent, Some(Channel::Sms), false), Some(Channel::Email));
        assert_eq!(channel(SecondStep::Sent, None, true), Some(Channel::Email));
        assert_eq!(
            channel(SecondStep::Authenticator, Some(Channel::Email), true),
            Some(Channel::Authenticator)
        );
        assert_eq!(channel(SecondStep::None, Some(Channel::Email), true), None);
    }

    #[test]
    fn a_session_of_a_password_alone_is_not_enough_where_a_code_is_asked() {
        assert!(satisfies("pwd", SecondStep::None));
        assert!(!satisfies("pwd", SecondStep::Authenticator) && !satisfies("pwd", SecondStep::Sent));
        assert!(satisfies(&with_code("pwd"), SecondStep::Authenticator));
        assert_eq!(with_code("pwd otp"), "pwd otp");
    }
}
