//! Signing in: a password, where it is asked for a code as well, and then a session.

use std::net::IpAddr;
use std::time::Duration;

use contracts::events::access::UserLoggedIn;
use contracts::{OtpId, ProjectId, SessionId, UserId};
use kernel::secrets::{Secret, random};
use kernel::store::Tx;

use super::Counted;
use super::codes::{self, Challenge, Leaves, Wanted};
use super::contacts;
use super::houses::{self, Standing};
use super::tries::{self, Stranger};
use crate::accounts::hashing::Checked;
use crate::accounts::store::persons::{self, Person, Status};
use crate::accounts::store::sessions::{self, Session};
use crate::accounts::telling::{LoginFailed, tell};
use crate::domain::code::{Acting, Channel, Entry, LIFE, Purpose, Then};
use crate::domain::contact::{Email, Phone};
use crate::domain::grants::Grants;
use crate::domain::session::{PASSWORD, RefreshTokenId, SecondStep, channel, second_step, with_code};
use crate::domain::text::Title;
use crate::error::Error;

/// A sign-in with a password.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who stands at the door.
    pub who: Stranger,
    /// Where they want to act, if they say so.
    pub project: Option<String>,
    /// Where those act who do not say so.
    pub usual: Option<String>,
    /// How they want a code, where one is asked for.
    pub channel: Option<Channel>,
    /// What they call the device.
    pub device: Option<Title>,
    /// Whether the tokens go into cookies.
    pub cookie: bool,
}

/// What came of a sign-in, or of a code.
pub enum Entered {
    /// The person is in.
    In(Admitted),
    /// A code is asked for.
    Asked(Challenge),
    /// Something of theirs is verified.
    Verified,
}

/// Somebody who is in.
pub struct Admitted {
    /// Who.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The project that they act for; none for the platform itself.
    pub project: Option<ProjectId>,
    /// What they may do there.
    pub grants: Grants,
    /// All projects that let them in.
    pub projects: Vec<ProjectId>,
    /// What begins the next ten minutes.
    pub refresh: Option<Secret<String>>,
    /// For how long that is good.
    pub refresh_life: Duration,
    /// Whether the tokens go into cookies.
    pub cookie: bool,
}

/// A refresh token that is given out.
pub struct NewToken {
    /// Its name.
    pub id: RefreshTokenId,
    /// The whole of it.
    pub text: Secret<String>,
}

const REFRESH: &[u8] = b"refresh tokens";
const HOUR: Duration = Duration::from_secs(3_600);

/// What the password of whoever stands at the door is checked against. Asked before any hashing.
pub fn hash_of(tx: &mut Tx<'_>, who: &Stranger) -> Result<Option<String>, Error> {
    tries::may_try(tx, who)?;
    Ok(persons::by_email(tx, &who.email)?.and_then(|person| person.password_hash))
}

/// Lets somebody in whose password was checked against `seen`. Whatever is wrong, the answer is the same.
pub fn sign_in(tx: &mut Tx<'_>, asked: &SignIn, checked: &Checked, seen: Option<&str>) -> Counted<Entered> {
    // Asked again: many may have come at once before the first was counted.
    if let Err(wait) = tries::may_try(tx, &asked.who) {
        return Ok(Err(wait));
    }
    let person = persons::by_email(tx, &asked.who.email)?;
    let user = person.as_ref().map(|person| person.id);
    let acting = houses::acting(tx, asked.project.as_deref(), asked.usual.as_deref(), user)?;
    let let_in = match (&person, acting) {
        (Some(person), Some(acting))
            if checked.right
                && person.status == Status::Active
                && person.password_hash.as_deref() == seen =>
        {
            houses::standing(tx, person.id, acting)?
                .filter(|standing| !standing.settings.verify_email || person.email_verified_at.is_some())
                .map(|standing| (person, acting, standing))
        }
        (Some(_) | None, _) => None,
    };
    let Some((person, acting, standing)) = let_in else {
        tries::failed(tx, &asked.who)?;
        let told = LoginFailed { user_id: user, method: "password".to_owned() };
        let about = user.map_or_else(|| asked.who.mark(tx), |user| user.to_string());
        tell(tx, acting.and_then(Acting::project), about, &told)?;
        return Ok(Err(Error::NotRight));
    };
    tries::succeeded(tx, &asked.who)?;
    if let (Some(seen), Some(better)) = (seen, &checked.better) {
        persons::replace_hash(tx, person.id, seen, better)?;
    }
    let entry = Entry { acting, device: asked.device.clone(), cookie: asked.cookie };
    match ask_for_code(tx, person, &standing, asked.channel, &entry)? {
        Some(challenge) => Ok(Ok(Entered::Asked(challenge))),
        None => admit(tx, person.id, standing, &entry, PASSWORD, asked.who.from).map(Entered::In).map(Ok),
    }
}

