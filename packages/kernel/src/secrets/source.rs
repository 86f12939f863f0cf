//! Where a secret of the settings comes from: the environment, a file, a Vault, or the text itself.
//!
//! It is resolved once, at the start; rotation is a restart. Errors name the reference and never the value.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use super::secret::Secret;

/// A secret as the settings name it: `env:NAME`, `file:/path`, `vault:mount/path#field`, or the secret itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub enum SecretRef {
    /// A variable of the environment.
    Env(String),
    /// A file; one line break at its end is not part of the secret.
    File(PathBuf),
    /// A field of a Vault secret (KV, version 2).
    Vault {
        /// The secrets engine.
        mount: String,
        /// The secret's path below it.
        path: String,
        /// The field.
        field: String,
    },
    /// The secret itself.
    Literal(Secret<String>),
}

/// How to reach the Vault.
#[derive(Clone, Debug)]
pub enum VaultAccess {
    /// There is none.
    Absent,
    /// It answers at `address` to whoever holds `token`.
    At {
        /// Like `https://vault.example.com:8200`.
        address: String,
        /// Sent as `X-Vault-Token`.
        token: Secret<String>,
    },
}

/// Why a secret could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The reference cannot be read; it is not repeated, as it may be a secret by mistake.
    #[error("a secret must be env:NAME, file:/path, vault:mount/path#field, or the secret itself")]
    BadReference,
    /// There is nothing there, or it is empty.
    #[error("the secret {0} is missing or empty")]
    Missing(String),
    /// What is there is no text, or too long.
    #[error("the secret {0} is not a text of at most 1 MiB")]
    NotText(String),
    /// We may not read it.
    #[error("the secret {0} may not be read with the rights given")]
    Forbidden(String),
    /// Its source does not answer as it should.
    #[error("the secret {0} could not be read now: {1}")]
    Unavailable(String, String),
}

const SIZE_MAX: usize = 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);

/// The part of a Vault's answer that matters.
#[derive(Deserialize)]
struct Answer {
    data: Version,
}

#[derive(Deserialize)]
struct Version {
    data: Option<serde_json::Map<String, serde_json::Value>>,
}

impl FromStr for SecretRef {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let bad = || SecretError::BadReference;
        if let Some(name) = text.strip_prefix("env:") {
            let sane = !name.is_empty() && !name.contains(['=', '\0']);
            return sane.then(|| Self::Env(name.to_owned())).ok_or_else(bad);
        }
        if let Some(path) = text.strip_prefix("file:") {
            return Path::new(path).is_absolute().then(|| Self::File(path.into())).ok_or_else(bad);
        }
        if let Some(place) = text.strip_prefix("vault:") {
            let (place, field) = place.split_once('#').ok_or_else(bad)?;
            let (mount, path) = place.split_once('/').ok_or_else(bad)?;
            if field.is_empty() || !place.split('/').all(is_segment) {
                return Err(bad());
            }
            return Ok(Self::Vault { mount: mount.into(), path: path.into(), field: field.into() });
        }
        Ok(Self::Literal(Secret::new(text.to_owned())))
    }
}

impl TryFrom<String> for SecretRef {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        text.parse()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Vault { mount, path, field } => write!(f, "vault:{mount}/{path}#{field}"),
            Self::Literal(secret) => secret.fmt(f),
        }
    }
}

