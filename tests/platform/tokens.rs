//! Tokens of every kind: good ones, and those that must be refused.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use contracts::{Id, ProjectId, UserId};
use kernel::auth::{Claims, Kind, Signer, TokenType};
use kernel::keys::signer;
use serde_json::json;

use crate::stage::Stage;

/// What the binary expects of tokens where its settings are the defaults.
const NAME: &str = "stoa";
const LIFETIME_S: i64 = 900;

impl Stage {
    /// A token of a user of this project.
    pub fn token(&self, project: ProjectId, permissions: &[&str]) -> String {
        self.signer().sign(&claims(project, permissions), TokenType::Access)
    }

    /// Tokens that nobody may come in with, each with what is wrong with it.
    pub fn refused_tokens(&self, project: ProjectId) -> Vec<(&'static str, String)> {
        let good = claims(project, &["*"]);
        let stranger = Signer::generate().unwrap().0;
        let own = self.signer();
        let sign = |claims: &Claims| own.sign(claims, TokenType::Access);
        let token = sign(&good);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let payload = signed.split_once('.').unwrap().1;
        let head = |alg: &str, kid: &str| {
            BASE64.encode(json!({ "alg": alg, "kid": kid, "typ": "at+jwt" }).to_string())
        };
        let more = BASE64.encode(
            serde_json::to_vec(&Claims { perms: vec!["everything".to_owned()], ..good.clone() }).unwrap(),
        );
        vec![
            ("garbage", "garbage".to_owned()),
            ("three empty parts", "..".to_owned()),
            ("too long", "a".repeat(20_000)),
            ("forged", stranger.sign(&good, TokenType::Access)),
            (
                "forged under our key's name",
                format!("{}.{payload}.{signature}", head("EdDSA", stranger.kid())),
            ),
            ("expired", self.expired_token(project)),
            ("not valid yet", sign(&Claims { iat: good.iat + 3_000, exp: good.exp + 3_000, ..good.clone() })),
            ("valid for a year", sign(&Claims { exp: good.iat + 31_536_000, ..good.clone() })),
            ("of another issuer", sign(&Claims { iss: "mallory".to_owned(), ..good.clone() })),
            ("for another audience", sign(&Claims { aud: vec!["elsewhere".to_owned()], ..good.clone() })),
            ("of another type", own.sign(&good, TokenType::Internal)),
            ("alg none", format!("{}.{payload}.", head("none", own.kid()))),
            ("alg none with the signature", format!("{}.{payload}.{signature}", head("none", own.kid()))),
            ("alg HS256", format!("{}.{payload}.{signature}", head("HS256", own.kid()))),
            ("changed claims", format!("{}.{more}.{signature}", signed.split_once('.').unwrap().0)),
            ("without a signature", format!("{signed}.")),
        ]
    }

    /// A token that was good once.
    pub fn expired_token(&self, project: ProjectId) -> String {
        let good = claims(project, &["*"]);
        let old = Claims { iat: good.iat - 2 * LIFETIME_S, exp: good.iat - LIFETIME_S, ..good };
        self.signer().sign(&old, TokenType::Access)
    }

    fn signer(&self) -> Signer {
        signer(&self.data().join("keys"), "tokens.key").unwrap()
    }
}

fn claims(project: ProjectId, permissions: &[&str]) -> Claims {
    let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    Claims {
        iss: NAME.to_owned(),
        aud: vec![NAME.to_owned()],
        sub: UserId::from_u128(project.as_u128()).to_string(),
        kind: Kind::User,
        project: Some(project),
        perms: permissions.iter().map(|name| (*name).to_owned()).collect(),
        sid: None,
        iat: now_s,
        nbf: None,
        exp: now_s + LIFETIME_S,
        user_id: None,
        project_ids: Vec::new(),
        roles: Vec::new(),
        jti: None,
    }
}