fn ask_for_code(
    tx: &mut Tx<'_>,
    person: &Person,
    standing: &Standing,
    asked: Option<Channel>,
    entry: &Entry,
) -> Result<Option<Challenge>, Error> {
    let step = second_step(standing.settings.otp, person.has_authenticator());
    let then = Then::SignIn(entry.clone());
    let phone = person.phone.as_ref().filter(|_| person.phone_verified_at.is_some());
    let (channel, destination) = match (step, channel(step, asked, phone.is_some())) {
        (SecondStep::None, _) | (_, None) => return Ok(None),
        (SecondStep::Authenticator, _) | (_, Some(Channel::Authenticator)) => {
            return codes::ask_authenticator(tx, person.id, standing.project, then).map(Some);
        }
        (SecondStep::Sent, Some(Channel::Sms)) => (Channel::Sms, phone.map(Phone::as_str)),
        (SecondStep::Sent, Some(Channel::Email)) => {
            (Channel::Email, person.email.as_ref().map(Email::as_str))
        }
    };
    let destination_mark = codes::destination_mark(tx, Purpose::Login, destination.unwrap_or_default());
    let wanted = Wanted {
        purpose: Purpose::Login,
        channel,
        destination,
        destination_mark,
        project: standing.project,
        then,
        life: LIFE,
        challenge: None,
        leaves: Leaves::Code(person.id),
    };
    codes::issue(tx, wanted).map(Some)
}

/// Answers a challenge, and does what it was for.
pub fn answer_code(tx: &mut Tx<'_>, challenge: OtpId, text: &str, from: Option<IpAddr>) -> Counted<Entered> {
    let fits = |purpose| purpose != Purpose::PasswordReset;
    let redeemed = match codes::redeem(tx, challenge, text, fits)? {
        Ok(redeemed) => redeemed,
        Err(refused) => return Ok(Err(refused)),
    };
    let (user, project) = (redeemed.user, redeemed.project);
    let entry = match redeemed.then {
        Then::SignIn(entry) => Some(entry),
        Then::EmailVerified(email, entry) => {
            let person = persons::person(tx, user)?.filter(|person| person.email == Some(email));
            if let Some(person) = person {
                contacts::prove_email(tx, &person, project)?;
            }
            entry
        }
        Then::PhoneVerified(phone) => {
            contacts::prove_phone(tx, user, &phone, project)?;
            None
        }
        Then::NewPassword => return Ok(Err(Error::NotRight)),
    };
    let Some(entry) = entry else { return Ok(Ok(Entered::Verified)) };
    // Whatever has become of them since the password was right.
    let active = persons::person(tx, user)?.is_some_and(|person| person.status == Status::Active);
    match houses::standing(tx, user, entry.acting)?.filter(|_| active) {
        Some(standing) => {
            admit(tx, user, standing, &entry, &with_code(PASSWORD), from).map(Entered::In).map(Ok)
        }
        None => Ok(Err(Error::NotRight)),
    }
}

/// Begins a session.
fn admit(
    tx: &mut Tx<'_>,
    user: UserId,
    standing: Standing,
    entry: &Entry,
    methods: &str,
    from: Option<IpAddr>,
) -> Result<Admitted, Error> {
    let (id, now): (SessionId, _) = (tx.new_id(), tx.now());
    let life = HOUR * standing.settings.session_hours;
    let session = Session {
        id,
        user_id: user,
        acts_for: standing.project,
        methods: methods.to_owned(),
        device: entry.device.clone(),
        address: from.map(|from| from.to_string()),
        cookie: entry.cookie,
        created_at: now,
        seen_at: now,
        expires_at: now.saturating_add(life),
    };
    sessions::insert_session(tx, &session)?;
    let refresh = if standing.settings.refresh {
        let (token, mark) = new_token(tx)?;
        sessions::insert_token(tx, token.id, id, &mark, session.expires_at)?;
        Some(token.text)
    } else {
        None
    };
    if let Some(project) = standing.project {
        contacts::entered(tx, project, user)?;
    }
    let methods = methods.split(' ').map(str::to_owned).collect();
    tell(tx, standing.project, user, &UserLoggedIn { user_id: user, session_id: id, methods })?;
    let Standing { project, grants, projects, .. } = standing;
    let cookie = entry.cookie;
    Ok(Admitted { user, session: id, project, grants, projects, refresh, refresh_life: life, cookie })
}

/// A new refresh token, `rft_….secret`, and the mark that it is known again by.
pub fn new_token(tx: &Tx<'_>) -> Result<(NewToken, String), Error> {
    let (id, secret): (RefreshTokenId, [u8; 32]) = (tx.new_id(), random()?);
    let secret = secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = format!("{id}.{secret}");
    let mark = tx.keys().keyring.macs(REFRESH).mark(text.as_bytes());
    Ok((NewToken { id, text: Secret::new(text) }, mark))
}

/// Whether a mark is that of this refresh token.
pub fn is_token_of(tx: &Tx<'_>, mark: &str, text: &Secret<String>) -> bool {
    tx.keys().keyring.macs(REFRESH).is_of(mark, text.expose().as_bytes())
}
