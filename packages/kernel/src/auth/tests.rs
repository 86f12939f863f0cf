//! What a verifier accepts and refuses, and how it follows the issuer's keys.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use contracts::{Id, ProjectId, SessionId, Timestamp, UserId};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use super::*;
use crate::store::Scope;

const NOW_S: i64 = 1_800_000_000;
const READ: Permission = Permission::new("orders:read");

type Tested = Result<(), Box<dyn Error>>;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn signer() -> Signer {
    Signer::generate().expect("randomness").0
}

fn claims() -> Claims {
    Claims {
        iss: "https://id.test".into(),
        aud: vec!["stoa".into()],
        sub: UserId::from_u128(1).to_string(),
        kind: Kind::User,
        project: Some(ProjectId::from_u128(7)),
        perms: vec!["orders:*".into()],
        sid: Some(SessionId::from_u128(9)),
        iat: NOW_S,
        nbf: None,
        exp: NOW_S + 600,
        user_id: None,
        project_ids: Vec::new(),
        roles: Vec::new(),
        jti: None,
    }
}

fn set(signers: &[&Signer]) -> JwkSet {
    JwkSet { keys: signers.iter().map(|signer| signer.jwk()).collect() }
}

fn verifier(source: impl KeySource + 'static) -> Verifier {
    Verifier::new("https://id.test", "stoa", TokenType::Access, source)
}

/// A token with any header and payload, signed rightly.
fn forge(signer: &Signer, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
    format!("{signed}.{}", BASE64.encode(signer.sign_bytes(signed.as_bytes())))
}

async fn judge(signer: &Signer, token: &str, now_s: i64) -> Result<Arc<Caller>, BadToken> {
    verifier(StaticKeys(set(&[signer]))).verify(token, at(now_s)).await
}

/// Keys that a test can exchange, or take away.
#[derive(Clone)]
struct Issuer {
    answer: Arc<Mutex<Result<JwkSet, String>>>,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    fn with(signers: &[&Signer]) -> Self {
        Self { answer: Arc::new(Mutex::new(Ok(set(signers)))), fetches: Arc::default() }
    }

    fn answers(&self, answer: Result<JwkSet, String>) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl KeySource for Issuer {
    fn fetch(&self) -> Fetched {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }
}

#[tokio::test]
async fn a_good_token_becomes_its_caller() -> Tested {
    let signer = signer();
    let caller = judge(&signer, &signer.sign(&claims(), TokenType::Access), NOW_S).await?;
    assert_eq!(caller.user()?, UserId::from_u128(1));
    assert!(matches!(caller.require(READ)?, Scope::Project(project) if project == ProjectId::from_u128(7)));
    assert_eq!((caller.session, caller.expires_at), (Some(SessionId::from_u128(9)), at(NOW_S + 600)));
    let again = caller.hand_on("https://id.test", "stoa", at(NOW_S), 600);
    assert_eq!(again, claims());
    Ok(())
}

#[test]
fn the_vectors_of_rfc_8037_verify() {
    let jwk: Jwk = serde_json::from_str(
        r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","ext":true}"#,
    )
    .expect("a key");
    assert_eq!(jwk.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let signature = BASE64.decode(signature).expect("base64url");
    assert!(verify_bytes(&jwk, signed, &signature));
    assert!(!verify_bytes(&jwk, &signed[1..], &signature));
}

#[tokio::test]
async fn es256_tokens_are_accepted_from_p256_keys() -> Tested {
    let random = SystemRandom::new();
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| "pkcs8")?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)?;
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let text = format!(
        r#"{{"keys":[{{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"r"}},7,
            {{"kty":"EC","crv":"P-256","kid":"p","x":"{}","y":"{}"}}]}}"#,
        BASE64.encode(x),
        BASE64.encode(y)
    );
    let keys: JwkSet = serde_json::from_str(&text)?;
    assert_eq!(keys.keys.len(), 1);
    let verifier = verifier(StaticKeys(keys));
    for (alg, verdict) in [("ES256", None), ("EdDSA", Some(BadToken::WrongAlgorithm))] {
        let header = format!(r#"{{"alg":"{alg}","kid":"p","typ":"at+jwt"}}"#);
        let signed =
            format!("{}.{}", BASE64.encode(header), BASE64.encode(serde_json::to_string(&claims())?));
        let signature = pair.sign(&random, signed.as_bytes()).map_err(|_| "signature")?;
        let token = format!("{signed}.{}", BASE64.encode(signature));
        assert_eq!(verifier.verify(&token, at(NOW_S)).await.err(), verdict);
    }
    Ok(())
}

