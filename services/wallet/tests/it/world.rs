//! A small ledger and a small fraud detection that keep the rules of the saga, without any service of ours.

use std::collections::BTreeMap;

use contracts::events::funding::{
    TopUpCredited, TopUpHeld, TopUpPaid, WithdrawalCancelRequested, WithdrawalCompleted, WithdrawalRefused,
    WithdrawalRequested, WithdrawalReserved, WithdrawalReturned,
};
use contracts::events::wallet::{
    AccountCreated, AccountFrozen, AccountThawed, BalanceRefused, BalanceReleased, BalanceReserved,
    BalanceUpdated, BalancesTold, ReleaseRequested, RiskAssessed, RiskDecision, ToldBalance,
    TransactionSettled, WalletPaymentFacts, WalletPaymentInitiated, WalletPaymentProcessing,
};
use contracts::{
    Currency, Id, Timestamp, TopUpId, TransactionId, WalletAccountId, WalletPaymentId, WithdrawalId,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Something that is told to the wallet.
#[derive(Clone, Debug)]
pub enum Word {
    Reserved(Box<BalanceReserved>),
    Refused(BalanceRefused),
    Released(BalanceReleased),
    Settled(TransactionSettled),
    Updated(BalanceUpdated),
    Assessed(RiskAssessed),
    Credited(TopUpCredited),
    Kept(TopUpHeld),
    SetAside(Box<WithdrawalReserved>),
    NotSetAside(WithdrawalRefused),
    Left(WithdrawalCompleted),
    Returned(WithdrawalReturned),
}

#[derive(Clone)]
enum Held {
    Pending(Box<WalletPaymentFacts>),
    Posted,
    Released(String),
}

struct Purse {
    balance: i64,
    pending: i64,
    frozen: bool,
    currency: Currency,
    sequence: u64,
}

/// The ledger and fraud detection.
pub struct World {
    purses: BTreeMap<WalletAccountId, Purse>,
    held: BTreeMap<WalletPaymentId, Held>,
    credited: BTreeMap<TopUpId, TransactionId>,
    leaving: BTreeMap<WithdrawalId, WithdrawalRequested>,
    /// What fraud detection makes of each payment.
    pub decision: RiskDecision,
    /// How much of the wallet's log was heard.
    pub heard: usize,
    transactions: u128,
    fees: i64,
}

impl Default for World {
    fn default() -> Self {
        Self {
            purses: BTreeMap::new(),
            held: BTreeMap::new(),
            credited: BTreeMap::new(),
            leaving: BTreeMap::new(),
            decision: RiskDecision::Approve,
            heard: 0,
            transactions: 0,
            fees: 0,
        }
    }
}

fn read<T: DeserializeOwned>(data: &Value) -> T {
    serde_json::from_value(data.clone()).unwrap()
}

impl World {
    /// A world whose fraud detection makes this of each payment.
    pub fn deciding(decision: RiskDecision) -> Self {
        Self { decision, ..Self::default() }
    }

    /// Fraud's people have looked at a payment, or were given up on.
    pub fn reviewed(payment: &str, decision: RiskDecision) -> Word {
        let (payment_id, reasons) = (payment.to_owned(), vec!["reviewed".to_owned()]);
        Word::Assessed(RiskAssessed { payment_id, decision, score: 0, reasons })
    }

    /// Hears one event of the wallet; says what the ledger tells then, and fraud detection of it.
    pub fn hear(&mut self, kind: &str, data: &Value) -> Vec<Word> {
        match kind {
            "account.created" => {
                let AccountCreated { account_id, currency, .. } = read(data);
                let purse = Purse { balance: 0, pending: 0, frozen: false, currency, sequence: 0 };
                self.purses.entry(account_id).or_insert(purse);
                Vec::new()
            }
            "account.frozen" => {
                let AccountFrozen { account_id, .. } = read(data);
                self.purses.get_mut(&account_id).unwrap().frozen = true;
                Vec::new()
            }
            "account.thawed" => {
                let AccountThawed { account_id, .. } = read(data);
                self.purses.get_mut(&account_id).unwrap().frozen = false;
                Vec::new()
            }
            "payment.initiated" => {
                let WalletPaymentInitiated { payment } = read(data);
                self.reserve(payment)
            }
            "payment.processing" => {
                let WalletPaymentProcessing { payment } = read(data);
                self.post(payment.payment_id)
            }
            "payment.release.requested" => {
                let ReleaseRequested { payment_id, reason } = read(data);
                self.release(payment_id, reason)
            }
            "top_up.paid" => self.credit(&read(data)),
            "withdrawal.requested" => self.set_aside(&read(data)),
            _ => Vec::new(),
        }
    }

    /// Withdrawals whose money is set aside.
    pub fn leaving(&self) -> Vec<WithdrawalId> {
        self.leaving.keys().copied().collect()
    }

    /// A provider has paid a withdrawal out.
    pub fn pays_out(&mut self, withdrawal_id: WithdrawalId) -> Vec<Word> {
        let WithdrawalRequested { account_id, amount, .. } = self.leaving.remove(&withdrawal_id).unwrap();
        let purse = self.purses.get_mut(&account_id).unwrap();
        purse.balance -= amount;
        purse.pending -= amount;
        let transaction_id = self.transaction();
        let left = WithdrawalCompleted { withdrawal_id, account_id, transaction_id };
        vec![Word::Left(left), self.updated(account_id, None)]
    }

    /// A provider could not pay a withdrawal out.
    pub fn gives_back(&mut self, withdrawal_id: WithdrawalId) -> Vec<Word> {
        self.returns(withdrawal_id, "account_closed")
    }

    /// No provider has begun to pay a withdrawal out, and none will.
    pub fn calls_off(&mut self, told: &WithdrawalCancelRequested) -> Vec<Word> {
        self.returns(told.withdrawal_id, &told.reason)
    }

    fn returns(&mut self, withdrawal_id: WithdrawalId, reason: &str) -> Vec<Word> {
        let WithdrawalRequested { account_id, amount, .. } = self.leaving.remove(&withdrawal_id).unwrap();
        self.purses.get_mut(&account_id).unwrap().pending -= amount;
        let reason = reason.to_owned();
        vec![Word::Returned(WithdrawalReturned { withdrawal_id, account_id, reason })]
    }

    /// Puts money in from outside.
    pub fn fund(&mut self, account: WalletAccountId, amount: i64) -> Word {
        self.purses.get_mut(&account).unwrap().balance += amount;
        self.updated(account, None)
    }

    /// What is in an account, and what of it is set aside.
    pub fn purse(&self, account: WalletAccountId) -> (i64, i64) {
        let purse = &self.purses[&account];
        (purse.balance, purse.pending)
    }

    /// What is in all accounts, on one page.
    pub fn books(&self, started_at: Timestamp) -> BalancesTold {
        let told = |(id, purse): (&WalletAccountId, &Purse)| ToldBalance {
            account_id: *id,
            balance: purse.balance,
            currency: purse.currency,
            sequence: purse.sequence,
        };
        BalancesTold { started_at, page: 0, last: true, balances: self.purses.iter().map(told).collect() }
    }

    /// What the project kept.
    pub fn fees(&self) -> i64 {
        self.fees
    }

    /// Credits a top-up once, however often it is told.
    fn credit(&mut self, told: &TopUpPaid) -> Vec<Word> {
        let TopUpPaid { top_up_id, account_id, amount, .. } = *told;
        let credited =
            |transaction_id| Word::Credited(TopUpCredited { top_up_id, account_id, transaction_id });
        if let Some(transaction) = self.credited.get(&top_up_id) {
            return vec![credited(*transaction)];
        }
        let purse = self.purses.get_mut(&account_id).unwrap();
        if purse.frozen {
            let reason = "credit_account_frozen".to_owned();
            return vec![Word::Kept(TopUpHeld { top_up_id, account_id, reason })];
        }
        purse.balance += amount;
        let transaction = self.transaction();
        self.credited.insert(top_up_id, transaction);
        vec![credited(transaction), self.updated(account_id, None)]
    }

    fn set_aside(&mut self, told: &WithdrawalRequested) -> Vec<Word> {
        let purse = self.purses.get_mut(&told.account_id).unwrap();
        let refused = |reason: &str| {
            let (withdrawal_id, reason) = (told.withdrawal_id, reason.to_owned());
            vec![Word::NotSetAside(WithdrawalRefused { withdrawal_id, reason })]
        };
        if purse.frozen {
            return refused("account_frozen");
        }
        if purse.balance - purse.pending < told.amount {
            return refused("exceeds_credits");
        }
        purse.pending += told.amount;
        self.leaving.insert(told.withdrawal_id, told.clone());
        vec![Word::SetAside(WithdrawalReserved { withdrawal: told.clone() }.into())]
    }

    fn transaction(&mut self) -> TransactionId {
        self.transactions += 1;
        TransactionId::from_u128(self.transactions)
    }

    fn reserve(&mut self, payment: WalletPaymentFacts) -> Vec<Word> {
        let payment_id = payment.payment_id;
        let refused = |reason: &str| Word::Refused(BalanceRefused { payment_id, reason: reason.to_owned() });
        match self.held.get(&payment_id) {
            Some(Held::Released(reason)) => return vec![refused(reason)],
            Some(Held::Pending(_) | Held::Posted) => return Vec::new(),
            None => {}
        }
        let frozen = self.purses[&payment.from_account].frozen || self.purses[&payment.to_account].frozen;
        let purse = self.purses.get_mut(&payment.from_account).unwrap();
        if frozen {
            return vec![refused("account_frozen")];
        }
        if purse.balance - purse.pending < payment.amount {
            return vec![refused("exceeds_credits")];
        }
        purse.pending += payment.amount;
        let available = purse.balance - purse.pending;
        self.held.insert(payment_id, Held::Pending(payment.clone().into()));
        let assessed = RiskAssessed {
            payment_id: payment_id.to_string(),
            decision: self.decision,
            score: 0,
            reasons: Vec::new(),
        };
        vec![Word::Reserved(BalanceReserved { payment, available }.into()), Word::Assessed(assessed)]
    }

    fn post(&mut self, id: WalletPaymentId) -> Vec<Word> {
        let Some(Held::Pending(payment)) = self.held.get(&id).cloned() else { return Vec::new() };
        let from = self.purses.get_mut(&payment.from_account).unwrap();
        from.balance -= payment.amount;
        from.pending -= payment.amount;
        self.purses.get_mut(&payment.to_account).unwrap().balance += payment.amount - payment.fee;
        self.fees += payment.fee;
        self.held.insert(id, Held::Posted);
        let transaction_id = self.transaction();
        vec![
            Word::Settled(TransactionSettled { transaction_id, payment_id: Some(id) }),
            self.updated(payment.from_account, Some(id)),
            self.updated(payment.to_account, Some(id)),
        ]
    }

    fn release(&mut self, payment_id: WalletPaymentId, reason: String) -> Vec<Word> {
        match self.held.get(&payment_id).cloned() {
            Some(Held::Posted) => return Vec::new(),
            Some(Held::Pending(payment)) => {
                self.purses.get_mut(&payment.from_account).unwrap().pending -= payment.amount;
            }
            Some(Held::Released(_)) | None => {}
        }
        self.held.insert(payment_id, Held::Released(reason.clone()));
        vec![Word::Released(BalanceReleased { payment_id, reason })]
    }

    fn updated(&mut self, account_id: WalletAccountId, payment_id: Option<WalletPaymentId>) -> Word {
        let purse = self.purses.get_mut(&account_id).unwrap();
        purse.sequence += 1;
        Word::Updated(BalanceUpdated {
            account_id,
            balance: purse.balance,
            available: purse.balance - purse.pending,
            currency: purse.currency,
            sequence: purse.sequence,
            payment_id,
        })
    }
}
