//! What people want to hear and when: categories by channel, and quiet hours in their own time zone.

use std::collections::BTreeMap;

use contracts::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notification::{Channel, Priority};
use super::words::{Category, Locale};

contracts::texts! {
    /// A time of the day.
    TimeOfDay: is_time, "^([01][0-9]|2[0-3]):[0-5][0-9]$", "22:00", "a time of the day like 22:00";
}

/// A time zone by its name of IANA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, min_length = 1, max_length = 64, example = "Asia/Kolkata")]
pub struct Zone(String);

/// No such time zone is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time zone like Asia/Kolkata")]
pub struct BadZone;

/// One category by one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What it is about.
    pub category: Category,
    /// How it travels.
    pub channel: Channel,
    /// Whether it is wanted.
    pub enabled: bool,
}

/// When nothing that can wait is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// They begin.
    pub from: TimeOfDay,
    /// They end; perhaps the day after.
    pub to: TimeOfDay,
    /// Where the person is.
    pub time_zone: Zone,
}

/// All that a person has chosen; what they have not is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"choices": [{"category": "marketing", "channel": "email", "enabled": false}],
    "quiet_hours": {"from": "22:00", "to": "07:00", "time_zone": "Asia/Kolkata"}}))]
pub struct Preferences {
    /// Categories by channel; at most 200.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub choices: Vec<Choice>,
    /// When nothing that can wait is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub quiet_hours: Option<QuietHours>,
    /// The language that they want to be written to in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub locale: Option<Locale>,
}

/// Choices that one person may make.
pub const CHOICES_MAX: usize = 200;

impl Preferences {
    /// Whether this is wanted; codes always are.
    pub fn want(&self, category: &Category, channel: Channel) -> bool {
        let chosen =
            self.choices.iter().rfind(|choice| choice.category == *category && choice.channel == channel);
        category.is_security() || chosen.is_none_or(|choice| choice.enabled)
    }

    /// When this may disturb, where it has to wait for that.
    pub fn wait(
        &self,
        category: &Category,
        channel: Channel,
        priority: Priority,
        time: Timestamp,
    ) -> Option<Timestamp> {
        if category.is_security() || priority == Priority::Urgent || !channel.disturbs() {
            return None;
        }
        self.quiet_hours.as_ref()?.end_after(time)
    }

    /// The same choices, each made once: the last one holds.
    pub fn settled(self) -> Self {
        let last: BTreeMap<(String, Channel), Choice> =
            self.choices.into_iter().map(|one| ((one.category.to_string(), one.channel), one)).collect();
        Self { choices: last.into_values().collect(), ..self }
    }
}

impl QuietHours {
    /// When they end, where they last at this time.
    fn end_after(&self, time: Timestamp) -> Option<Timestamp> {
        let zone = TimeZone::get(&self.time_zone.0).ok()?;
        let here = jiff::Timestamp::from_microsecond(time.as_micros()).ok()?.to_zoned(zone.clone());
        let (from, to, clock) = (self.from.time()?, self.to.time()?, here.time());
        let (lasts, next_day) = if from <= to {
            (from <= clock && clock < to, false)
        } else {
            (clock >= from || clock < to, clock >= from)
        };
        if !lasts {
            return None;
        }
        let days: Span = i64::from(next_day).days();
        let end = here.date().checked_add(days).ok()?.to_datetime(to).to_zoned(zone).ok()?;
        let end = Timestamp::from_micros(end.timestamp().as_microsecond());
        // Where the clocks go back within quiet hours, the hour that is there twice is over.
        (end > time).then_some(end)
    }
}

impl TimeOfDay {
    fn time(&self) -> Option<Time> {
        let (hour, minute) = self.as_str().split_once(':')?;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    }
}

impl TryFrom<String> for Zone {
    type Error = BadZone;

