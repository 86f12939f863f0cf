//! Any text as an API key: refused, or written again as it was read.
#![no_main]

use kernel::auth::ApiKeyText;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = ApiKeyText::parse(text) {
        assert_eq!(key.reveal().expose(), text);
    }
});
