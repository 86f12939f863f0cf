//! Texts and ids that are parsed at the door.

contracts::ids! {
    /// A question to a provider, or a message of one, with what it did.
    AttemptId = "att";
    /// Money on its way out of a wallet.
    PayoutId = "pout";
    /// What a person made of what they looked at.
    ReviewId = "rev";
}

contracts::texts! {
    /// An invoice, by the name that billing gave it.
    InvoiceRef: is_invoice, "^[A-Za-z0-9_-]{1,64}$", "inv_01jd3sa4k8qm7v2x9c5f0t6w1b",
        "1 to 64 of letters, digits, `_` and `-`";
    /// What a customer pays with, by the provider's name for it.
    PaymentMethod: is_method, "^[A-Za-z0-9_]{1,100}$", "pm_card_visa", "1 to 100 of letters, digits and `_`";
    /// What the customer asks with, as their app names it.
    Device: is_reason, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "pixel-9-4f1c", "1 to 200 printable characters";
    /// Why money goes back.
    Reason: is_reason, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "The parcel was damaged.", "1 to 200 printable characters";
    /// Why a payout came to nothing, as a code.
    FailureCode: is_code, "^[a-z0-9_]{1,64}$", "account_closed", "1 to 64 of lower case letters, digits and `_`";
}

fn is_invoice(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn is_method(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_reason(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

impl Reason {
    /// What others say, made fit to be kept: what cannot be printed is left out, and it has an end.
    pub fn of(text: &str) -> Self {
        let kept: String = text.chars().filter(|letter| !letter.is_control()).take(200).collect();
        Self::try_from(kept).unwrap_or_else(|_| Self("unspecified".into()))
    }
}