#[tokio::test]
async fn a_header_that_says_more_or_else_is_refused() -> Tested {
    let signer = signer();
    let kid = signer.kid();
    let payload = serde_json::to_string(&claims())?;
    for (header, verdict) in [
        (format!(r#"{{"alg":"none","kid":"{kid}","typ":"at+jwt"}}"#), BadToken::WrongAlgorithm),
        (format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"at+jwt"}}"#), BadToken::WrongAlgorithm),
        (format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"at+jwt"}}"#), BadToken::WrongAlgorithm),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#), BadToken::WrongType),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"stoa-internal+jwt"}}"#), BadToken::WrongType),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), BadToken::Malformed),
        (r#"{"alg":"EdDSA","typ":"at+jwt"}"#.to_owned(), BadToken::Malformed),
        (r#"{"alg":"EdDSA","kid":"other","typ":"at+jwt"}"#.to_owned(), BadToken::UnknownKey),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}","kid":"{kid}","typ":"at+jwt"}}"#), BadToken::Malformed),
        (format!(r#"["EdDSA","{kid}","at+jwt"]"#), BadToken::Malformed),
    ] {
        assert_eq!(
            judge(&signer, &forge(&signer, &header, &payload), NOW_S).await.err(),
            Some(verdict),
            "{header}"
        );
    }
    for more in
        [r#""jku":"https://evil.test""#, r#""x5u":"x""#, r#""jwk":{}"#, r#""crit":[]"#, r#""b64":false"#]
    {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"at+jwt",{more}}}"#);
        let token = forge(&signer, &header, &payload);
        assert_eq!(judge(&signer, &token, NOW_S).await.err(), Some(BadToken::Malformed), "{more}");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_signed_with_another_key_of_the_set_is_refused() -> Tested {
    let (ours, other) = (signer(), signer());
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"at+jwt"}}"#, ours.kid());
    let token = forge(&other, &header, &serde_json::to_string(&claims())?);
    let verifier = verifier(StaticKeys(set(&[&ours, &other])));
    assert_eq!(verifier.verify(&token, at(NOW_S)).await.err(), Some(BadToken::BadSignature));
    Ok(())
}

#[tokio::test]
async fn claims_must_be_from_the_issuer_for_us_and_of_this_time() {
    let signer = signer();
    let change = |change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        claims
    };
    for (claims, now_s, verdict) in [
        (claims(), NOW_S, None),
        (claims(), NOW_S + 600 + 29, None),
        (claims(), NOW_S + 600 + 30, Some(BadToken::Expired)),
        (claims(), NOW_S - 30, None),
        (claims(), NOW_S - 31, Some(BadToken::NotYet)),
        (change(|c| c.nbf = Some(NOW_S + 31)), NOW_S, Some(BadToken::NotYet)),
        (change(|c| c.nbf = Some(NOW_S + 30)), NOW_S, None),
        (change(|c| c.exp = NOW_S + 900), NOW_S, None),
        (change(|c| c.exp = NOW_S + 901), NOW_S, Some(BadToken::LivesTooLong)),
        (change(|c| c.exp = i64::MAX), NOW_S, Some(BadToken::LivesTooLong)),
        (change(|c| (c.iat, c.exp) = (i64::MIN, i64::MAX)), NOW_S, Some(BadToken::Malformed)),
        (change(|c| c.exp = c.iat), NOW_S, Some(BadToken::Malformed)),
        (change(|c| c.iss.push('/')), NOW_S, Some(BadToken::WrongIssuer)),
        (change(|c| c.aud = vec!["stoa2".into()]), NOW_S, Some(BadToken::WrongAudience)),
        (change(|c| c.aud.clear()), NOW_S, Some(BadToken::WrongAudience)),
        (change(|c| c.aud.insert(0, "other".into())), NOW_S, None),
        (change(|c| c.kind = Kind::Key), NOW_S, Some(BadToken::Malformed)),
        (change(|c| c.sub = "usr_1".into()), NOW_S, Some(BadToken::Malformed)),
        (change(|c| (c.kind, c.sub) = (Kind::Service, String::new())), NOW_S, Some(BadToken::Malformed)),
        (change(|c| (c.kind, c.sub) = (Kind::Service, "orders".into())), NOW_S, None),
    ] {
        let token = signer.sign(&claims, TokenType::Access);
        assert_eq!(judge(&signer, &token, now_s).await.err(), verdict, "{claims:?} at {now_s}");
    }
}

#[tokio::test]
async fn claims_that_are_missing_doubled_or_of_another_type_are_refused() {
    let signer = signer();
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"at+jwt"}}"#, signer.kid());
    let user = UserId::from_u128(1);
    let start = format!(r#"{{"iss":"https://id.test","sub":"{user}","kind":"user","iat":{NOW_S}"#);
    let exp = NOW_S + 60;
    for (rest, good) in [
        (format!(r#","aud":"stoa","exp":{exp}}}"#), true),
        (format!(r#","aud":"stoa","exp":{exp},"more":[1]}}"#), true),
        (r#","aud":"stoa"}"#.to_owned(), false),
        (format!(r#","exp":{exp}}}"#), false),
        (format!(r#","aud":"stoa","exp":"{exp}"}}"#), false),
        (format!(r#","aud":"stoa","exp":{exp},"exp":{exp}}}"#), false),
        (format!(r#","aud":"stoa","exp":{exp}}} "#), true),
        (format!(r#","aud":"stoa","exp":{exp}}}{{}}"#), false),
    ] {
        let token = forge(&signer, &header, &format!("{start}{rest}"));
        let verdict = judge(&signer, &token, NOW_S).await.err();
        assert_eq!(verdict, (!good).then_some(BadToken::Malformed), "{rest}");
    }
    let long = forge(&signer, &header, &" ".repeat(8 * 1024));
    assert_eq!(judge(&signer, &long, NOW_S).await.err(), Some(BadToken::TooLong));
}

#[tokio::test]
async fn a_remembered_token_still_expires() -> Tested {
    let (signer, issuer) = (signer(), Issuer::with(&[]));
    issuer.answers(Ok(set(&[&signer])));
    let verifier = verifier(issuer).leeway_s(0);
    let token = signer.sign(&Claims { exp: NOW_S + 5, ..claims() }, TokenType::Access);
    let first = verifier.verify(&token, at(NOW_S)).await?;
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token, at(NOW_S + 4)).await?), "not remembered");
    assert_eq!(verifier.verify(&token, at(NOW_S + 5)).await.err(), Some(BadToken::Expired));
    Ok(())
}

#[tokio::test]
async fn memory_of_tokens_is_bounded() -> Tested {
    let signer = signer();
    let verifier = verifier(StaticKeys(set(&[&signer])));
    for number in 0..12_000 {
        let caller = Claims { jti: Some(number.to_string()), ..claims() };
        verifier.verify(&signer.sign(&caller, TokenType::Access), at(NOW_S)).await?;
    }
    assert!(verifier.tokens_remembered() <= 10_000);
    Ok(())
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_a_withdrawn_one_is_refused() -> Tested {
    let (old, new) = (signer(), signer());
    let issuer = Issuer::with(&[&old]);
    let verifier = verifier(issuer.clone());
    let old_token = old.sign(&claims(), TokenType::Access);
    let new_token = new.sign(&claims(), TokenType::Access);
    verifier.verify(&old_token, at(NOW_S)).await?;
    assert_eq!(issuer.fetches(), 1);

    issuer.answers(Ok(set(&[&new])));
    assert_eq!(verifier.verify(&new_token, at(NOW_S + 29)).await.err(), Some(BadToken::UnknownKey));
    assert_eq!(issuer.fetches(), 1);
    verifier.verify(&new_token, at(NOW_S + 30)).await?;
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(verifier.verify(&old_token, at(NOW_S + 30)).await.err(), Some(BadToken::UnknownKey));
    assert_eq!(issuer.fetches(), 2);
    Ok(())
}

#[tokio::test]
async fn a_flood_of_unknown_keys_fetches_once() -> Tested {
    let (known, issuer) = (signer(), Issuer::with(&[]));
    issuer.answers(Ok(set(&[&known])));
    let verifier = Arc::new(verifier(issuer.clone()));
    let flood: Vec<_> = (0..50)
        .map(|_| {
            let (verifier, token) = (Arc::clone(&verifier), signer().sign(&claims(), TokenType::Access));
            tokio::spawn(async move { verifier.verify(&token, at(NOW_S)).await })
        })
        .collect();
    for one in flood {
        assert_eq!(one.await?.err(), Some(BadToken::UnknownKey));
    }
    assert_eq!(issuer.fetches(), 1);
    verifier.verify(&known.sign(&claims(), TokenType::Access), at(NOW_S)).await?;
    assert_eq!(issuer.fetches(), 1);
    Ok(())
}

#[tokio::test]
async fn callers_who_arrive_together_share_the_first_fetch() -> Tested {
    let signer = signer();
    let issuer = Issuer::with(&[&signer]);
    let verifier = Arc::new(verifier(issuer.clone()));
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let claims = Claims { jti: Some(number.to_string()), ..claims() };
            let (verifier, token) = (Arc::clone(&verifier), signer.sign(&claims, TokenType::Access));
            tokio::spawn(async move { verifier.verify(&token, at(NOW_S)).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    assert_eq!(issuer.fetches(), 1);
    Ok(())
}

#[tokio::test]
async fn known_keys_stay_in_use_while_the_issuer_is_down() -> Tested {
    let (known, unknown) = (signer(), signer());
    let issuer = Issuer::with(&[&known]);
    let verifier = verifier(issuer.clone());
    verifier.verify(&known.sign(&claims(), TokenType::Access), at(NOW_S)).await?;
    for broken in [Err("down".to_owned()), Ok(JwkSet::default())] {
        issuer.answers(broken);
        let before = issuer.fetches();
        let later = NOW_S + 3_600 * (before as i64);
        let fresh = Claims { iat: later, exp: later + 60, ..claims() };
        // The old set is used at once; the renewal runs behind the request.
        verifier.verify(&known.sign(&fresh, TokenType::Access), at(later)).await?;
        let verdict = verifier.verify(&unknown.sign(&fresh, TokenType::Access), at(later)).await;
        assert_eq!(verdict.err(), Some(BadToken::KeysUnavailable));
        assert_eq!(issuer.fetches(), before + 1);
    }
    Ok(())
}

#[tokio::test]
async fn without_any_keys_the_caller_is_asked_to_come_back() -> Tested {
    let signer = signer();
    let issuer = Issuer::with(&[]);
    let verifier = verifier(issuer.clone());
    let token = signer.sign(&claims(), TokenType::Access);
    assert_eq!(verifier.verify(&token, at(NOW_S)).await.err(), Some(BadToken::KeysUnavailable));
    issuer.answers(Ok(set(&[&signer])));
    verifier.verify(&token, at(NOW_S + 1)).await?;
    Ok(())
}

#[test]
fn a_kept_key_signs_as_before_and_does_not_print() -> Tested {
    let (signer, kept) = Signer::generate()?;
    let again = Signer::from_pkcs8(kept.expose())?;
    assert_eq!(again.jwk(), signer.jwk());
    assert!(verify_bytes(&signer.jwk(), b"block", &again.sign_bytes(b"block")));
    assert_eq!(format!("{signer:?}"), format!("Signer {{ kid: {:?}, .. }}", signer.kid()));
    assert_eq!(Signer::from_pkcs8(b"rubbish").err(), Some(BadKey::Unreadable));
    Ok(())
}

#[test]
fn a_key_for_encryption_or_another_algorithm_does_not_verify() {
    let signer = signer();
    let signature = signer.sign_bytes(b"x");
    let enc = Jwk { purpose: Some("enc".into()), ..signer.jwk() };
    let other = Jwk { alg: Some("ES256".into()), ..signer.jwk() };
    let bare = Jwk { alg: None, purpose: None, ..signer.jwk() };
    assert!(!verify_bytes(&enc, b"x", &signature) && !verify_bytes(&other, b"x", &signature));
    assert!(verify_bytes(&bare, b"x", &signature));
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

proptest! {
    #[test]
    fn a_token_with_any_byte_changed_is_refused(place: prop::sample::Index, letter in "[ -~]") {
        let signer = signer();
        let token = signer.sign(&claims(), TokenType::Access);
        let place = place.index(token.len());
        prop_assume!(token[place..=place] != letter);
        let forged = format!("{}{letter}{}", &token[..place], &token[place + 1..]);
        prop_assert!(block_on(judge(&signer, &forged, NOW_S)).is_err());
    }

    #[test]
    fn any_text_is_refused_and_never_a_crash(text: String, header: String, payload: String) {
        let signer = signer();
        prop_assert!(block_on(judge(&signer, &text, NOW_S)).is_err());
        prop_assert!(block_on(judge(&signer, &forge(&signer, &header, &payload), NOW_S)).is_err());
        let right = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"at+jwt"}}"#, signer.kid());
        prop_assert!(block_on(judge(&signer, &forge(&signer, &right, &payload), NOW_S)).is_err());
    }
}
