//! A currency, as a setting of a face.

use contracts::Currency;
use kernel::config::SettingValue;

/// What the money of a face is in.
#[derive(Clone, Copy, Debug)]
pub struct MoneyIn(pub Currency);

impl SettingValue for MoneyIn {
    const KIND: &'static str = "currency";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "the code of a currency in capitals, like INR".to_owned())
    }

    fn show(&self) -> String {
        self.0.code().to_owned()
    }
}
