//! What follows from an attempt to send: again, elsewhere, not at all, or a question to people.

use std::time::Duration;

use contracts::Timestamp;
use kernel::limits::Backoff;

use super::notification::Reason;

/// What an attempt came to, as far as the next step depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It may have been accepted.
    Unknown,
    /// The provider wants to be left alone, perhaps for so long.
    Later(Option<Duration>),
    /// The provider is down.
    ProviderDown,
    /// There is nobody at this address.
    BadRecipient,
    /// What is said cannot be sent.
    BadContent,
    /// The provider refuses us.
    BadCredential,
}

/// What twice would mean for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twice {
    /// Better twice than never: a code.
    IsBetterThanNever,
    /// The receiver tells copies by their id: a webhook, and a mail, which nobody sends a receipt for.
    IsSeenByTheReceiver,
    /// It would be read twice: a short message.
    IsWrong,
}

/// Where a message stands after an attempt.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// The attempt that was made: the first is 1.
    pub attempt: u32,
    /// The provider's place in the chain.
    pub provider: usize,
    /// How many providers there are.
    pub providers: usize,
    /// How many attempts are allowed in all.
    pub attempts_max: u32,
    /// What twice would mean.
    pub twice: Twice,
    /// When it is.
    pub time: Timestamp,
    /// After this it is not worth sending.
    pub expires_at: Option<Timestamp>,
    /// A number for the jitter.
    pub random: u64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, then, with that provider.
    Again {
        /// When.
        at: Timestamp,
        /// The provider's place in the chain.
        provider: usize,
    },
    /// Nothing until then: a receipt may say what became of it.
    Wait {
        /// After this people are asked.
        until: Timestamp,
    },
    /// There is nobody at the address.
    Fail,
    /// Its time is over.
    Expire,
    /// People decide.
    GiveUp(Reason),
}

/// The waits between attempts of one message.
pub const WAITS: Backoff = Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(3600) };
/// So long a receipt may take to say what became of a message that nobody knows about.
pub const RECEIPT_WAIT: Duration = Duration::from_secs(600);

/// What follows from an attempt that did not end well.
pub fn next(came: &Came, now: Situation) -> Next {
    match came {
        Came::BadRecipient => Next::Fail,
        Came::BadContent => Next::GiveUp(Reason::Content),
        Came::BadCredential => now.elsewhere().unwrap_or(Next::GiveUp(Reason::Credential)),
        Came::ProviderDown => now.elsewhere().unwrap_or_else(|| now.again(0, now.jittered())),
        Came::Later(after) => {
            let wait = after.map_or_else(|| now.jittered(), |asked| now.clamped(asked));
            now.again(now.provider, wait)
        }
        Came::Unknown => match now.twice {
            Twice::IsBetterThanNever => now.elsewhere().unwrap_or_else(|| now.again(0, now.jittered())),
            Twice::IsSeenByTheReceiver => now.again(now.provider, now.jittered()),
            Twice::IsWrong => Next::Wait { until: now.time.saturating_add(RECEIPT_WAIT) },
        },
    }
}

impl Situation {
    /// At once with the next provider, where there is one.
    fn elsewhere(&self) -> Option<Next> {
        let next = self.provider + 1;
        (next < self.providers).then(|| self.again(next, Duration::ZERO))
    }

    fn again(&self, provider: usize, wait: Duration) -> Next {
        let at = self.time.saturating_add(wait);
        if self.expires_at.is_some_and(|expires_at| at >= expires_at) {
            Next::Expire
        } else if self.attempt >= self.attempts_max {
            Next::GiveUp(Reason::Exhausted)
        } else {
            Next::Again { at, provider }
        }
    }

    /// Full jitter: evenly from nothing to the attempt's ceiling.
    fn jittered(&self) -> Duration {
        WAITS.delay(self.attempt.saturating_sub(1), self.random)
    }