impl SecretRef {
    /// The secret itself, fetched from where it is.
    pub async fn resolve(&self, vault: &VaultAccess) -> Result<Secret<String>, SecretError> {
        let value = match self {
            Self::Env(name) => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => self.missing(),
                std::env::VarError::NotUnicode(_) => SecretError::NotText(self.to_string()),
            })?,
            Self::File(path) => {
                let (path, this) = (path.clone(), self.clone());
                let reading = tokio::task::spawn_blocking(move || this.read_file(&path));
                reading.await.map_err(|error| self.unavailable(error))??
            }
            Self::Vault { mount, path, field } => match vault {
                VaultAccess::Absent => return Err(self.unavailable("no Vault is configured")),
                VaultAccess::At { address, token } => {
                    let address = format!("{}/v1/{mount}/data/{path}", address.trim_end_matches('/'));
                    let asking = self.ask_vault(&address, token, field);
                    tokio::time::timeout(TIMEOUT, asking)
                        .await
                        .map_err(|_| self.unavailable("the Vault did not answer in time"))??
                }
            },
            Self::Literal(secret) => return Ok(secret.clone()),
        };
        if value.is_empty() { Err(self.missing()) } else { Ok(Secret::new(value)) }
    }

    fn read_file(&self, path: &Path) -> Result<String, SecretError> {
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => self.missing(),
            std::io::ErrorKind::PermissionDenied => SecretError::Forbidden(self.to_string()),
            _ => self.unavailable(error),
        };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(SIZE_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > SIZE_MAX {
            return Err(SecretError::NotText(self.to_string()));
        }
        let mut text = String::from_utf8(bytes).map_err(|_| SecretError::NotText(self.to_string()))?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(text)
    }

    async fn ask_vault(
        &self,
        address: &str,
        token: &Secret<String>,
        field: &str,
    ) -> Result<String, SecretError> {
        let mut token = http::HeaderValue::from_str(token.expose())
            .map_err(|_| self.unavailable("the Vault's token is not a valid header"))?;
        token.set_sensitive(true);
        let request = Request::get(address)
            .header("x-vault-token", token)
            .body(Empty::<Bytes>::new())
            .map_err(|_| self.unavailable("the Vault's address is wrong"))?;
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| self.unavailable(error))?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let answer = client.request(request).await.map_err(|error| self.unavailable(error))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(self.missing()),
            StatusCode::FORBIDDEN => return Err(SecretError::Forbidden(self.to_string())),
            status => return Err(self.unavailable(format!("the Vault answered {}", status.as_u16()))),
        }
        let body = Limited::new(answer.into_body(), SIZE_MAX).collect().await;
        let body = body.map_err(|_| self.unavailable("the Vault's answer broke off or was too long"))?;
        // What is wrong with the answer is not told: the parser's message could quote it.
        let answer: Answer = serde_json::from_slice(&body.to_bytes())
            .map_err(|_| self.unavailable("the Vault's answer is not of the KV version 2 shape"))?;
        match answer.data.data.and_then(|mut fields| fields.remove(field)) {
            Some(serde_json::Value::String(value)) => Ok(value),
            Some(_) => Err(SecretError::NotText(self.to_string())),
            None => Err(self.missing()),
        }
    }

    fn missing(&self) -> SecretError {
        SecretError::Missing(self.to_string())
    }

    fn unavailable(&self, why: impl fmt::Display) -> SecretError {
        SecretError::Unavailable(self.to_string(), why.to_string())
    }
}

