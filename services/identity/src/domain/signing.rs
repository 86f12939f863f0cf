//! When the keys of tokens begin to sign, end, and are forgotten.

use std::time::Duration;

use contracts::Timestamp;

/// A key, as far as time is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From then on it signs, until another one does.
    pub signs_from: Timestamp,
}

/// How long a key signs.
pub const SIGNS_FOR: Duration = Duration::from_secs(30 * 86_400);
/// A key that was asked for is published so long before it signs: verifiers look every ten minutes.
pub const NOTICE_MIN: Duration = Duration::from_secs(15 * 60);
/// A token lives ten minutes; then its key is published for a day more.
pub const PUBLISHED_AFTER: Duration = Duration::from_secs(600 + 86_400);

/// A key of the schedule is published so long before it signs.
const NOTICE: Duration = Duration::from_secs(86_400);
/// The schedule looks once a day, so it has to look a day further.
const LOOKS_EVERY: Duration = Duration::from_secs(86_400);

/// The place of the key that signs now: of those whose time has come, the one that came last.
pub fn signing(turns: &[Turn], now: Timestamp) -> Option<usize> {
    let begun = turns.iter().enumerate().filter(|(_, turn)| turn.signs_from <= now);
    begun.max_by_key(|(_, turn)| turn.signs_from).map(|(place, _)| place)
}

/// From when on a new key is to sign, if it is time to make one.
pub fn next(turns: &[Turn], now: Timestamp) -> Option<Timestamp> {
    let Some(newest) = turns.iter().map(|turn| turn.signs_from).max() else { return Some(now) };
    let due = newest.saturating_add(SIGNS_FOR);
    let horizon = now.saturating_add(NOTICE).saturating_add(LOOKS_EVERY);
    (due <= horizon).then(|| due.max(now.saturating_add(NOTICE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn days_ago(days: u32) -> Turn {
        Turn { signs_from: NOW.saturating_sub(DAY * days) }
    }

    #[test]
    fn the_key_that_came_last_signs() {
        let next = Turn { signs_from: NOW.saturating_add(DAY) };
        assert_eq!(signing(&[], NOW), None);
        assert_eq!(signing(&[next], NOW), None);
        assert_eq!(signing(&[days_ago(3), days_ago(33), next], NOW), Some(0));
        assert_eq!(signing(&[days_ago(3), next], NOW.saturating_add(DAY)), Some(1));
    }

    #[test]
    fn the_next_key_is_there_a_day_before_it_signs() {
        assert_eq!(next(&[], NOW), Some(NOW));
        assert_eq!(next(&[days_ago(27)], NOW), None);
        assert_eq!(next(&[days_ago(28)], NOW), Some(NOW.saturating_add(DAY * 2)));
        assert_eq!(next(&[days_ago(29)], NOW), Some(NOW.saturating_add(DAY)));
        // All processes were down for long.
        assert_eq!(next(&[days_ago(90)], NOW), Some(NOW.saturating_add(DAY)));
        assert_eq!(next(&[days_ago(29), Turn { signs_from: NOW.saturating_add(DAY) }], NOW), None);
    }
}
