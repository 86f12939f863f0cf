//! Any text as a bearer token: refused, and never a crash.
#![no_main]

use contracts::Timestamp;
use kernel::auth::{JwkSet, Signer, StaticKeys, TokenType, Verifier};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static VERIFIER: Option<(Verifier, tokio::runtime::Runtime)> = verifier();
}

fn verifier() -> Option<(Verifier, tokio::runtime::Runtime)> {
    let signer = Signer::generate().ok()?.0;
    let keys = StaticKeys(JwkSet { keys: vec![signer.jwk()] });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    Some((Verifier::new("stoa", "stoa", TokenType::Access, keys), runtime))
}

fuzz_target!(|text: &str| {
    VERIFIER.with(|made| {
        let Some((verifier, runtime)) = made else { return };
        let verified = runtime.block_on(verifier.verify(text, Timestamp::from_micros(1_800_000_000_000_000)));
        assert!(verified.is_err(), "nobody forges a signature by chance");
    });
});