    /// What the provider asks for, within one base and twice the attempt's own ceiling: a hostile or mistaken wish
    /// parks nothing for a day.
    fn clamped(&self, asked: Duration) -> Duration {
        let doubled = 2_u32.saturating_pow(self.attempt.min(16));
        let longest = WAITS.base.saturating_mul(doubled).min(WAITS.cap);
        asked.clamp(WAITS.base, longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn first_of(providers: usize) -> Situation {
        Situation {
            attempt: 1,
            provider: 0,
            providers,
            attempts_max: 8,
            twice: Twice::IsWrong,
            time: START,
            expires_at: None,
            random: 7,
        }
    }

    fn any_came() -> impl Strategy<Value = Came> {
        prop_oneof![
            Just(Came::Unknown),
            proptest::option::of(0_u64..1_000_000)
                .prop_map(|after_s| Came::Later(after_s.map(Duration::from_secs))),
            Just(Came::ProviderDown),
            Just(Came::BadRecipient),
            Just(Came::BadContent),
            Just(Came::BadCredential),
        ]
    }

    #[test]
    fn a_provider_that_is_down_or_refuses_us_is_followed_by_the_next_at_once() {
        for came in [Came::ProviderDown, Came::BadCredential] {
            assert_eq!(next(&came, first_of(2)), Next::Again { at: START, provider: 1 });
        }
        let last = Situation { provider: 1, ..first_of(2) };
        assert_eq!(next(&Came::BadCredential, last), Next::GiveUp(Reason::Credential));
        assert!(matches!(next(&Came::ProviderDown, last), Next::Again { provider: 0, .. }));
    }

    #[test]
    fn what_may_have_been_accepted_goes_elsewhere_only_where_twice_is_better_than_never() {
        let of = |twice, providers| next(&Came::Unknown, Situation { twice, ..first_of(providers) });
        assert_eq!(of(Twice::IsWrong, 2), Next::Wait { until: START.saturating_add(RECEIPT_WAIT) });
        assert_eq!(of(Twice::IsBetterThanNever, 2), Next::Again { at: START, provider: 1 });
        assert!(matches!(of(Twice::IsSeenByTheReceiver, 2), Next::Again { provider: 0, .. }));
        assert!(matches!(of(Twice::IsBetterThanNever, 1), Next::Again { provider: 0, .. }));
    }

    #[test]
    fn what_the_other_side_does_not_want_is_not_tried_again() {
        assert_eq!(next(&Came::BadRecipient, first_of(2)), Next::Fail);
        assert_eq!(next(&Came::BadContent, first_of(2)), Next::GiveUp(Reason::Content));
    }

    #[test]
    fn a_wish_to_be_left_alone_is_granted_within_limits() {
        let wait = |asked_s: u64, attempt: u32| {
            let now = Situation { attempt, ..first_of(1) };
            match next(&Came::Later(Some(Duration::from_secs(asked_s))), now) {
                Next::Again { at, provider: 0 } => at.duration_since(START).as_secs(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(wait(0, 1), 5);
        assert_eq!(wait(8, 1), 8);
        assert_eq!(wait(86_400, 1), 10);
        assert_eq!(wait(86_400, 7), 640);
    }

    proptest! {
        #[test]
        fn nothing_is_tried_past_its_time_or_too_often(
            came in any_came(), attempt in 1_u32..12, provider in 0_usize..3, expires_ms in 0_i64..100_000, random: u64,
            twice in prop_oneof![Just(Twice::IsWrong), Just(Twice::IsBetterThanNever), Just(Twice::IsSeenByTheReceiver)],
        ) {
            let expires_at = START.saturating_add(Duration::from_millis(expires_ms.unsigned_abs()));
            let now = Situation { attempt, provider, providers: 3, twice, random, expires_at: Some(expires_at),
                ..first_of(3) };
            match next(&came, now) {
                Next::Again { at, provider } => {
                    prop_assert!(at < expires_at && at >= START && attempt < 8 && provider < 3);
                }
                Next::Wait { .. } => prop_assert!(came == Came::Unknown && twice == Twice::IsWrong),
                Next::Fail => prop_assert_eq!(came, Came::BadRecipient),
                Next::Expire | Next::GiveUp(_) => {}
            }
        }
    }
}
