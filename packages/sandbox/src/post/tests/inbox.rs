//! The inbox: what is kept, for how long, how it is found, and that nothing a mail brings along runs.

use axum::body::Body;
use http::Request;
use kernel::store::{Scope, StoreError};

use super::super::commands;
use super::super::message::{KEPT_MAX, Message};
use super::super::mime::Letter;
use super::{Post, posted};

impl Post {
    /// Puts a mail into the inbox as the server does.
    async fn put(&self, to: &str, raw: &str) -> String {
        let (to, raw) = (vec![to.to_owned()], raw.as_bytes().to_vec());
        let stored = self.stage.running.store().write(Scope::System("a test's mail"), move |tx| {
            let letter = Letter::read(&raw);
            let message = Message::mail(tx.new_id(), tx.now(), "shop@example.com", &to, &letter, &raw);
            commands::keep(tx, &message)?;
            Ok::<_, StoreError>(message.id)
        });
        stored.await.unwrap().to_string()
    }
}

#[test]
fn a_thousand_messages_are_kept() {
    posted(async |post| {
        for number in 0..KEPT_MAX + 3 {
            post.put("ana@example.com", &format!("Subject: {number}\n\n")).await;
        }
        let (mut count, mut path) = (0, "/inbox/messages?to=ana%40example.com&limit=200".to_owned());
        let last = loop {
            let page = post.get(&path).await.expect(200);
            let rows = page["data"].as_array().unwrap();
            count += rows.len();
            match page["next_cursor"].as_str() {
                Some(cursor) => {
                    path = format!("/inbox/messages?to=ana%40example.com&limit=200&cursor={cursor}");
                }
                None => break rows.last().unwrap()["subject"].clone(),
            }
        };
        assert_eq!((count, last), (KEPT_MAX as usize, "3".into()));
    });
}

#[test]
fn the_list_is_searched_and_emptied() {
    posted(async |post| {
        let page = post.get("/inbox").await;
        assert!(page.text.contains("Nothing has been sent yet."));
        post.put("Ana@example.com", "Subject: Your order 100%\n\nThanks").await;
        post.put("ben@example.com", "Subject: Welcome\n\nHello").await;
        let all = post.get("/inbox").await;
        assert!(all.text.contains("Your order 100%") && all.text.contains("Welcome"));
        for (search, found) in
            [("ANA@", true), ("100%25", true), ("%25", true), ("_rder", false), ("nobody", false)]
        {
            let page = post.get(&format!("/inbox?search={search}")).await;
            assert_eq!(page.text.contains("Your order 100%"), found, "{search}");
            assert!(!page.text.contains("Welcome"), "{search}");
        }
        assert!(post.get("/inbox?search=nobody").await.text.contains("Nothing was sent that says so."));
        let first = post.get("/inbox?limit=1").await;
        let older = first.text.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let older = post.get(&older.replace("&amp;", "&")).await;
        assert!(older.text.contains("Your order 100%") && !older.text.contains("Welcome"));

        let emptied = post.send(Request::delete("/inbox/messages").body(Body::empty()).unwrap()).await;
        emptied.expect(204);
        assert!(post.inbox("ana@example.com").await.is_empty());
    });
}

#[test]
fn what_a_mail_brings_along_is_shown_and_does_not_run() {
    posted(async |post| {
        let raw = "From: \"<script>a()</script>\" <x@y.z>\nSubject: <script>b()</script>\n\
                   Content-Type: text/html\n\n<p>Hi</p><script>c()</script>\"><script>d()</script> \
                   <a href=\"https://shop.example/verify?a=1&amp;b=2\">verify</a>\n";
        let id = post.put("ana@example.com", raw).await;
        for path in ["/inbox".to_owned(), format!("/inbox/{id}"), "/inbox?search=%3Cscript%3E".to_owned()] {
            let page = post.get(&path).await;
            assert_eq!(page.status, 200);
            let own = page.text.matches("<script src=\"/inbox/script.js\"").count();
            assert_eq!(page.text.matches("<script").count(), own, "{path}");
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
                "{policy}"
            );
        }
        let page = post.get(&format!("/inbox/{id}")).await;
        assert!(page.text.contains("<iframe sandbox=\"\""));
        assert!(page.text.contains("href=\"https://shop.example/verify?a=1&amp;b=2\" target=\"_blank\""));
        let source = post.get(&format!("/inbox/{id}/raw")).await;
        assert_eq!(source.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(source.headers["x-content-type-options"], "nosniff");
        assert_eq!(source.text, raw);
        let whole = post.get(&format!("/inbox/messages/{id}")).await.expect(200);
        assert_eq!(whole["headers"][1], serde_json::json!(["Subject", "<script>b()</script>"]));
    });
}

#[test]
fn what_is_not_there_is_told() {
    posted(async |post| {
        for path in
            ["/inbox/msg_1", "/inbox/msg_00000000000000000000000001", "/inbox/%00", "/inbox/msg_1/raw"]
        {
            let page = post.get(path).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(page.text.contains("there is no such message"), "{path}");
        }
        assert_eq!(post.get("/inbox/messages/x").await.expect(404)["code"], "not_found");
        for query in ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=%00"] {
            assert_eq!(
                post.get(&format!("/inbox/messages?{query}")).await.expect(400)["code"],
                "invalid_input"
            );
            assert_eq!(post.get(&format!("/inbox?{query}")).await.status, 400, "{query}");
        }
        assert!(post.inbox("%00").await.is_empty());
        let home = post.get("/").await;
        assert_eq!((home.status.as_u16(), &home.headers["location"]), (307, &"/inbox".parse().unwrap()));
    });
}
