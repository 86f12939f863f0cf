//! A wallet: whose, in which currency, whether it may be used.

use contracts::{Currency, Money, Timestamp, UserId, WalletAccountId};

/// A wallet with the ledger's last word on what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id: the ledger's account has the same.
    pub id: WalletAccountId,
    /// Whose it is.
    pub owner: UserId,
    /// Why nothing leaves or enters it, where that is so.
    pub frozen: Option<Freeze>,
    /// What of each payment to it the project keeps, in hundredths of a percent: it is a merchant's.
    pub fee_basis_points: Option<u32>,
    /// What is in it.
    pub balance: Money,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A wallet, and what of it can be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purse {
    /// The wallet.
    pub account: Account,
    /// What is on its way out, in minor units.
    pub held: i64,
}

/// Why and since when nothing leaves or enters an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// As people say it.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
}

impl Account {
    /// Its currency.
    pub fn currency(&self) -> Currency {
        self.balance.currency()
    }
}

impl Purse {
    /// What can be spent. A payment on its way counts as gone, also while the ledger has not set its money aside yet.
    pub fn available(&self) -> i64 {
        self.account.balance.minor().saturating_sub(self.held)
    }
}
