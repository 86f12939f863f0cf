//! One request of a visitor: who they are, what their cookies say, and the calls that are made for them.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use client::{Client, Error};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kernel::auth::{ACCESS_COOKIE, CSRF_COOKIE, cookie};
use kernel::http::ClientAddress;
use kernel::secrets::{Secret, random};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cookies::{Name, THEME};
use super::session::{self, Standing};
use super::{Face, Failure, Guise, Open, Saying};
use crate::Theme;

/// One request of a visitor.
#[derive(Clone, Debug)]
pub struct Visit {
    open: Open,
    /// The cookies that came with it.
    cookies: HeaderMap,
    /// Signed with the face's own key, where it has one.
    own_key: Client,
    /// Signed as the visitor, where they are signed in.
    visitor: Option<Client>,
    /// The visitor's session as the API's door knows it.
    standing: Option<Standing>,
    token: Secret<String>,
    theme: Theme,
    said: Option<Saying>,
    correlation_id: String,
    /// The path and query of a page; a form has none to come back to.
    here: Option<String>,
}

/// Meets a visitor: finds out who they are, has the page made, and sends along what their browser is to keep.
pub async fn welcome(State(open): State<Open>, request: Request, next: Next) -> Response {
    let (secure, guise) = (open.face.is_secure(), open.guise);
    let (mut parts, body) = request.into_parts();
    let Met { visit, keep } = match Visit::meet(open, &parts).await {
        Ok(met) => met,
        Err(error) => return unmet(&error),
    };
    parts.extensions.insert(visit.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = failure.page(&visit);
    }
    let told = visit.said.is_some() && response.status() == StatusCode::OK;
    let clear = told.then(|| guise.said.clear(secure)).flatten();
    for cookie in keep.into_iter().chain(clear) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Cookies that no header can hold, or a machine without random numbers: there is nobody to make a page for.
fn unmet(error: &Error) -> Response {
    tracing::warn!(%error, "a visitor could not be met");
    StatusCode::BAD_REQUEST.into_response()
}

struct Met {
    visit: Visit,
    keep: Vec<HeaderValue>,
}

impl Visit {
    async fn meet(open: Open, request: &Parts) -> Result<Met, Error> {
        let (headers, secure, guise) = (&request.headers, open.face.is_secure(), open.guise);
        let correlation_id = correlation_id(headers);
        let mut own_key = open.face.api.clone();
        if let Some(id) = &correlation_id {
            own_key = own_key.correlation_id(id)?;
        }
        if let Some(ClientAddress(address)) = request.extensions.get() {
            own_key = own_key.forwarded_for(&address.to_string())?;
        }
        let mut keep = Vec::new();
        let token = match guise.token.of(headers, secure).filter(|token| token.len() == 32) {
            Some(token) => token.to_owned(),
            None => {
                let token = new_token()?;
                keep.extend(guise.token.set(&token, secure));
                token
            }
        };
        let standing = match (cookie(headers, ACCESS_COOKIE), cookie(headers, CSRF_COOKIE)) {
            (Some(access), Some(csrf)) if !access.is_empty() => Some(Standing::new(access, csrf)),
            (_, Some(csrf)) => match guise.refresh.of(headers, secure) {
                Some(refresh) => {
                    session::refreshed(&own_key, refresh, csrf, (guise.refresh, secure), &mut keep).await
                }
                None => None,
            },
            _ => None,
        };
        let visitor = standing.as_ref().map(|standing| standing.sign(&own_key)).transpose()?;
        let visit = Self {
            own_key,
            visitor,
            standing,
            token: Secret::new(token),
            theme: Theme::parse(THEME.of(headers, secure).unwrap_or_default()),
            said: guise.said.of(headers, secure).and_then(|name| guise.saying(name)),
            correlation_id: correlation_id.unwrap_or_default(),
            here: (request.method == Method::GET)
                .then(|| request.uri.path_and_query().map(ToString::to_string))
                .flatten(),
            cookies: cookies_of(headers),
            open,
        };
        Ok(Met { visit, keep })
    }

    /// The face.
    pub fn face(&self) -> &Face {
        &self.open.face
    }

    /// How it shows itself.
    pub fn guise(&self) -> &'static Guise {
        self.open.guise
    }

    /// The path that all its pages are below.
    pub fn root(&self) -> &'static str {
        self.open.guise.root
    }

    /// Whether cookies travel over TLS alone.
    pub fn is_secure(&self) -> bool {
        self.open.face.is_secure()
    }

    /// The value of a cookie that came with the request.
    pub fn cookie(&self, name: Name) -> Option<&str> {
        name.of(&self.cookies, self.is_secure())
    }

    /// Whether somebody is signed in.
    pub fn is_signed_in(&self) -> bool {
        self.visitor.is_some()
    }

    /// The visitor's session.
    pub(super) fn standing(&self) -> Option<&Standing> {
        self.standing.as_ref()
    }

    /// What forms carry to show that they are ours.
    pub fn token(&self) -> &Secret<String> {
        &self.token
    }

    /// Light or dark.
    pub fn theme(&self) -> Theme {
        self.theme
    }

    /// What is to be told.
    pub fn said(&self) -> Option<Saying> {
        self.said
    }

    /// What ties this request and all that follows from it together.
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }

    /// The address of this page, if it is one.
    pub fn here(&self) -> &str {
        self.here.as_deref().unwrap_or(self.root())
    }

    /// The path of this page; the answer to a form has none.
    pub fn path(&self) -> Option<&str> {
        self.here.as_deref()?.split('?').next()
    }

    /// Where somebody signs in who wants to come back here.
    pub fn sign_in_address(&self) -> String {
        format!("{}/sign-in?next={}", self.root(), client::encoded(self.here()))
    }

    /// The API as the face itself calls it.
    pub fn as_face(&self) -> &Client {
        &self.own_key
    }

    /// The API as the visitor calls it.
    pub fn as_visitor(&self) -> Result<&Client, Failure> {
        self.visitor.as_ref().ok_or(Failure::SignIn)
    }

    /// Reads what everybody may see.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, None::<&()>).await
    }

    /// Calls as the visitor and, where nobody is signed in or the session is over, as the face: for what belongs to
    /// nobody in particular, such as goods and carts.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Error> {
        if let Some(visitor) = &self.visitor {
            let answer = visitor.send(method.clone(), path, body).await?;
            if !matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                return client::read(&answer);
            }
        }
        client::read(&self.own_key.send(method, path, body).await?)
    }
}

fn cookies_of(headers: &HeaderMap) -> HeaderMap {
    let hidden = |value: &HeaderValue| {
        let mut value = value.clone();
        value.set_sensitive(true);
        (header::COOKIE, value)
    };
    headers.get_all(header::COOKIE).iter().map(hidden).collect()
}

fn correlation_id(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("x-correlation-id").and_then(|value| value.to_str().ok());
    given.filter(|id| !id.is_empty() && id.len() <= 128).map(str::to_owned)
}

/// Something that nobody can guess, of 32 letters.
pub fn new_token() -> Result<String, Error> {
    let bytes = random::<16>().map_err(|_| Error::BadRequest("this machine has no random numbers"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
