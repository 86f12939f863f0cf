//! What accounts are called: words between colons, such as `users:7:wallet`, and the names that the project itself has.

use contracts::{Currency, Id, WalletAccountId};

contracts::texts! {
    /// What an account is called.
    Address: is_address, "^[A-Za-z0-9_-]{1,40}(:[A-Za-z0-9_-]{1,40}){0,5}$", "users:7:wallet",
        "one to six words of A-Z, a-z, 0-9, _ and -, with colons between them, each of 40 letters at most";
    /// What the caller calls a transaction; one transaction of a project has it.
    Reference: is_reference, "^[!-~]{1,100}$", "invoice-2026-0007",
        "1 to 100 printable letters without spaces";
    /// A line of words, for people.
    Text: is_text, "^[^\\x00-\\x1F\\x7F]{1,200}$", "Paid in at the counter", "1 to 200 letters in one line";
}

/// What an account of the project itself is for. It is opened when it is first used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The world beyond the ledger: money comes from it and leaves to it.
    Outside,
    /// What the project keeps of payments.
    Fees,
    /// Who stands between two currencies.
    Liquidity,
    /// What came for accounts that do not take it now.
    Suspense,
}

impl Role {
    const ALL: [Self; 4] = [Self::Outside, Self::Fees, Self::Liquidity, Self::Suspense];

    /// Its name.
    const fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Fees => "fees",
            Self::Liquidity => "liquidity",
            Self::Suspense => "suspense",
        }
    }

    /// The account of this role in a currency.
    pub fn account(self, currency: Currency) -> Address {
        Address(format!("{}:{currency}", self.name()).into())
    }
}

const WALLET: &str = WalletAccountId::PREFIX;

impl Address {
    /// The address of a wallet.
    pub fn of_wallet(account: WalletAccountId) -> Self {
        Self(account.to_string().into())
    }

    /// The wallet, where it is one.
    pub fn wallet(&self) -> Option<WalletAccountId> {
        // Most are none, and a wrong id costs more than a look.
        if self.0.starts_with(WALLET) { self.0.parse().ok() } else { None }
    }

    /// The currency, where the address is one of the project's own.
    pub fn own_currency(&self) -> Option<Currency> {
        let (role, currency) = self.0.split_once(':')?;
        Role::ALL.iter().find(|known| known.name() == role)?;
        currency.parse().ok()
    }

    /// Whether nobody but the project may use the name.
    pub fn is_kept(&self) -> bool {
        let first = self.0.split(':').next().unwrap_or_default();
        Role::ALL.iter().any(|role| role.name() == first) || self.wallet().is_some()
    }
}

fn is_address(text: &str) -> bool {
    let (mut words, mut letters) = (1, 0);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => letters += 1,
            b':' if (1..=40).contains(&letters) => (words, letters) = (words + 1, 0),
            _ => return false,
        }
    }
    words <= 6 && (1..=40).contains(&letters)
}

fn is_reference(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_graphic())
}

fn is_text(text: &str) -> bool {
    (1..=200).contains(&text.chars().count())
        && !text.chars().any(|letter| letter < ' ' || letter == '\u{7f}')
}
