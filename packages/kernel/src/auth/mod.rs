//! Who calls, and what they may do: the verification side of identity.
//!
//! A token is verified here, wherever it arrives, against keys that rotate; what comes out is a [`Caller`],
//! and asking it for a permission is the only way to learn the project. Accounts, sessions and the issuing of
//! tokens to people are `identity`'s; nothing here knows HTTP, and time is passed in, never read.

mod api_key;
mod caller;
mod cookies;
mod keys;
mod token;
mod verifier;

#[cfg(test)]
mod tests;

pub use api_key::{ApiKeyText, BadApiKey};
pub use caller::{Caller, Denied, Permission, Permissions, Who};
pub use cookies::{
    ACCESS_COOKIE, CSRF_COOKIE, CSRF_HEADER, CSRF_USE, REFRESH_COOKIE, cookie, csrf_fits, csrf_token,
};
pub use keys::{BadKey, Jwk, JwkSet, Signer, verify_bytes};
pub use token::{BadToken, Claims, Kind, TokenType};
pub use verifier::{Fetched, KeySource, StaticKeys, Verifier};
