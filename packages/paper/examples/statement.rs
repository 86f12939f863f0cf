//! Writes a statement of a wallet: `cargo run -p paper --example statement -- statement.pdf [rows] [hi]`.

#![allow(clippy::print_stdout, reason = "an example tells what it did")]

use std::error::Error;

use paper::{Column, Document, Fact, Foot, Head, Paper};

const ENGLISH: [&str; 6] = [
    "Top-up by UPI, reference 4402 1187 2093",
    "To Priya Nair · “Dinner at Karavalli, with the second round of filter coffee and the taxi back”",
    "From Meera Iyer · Rent for October",
    "To Kada Store · Order ord_01k8v3q7xw4m2t9c",
    "From Ravi Menon · किराया और बिजली का बिल",
    "Withdrawal to bank account •••• 4417",
];
const HINDI: [&str; 6] = [
    "यूपीआई से जमा, संदर्भ 4402 1187 2093",
    "प्रिया नायर को · “रात का खाना, और वापसी की टैक्सी का आधा किराया”",
    "मीरा अय्यर से · अक्टूबर का किराया",
    "कड़ा स्टोर को · ऑर्डर ord_01k8v3q7xw4m2t9c",
    "क्षत्रिय ज्ञान श्री उद्योग से · हिन्दी में भुगतान",
    "बैंक खाते •••• 4417 में निकासी",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let path = given.next().unwrap_or_else(|| "statement.pdf".to_owned());
    let rows: i64 = given.next().map_or(Ok(60), |rows| rows.parse())?;
    let hindi = given.next().is_some_and(|language| language == "hi");
    let mut document = Document::begin(if hindi { hindi_head() } else { english_head() })?;
    let mut balance = 1_248_050;
    for row in 0..rows {
        let amount = (row * 7919 % 250_000 + 99) * if row % 2 == 1 { -1 } else { 1 };
        balance += amount;
        let said = (if hindi { HINDI } else { ENGLISH })[row as usize % 6];
        let day = format!("{:02} Oct 2026", row * 30 / rows.max(1) + 1);
        let (paid, got) =
            if amount < 0 { (rupees(-amount), String::new()) } else { (String::new(), rupees(amount)) };
        document.row(&[day.as_str(), said, &paid, &got, &rupees(balance)])?;
    }
    let pdf = document.finish(&foot(hindi, balance))?;
    println!("{path}: {rows} rows, {} bytes", pdf.len());
    std::fs::write(&path, pdf)?;
    Ok(())
}

fn english_head() -> Head {
    Head {
        issuer: issuer(),
        facts: vec![
            Fact::new("Account holder", "Asha Rao"),
            Fact::new("Wallet", "wal_01k8v3q7xw4m2t9c6n5b"),
            Fact::new("Currency", "Indian rupee (INR)"),
            Fact::new("Period", "1 October 2026 to 31 October 2026"),
            Fact::new("Opening balance", "₹12,480.50"),
            Fact::new("Made on", "1 November 2026, 09:00 IST"),
        ],
        columns: vec![
            Column::text("Date", 14),
            Column::text("Details", 41),
            Column::figure("Paid out", 14),
            Column::figure("Paid in", 14),
            Column::figure("Balance", 17),
        ],
        footer: "Meridian Pay Ltd, CIN U65990KA2024PTC000000. Questions about this statement: help@example.com, within 60 days.".into(),
        ..Head::new(Paper::A4, "en-IN", "Statement of account")
    }
}

fn hindi_head() -> Head {
    Head {
        issuer: issuer(),
        facts: vec![
            Fact::new("खाताधारक", "आशा राव"),
            Fact::new("वॉलेट", "wal_01k8v3q7xw4m2t9c6n5b"),
            Fact::new("मुद्रा", "भारतीय रुपया (₹)"),
            Fact::new("अवधि", "1 अक्टूबर 2026 से 31 अक्टूबर 2026"),
        ],
        columns: vec![
            Column::text("तारीख", 14),
            Column::text("विवरण", 41),
            Column::figure("निकासी", 14),
            Column::figure("जमा", 14),
            Column::figure("शेष राशि", 17),
        ],
        footer: "इस विवरण के बारे में प्रश्न: help@example.com".into(),
        numbering: "पृष्ठ {page} / {pages}".into(),
        ..Head::new(Paper::A4, "hi-IN", "खाता विवरण")
    }
}

fn issuer() -> Vec<String> {
    ["Meridian Pay Ltd", "14 Residency Road", "Bengaluru 560025, India", "help@example.com"]
        .map(String::from)
        .to_vec()
}

fn foot(hindi: bool, balance: i64) -> Foot {
    if hindi {
        return Foot {
            totals: vec![Fact::new("प्रारंभिक शेष", "₹12,480.50"), Fact::new("अंतिम शेष", rupees(balance))],
            notes: vec!["यह विवरण कंप्यूटर से बनाया गया है और इस पर हस्ताक्षर की आवश्यकता नहीं है।".into()],
        };
    }
    Foot {
        totals: vec![
            Fact::new("Opening balance", "₹12,480.50"),
            Fact::new("Change in the period", rupees(balance - 1_248_050)),
            Fact::new("Closing balance", rupees(balance)),
        ],
        notes: vec![
            "Amounts are in Indian rupees. An entry counts from the moment at which it was confirmed; payments that were still being checked at the end of the period are not in this statement.".into(),
            "This statement was made by a computer and is valid without a signature.".into(),
        ],
    }
}

/// Paise as rupees, grouped as in India: the last three digits, then pairs.
fn rupees(paise: i64) -> String {
    let digits = (paise.abs() / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        let left = digits.len() - at;
        if at > 0 && (left == 3 || left > 3 && left % 2 == 1) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if paise < 0 { "−" } else { "" };
    format!("{sign}₹{grouped}.{:02}", paise.abs() % 100)
}
