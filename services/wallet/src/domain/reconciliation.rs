//! Comparing the balances here with those that the ledger has told.

use std::collections::BTreeMap;

use contracts::events::wallet::ToldBalance;
use contracts::{Currency, Timestamp, WalletAccountId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Accounts that are named of those that differ.
const NAMED_MAX: usize = 50;

/// What is known here of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: WalletAccountId,
    /// What is in it, in minor units.
    pub balance: i64,
    /// The currency of that.
    pub currency: Currency,
    /// The ledger's count at its last word; none where it has said nothing yet.
    pub sequence: Option<u64>,
}

/// An account whose balance here is not that of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DifferingAccount {
    /// Which.
    pub account_id: WalletAccountId,
    /// What is in it by the ledger, in minor units; null where the ledger does not have it.
    pub ledger: Option<i64>,
    /// What is in it here, in minor units; null where it is not here in that currency.
    pub wallet: Option<i64>,
}

/// How far the comparison of a night has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// Like 2026-11-21, in UTC.
    pub day: String,
    /// When the ledger began.
    pub started_at: Timestamp,
    /// Pages that were compared.
    pub pages: u32,
    /// The account with which the last of them ended.
    pub up_to: Option<WalletAccountId>,
    /// Accounts that agree.
    pub agreeing: u64,
    /// Accounts that do not.
    pub differing: u64,
    /// The first of them.
    pub found: Vec<DifferingAccount>,
    /// When the last page was compared.
    pub ended_at: Option<Timestamp>,
}

impl Reconciliation {
    /// Nothing is compared yet.
    pub fn begin(day: String, started_at: Timestamp) -> Self {
        let found = Vec::new();
        Self { day, started_at, pages: 0, up_to: None, agreeing: 0, differing: 0, found, ended_at: None }
    }

    /// Accounts that were compared.
    pub fn checked(&self) -> u64 {
        self.agreeing.saturating_add(self.differing)
    }

    /// Whether a page goes on where this one is: neither one that was compared nor one of another run of the same day.
    pub fn awaits(&self, started_at: Timestamp, page: u32) -> bool {
        self.started_at == started_at && page >= self.pages && self.ended_at.is_none()
    }

    /// Compares one page with what is known of the accounts in its span.
    ///
    /// The ledger counts also what it only sets aside, and tells no balance then: a count that is behind is no
    /// difference, a balance that is behind is one, for what was told before the page was heard before it. Where a later
    /// word is known here, the page says nothing.
    pub fn compare(&mut self, page: u32, told: &[ToldBalance], known: &[Known]) {
        let mut known: BTreeMap<_, _> = known.iter().map(|known| (known.id, known)).collect();
        for told in told {
            let here = known.remove(&told.account_id).filter(|here| here.currency == told.currency);
            if here.is_some_and(|here| here.sequence.is_some_and(|sequence| sequence > told.sequence)) {
                continue;
            }
            self.note(told.account_id, Some(told.balance), here.map(|here| here.balance));
        }
        // The ledger has said something of these once, and has them no more.
        for here in known.into_values().filter(|here| here.sequence.is_some()) {
            self.note(here.id, None, Some(here.balance));
        }
        self.pages = page.saturating_add(1);
        self.up_to = told.last().map(|told| told.account_id).or(self.up_to);
    }

    fn note(&mut self, account_id: WalletAccountId, ledger: Option<i64>, wallet: Option<i64>) {
        if ledger == wallet {
            self.agreeing = self.agreeing.saturating_add(1);
            return;
        }
        self.differing = self.differing.saturating_add(1);
        if self.found.len() < NAMED_MAX {
            self.found.push(DifferingAccount { account_id, ledger, wallet });
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::Id;

    use super::*;

    fn account(number: u128) -> WalletAccountId {
        WalletAccountId::from_u128(number)
    }

    fn told(number: u128, balance: i64, sequence: u64) -> ToldBalance {
        ToldBalance { account_id: account(number), balance, currency: Currency::INR, sequence }
    }

    fn known(number: u128, balance: i64, sequence: Option<u64>) -> Known {
        Known { id: account(number), balance, currency: Currency::INR, sequence }
    }

    fn compared(told: &[ToldBalance], known: &[Known]) -> Reconciliation {
        let mut run = Reconciliation::begin("2026-11-21".to_owned(), Timestamp::MIN);
        run.compare(0, told, known);
        run
    }

    #[test]
    fn a_balance_is_compared_unless_a_later_word_is_known() {
        for (told_is, known_is, agree) in [
            (told(1, 5, 3), known(1, 5, Some(3)), Some(true)),
            (told(1, 5, 3), known(1, 6, Some(3)), Some(false)),
            // Set aside since: the count alone is behind.
            (told(1, 5, 4), known(1, 5, Some(3)), Some(true)),
            // A word that was not heard.
            (told(1, 9, 4), known(1, 5, Some(3)), Some(false)),
            (told(1, 5, 3), known(1, 9, Some(4)), None),
            (told(1, 0, 0), known(1, 0, None), Some(true)),
            (told(1, 7, 1), known(1, 0, None), Some(false)),
        ] {
            let run = compared(std::slice::from_ref(&told_is), std::slice::from_ref(&known_is));
            let expected = agree.map_or((0, 0), |agree| (u64::from(agree), u64::from(!agree)));
            assert_eq!((run.agreeing, run.differing), expected, "{told_is:?} {known_is:?}");
        }
    }

    #[test]
    fn an_account_that_one_of_the_two_does_not_have_differs() {
        let run = compared(&[told(1, 5, 1)], &[known(2, 7, Some(1)), known(3, 0, None)]);
        let lost = |number, ledger, wallet| DifferingAccount { account_id: account(number), ledger, wallet };
        assert_eq!(run.found, [lost(1, Some(5), None), lost(2, None, Some(7))], "one that is new is no loss");
        let euros = Known { currency: Currency::EUR, ..known(1, 5, Some(1)) };
        assert_eq!(compared(&[told(1, 5, 1)], &[euros]).differing, 1);
    }

    #[test]
    fn the_first_fifty_are_named_and_all_are_counted() {
        let all: Vec<ToldBalance> = (0..60).map(|number| told(number, 1, 1)).collect();
        let run = compared(&all, &[]);
        assert_eq!((run.differing, run.found.len(), run.checked()), (60, 50, 60));
    }
}
