//! What can be set about signing in.

use kernel::config::{ByteSize, Setting};
use kernel::service::Service;

/// The project of those who name none.
pub const PROJECT: Setting<Option<String>> = Setting::new(
    "auth.project",
    || None,
    "The project, by id or slug, of people who register or sign in without naming one; without it the only one.",
)
.example("corner-shop");
/// Memory of one password hash.
pub const HASH_MEMORY: Setting<ByteSize> = Setting::new(
    "auth.hash_memory",
    || ByteSize(19 << 20),
    "The memory that hashing one password takes; weaker hashes are replaced when their owners sign in.",
);
/// Passes of one password hash.
pub const HASH_PASSES: Setting<u32> =
    Setting::new("auth.hash_passes", || 2, "How often hashing a password goes over its memory.");
/// Threads that hash.
pub const HASH_THREADS: Setting<usize> = Setting::new(
    "auth.hash_threads",
    || 0,
    "Threads that hash passwords; 0 is one fewer than there are processors, and at least one.",
);
/// Passwords that wait.
pub const HASH_QUEUE: Setting<usize> = Setting::new(
    "auth.hash_queue",
    || 64,
    "Passwords that may wait to be hashed; whoever comes then is told to come again.",
);
/// Whether cookies travel over TLS alone.
pub const SECURE_COOKIES: Setting<bool> = Setting::new(
    "auth.secure_cookies",
    || false,
    "Whether cookies travel over TLS alone and are guarded by their names; set it wherever TLS is spoken.",
);
/// Who issues tokens; the binary declares it.
pub const ISSUER: Setting<String> =
    Setting::new("auth.issuer", || "stoa".to_owned(), "The issuer that tokens must name.");

/// Declares what is this half's own.
pub fn declare(service: Service) -> Service {
    service
        .setting(PROJECT.declare())
        .setting(HASH_MEMORY.declare())
        .setting(HASH_PASSES.declare())
        .setting(HASH_THREADS.declare())
        .setting(HASH_QUEUE.declare())
        .setting(SECURE_COOKIES.declare())
}
