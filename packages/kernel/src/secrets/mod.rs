//! What must not be read by others: values that do not print, fields that are stored sealed, marks of secrets that are stored nowhere, references to
//! secrets that live elsewhere, and the mask for free text.
//!
//! Which fields are sealed and who holds the keyring's text is for the services and the settings to say.

mod keyring;
mod mac;
mod mask;
mod secret;
mod source;

#[cfg(test)]
mod mask_tests;

pub use keyring::{Keyring, SealError, SubjectKey, random};
pub use mac::Macs;
pub use mask::mask;
pub use secret::{Secret, same_bytes};
pub use source::{SecretError, SecretRef, VaultAccess};
