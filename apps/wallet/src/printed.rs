//! A statement on paper: what was in a wallet, what moved, and what was in it then.

use contracts::Money;
use paper::{Column, Document, Error, Fact, Foot, Head, Paper};
use ui::{price, time};

use crate::api::{Account, Me, Statement};
use crate::words::{kind, person};

/// Whose statement it is, and of which days.
#[derive(Debug)]
pub struct About {
    /// Who runs the wallet: a name, then an address.
    pub issuer: Vec<String>,
    /// How to reach them.
    pub care: String,
    /// Whose it is.
    pub owner: Me,
    /// The wallet.
    pub account: Account,
    /// The month, as people say it.
    pub period: String,
}

/// The statement as a PDF.
pub fn statement(about: &About, statement: &Statement) -> Result<Vec<u8>, Error> {
    let amount = |minor: i64| price(Money::new(minor, statement.currency));
    let owner = &about.owner;
    let known_by = [&owner.name, &owner.email, &owner.phone].into_iter().flatten().next();
    let mut document = Document::begin(Head {
        issuer: about.issuer.clone(),
        facts: vec![
            Fact::new("Owner", known_by.cloned().unwrap_or_else(|| owner.id.to_string())),
            Fact::new("Wallet", about.account.id.to_string()),
            Fact::new("Currency", statement.currency.code()),
            Fact::new("Period", format!("{} (UTC)", about.period)),
            Fact::new("Balance before", amount(statement.opening_balance)),
        ],
        columns: vec![
            Column::text("Date", 17),
            Column::text("What", 43),
            Column::figure("Amount", 20),
            Column::figure("Balance", 20),
        ],
        footer: about.care.clone(),
        ..Head::new(Paper::A4, "en", "Statement of your wallet")
    })?;
    for line in &statement.lines {
        let known = |account| format!(", {}", person(line.other_name.as_deref(), account));
        let other = line.other_account.map(known).unwrap_or_default();
        let note = line.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        let what = format!("{}{other}{note}", kind(line.kind));
        document.row(&[time::day(line.moved_at), what, amount(line.net), amount(line.balance)])?;
    }
    let notes =
        if statement.lines.is_empty() { vec!["Nothing moved in this time.".to_owned()] } else { Vec::new() };
    let totals = vec![Fact::new("Balance after", amount(statement.closing_balance))];
    document.finish(&Foot { totals, notes })
}
