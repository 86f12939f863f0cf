//! What a person finds in the application.

use contracts::{NotificationId, UserId};
use kernel::store::Tx;

use super::composing::open;
use crate::domain::notification::Message;
use crate::error::Error;
use crate::store::inbox::{self as store, Line};

/// A line of an inbox, readable.
#[derive(Clone, Debug)]
pub struct Readable {
    /// The line.
    pub line: Line,
    /// What it is about.
    pub title: String,
    /// What it says.
    pub body: String,
}

/// Unread lines are counted so far.
pub const UNREAD_MAX: u32 = 100;

/// Lines of an inbox, what is unread first.
pub fn lines(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<(bool, NotificationId)>,
    limit: u32,
) -> Result<Vec<Readable>, Error> {
    let lines = store::lines(tx, user, after, limit)?;
    lines.into_iter().map(|line| readable(tx, line)).collect()
}

fn readable(tx: &Tx<'_>, line: Line) -> Result<Readable, Error> {
    let message = match &line.content {
        Some(content) => Some(open(tx, line.id, content, line.sealed)?),
        None => None,
    };
    let (title, body) = match message {
        Some(Message::InApp { title, body }) => (title, body),
        _ => (String::new(), String::new()),
    };
    Ok(Readable { line, title, body })
}

/// Marks one line as read. Twice is once.
pub fn read(tx: &mut Tx<'_>, user: UserId, id: NotificationId) -> Result<(), Error> {
    if store::read(tx, user, id)? { Ok(()) } else { Err(Error::NoSuch("notification")) }
}
