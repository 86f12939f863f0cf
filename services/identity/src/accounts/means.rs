//! What signing in needs beside the database: threads that hash, and the key that signs. One for each running
//! service, made when the first person comes.

use std::sync::{Arc, OnceLock};

use contracts::SessionId;
use kernel::auth::{Claims, Kind, TokenType};
use kernel::service::Running;

use super::commands::entering::Admitted;
use super::hashing::Hashing;
use super::settings::ISSUER;
use super::signing::SignerAtHand;
use crate::domain::session::{ACCESS_LIFE, AccessTokenId};
use crate::error::Error;

/// Threads that hash, and the key that signs.
#[derive(Default)]
pub struct Means {
    hashing: OnceLock<Hashing>,
    signer: SignerAtHand,
}

/// For whom tokens are.
const AUDIENCE: &str = "stoa";

impl Means {
    /// The threads that hash.
    pub fn hashing(&self, service: &Running) -> &Hashing {
        self.hashing.get_or_init(|| Hashing::new(service.settings()))
    }

    /// A token that says what somebody may do, for ten minutes.
    pub async fn access_token(&self, service: &Running, admitted: &Admitted) -> Result<String, Error> {
        let store = service.store();
        let signer = self.signer.get(store).await?;
        // The verifiers' time, also where a trial's clock was moved.
        let now = store.clock().wall();
        let (issued_s, jti) = (now.as_millis() / 1000, store.ids().next::<AccessTokenId>(now));
        let claims = Claims {
            iss: service.settings().get(&ISSUER),
            aud: vec![AUDIENCE.to_owned()],
            sub: admitted.user.to_string(),
            kind: Kind::User,
            project: admitted.project,
            perms: admitted.grants.permissions(),
            user_id: Some(admitted.user),
            project_ids: admitted.projects.clone(),
            roles: admitted.grants.roles(),
            sid: Some(admitted.session),
            iat: issued_s,
            nbf: None,
            exp: issued_s + ACCESS_LIFE.as_secs() as i64,
            jti: Some(jti.to_string()),
        };
        Ok(signer.sign(&claims, TokenType::Access))
    }

    /// What pages of ours send back to prove that they are ours.
    pub fn csrf_token(service: &Running, session: SessionId) -> String {
        let macs = service.store().keys().keyring.macs(kernel::auth::CSRF_USE);
        kernel::auth::csrf_token(&macs, session)
    }

    /// Shared by all routes of one service.
    pub fn shared() -> Arc<Self> {
        Arc::default()
    }
}
