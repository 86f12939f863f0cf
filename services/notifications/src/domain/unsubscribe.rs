//! The link that ends mail of one category to one address: it names both, and a mark of ours proves it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::ProjectId;
use kernel::secrets::Macs;
use serde::{Deserialize, Serialize};

use super::words::Category;

/// What such marks are made for.
pub const USE: &[u8] = b"notifications.unsubscribe";

/// What is not wanted any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwanted {
    /// By whom it was sent.
    #[serde(rename = "p")]
    pub project: ProjectId,
    /// To which address.
    #[serde(rename = "a")]
    pub address: String,
    /// What it is about.
    #[serde(rename = "c")]
    pub category: Category,
}

impl Unwanted {
    /// The token of the link.
    pub fn token(&self, macs: &Macs) -> Option<String> {
        let named = serde_json::to_vec(self).ok()?;
        let mark = macs.mark(&named);
        Some(format!("{}.{mark}", URL_SAFE_NO_PAD.encode(named)))
    }

    /// What a token names, where it is one of ours.
    pub fn read(token: &str, macs: &Macs) -> Option<Self> {
        let (named, mark) = token.split_once('.')?;
        let named = URL_SAFE_NO_PAD.decode(named).ok()?;
        if !macs.is_of(mark, &named) {
            return None;
        }
        serde_json::from_slice(&named).ok()
    }
}

#[cfg(test)]
mod tests {
    use contracts::Id;
    use kernel::secrets::Keyring;

    use super::*;

    #[test]
    fn a_token_that_was_altered_ends_nothing() {
        let (ring, _) = Keyring::generate().unwrap();
        let macs = ring.macs(USE);
        let address = "ann@example.com".to_owned();
        let unwanted =
            Unwanted { project: ProjectId::from_u128(1), address, category: Category::ours("marketing") };
        let token = unwanted.token(&macs).unwrap();
        assert_eq!(Unwanted::read(&token, &macs), Some(unwanted.clone()));
        let other = Unwanted { address: "ben@example.com".into(), ..unwanted };
        let (named, _) =
            other.token(&macs).unwrap().split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let (_, mark) = token.split_once('.').unwrap();
        for forged in
            [format!("{named}.{mark}"), named.clone(), String::new(), ".".to_owned(), format!("{token}x")]
        {
            assert_eq!(Unwanted::read(&forged, &macs), None, "{forged}");
        }
    }
}
