//! One-time codes: made, sent as events, sent anew, and answered.

use std::time::Duration;

use contracts::events::NotificationSend;
use contracts::events::access::OtpIssued;
use contracts::{OtpId, ProjectId, UserId};
use kernel::secrets::random;
use kernel::store::{Json, Tx};

use super::{Counted, authenticator, tries};
use crate::accounts::store::codes::{self as store, Code};
use crate::accounts::store::persons;
use crate::accounts::telling::{LoginFailed, tell};
use crate::domain::code::{
    Channel, LIFE, Purpose, RESEND_PAUSE, SENT_SEEN, TRIES_MAX, Then, Typed, bound, may_send, sent_since,
    six_digits,
};
use crate::domain::contact::Email;
use crate::error::Error;

/// What is asked of somebody: to answer with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// What they answer.
    pub id: OtpId,
    /// How the code comes.
    pub channel: Channel,
    /// For how long it is good.
    pub life: Duration,
}

/// A code that is to be made.
pub struct Wanted<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// How it travels.
    pub channel: Channel,
    /// Where to; none where it is sent anew and nobody has that address.
    pub destination: Option<&'a str>,
    /// The destination as a mark.
    pub destination_mark: String,
    /// The project in whose name it is sent.
    pub project: Option<ProjectId>,
    /// What goes on when it is right.
    pub then: Then,
    /// How long it is good.
    pub life: Duration,
    /// The challenge that it answers; a new one where there is none.
    pub challenge: Option<OtpId>,
    /// What leaves the house.
    pub leaves: Leaves,
}

/// What leaves the house when a code is made.
pub enum Leaves {
    /// The code, to its owner.
    Code(UserId),
    /// A notice in its place.
    Notice(NotificationSend),
    /// Nothing: nobody has that address, or the code is on an authenticator already.
    Nothing,
}

/// A code that was right.
pub struct Redeemed {
    /// Whose.
    pub user: UserId,
    /// The project in whose name it was sent.
    pub project: Option<ProjectId>,
    /// What goes on.
    pub then: Then,
}

const MARKS: &[u8] = b"one-time codes";
const DESTINATIONS: &[u8] = b"code destinations";

/// A destination as it is counted: what anybody can have sent to an address does not use up what its owner needs to
/// sign in.
pub fn destination_mark(tx: &Tx<'_>, purpose: Purpose, destination: &str) -> String {
    let asked_by = match purpose {
        Purpose::Login | Purpose::VerifyPhone => "owner",
        Purpose::VerifyEmail | Purpose::PasswordReset => "anybody",
    };
    tx.keys().keyring.macs(DESTINATIONS).mark(format!("{asked_by} {destination}").as_bytes())
}

/// Makes a code and sends it, unless its destination has had enough: then nothing is sent, and nobody learns it.
pub fn issue(tx: &mut Tx<'_>, wanted: Wanted<'_>) -> Result<Challenge, Error> {
    let (id, now): (OtpId, _) = (tx.new_id(), tx.now());
    let challenge = wanted.challenge.unwrap_or(id);
    let sent = store::sent_times(tx, &wanted.destination_mark, sent_since(now), SENT_SEEN)?;
    let may = may_send(&sent, now);
    let code = six_digits(u64::from_be_bytes(random()?));
    // Of nobody's code, or one that stays here, the mark is of something that nobody can type.
    let unguessable: [u8; 32] = random()?;
    let secret = match &wanted.leaves {
        Leaves::Code(user) if may => bound(wanted.purpose, *user, challenge, &code),
        Leaves::Code(_) | Leaves::Notice(_) | Leaves::Nothing => unguessable.to_vec(),
    };
    let mark = tx.keys().keyring.macs(MARKS).mark(&secret);
    let expires_at = now.saturating_add(wanted.life);
    let user_id = match &wanted.leaves {
        Leaves::Code(user) => Some(*user),
        Leaves::Notice(_) | Leaves::Nothing => None,
    };
    let sent_at = match &wanted.leaves {
        Leaves::Code(_) | Leaves::Notice(_) if may => Some(now),
        Leaves::Code(_) | Leaves::Notice(_) | Leaves::Nothing => None,
    };
    let row = Code {
        id,
        challenge,
        user_id,
        acts_for: wanted.project,
        purpose: wanted.purpose,
        channel: wanted.channel,
        destination_mark: wanted.destination_mark,
        mark,
        tries: 0,
        created_at: now,
        sent_at,
        expires_at,
        used_at: None,
        bound_to: Json(wanted.then),
    };
    store::insert_code(tx, &row)?;
    match (wanted.leaves, wanted.destination) {
        (Leaves::Code(user_id), Some(destination)) if may => {
            let (purpose, channel) = (wanted.purpose.as_str().to_owned(), wanted.channel.as_str().to_owned());
            let destination = destination.to_owned();
            let code = tx.keys().keyring.seal(OtpIssued::CODE, code.as_bytes())?;
            let told = OtpIssued { user_id, purpose, channel, destination, code, expires_at };
            tell(tx, wanted.project, user_id, &told)?;
        }
        (Leaves::Notice(notice), _) if may => tell(tx, wanted.project, id, &notice)?,
        (Leaves::Code(_) | Leaves::Notice(_) | Leaves::Nothing, _) => {}
    }
    Ok(Challenge { id: challenge, channel: wanted.channel, life: wanted.life })
}