/// A part of a path that needs no escaping and does not climb.
fn is_segment(part: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    !matches!(part, "" | "." | "..") && part.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A Vault that takes one request, answers `answer` and returns what it was asked.
    async fn ask(answer: &'static str, reference: &str) -> (Result<Secret<String>, SecretError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}/", listener.local_addr().expect("its address"));
        let vault = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let mut heard = Vec::new();
            while !heard.ends_with(b"\r\n\r\n") {
                heard.push(stream.read_u8().await.expect("a whole request"));
            }
            stream.write_all(answer.as_bytes()).await.expect("a caller that stays");
            String::from_utf8(heard).expect("text")
        });
        let access = VaultAccess::At { address, token: Secret::new("s.let-me-in".to_owned()) };
        let reference: SecretRef = reference.parse().expect("a good reference");
        let secret = reference.resolve(&access).await;
        (secret, vault.await.expect("the Vault ends"))
    }

    fn value(secret: Result<Secret<String>, SecretError>) -> Result<String, SecretError> {
        secret.map(Secret::into_exposed)
    }

    const STRIPE: &str = "vault:kv/team/stripe#key";

    #[tokio::test]
    async fn a_secret_is_read_from_its_field_in_the_vault() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 57\r\n\r\n\
            {\"data\":{\"data\":{\"key\":\"sk_live_1\",\"n\":1},\"metadata\":{}}}";
        let body = answer.split("\r\n\r\n").nth(1).map(str::len);
        assert_eq!(body, Some(57));
        let (secret, heard) = ask(answer, STRIPE).await;
        assert_eq!(value(secret).as_deref(), Ok("sk_live_1"));
        assert!(heard.starts_with("GET /v1/kv/data/team/stripe HTTP/1.1\r\n"), "{heard}");
        assert!(heard.contains("x-vault-token: s.let-me-in\r\n"), "{heard}");
        assert_eq!(
            value(ask(answer, "vault:kv/team/stripe#n").await.0),
            Err(SecretError::NotText("vault:kv/team/stripe#n".into()))
        );
        assert_eq!(
            value(ask(answer, "vault:kv/team/stripe#x").await.0),
            Err(SecretError::Missing("vault:kv/team/stripe#x".into()))
        );
    }

    #[tokio::test]
    async fn a_vault_that_does_not_give_the_secret_is_named_without_what_it_said() {
        let refused = "HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nsecret";
        assert_eq!(value(ask(refused, STRIPE).await.0), Err(SecretError::Forbidden(STRIPE.into())));
        let absent = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(value(ask(absent, STRIPE).await.0), Err(SecretError::Missing(STRIPE.into())));
        for answer in [
            "HTTP/1.1 500 Oops\r\ncontent-length: 7\r\n\r\nhunter2",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\"hunter2\"",
            "HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n",
        ] {
            let error = ask(answer, STRIPE).await.0.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(STRIPE) && !error.contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_file_gives_its_text_without_the_last_line_break() -> Result<(), Box<dyn Error>> {
        let path = std::env::temp_dir().join(format!("stoa-secret-{}", std::process::id()));
        let reference: SecretRef = format!("file:{}", path.display()).parse()?;
        for (content, secret) in [("hunter2\n", "hunter2"), ("a b\n\n", "a b\n"), ("x\r\n", "x")] {
            std::fs::write(&path, content)?;
            assert_eq!(reference.resolve(&VaultAccess::Absent).await?.expose(), secret);
        }
        std::fs::write(&path, "\n")?;
        assert_eq!(value(reference.resolve(&VaultAccess::Absent).await), Err(reference.missing()));
        std::fs::write(&path, b"\xff")?;
        assert!(matches!(reference.resolve(&VaultAccess::Absent).await, Err(SecretError::NotText(_))));
        std::fs::remove_file(&path)?;
        assert_eq!(value(reference.resolve(&VaultAccess::Absent).await), Err(reference.missing()));
        Ok(())
    }

    #[tokio::test]
    async fn the_environment_and_the_text_itself_are_sources() -> Result<(), Box<dyn Error>> {
        let home = SecretRef::from_str("env:PATH")?.resolve(&VaultAccess::Absent).await?;
        assert_eq!(*home.expose(), std::env::var("PATH")?);
        let absent = SecretRef::from_str("env:STOA_NO_SUCH_NAME")?.resolve(&VaultAccess::Absent).await;
        assert_eq!(value(absent), Err(SecretError::Missing("env:STOA_NO_SUCH_NAME".into())));
        let literal = SecretRef::from_str("hunter2")?;
        assert_eq!(literal.resolve(&VaultAccess::Absent).await?.expose(), "hunter2");
        assert!(!format!("{literal} {literal:?}").contains("hunter2"));
        assert!(SecretRef::from_str(STRIPE)?.resolve(&VaultAccess::Absent).await.is_err());
        Ok(())
    }

    #[test]
    fn a_wrong_reference_is_refused_without_being_repeated() {
        for text in
            ["env:", "env:A=B", "file:", "file:relative", "vault:", "vault:kv#f", "vault:kv/a", "vault:kv/a#"]
        {
            assert_eq!(SecretRef::from_str(text).err(), Some(SecretError::BadReference), "{text}");
        }
        for text in ["vault:kv/../sys#f", "vault:kv/a b#f", "vault:kv//a#f", "vault:/a#f", "vault:kv/a?x#f"] {
            assert_eq!(SecretRef::from_str(text).err(), Some(SecretError::BadReference), "{text}");
        }
    }
}
