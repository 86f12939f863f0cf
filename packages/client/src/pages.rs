//! Lists, one page after another.

use std::fmt::Write as _;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Client, Error};

/// The pages of a list that are still to come.
#[derive(Debug)]
pub struct Pages<'a, T> {
    client: &'a Client,
    path: String,
    next: Next,
    items: PhantomData<fn() -> T>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    First,
    After(String),
    Nothing,
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
}

impl<'a, T> Pages<'a, T> {
    pub(crate) fn new(client: &'a Client, path: &str) -> Self {
        Self { client, path: path.to_owned(), next: Next::First, items: PhantomData }
    }

    /// The next page, or `None` after the last; a page that fails may be asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, Error>
    where
        T: DeserializeOwned,
    {
        let path = match &self.next {
            Next::First => self.path.clone(),
            Next::After(cursor) => with_cursor(&self.path, cursor),
            Next::Nothing => return Ok(None),
        };
        let page: Page<T> = self.client.get(&path).await?;
        let next = page.next_cursor.map_or(Next::Nothing, Next::After);
        // A cursor that leads to itself would never end.
        self.next = if next == self.next { Next::Nothing } else { next };
        Ok(Some(page.data))
    }
}

fn with_cursor(path: &str, cursor: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}cursor={}", encoded(cursor))
}

/// A text as it may stand in a path or a query.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}
