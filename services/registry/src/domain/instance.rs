//! When an instance counts as there, and what of its comings and goings is worth telling.

use std::time::Duration;

use contracts::Timestamp;
use contracts::events::fleet::{InstanceChanged, InstanceState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names::{Address, Environment, InstanceName, ServiceName, Version};

/// What an instance says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It answers.
    #[default]
    Up,
    /// It ends what it has begun and takes nothing new.
    Draining,
}

/// A sign of life.
#[derive(Clone, Debug)]
pub struct Said {
    /// Where it answers.
    pub address: Address,
    /// Which version it runs.
    pub version: Version,
    /// In which environment.
    pub environment: Environment,
    /// With which revision of its settings.
    pub config_revision: Option<u64>,
    /// Whether it takes work.
    pub presence: Presence,
}

/// One instance of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Of which service.
    pub service: ServiceName,
    /// Which.
    pub instance: InstanceName,
    /// Where it answers.
    pub address: Address,
    /// Which version it runs.
    pub version: Version,
    /// In which environment.
    pub environment: Environment,
    /// With which revision of its settings.
    pub config_revision: Option<u64>,
    /// Whether it can be called.
    pub state: InstanceState,
    /// When it came.
    pub registered_at: Timestamp,
    /// When it last gave a sign of life.
    pub seen_at: Timestamp,
    /// It is down when it is silent until then.
    pub lease_until: Option<Timestamp>,
    /// Since when it is down.
    pub down_at: Option<Timestamp>,
}

impl Instance {
    /// The instance after a sign of life.
    pub fn heard(
        (service, instance): (ServiceName, InstanceName),
        before: Option<&Self>,
        said: &Said,
        now: Timestamp,
        lease: Duration,
    ) -> Self {
        // Whoever was down and comes back has come anew.
        let registered_at = before.filter(|before| before.state != InstanceState::Down);
        Self {
            service,
            instance,
            address: said.address.clone(),
            version: said.version.clone(),
            environment: said.environment.clone(),
            config_revision: said.config_revision,
            state: said.presence.into(),
            registered_at: registered_at.map_or(now, |before| before.registered_at),
            seen_at: now,
            lease_until: Some(now.saturating_add(lease)),
            down_at: None,
        }
    }

    /// The instance when it has gone; twice is once.
    pub fn gone(self, now: Timestamp) -> Self {
        match self.state {
            InstanceState::Down => self,
            InstanceState::Up | InstanceState::Draining => {
                Self { state: InstanceState::Down, lease_until: None, down_at: Some(now), ..self }
            }
        }
    }

    /// What others need to hear of it, seeing what it was before.
    pub fn news(&self, before: Option<&Self>) -> Option<InstanceChanged> {
        let is_known = before.is_some_and(|before| {
            (before.state, &before.address, &before.environment)
                == (self.state, &self.address, &self.environment)
        });
        (!is_known).then(|| InstanceChanged {
            service: self.service.to_string(),
            instance: self.instance.to_string(),
            address: self.address.to_string(),
            state: self.state,
            environment: Some(self.environment.to_string()),
        })
    }
}

impl From<Presence> for InstanceState {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Up => Self::Up,
            Presence::Draining => Self::Draining,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEASE: Duration = Duration::from_secs(15);

    fn text<T: TryFrom<String, Error: std::fmt::Debug>>(text: &str) -> T {
        T::try_from(text.to_owned()).unwrap()
    }

    fn said(host: &str, presence: Presence) -> Said {
        Said {
            address: text(host),
            version: text("1"),
            environment: text("default"),
            config_revision: None,
            presence,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    fn any_step() -> impl Strategy<Value = Option<(&'static str, Presence)>> {
        let presence = prop_oneof![Just(Presence::Up), Just(Presence::Draining)];
        proptest::option::of((prop_oneof![Just("http://a:1"), Just("http://a:2")], presence))
    }

    proptest! {
        #[test]
        fn others_know_where_an_instance_is_from_the_news_alone(steps in proptest::collection::vec(any_step(), 1..30)) {
            let (mut instance, mut known): (Option<Instance>, Option<InstanceChanged>) = (None, None);
            for (second, step) in (0..).zip(steps) {
                let name = (text("shop"), text("shop-1"));
                let next = match (step, &instance) {
                    (Some((host, presence)), before) => {
                        let said = said(host, presence);
                        Instance::heard(name, before.as_ref(), &said, at(second), LEASE)
                    }
                    (None, Some(before)) => before.clone().gone(at(second)),
                    (None, None) => continue,
                };
                let news = next.news(instance.as_ref());
                prop_assert!(news.is_none() || news != known, "news is new");
                known = news.or(known);
                let known = known.as_ref().unwrap();
                prop_assert_eq!((known.state, known.address.as_str()), (next.state, next.address.as_str()));
                let is_down = next.state == InstanceState::Down;
                prop_assert_eq!((next.lease_until.is_none(), next.down_at.is_some()), (is_down, is_down));
                instance = Some(next);
            }
        }
    }

    #[test]
    fn a_sign_of_life_lengthens_the_lease_and_a_return_is_a_new_coming() {
        let name = || (text("shop"), text("shop-1"));
        let up = said("http://a:1", Presence::Up);
        let first = Instance::heard(name(), None, &up, at(1), LEASE);
        let again = Instance::heard(name(), Some(&first), &up, at(9), LEASE);
        assert_eq!((again.registered_at, again.lease_until), (at(1), Some(at(24))));
        let gone = again.gone(at(20));
        assert_eq!(gone.clone().gone(at(30)), gone);
        assert_eq!(Instance::heard(name(), Some(&gone), &up, at(40), LEASE).registered_at, at(40));
    }
}
