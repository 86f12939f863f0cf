//! Lists: newest first, a page at a time, from an object on or up to one.

use serde_json::{Value, json};

use super::errors::Error;
use super::form::Form;
use super::objects::Kept;
use super::store;
use super::wire::Reply;
use super::work::Work;

/// Which objects of a kind are wanted.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// Those that belong to this.
    pub owner: Option<String>,
    /// Those that are about this.
    pub about: Option<String>,
    /// Those that are about one of these, as a JSON list.
    pub abouts: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Clone, Debug)]
pub struct Window {
    /// How many.
    pub limit: i64,
    /// Older than this one.
    pub after: Option<String>,
    /// Newer than this one.
    pub before: Option<String>,
    /// Made from when to when, in seconds, both included.
    pub created: (i64, i64),
}

/// What every list takes.
pub const PARAMS: [&str; 4] = ["limit", "starting_after", "ending_before", "created"];
const LIMIT_DEFAULT: i64 = 10;
const LIMIT_MAX: i64 = 100;

impl Window {
    /// Reads it from the query.
    pub fn of(form: &Form) -> Result<Self, Error> {
        let limit = form.integer("limit")?.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Error::invalid("Invalid integer: limit must be between 1 and 100").at("limit"));
        }
        let after = form.text("starting_after").map(str::to_owned);
        let before = form.text("ending_before").map(str::to_owned);
        if after.is_some() && before.is_some() {
            return Err(Error::invalid(
                "You may only specify one of these parameters: starting_after, ending_before.",
            ));
        }
        let exactly = form.integer("created")?;
        let from =
            form.integer("created[gte]")?.or(form.integer("created[gt]")?.map(|at| at.saturating_add(1)));
        let to =
            form.integer("created[lte]")?.or(form.integer("created[lt]")?.map(|at| at.saturating_sub(1)));
        let created = (exactly.or(from).unwrap_or(i64::MIN), exactly.or(to).unwrap_or(i64::MAX));
        Ok(Self { limit, after, before, created })
    }
}

/// Answers one page.
pub fn list<T: Kept>(
    work: &mut Work<'_, '_>,
    form: &Form,
    url: &str,
    narrow: &Narrow,
    shown: fn(&T) -> Value,
) -> Result<Reply, Error> {
    let window = Window::of(form)?;
    for (name, cursor) in [("starting_after", &window.after), ("ending_before", &window.before)] {
        if let Some(id) = cursor
            && store::find::<T>(work.tx, work.account, id)?.is_none()
        {
            return Err(Error::no_such_param(name, T::KIND, id));
        }
    }
    let mut rows: Vec<T> = match window.before {
        Some(_) => store::newer(work.tx, work.account, narrow, &window)?,
        None => store::newest(work.tx, work.account, narrow, &window)?,
    };
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    if window.before.is_some() {
        rows.reverse();
    }
    let data = rows.iter().map(shown).collect();
    Ok(Reply::ok(page(url, data, has_more)))
}

/// A list object.
pub fn page(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({ "object": "list", "url": url, "has_more": has_more, "data": data })
}
