//! From where a request came, as a gateway tells it to services in other processes: with a mark that only the
//! platform's keys make, since a bare header is never trusted.

use std::net::IpAddr;

use http::HeaderMap;

use crate::secrets::{Keyring, Macs};

/// The header in which it is told; it never passes a gateway from outside.
pub const CLIENT_ADDRESS: &str = "x-stoa-address";

const MARKS: &[u8] = b"client addresses";

/// What tells addresses.
pub fn address_marks(keyring: &Keyring) -> Macs {
    keyring.macs(MARKS)
}

/// An address as it is told.
pub fn address_word(marks: &Macs, address: IpAddr) -> String {
    format!("{address} {}", marks.mark(address.to_string().as_bytes()))
}

/// The address that a gateway has told, if one has.
pub(super) fn told_address(keyring: &Keyring, headers: &HeaderMap) -> Option<IpAddr> {
    let (address, mark) = headers.get(CLIENT_ADDRESS)?.to_str().ok()?.split_once(' ')?;
    address_marks(keyring).is_of(mark, address.as_bytes()).then(|| address.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_believed_with_its_own_mark_alone() {
        let keyring = Keyring::generate().unwrap().0;
        let heard = |word: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CLIENT_ADDRESS, word.parse().unwrap());
            told_address(&keyring, &headers)
        };
        for text in ["203.0.113.7", "2001:db8::7"] {
            let address: IpAddr = text.parse().unwrap();
            let word = address_word(&address_marks(&keyring), address);
            assert_eq!(heard(&word), Some(address));
            assert_eq!(heard(&word.replace('7', "8")), None);
            assert_eq!(heard(text), None);
            let elsewhere = Keyring::generate().unwrap().0;
            assert_eq!(heard(&address_word(&address_marks(&elsewhere), address)), None);
        }
        assert_eq!(told_address(&keyring, &HeaderMap::new()), None);
    }
}
