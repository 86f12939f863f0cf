//! Whether a payment's provider may be asked: a project may have payments wait for fraud detection's word.

use serde::{Deserialize, Serialize};

use super::payment::{Payment, Status};

/// What keeps a payment from its provider, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearance {
    /// Fraud detection has said nothing, and nobody waits for it.
    Unheard,
    /// The provider is not asked before there is a word, or the time for it is over.
    Awaited,
    /// The provider may be asked.
    Cleared,
}

/// What becomes of a payment of which fraud detection says nothing in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSilence {
    /// Its provider is asked.
    GoOn,
    /// It fails, and makes room for another.
    Fail,
}

/// What a wait came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It goes on now.
    GoesOn(Payment),
    /// It has failed.
    Failed(Payment),
    /// It did not wait any more.
    NotAtAll,
}

/// Why a payment failed of which fraud detection said nothing in time.
const SILENT: &str = "fraud_timed_out";

impl Payment {
    /// Whether its provider is not asked before fraud detection has said something.
    pub fn waits(&self) -> bool {
        self.clearance == Clearance::Awaited && self.is_unasked()
    }

    /// Its provider may be asked from now on.
    pub fn cleared(self) -> Self {
        Self { clearance: Clearance::Cleared, ..self }
    }

    /// It waits from now on; none where it need not any more.
    pub fn awaits(self) -> Option<Self> {
        let unheard = self.clearance == Clearance::Unheard && self.is_unasked();
        unheard.then_some(Self { clearance: Clearance::Awaited, ..self })
    }

    /// Nothing was said in time.
    pub fn unheard_of(self, then: OnSilence) -> Waited {
        match then {
            _ if !self.waits() => Waited::NotAtAll,
            OnSilence::GoOn => Waited::GoesOn(self.cleared()),
            OnSilence::Fail => Waited::Failed(self.never_opened(SILENT.to_owned())),
        }
    }

    /// Whether it is wanted and no provider knows it.
    pub fn is_unasked(&self) -> bool {
        self.live && self.status == Status::Created && self.provider_ref.is_none()
    }
}
