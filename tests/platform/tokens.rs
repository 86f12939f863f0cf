//! Tokens of every kind: good ones, and those that must be refused.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use contracts::{Id, ProjectId, UserId};
use kernel::auth::{Claims, Kind, Signer, TokenType};
use kernel::keys::signer;
use ring::hmac;
use serde_json::json;

use crate::stage::{ALL, Stage, demo_project};

/// What the binary expects of tokens where its settings are the defaults.
const NAME: &str = "stoa";
/// For whom the door's word is.
const INSIDE: &str = "services";
const LIFETIME_S: i64 = 900;

impl Stage {
    /// A token of a user of this project.
    pub fn token(&self, project: ProjectId, permissions: &[&str]) -> String {
        self.signer().sign(&claims(project, permissions), TokenType::Access)
    }

    /// A token of one who runs the platform itself.
    pub fn operator_token(&self) -> String {
        let of_the_demo = claims(demo_project(), ALL);
        self.signer().sign(&Claims { project: None, ..of_the_demo }, TokenType::Access)
    }

    /// A token of this person, whatever they may do otherwise.
    pub fn token_of(&self, user: &str, project: ProjectId, permissions: &[&str]) -> String {
        let of_the_project = claims(project, permissions);
        self.signer().sign(&Claims { sub: user.to_owned(), ..of_the_project }, TokenType::Access)
    }

    /// What the door says to the services behind it of a caller who may do everything, rightly signed.
    pub fn inside_word(&self, project: ProjectId) -> String {
        let now = claims(project, ALL);
        let claims = Claims { aud: vec![INSIDE.to_owned()], exp: now.iat + 60, ..now };
        signer(&self.data().join("keys"), "internal.key").unwrap().sign(&claims, TokenType::Internal)
    }

    /// Tokens that nobody may come in with, each with what is wrong with it.
    pub fn refused_tokens(&self, project: ProjectId) -> Vec<(&'static str, String)> {
        let good = claims(project, ALL);
        let stranger = Signer::generate().unwrap().0;
        let own = self.signer();
        let sign = |claims: &Claims| own.sign(claims, TokenType::Access);
        let token = sign(&good);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (head, payload) = signed.split_once('.').unwrap();
        let none = header("none", own.kid());
        let more = BASE64.encode(
            serde_json::to_vec(&Claims { perms: vec!["everything".to_owned()], ..good.clone() }).unwrap(),
        );
        let mut all = vec![
            ("garbage", "garbage".to_owned()),
            ("three empty parts", "..".to_owned()),
            ("too long", "a".repeat(20_000)),
            ("forged", stranger.sign(&good, TokenType::Access)),
            ("forged under our key's name", signed_by(&stranger, &header("EdDSA", own.kid()), payload)),
            ("under the name of no key", signed_by(&own, &header("EdDSA", "nobody"), payload)),
            (
                "under no name at all",
                signed_by(&own, &BASE64.encode(r#"{"alg":"EdDSA","typ":"at+jwt"}"#), payload),
            ),
            ("expired", self.expired_token(project)),
            ("not valid yet", sign(&Claims { iat: good.iat + 3_000, exp: good.exp + 3_000, ..good.clone() })),
            ("valid for a year", sign(&Claims { exp: good.iat + 31_536_000, ..good.clone() })),
            ("of another issuer", sign(&Claims { iss: "mallory".to_owned(), ..good.clone() })),
            ("for another audience", sign(&Claims { aud: vec!["elsewhere".to_owned()], ..good.clone() })),
            ("for nobody", sign(&Claims { aud: Vec::new(), ..good.clone() })),
            ("of another type", own.sign(&good, TokenType::Internal)),
            ("the word of the door", self.inside_word(project)),
            ("alg none", format!("{none}.{payload}.")),
            ("alg none with the signature", format!("{none}.{payload}.{signature}")),
            (
                "alg HS256 with the old signature",
                format!("{}.{payload}.{signature}", header("HS256", own.kid())),
            ),
            ("changed claims", format!("{head}.{more}.{signature}")),
            ("without a signature", format!("{signed}.")),
        ];
        // Whoever takes our public key for a shared secret believes these.
        let public = own.jwk().x;
        for (name, secret) in [
            ("alg HS256 with our public key", BASE64.decode(&public).unwrap()),
            ("alg HS256 with the text of our public key", public.into_bytes()),
        ] {
            let signed = format!("{}.{payload}", header("HS256", own.kid()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
            all.push((name, format!("{signed}.{}", BASE64.encode(tag))));
        }
        all
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

fn header(alg: &str, kid: &str) -> String {
    BASE64.encode(json!({ "alg": alg, "kid": kid, "typ": "at+jwt" }).to_string())
}

fn signed_by(signer: &Signer, header: &str, payload: &str) -> String {
    let signed = format!("{header}.{payload}");
    format!("{signed}.{}", BASE64.encode(signer.sign_bytes(signed.as_bytes())))
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
