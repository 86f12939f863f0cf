//! `stoa token`: a token to try the API with, before anybody can sign in. Sandbox mode only.

use std::process::ExitCode;

use contracts::ProjectId;
use kernel::auth::{Claims, Kind, TokenType};
use kernel::clock::Clock;
use kernel::config::{Mode, Settings};
use kernel::keys::signer;

use crate::output::say;
use crate::platform::{AUDIENCE, Failure, TOKENS_FILE, keys_directory};
use crate::{demo, settings};

/// Prints a token of the demo's operator, for a project or for the platform itself.
pub fn mint(
    settings: &Settings,
    project: Option<ProjectId>,
    permissions: Vec<String>,
    minutes: u32,
) -> Result<ExitCode, Failure> {
    if settings.get(&settings::MODE) != Mode::Sandbox {
        return Err(Failure::Other("trial tokens exist in sandbox mode only".into()));
    }
    if !(1..=15).contains(&minutes) {
        return Err(Failure::Other("a token is valid for 1 to 15 minutes".into()));
    }
    let permissions = if permissions.is_empty() { vec!["*".to_owned()] } else { permissions };
    say(trial_token(settings, project, permissions, minutes)?);
    Ok(ExitCode::SUCCESS)
}

/// A token of the demo's operator.
pub fn trial_token(
    settings: &Settings,
    project: Option<ProjectId>,
    perms: Vec<String>,
    minutes: u32,
) -> Result<String, Failure> {
    let now_s = Clock::system().now().as_millis() / 1000;
    let claims = Claims {
        iss: settings.get(&settings::ISSUER),
        aud: vec![AUDIENCE.to_owned()],
        sub: demo::operator().to_string(),
        kind: Kind::User,
        project,
        perms,
        sid: None,
        iat: now_s,
        nbf: None,
        exp: now_s + i64::from(minutes) * 60,
        user_id: None,
        project_ids: Vec::new(),
        roles: Vec::new(),
        jti: None,
    };
    Ok(signer(&keys_directory(settings), TOKENS_FILE)?.sign(&claims, TokenType::Access))
}
