//! What the ledger answers to a transfer, by the names that TigerBeetle gave to these answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! results {
    ($($(#[$about:meta])* $name:ident = $text:literal;)+) => {
        /// What became of a transfer. Where several things are wrong, the one that is told stands further up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum LedgerResult {
            $($(#[$about])* #[serde(rename = $text)] $name,)+
        }

        impl LedgerResult {
            /// Its stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The one of this name.
            pub fn named(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// All of them, in the order in which they are told.
            #[cfg(test)]
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

results! {
    /// It is done.
    Created = "created";
    /// Another transfer of its chain was refused.
    LinkedEventFailed = "linked_event_failed";
    /// The last transfer of a batch is linked to a next one.
    LinkedEventChainOpen = "linked_event_chain_open";
    /// The id has done something of another phase, or with other flags.
    ExistsWithDifferentFlags = "exists_with_different_flags";
    /// The id has ended another pending transfer.
    ExistsWithDifferentPendingId = "exists_with_different_pending_id";
    /// The id was used with another time-out.
    ExistsWithDifferentTimeout = "exists_with_different_timeout";
    /// The id was used with another debit account.
    ExistsWithDifferentDebitAccountId = "exists_with_different_debit_account_id";
    /// The id was used with another credit account.
    ExistsWithDifferentCreditAccountId = "exists_with_different_credit_account_id";
    /// The id was used with another amount.
    ExistsWithDifferentAmount = "exists_with_different_amount";
    /// The id was used with another currency.
    ExistsWithDifferentLedger = "exists_with_different_ledger";
    /// The id was used with another code.
    ExistsWithDifferentCode = "exists_with_different_code";
    /// It was done before; nothing is done twice.
    Exists = "exists";
    /// The id was refused for a reason that passes; it stays refused, so that a late copy cannot succeed.
    IdAlreadyFailed = "id_already_failed";
    /// What it asks for cannot be had together.
    FlagsAreMutuallyExclusive = "flags_are_mutually_exclusive";
    /// The debit account is not named.
    DebitAccountIdMustNotBeZero = "debit_account_id_must_not_be_zero";
    /// The credit account is not named.
    CreditAccountIdMustNotBeZero = "credit_account_id_must_not_be_zero";
    /// Both accounts are the same.
    AccountsMustBeDifferent = "accounts_must_be_different";
    /// Only a post or void names a pending transfer.
    PendingIdMustBeZero = "pending_id_must_be_zero";
    /// A post or void names none.
    PendingIdMustNotBeZero = "pending_id_must_not_be_zero";
    /// A post or void names itself.
    PendingIdMustBeDifferent = "pending_id_must_be_different";
    /// Only a pending transfer times out.
    TimeoutReservedForPendingTransfer = "timeout_reserved_for_pending_transfer";
    /// Only a pending transfer closes accounts.
    ClosingTransferMustBePending = "closing_transfer_must_be_pending";
    /// No amount is named, and the transfer is not one that takes what there is.
    AmountMustNotBeZero = "amount_must_not_be_zero";
    /// The currency is not named.
    LedgerMustNotBeZero = "ledger_must_not_be_zero";
    /// The code is 0.
    CodeMustNotBeZero = "code_must_not_be_zero";
    /// There is no such debit account.
    DebitAccountNotFound = "debit_account_not_found";
    /// There is no such credit account.
    CreditAccountNotFound = "credit_account_not_found";
    /// The accounts are of different currencies.
    AccountsMustHaveTheSameLedger = "accounts_must_have_the_same_ledger";
    /// The accounts are of another currency than the transfer.
    TransferMustHaveTheSameLedgerAsAccounts = "transfer_must_have_the_same_ledger_as_accounts";
    /// There is no such pending transfer.
    PendingTransferNotFound = "pending_transfer_not_found";
    /// What is named is no pending transfer.
    PendingTransferNotPending = "pending_transfer_not_pending";
    /// What is set aside for a payment follows that payment alone.
    PendingTransferBelongsToPayment = "pending_transfer_belongs_to_payment";
    /// The pending transfer has another debit account.
    PendingTransferHasDifferentDebitAccountId = "pending_transfer_has_different_debit_account_id";
    /// The pending transfer has another credit account.
    PendingTransferHasDifferentCreditAccountId = "pending_transfer_has_different_credit_account_id";
    /// The pending transfer has another currency.
    PendingTransferHasDifferentLedger = "pending_transfer_has_different_ledger";
    /// The pending transfer has another code.
    PendingTransferHasDifferentCode = "pending_transfer_has_different_code";
    /// Less is set aside.
    ExceedsPendingTransferAmount = "exceeds_pending_transfer_amount";
    /// A void names another amount than is set aside.
    PendingTransferHasDifferentAmount = "pending_transfer_has_different_amount";
    /// It has moved already.
    PendingTransferAlreadyPosted = "pending_transfer_already_posted";
    /// It was let go already.
    PendingTransferAlreadyVoided = "pending_transfer_already_voided";
    /// Its time is over.
    PendingTransferExpired = "pending_transfer_expired";
    /// The debit account is closed.
    DebitAccountAlreadyClosed = "debit_account_already_closed";
    /// The credit account is closed.
    CreditAccountAlreadyClosed = "credit_account_already_closed";
    /// The debit account is frozen.
    DebitAccountFrozen = "debit_account_frozen";
    /// The credit account is frozen.
    CreditAccountFrozen = "credit_account_frozen";
    /// More than 64 bits hold would be set aside to leave.
    OverflowsDebitsPending = "overflows_debits_pending";
    /// More than 64 bits hold would be set aside to come.
    OverflowsCreditsPending = "overflows_credits_pending";
    /// More than 64 bits hold would have left.
    OverflowsDebitsPosted = "overflows_debits_posted";
    /// More than 64 bits hold would have come.
    OverflowsCreditsPosted = "overflows_credits_posted";
    /// More than 64 bits hold would have left or be set aside to.
    OverflowsDebits = "overflows_debits";
    /// More than 64 bits hold would have come or be set aside to.
    OverflowsCredits = "overflows_credits";
    /// The time-out is beyond the end of time.
    OverflowsTimeout = "overflows_timeout";
    /// The debit account has not so much.
    ExceedsCredits = "exceeds_credits";
    /// The credit account cannot take so much.
    ExceedsDebits = "exceeds_debits";
}

impl LedgerResult {
    /// Whether the same transfer could be done at another time. Its id is refused from then on, so that a copy that comes
    /// late does not succeed after its caller was told that it did not.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::DebitAccountNotFound
                | Self::CreditAccountNotFound
                | Self::PendingTransferNotFound
                | Self::DebitAccountAlreadyClosed
                | Self::CreditAccountAlreadyClosed
                | Self::DebitAccountFrozen
                | Self::CreditAccountFrozen
                | Self::ExceedsCredits
                | Self::ExceedsDebits
        )
    }

    /// Whether what was asked for is so now.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Created | Self::Exists)
    }
}
