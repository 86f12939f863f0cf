//! What a trouble makes of a job: tried again, dead, or unknown. Pure.

use contracts::Timestamp;

use super::JobState;
use super::registry::{CallTrouble, Ending, OnUnknown, Policy};
use crate::limits::{Backoff, clamp_retry_after};

/// What is written into a job's row when a worker lets go of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settlement {
    pub state: JobState,
    pub due_at: Timestamp,
    /// A lease is given back (none) unless the outcome of its call is not known.
    pub lease_until: Option<Timestamp>,
    pub error: Option<String>,
    pub finished_at: Option<Timestamp>,
}

/// Which try went wrong, and whether an earlier one may have been accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    pub number: u32,
    pub after_unknown: bool,
}

const ERROR_LETTERS_MAX: usize = 500;

/// A text for people, without secrets and not too long.
pub(super) fn presentable(error: &str) -> String {
    crate::secrets::mask(error).chars().take(ERROR_LETTERS_MAX).collect()
}

impl Settlement {
    /// It is done.
    pub fn done(now: Timestamp) -> Self {
        Self { state: JobState::Done, due_at: now, lease_until: None, error: None, finished_at: Some(now) }
    }

    /// What becomes of a job after `trouble`, and how its call ended if it is not tried again.
    /// What may have been accepted never ends as failed, except by the other side's own word.
    pub fn after(
        trouble: &CallTrouble,
        tried: Try,
        policy: &Policy,
        now: Timestamp,
        random: u64,
    ) -> (Self, Option<Ending>) {
        let why = presentable(&trouble.to_string());
        let unknown = matches!(trouble, CallTrouble::Unknown(_));
        let uncertain = unknown || tried.after_unknown;
        let again = match trouble {
            CallTrouble::Refused(_) => false,
            CallTrouble::Unknown(_) if policy.on_unknown == OnUnknown::LeaveToPeople => false,
            _ => tried.number < policy.attempts_max,
        };
        let backoff = Backoff { base: policy.backoff_base, cap: policy.backoff_max };
        let wait = match trouble {
            CallTrouble::Later { after } => clamp_retry_after(*after, policy.backoff_max),
            _ => backoff.delay(tried.number.saturating_sub(1), random),
        };
        let (state, ending) = if again {
            (JobState::Ready, None)
        } else if uncertain && !matches!(trouble, CallTrouble::Refused(_)) {
            (JobState::Unknown, Some(Ending::Unknown))
        } else {
            (JobState::Dead, Some(Ending::Failed { why: why.clone() }))
        };
        let settlement = Self {
            state,
            due_at: if again { now.saturating_add(wait) } else { now },
            lease_until: (uncertain && state != JobState::Dead).then_some(now),
            error: Some(why),
            finished_at: (state == JobState::Dead).then_some(now),
        };
        (settlement, ending)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn any_trouble() -> impl Strategy<Value = CallTrouble> {
        prop_oneof![
            Just(CallTrouble::NotSent("down".into())),
            Just(CallTrouble::Unknown("silent".into())),
            Just(CallTrouble::Refused("no".into())),
            any::<u32>().prop_map(|s| CallTrouble::Later { after: Duration::from_secs(s.into()) }),
        ]
    }

    proptest! {
        #[test]
        fn what_may_have_been_accepted_never_ends_as_failed_but_by_the_other_sides_word(
            trouble in any_trouble(), number in 1_u32..20, after_unknown: bool, ask_again: bool, random: u64,
        ) {
            let on_unknown = if ask_again { OnUnknown::AskAgain } else { OnUnknown::LeaveToPeople };
            let policy = Policy { on_unknown, ..Policy::default() };
            let now = Timestamp::from_millis(1_790_000_000_000);
            let (after, ending) = Settlement::after(&trouble, Try { number, after_unknown }, &policy, now, random);
            let refused = matches!(trouble, CallTrouble::Refused(_));
            let uncertain = after_unknown || matches!(trouble, CallTrouble::Unknown(_));
            prop_assert_eq!(after.state == JobState::Dead && uncertain && !refused, false);
            prop_assert_eq!(after.lease_until.is_some(), uncertain && !refused);
            prop_assert_eq!(ending.is_none(), after.state == JobState::Ready);
            prop_assert!(after.state != JobState::Ready || (!refused && number < policy.attempts_max));
            prop_assert!(after.due_at <= now.saturating_add(policy.backoff_max));
        }

        #[test]
        fn the_wait_grows_up_to_its_ceiling(number in 1_u32..12, random: u64) {
            let now = Timestamp::from_millis(1_790_000_000_000);
            let tried = Try { number, after_unknown: false };
            let trouble = CallTrouble::NotSent("down".into());
            let (after, _) = Settlement::after(&trouble, tried, &Policy::default(), now, random);
            prop_assert!(after.due_at.duration_since(now) <= Duration::from_secs(1 << (number - 1)));
        }
    }
}
