//! What the wallet tells on the page that comes after something was done.

use ui::face::Saying;

/// Somebody is asked for money.
pub const ASKED: Saying = Saying::good("asked", "They are asked. You will see it here when they answer.");
/// A request is turned down.
pub const DECLINED: Saying = Saying::good("declined", "You turned the request down. Nothing was paid.");
/// A request cannot be answered any more.
pub const ANSWERED: Saying = Saying::warn("answered", "This request was answered before.");
/// A payment is called off.
pub const CALLED_OFF: Saying = Saying::good("called_off", "The payment is called off.");
/// A payment cannot be called off.
pub const TOO_LATE: Saying = Saying::warn("too_late", "It was too late to call this payment off.");
/// A withdrawal cannot be called off.
pub const TOO_LATE_OUT: Saying = Saying::warn("too_late_out", "It was too late to call this withdrawal off.");
/// There is a wallet now.
pub const OPENED: Saying = Saying::good("opened", "Your wallet is open.");
/// A session is over.
pub const ENDED: Saying = Saying::good("ended", "That device is signed out.");
/// All other sessions are over.
pub const OTHERS_ENDED: Saying = Saying::good("others_ended", "All other devices are signed out.");
/// The authenticator is gone.
pub const NO_AUTHENTICATOR: Saying =
    Saying::good("no_authenticator", "Your authenticator is removed. No code is asked for any more.");
/// A payment is planned.
pub const PLANNED: Saying = Saying::good("planned", "It is planned. We tell you each time it is paid.");
/// What was planned is not paid any more.
pub const STOPPED: Saying = Saying::good("stopped", "It will not be paid any more.");
/// It had stopped before.
pub const STOPPED_BEFORE: Saying = Saying::warn("stopped_before", "That had ended before.");

/// All of them.
pub const ALL: [Saying; 13] = [
    ASKED,
    DECLINED,
    ANSWERED,
    CALLED_OFF,
    TOO_LATE,
    TOO_LATE_OUT,
    OPENED,
    ENDED,
    OTHERS_ENDED,
    NO_AUTHENTICATOR,
    PLANNED,
    STOPPED,
    STOPPED_BEFORE,
];
