//! Dead notifications on their way again, where they are still wanted and still worth it.

use contracts::NotificationId;
use kernel::store::Tx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::choices::Preferences;
use crate::domain::notification::{Reason, State};
use crate::error::Error;
use crate::jobs::Deliver;
use crate::store::notifications::Filter;
use crate::store::redriving::{self as store, Dead};

/// Which are to go again.
#[derive(Clone, Debug)]
pub enum Which {
    /// These.
    These(Vec<NotificationId>),
    /// The newest that fit.
    Fitting(Filter, u32),
}

/// What becomes of a dead notification that is to go again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is sent again, as it was made ready the first time.
    Redriven,
    /// Its time is over.
    Expired,
    /// The person does not want it any more.
    Preference,
    /// The address is left alone.
    SuppressedAddress,
    /// The person was erased.
    Erased,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Redriven {
    /// Which.
    pub id: NotificationId,
    /// What becomes of it.
    pub fate: Fate,
}

const FATES: [Fate; 5] =
    [Fate::Redriven, Fate::Expired, Fate::Preference, Fate::SuppressedAddress, Fate::Erased];

/// Looks at dead notifications again and, unless it is only to be seen what would happen, sends them on their way.
pub fn redrive(tx: &mut Tx<'_>, which: &Which, is_dry: bool) -> Result<Vec<Redriven>, Error> {
    let dead = match which {
        Which::These(ids) => store::among(tx, ids)?,
        Which::Fitting(filter, limit) => store::fitting(tx, filter, *limit)?,
    };
    let judged: Vec<Redriven> = dead
        .iter()
        .map(|one| Ok(Redriven { id: one.id, fate: fate(tx, one)? }))
        .collect::<Result<_, Error>>()?;
    if is_dry {
        return Ok(judged);
    }
    for fate in FATES {
        let ids: Vec<NotificationId> =
            judged.iter().filter(|one| one.fate == fate).map(|one| one.id).collect();
        if ids.is_empty() {
            continue;
        }
        let (state, reason, word) = fate.outcome();
        store::set_state(tx, &ids, state, reason)?;
        store::add_entries(tx, &ids, word)?;
        if fate == Fate::Redriven {
            for notification in ids {
                tx.enqueue(&Deliver { notification, provider: 0 })?;
            }
        }
    }
    Ok(judged)
}

fn fate(tx: &Tx<'_>, dead: &Dead) -> Result<Fate, Error> {
    let preferences: Preferences = match &dead.choices {
        Some(choices) => serde_json::from_str(choices)?,
        None => Preferences::default(),
    };
    Ok(if !dead.is_whole {
        Fate::Erased
    } else if dead.expires_at.is_some_and(|expires_at| tx.now() >= expires_at) {
        Fate::Expired
    } else if !preferences.want(&dead.category, dead.channel) {
        Fate::Preference
    } else if dead.is_suppressed && dead.channel.disturbs() {
        Fate::SuppressedAddress
    } else {
        Fate::Redriven
    })
}

impl Fate {
    fn outcome(self) -> (State, Option<Reason>, &'static str) {
        match self {
            Self::Redriven => (State::Accepted, None, "redriven"),
            Self::Expired => (State::Expired, Some(Reason::Expired), "expired"),
            Self::Preference => (State::Suppressed, Some(Reason::Preference), "suppressed"),
            Self::SuppressedAddress => (State::Suppressed, Some(Reason::SuppressedAddress), "suppressed"),
            Self::Erased => (State::Suppressed, Some(Reason::Erased), "suppressed"),
        }
    }
}