    fn try_from(name: String) -> Result<Self, BadZone> {
        let sound = (1..=64).contains(&name.len()) && name.is_ascii() && TimeZone::get(&name).is_ok();
        if sound { Ok(Self(name)) } else { Err(BadZone) }
    }
}

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    bytes.len() == 5
        && [0, 1, 3, 4].into_iter().all(digits)
        && bytes.get(2) == Some(&b':')
        && text.split_once(':').is_some_and(|(hour, minute)| hour < "24" && minute < "60")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, zone: &str) -> QuietHours {
        QuietHours {
            from: TimeOfDay::try_from(from.to_owned()).unwrap(),
            to: TimeOfDay::try_from(to.to_owned()).unwrap(),
            time_zone: Zone::try_from(zone.to_owned()).unwrap(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_hours_end_in_the_time_of_the_person() {
        let nights = quiet("22:00", "07:00", "Asia/Kolkata");
        for (time, end) in [
            ("2026-11-21T16:29:59Z", None),
            ("2026-11-21T16:30:00Z", Some("2026-11-22T01:30:00Z")),
            ("2026-11-22T00:00:00Z", Some("2026-11-22T01:30:00Z")),
            ("2026-11-22T01:30:00Z", None),
        ] {
            assert_eq!(nights.end_after(at(time)), end.map(at), "{time}");
        }
        let noon = quiet("12:00", "14:00", "UTC");
        assert_eq!(noon.end_after(at("2026-11-21T13:00:00Z")), Some(at("2026-11-21T14:00:00Z")));
        assert_eq!(noon.end_after(at("2026-11-21T14:00:00Z")), None);
        assert_eq!(quiet("12:00", "12:00", "UTC").end_after(at("2026-11-21T12:00:00Z")), None);
    }

    #[test]
    fn quiet_hours_follow_the_clocks_that_people_change() {
        let nights = quiet("22:00", "07:00", "Europe/Berlin");
        assert_eq!(nights.end_after(at("2026-10-24T22:00:00Z")), Some(at("2026-10-25T06:00:00Z")));
        assert_eq!(nights.end_after(at("2026-03-28T22:00:00Z")), Some(at("2026-03-29T05:00:00Z")));
    }

    #[test]
    fn codes_and_what_is_urgent_wait_for_nobody() {
        let order = Category::ours("order");
        let security = Category::ours(Category::SECURITY);
        let choice = |category: &Category| Choice {
            category: category.clone(),
            channel: Channel::Email,
            enabled: false,
        };
        let preferences = Preferences {
            choices: vec![choice(&order), choice(&security)],
            quiet_hours: Some(quiet("00:00", "23:59", "UTC")),
            locale: None,
        };
        let noon = at("2026-11-21T12:00:00Z");
        let waits =
            |category, channel, priority| preferences.wait(category, channel, priority, noon).is_some();
        assert!(!preferences.want(&order, Channel::Email) && preferences.want(&order, Channel::Sms));
        assert!(preferences.want(&security, Channel::Email));
        assert!(waits(&order, Channel::Sms, Priority::Normal));
        assert!(!waits(&order, Channel::Sms, Priority::Urgent));
        assert!(!waits(&order, Channel::InApp, Priority::Normal));
        assert!(!waits(&security, Channel::Sms, Priority::Normal));
    }

    #[test]
    fn the_last_of_two_choices_holds() {
        let category = Category::ours("marketing");
        let choice = |enabled| Choice { category: category.clone(), channel: Channel::Email, enabled };
        let settled =
            Preferences { choices: vec![choice(false), choice(true)], quiet_hours: None, locale: None }
                .settled();
        assert_eq!(settled.choices, [choice(true)]);
    }

    #[test]
    fn a_time_of_the_day_and_a_zone_are_ones_that_there_are() {
        for bad in ["24:00", "7:00", "12:60", "ab:cd", "12.00", "１2:00"] {
            assert!(TimeOfDay::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        for bad in ["", "Mars/Olympus", "../../etc/passwd"] {
            assert!(Zone::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
