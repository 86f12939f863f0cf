//! Where the shop sends things, by ISO 3166 code and name, in the order of the names.

/// Codes and names.
#[rustfmt::skip]
pub const ALL: [(&str, &str); 42] = [
    ("AR", "Argentina"), ("AU", "Australia"), ("AT", "Austria"), ("BD", "Bangladesh"), ("BE", "Belgium"),
    ("BR", "Brazil"), ("BG", "Bulgaria"), ("CA", "Canada"), ("CN", "China"), ("HR", "Croatia"),
    ("CZ", "Czechia"), ("DK", "Denmark"), ("EE", "Estonia"), ("FI", "Finland"), ("FR", "France"),
    ("DE", "Germany"), ("GR", "Greece"), ("HU", "Hungary"), ("IN", "India"), ("ID", "Indonesia"),
    ("IE", "Ireland"), ("IT", "Italy"), ("JP", "Japan"), ("LV", "Latvia"), ("LT", "Lithuania"),
    ("MY", "Malaysia"), ("NP", "Nepal"), ("NL", "Netherlands"), ("NZ", "New Zealand"), ("NO", "Norway"),
    ("PL", "Poland"), ("PT", "Portugal"), ("RO", "Romania"), ("SG", "Singapore"), ("ES", "Spain"),
    ("LK", "Sri Lanka"), ("SE", "Sweden"), ("CH", "Switzerland"), ("TH", "Thailand"),
    ("AE", "United Arab Emirates"), ("GB", "United Kingdom"), ("US", "United States"),
];

/// The name of a country, or its code where it is not one of ours.
pub fn name(code: &str) -> &str {
    ALL.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| name)
}

/// Where most buyers of a currency live: what the form begins with.
pub fn usual(currency: contracts::Currency) -> &'static str {
    match currency.code() {
        "EUR" => "DE",
        "GBP" => "GB",
        "USD" => "US",
        _ => "IN",
    }
}
