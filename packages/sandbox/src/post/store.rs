//! The SQL of mail and short messages: one statement a function. These tables belong to the system, not to projects.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{Json, StoreError, Tx, Value};
use serde::Deserialize;

use super::message::{Attachment, Channel, Message, MessageId};
use super::twilio::{Status, Text};

/// Which messages are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those older than this one.
    pub before: Option<MessageId>,
    /// Those to exactly this recipient.
    pub to: Option<String>,
    /// Those that say this in sender, recipients or subject.
    pub search: Option<String>,
    /// How many at most.
    pub limit: u32,
    /// Whether their text and page are wanted too.
    pub content: Content,
}

/// How much of each message is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// What a list shows.
    #[default]
    Preview,
    /// With text and page.
    Whole,
}

/// A message in a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    /// Its id.
    pub id: MessageId,
    /// When it came.
    pub at: Timestamp,
    /// How it came.
    pub channel: Channel,
    /// Who sent it.
    pub sender: String,
    /// Who it was for.
    pub recipients: Json<Vec<String>>,
    /// Its subject.
    pub subject: String,
    /// How its text begins.
    pub preview: String,
    /// Its text, if that was wanted.
    pub text: String,
    /// Its page, if that was wanted.
    pub html: String,
    /// The files that came with it.
    pub attachments: Json<Vec<Attachment>>,
}

/// Keeps a message.
pub fn insert_message(tx: &mut Tx<'_>, message: &Message) -> Result<(), StoreError> {
    tx.run(
        "insert into messages (id, at, channel, sender, recipients, searched, subject, preview, text, html, headers,
           attachments, raw, size_bytes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            message.id,
            message.at,
            message.channel,
            message.sender,
            message.recipients,
            message.searched(),
            message.subject,
            message.preview,
            message.text,
            message.html,
            message.headers,
            message.attachments,
            message.raw,
            message.size_bytes
        ],
    )
    .map(drop)
}

/// Keeps who a message is for.
pub fn insert_recipients(tx: &mut Tx<'_>, message: &Message) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = message
        .recipients
        .0
        .iter()
        .map(|recipient| vec![Value::of(&recipient.to_lowercase()), Value::of(&message.id)])
        .collect();
    let sql = "insert into message_recipients (recipient, message_id) values ($1, $2) on conflict do nothing";
    tx.run_many(sql, &rows).map(drop)
}

/// Forgets all messages but the newest `kept_max`.
pub fn forget_old_messages(tx: &mut Tx<'_>, kept_max: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from messages
         where id < (select min(id) from (select id from messages order by id desc limit $1) as kept)",
        params![kept_max],
    )
}

/// Forgets all messages.
pub fn clear_messages(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.run("delete from messages", params![])
}

/// Messages, newest first.
pub fn messages(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Vec<Listed>, StoreError> {
    // There are a thousand at most, so that looking through them all is looking through little.
    tx.rows(
        "select id, at, channel, sender, recipients, subject, preview, attachments,
           case when cast($4 as boolean) then text else '' end as text,
           case when cast($4 as boolean) then html else '' end as html
         from messages
         where (cast($1 as text) is null or id < $1)
           and (cast($2 as text) is null
             or id in (select message_id from message_recipients where recipient = $2))
           and (cast($3 as text) is null or searched like $3 escape '!')
         order by id desc limit $5",
        params![
            wanted.before,
            wanted.to.as_deref().map(str::to_lowercase),
            wanted.search.as_deref().map(containing),
            wanted.content == Content::Whole,
            wanted.limit
        ],
    )
}

/// One message.
pub fn message(tx: &mut Tx<'_>, id: MessageId) -> Result<Option<Message>, StoreError> {
    tx.row(
        "select id, at, channel, sender, recipients, subject, preview, text, html, headers, attachments, raw,
           size_bytes
         from messages where id = $1",
        params![id],
    )
}

fn containing(searched: &str) -> String {
    let literal = searched.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{literal}%")
}

/// Notes that a sender was told to come back to a recipient; says whether that is new.
pub fn greylist(tx: &mut Tx<'_>, sender: &str, recipient: &str) -> Result<bool, StoreError> {
    tx.run(
        "insert into greylisted (sender, recipient, at) values ($1, $2, $3) on conflict do nothing",
        params![sender, recipient, tx.now()],
    )
    .map(|noted| noted > 0)
}

/// Forgets who was told to come back before `at`.
pub fn forget_greylisted(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.run("delete from greylisted where at < $1", params![before])
}

/// Keeps a short message.
pub fn insert_text(tx: &mut Tx<'_>, text: &Text) -> Result<(), StoreError> {
    tx.run(
        "insert into text_messages (sid, account, at, changed_at, sent_at, recipient, sender, messaging_service,
           body, segments, status, error_code, callback, token)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            text.sid,
            text.account,
            text.at,
            text.changed_at,
            text.sent_at,
            text.recipient,
            text.sender,
            text.messaging_service,
            text.body,
            text.segments,
            text.status,
            text.error_code,
            text.callback,
            text.token
        ],
    )
    .map(drop)
}

/// Forgets all short messages but the newest `kept_max`.
pub fn forget_old_texts(tx: &mut Tx<'_>, kept_max: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from text_messages
         where sid < (select min(sid) from (select sid from text_messages order by sid desc limit $1) as kept)",
        params![kept_max],
    )
}

/// One short message.
pub fn text(tx: &mut Tx<'_>, sid: &str) -> Result<Option<Text>, StoreError> {
    tx.row(
        "select sid, account, at, changed_at, sent_at, recipient, sender, messaging_service, body, segments, status,
           error_code, callback, token
         from text_messages where sid = $1",
        params![sid],
    )
}

/// An account's short messages before `before`, newest first; of one recipient or sender where that is said.
pub fn texts(
    tx: &mut Tx<'_>,
    account: &str,
    before: Option<&str>,
    (to, from): (Option<&str>, Option<&str>),
    limit: u32,
) -> Result<Vec<Text>, StoreError> {
    tx.rows(
        "select sid, account, at, changed_at, sent_at, recipient, sender, messaging_service, body, segments, status,
           error_code, callback, token
         from text_messages
         where account = $1 and (cast($2 as text) is null or sid < $2)
           and (cast($3 as text) is null or recipient = $3) and (cast($4 as text) is null or sender = $4)
         order by sid desc limit $5",
        params![account, before, to, from, limit],
    )
}

/// Stores what became of a short message that stood at `before`; says whether it did.
pub fn move_text(tx: &mut Tx<'_>, text: &Text, before: Status) -> Result<bool, StoreError> {
    tx.run(
        "update text_messages set status = $3, error_code = $4, sender = $5, sent_at = $6, changed_at = $7
         where sid = $1 and status = $2",
        params![text.sid, before, text.status, text.error_code, text.sender, text.sent_at, text.changed_at],
    )
    .map(|moved| moved > 0)
}
