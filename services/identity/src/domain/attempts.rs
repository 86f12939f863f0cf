//! How long to wait after wrong tries. Whoever knows the password is kept out by nobody else for long.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use contracts::Timestamp;

/// Wrong tries in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last_at: Timestamp,
}

/// Whose tries are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Those for one address from one place.
    FromOnePlace,
    /// Those for one address from anywhere.
    FromAnywhere,
    /// Those of a second factor, by somebody who knows the password.
    SecondFactor,
}

/// After so long without a try, nothing is held against anybody.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3_600);

const WAIT_MAX: Duration = Duration::from_secs(15 * 60);

impl Counted {
    /// From which try on there is a wait.
    fn free_tries(self) -> u32 {
        match self {
            Self::FromOnePlace => 10,
            Self::FromAnywhere => 100,
            Self::SecondFactor => 5,
        }
    }

    /// The first wait; each further one is twice as long.
    fn first_wait(self) -> Duration {
        match self {
            Self::FromOnePlace | Self::FromAnywhere => Duration::from_secs(1),
            Self::SecondFactor => Duration::from_secs(30),
        }
    }
}

/// How long there is still to wait; nothing when the next try may come now.
pub fn wait(failures: Option<Failures>, counted: Counted, now: Timestamp) -> Option<Duration> {
    let Failures { count, last_at } = failures?;
    let beyond = count.checked_sub(counted.free_tries())?;
    let doubled = counted.first_wait().saturating_mul(1_u32.checked_shl(beyond).unwrap_or(u32::MAX));
    let until = last_at.saturating_add(doubled.min(WAIT_MAX));
    let left = until.duration_since(now);
    (until > now).then_some(left)
}

/// Where somebody calls from, as far as it is theirs: a household's whole network for IPv6.
pub fn place(address: Option<IpAddr>) -> String {
    match address {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => {
                let bits = u128::from(address) >> 64 << 64;
                format!("{}/64", Ipv6Addr::from(bits))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn wait_s(count: u32, counted: Counted) -> Option<u64> {
        wait(Some(Failures { count, last_at: NOW }), counted, NOW).map(|left| left.as_secs())
    }

    #[test]
    fn the_tenth_wrong_try_begins_waits_that_double_up_to_a_quarter_of_an_hour() {
        use Counted::{FromAnywhere, FromOnePlace, SecondFactor};
        for (count, left) in [
            (9, None),
            (10, Some(1)),
            (11, Some(2)),
            (13, Some(8)),
            (19, Some(512)),
            (20, Some(900)),
            (60, Some(900)),
            (u32::MAX, Some(900)),
        ] {
            assert_eq!(wait_s(count, FromOnePlace), left, "{count}");
        }
        assert_eq!((wait_s(99, FromAnywhere), wait_s(100, FromAnywhere)), (None, Some(1)));
        assert_eq!((wait_s(4, SecondFactor), wait_s(5, SecondFactor)), (None, Some(30)));
        assert_eq!(wait(None, FromOnePlace, NOW), None);
    }

    #[test]
    fn a_wait_ends() {
        let failures = Failures { count: 12, last_at: NOW };
        let later = |seconds| NOW.saturating_add(Duration::from_secs(seconds));
        assert_eq!(wait(Some(failures), Counted::FromOnePlace, later(3)), Some(Duration::from_secs(1)));
        assert_eq!(wait(Some(failures), Counted::FromOnePlace, later(4)), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let place = |text: &str| place(Some(text.parse().unwrap()));
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), place("2001:db8:1:2:ffff::1"));
        assert_ne!(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"));
        assert_eq!(place("::ffff:192.0.2.7"), "192.0.2.7");
        assert_ne!(place("192.0.2.7"), place("192.0.2.8"));
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_a_quarter_of_an_hour(count: u32, ago_s in 0_u64..100_000) {
            let failures = Failures { count, last_at: NOW.saturating_sub(Duration::from_secs(ago_s)) };
            prop_assert!(wait(Some(failures), Counted::FromOnePlace, NOW).is_none_or(|left| left <= WAIT_MAX));
        }
    }
}
