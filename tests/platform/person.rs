//! A person with nothing but HTTP: registers, reads the codes that reach them, signs in, refreshes, leaves.

use serde_json::{Value, json};

use crate::server::{Server, wait_for};
use crate::wire::{Reply, Request};

/// What all of them sign in with.
pub const PASSWORD: &str = "correct horse battery staple";
/// A project of the demo data that asks newcomers to verify their address.
pub const SHOP: &str = "shopcardd";
/// Its number.
pub const SHOP_NUMBER: u128 = 2;

/// Somebody at the door of a server.
pub struct Person<'s> {
    door: &'s Server,
    /// Where the sandbox shows what would have gone out by mail: the process of identity.
    inbox: &'s Server,
    pub mail: String,
    /// The slug of the project that they come to.
    project: String,
}

impl<'s> Person<'s> {
    /// Somebody whose door and identity are one process.
    pub fn at(server: &'s Server, mail: &str) -> Self {
        Self::behind(server, server, mail)
    }

    /// Somebody whose door and identity are two processes.
    pub fn behind(door: &'s Server, inbox: &'s Server, mail: &str) -> Self {
        Self { door, inbox, mail: mail.to_owned(), project: SHOP.to_owned() }
    }

    /// The same at another project.
    pub fn of(self, project: &str) -> Self {
        Self { project: project.to_owned(), ..self }
    }

    /// Registers and verifies the address; the answer holds tokens.
    pub fn register(&self) -> Reply {
        let account =
            json!({ "email": self.mail, "password": PASSWORD, "name": "Nina", "project": self.project });
        let (begun, code) = self.coded(|| self.door.post("/api/v1/auth/register", &account));
        assert_eq!(begun.status, 202, "{}", begun.text());
        let verified = self.answer(&text(&begun, "challenge"), &code);
        assert_eq!(verified.status, 200, "{}", verified.text());
        verified
    }

    /// Signs in with this password.
    pub fn sign_in_with(&self, password: &str) -> Reply {
        let shown = json!({ "email": self.mail, "password": password, "project": self.project });
        self.door.post("/api/v1/auth/login", &shown)
    }

    /// Signs in where a password is enough; the answer holds tokens.
    pub fn sign_in(&self) -> Reply {
        let entered = self.sign_in_with(PASSWORD);
        assert_eq!(entered.status, 200, "{}", entered.text());
        entered
    }

    /// Does something that has a code sent, and reads that code.
    pub fn coded(&self, act: impl FnOnce() -> Reply) -> (Reply, String) {
        let before = self.codes().len();
        let reply = act();
        let code = wait_for("the code", || {
            let codes = self.codes();
            (codes.len() > before).then(|| codes.into_iter().next()).flatten()
        });
        (reply, code)
    }

    /// Answers a challenge.
    pub fn answer(&self, challenge: &str, code: &str) -> Reply {
        self.door.post("/api/v1/auth/otp/verify", &json!({ "challenge": challenge, "code": code }))
    }

    /// Shows a refresh token.
    pub fn refresh(&self, token: &str) -> Reply {
        self.door.post("/api/v1/auth/refresh", &json!({ "refresh_token": token }))
    }

    /// What the door knows of whoever has this token.
    pub fn me(&self, token: &str) -> Reply {
        self.door.ask(&Request::get("/api/v1/users/me").bearer(token))
    }

    /// How the door answers for a service that knows no sessions: 403 while they are let in, having no permission.
    pub fn at_the_trail(&self, token: &str) -> u16 {
        self.door.ask(&Request::get("/api/v1/audit/records").bearer(token)).status
    }

    /// The codes that would have reached them, newest first.
    fn codes(&self) -> Vec<String> {
        let found = self.inbox.ask(&Request::get(&format!("/api/v1/sandbox/messages?to={}", self.mail)));
        assert_eq!(found.status, 200, "{}", found.text());
        let body = found.json();
        let messages = body["data"].as_array().into_iter().flatten();
        messages.filter_map(|message| message["says"]["code"].as_str()).map(str::to_owned).collect()
    }
}

/// A text of an answer, which has to have it.
pub fn text(reply: &Reply, field: &str) -> String {
    let body: Value = reply.json();
    body[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {}: {body}", reply.status)).to_owned()
}
