//! The answers to a transfer, and which of several is told.

/// The answers, in the order in which they are told where several things are wrong.
const ORDER: &[&str] = &[
    "exists_with_different_flags",
    "exists_with_different_pending_id",
    "exists_with_different_timeout",
    "exists_with_different_debit_account_id",
    "exists_with_different_credit_account_id",
    "exists_with_different_amount",
    "exists_with_different_ledger",
    "exists_with_different_code",
    "exists",
    "id_already_failed",
    "flags_are_mutually_exclusive",
    "debit_account_id_must_not_be_zero",
    "credit_account_id_must_not_be_zero",
    "accounts_must_be_different",
    "pending_id_must_be_zero",
    "pending_id_must_not_be_zero",
    "pending_id_must_be_different",
    "timeout_reserved_for_pending_transfer",
    "closing_transfer_must_be_pending",
    "amount_must_not_be_zero",
    "ledger_must_not_be_zero",
    "debit_account_not_found",
    "credit_account_not_found",
    "accounts_must_have_the_same_ledger",
    "transfer_must_have_the_same_ledger_as_accounts",
    "pending_transfer_not_found",
    "pending_transfer_not_pending",
    "pending_transfer_has_different_debit_account_id",
    "pending_transfer_has_different_credit_account_id",
    "pending_transfer_has_different_ledger",
    "pending_transfer_has_different_code",
    "exceeds_pending_transfer_amount",
    "pending_transfer_has_different_amount",
    "pending_transfer_already_posted",
    "pending_transfer_already_voided",
    "pending_transfer_expired",
    "debit_account_already_closed",
    "credit_account_already_closed",
    "debit_account_frozen",
    "credit_account_frozen",
    "overflows_debits_pending",
    "overflows_credits_pending",
    "overflows_debits_posted",
    "overflows_credits_posted",
    "overflows_debits",
    "overflows_credits",
    "exceeds_credits",
    "exceeds_debits",
];

/// Answers that could be others at another time: the id is burned.
pub const PASSING: &[&str] = &[
    "debit_account_not_found",
    "credit_account_not_found",
    "pending_transfer_not_found",
    "debit_account_already_closed",
    "credit_account_already_closed",
    "debit_account_frozen",
    "credit_account_frozen",
    "exceeds_credits",
    "exceeds_debits",
];

/// All that is wrong with a wish.
#[derive(Default)]
pub struct Wrong(Vec<&'static str>);

impl Wrong {
    pub fn note(&mut self, is_wrong: bool, answer: &'static str) {
        if is_wrong {
            self.0.push(answer);
        }
    }

    pub fn first(&self) -> Option<&'static str> {
        ORDER.iter().copied().find(|answer| self.0.contains(answer))
    }
}