/// Asks for the code that an authenticator shows.
pub fn ask_authenticator(
    tx: &mut Tx<'_>,
    user: UserId,
    project: Option<ProjectId>,
    then: Then,
) -> Result<Challenge, Error> {
    let (id, now): (OtpId, _) = (tx.new_id(), tx.now());
    let unguessable: [u8; 32] = random()?;
    let row = Code {
        id,
        challenge: id,
        user_id: Some(user),
        acts_for: project,
        purpose: Purpose::Login,
        channel: Channel::Authenticator,
        destination_mark: destination_mark(tx, Purpose::Login, &user.to_string()),
        mark: tx.keys().keyring.macs(MARKS).mark(&unguessable),
        tries: 0,
        created_at: now,
        sent_at: None,
        expires_at: now.saturating_add(LIFE),
        used_at: None,
        bound_to: Json(then),
    };
    store::insert_code(tx, &row)?;
    Ok(Challenge { id, channel: Channel::Authenticator, life: LIFE })
}

/// Sends a new code for a challenge; the one before is good no more.
pub fn send_anew(tx: &mut Tx<'_>, challenge: OtpId, asked: Option<Channel>) -> Result<Challenge, Error> {
    let newest = store::locked_newest(tx, challenge)?.filter(|code| is_alive(tx, code));
    let before = newest.ok_or(Error::NotRight)?;
    let channel = asked.unwrap_or(before.channel);
    let person = match before.user_id {
        Some(user) => persons::person(tx, user)?,
        None => None,
    };
    let phone = person.as_ref().and_then(|person| {
        let proven = before.purpose == Purpose::VerifyPhone || person.phone_verified_at.is_some();
        person.phone.as_ref().filter(|_| proven)
    });
    let email = person.as_ref().and_then(|person| person.email.as_ref());
    let destination = match (before.purpose, before.channel, channel) {
        (_, Channel::Authenticator, _) | (_, _, Channel::Authenticator) => {
            return Err(not_by("authenticator"));
        }
        (Purpose::Login, _, Channel::Sms) => Some(phone.ok_or_else(|| not_by("sms"))?.as_str()),
        (Purpose::VerifyPhone, _, Channel::Sms) => phone.map(|phone| phone.as_str()),
        (Purpose::VerifyPhone, _, Channel::Email) => return Err(not_by("email")),
        (Purpose::VerifyEmail | Purpose::PasswordReset, _, Channel::Sms) => return Err(not_by("sms")),
        (Purpose::Login | Purpose::VerifyEmail | Purpose::PasswordReset, _, Channel::Email) => {
            email.map(Email::as_str)
        }
    };
    let ready_at = before.created_at.saturating_add(RESEND_PAUSE);
    if ready_at > tx.now() {
        return Err(Error::TooMany { retry_after: ready_at.duration_since(tx.now()) });
    }
    let wanted = Wanted {
        purpose: before.purpose,
        channel,
        destination,
        destination_mark: match destination {
            Some(destination) => destination_mark(tx, before.purpose, destination),
            None => before.destination_mark,
        },
        project: before.acts_for,
        then: before.bound_to.0,
        life: LIFE,
        challenge: Some(challenge),
        leaves: match (before.user_id, destination) {
            (Some(user), Some(_)) => Leaves::Code(user),
            (None, _) | (_, None) => Leaves::Nothing,
        },
    };
    issue(tx, wanted)
}

/// Answers a challenge. A wrong answer counts, and five of them void the code.
pub fn redeem(tx: &mut Tx<'_>, challenge: OtpId, text: &str, fits: fn(Purpose) -> bool) -> Counted<Redeemed> {
    let newest = store::locked_newest(tx, challenge)?.filter(|code| is_alive(tx, code) && fits(code.purpose));
    let Some(code) = newest else { return Ok(Err(Error::NotRight)) };
    let right = match (code.channel, code.user_id, Typed::parse(text)) {
        (Channel::Authenticator, Some(user), Some(typed)) => {
            if let Err(wait) = tries::may_try_code(tx, user) {
                return Ok(Err(wait));
            }
            authenticator::answers(tx, user, code.acts_for, &typed)?
        }
        (Channel::Email | Channel::Sms, Some(user), Some(Typed::Digits(digits))) => {
            let secret = bound(code.purpose, user, challenge, &digits);
            tx.keys().keyring.macs(MARKS).is_of(&code.mark, &secret)
        }
        (_, None, _) | (_, _, None) | (Channel::Email | Channel::Sms, _, Some(Typed::Recovery(_))) => false,
    };
    match code.user_id.filter(|_| right) {
        Some(user) => {
            store::set_used(tx, code.id)?;
            Ok(Ok(Redeemed { user, project: code.acts_for, then: code.bound_to.0 }))
        }
        None => {
            store::count_try(tx, code.id)?;
            if let (Purpose::Login, Some(user)) = (code.purpose, code.user_id) {
                let told = LoginFailed { user_id: Some(user), method: "code".to_owned() };
                tell(tx, code.acts_for, user, &told)?;
            }
            Ok(Err(Error::NotRight))
        }
    }
}

fn is_alive(tx: &Tx<'_>, code: &Code) -> bool {
    code.used_at.is_none() && code.expires_at > tx.now() && code.tries < TRIES_MAX
}

fn not_by(channel: &str) -> Error {
    Error::field("channel", format!("cannot be `{channel}` here"))
}
