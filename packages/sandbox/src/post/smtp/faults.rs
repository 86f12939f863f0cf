//! Trouble on request: the name before the `@` of a recipient says what goes wrong.

/// What goes wrong with one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such mailbox: 550.
    UnknownMailbox,
    /// The mailbox is full: 452.
    FullMailbox,
    /// The first try hears 451; the next one is taken.
    ComeBackLater,
    /// The mail is stored, and then the connection is lost before the sender hears of it.
    LoseConnection,
}

/// The fault that a recipient asks for: `bounce@`, `full@`, `greylist@`, `drop@`, also as `bounce+anything@`.
pub fn steered(recipient: &str) -> Option<Fault> {
    let (local, _) = recipient.rsplit_once('@')?;
    match local.split('+').next().unwrap_or_default().to_lowercase().as_str() {
        "bounce" => Some(Fault::UnknownMailbox),
        "full" => Some(Fault::FullMailbox),
        "greylist" => Some(Fault::ComeBackLater),
        "drop" => Some(Fault::LoseConnection),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_before_the_at_steers() {
        assert_eq!(steered("bounce@example.com"), Some(Fault::UnknownMailbox));
        assert_eq!(steered("Full+order-7@example.com"), Some(Fault::FullMailbox));
        assert_eq!(steered("greylist@a"), Some(Fault::ComeBackLater));
        assert_eq!(steered("drop@a"), Some(Fault::LoseConnection));
        for taken in ["bounced@example.com", "ana@bounce.example", "bounce"] {
            assert_eq!(steered(taken), None, "{taken}");
        }
    }
}
