//! Lists that rules ask.

use std::collections::BTreeMap;

use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::views::FraudListedView;
use super::{MANAGE, reading};
use crate::commands::lists;
use crate::domain::facts::is_unusable_network;
use crate::domain::{Entry, ListName, Note};
use crate::store::{self, Listed};

/// What a list is to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"entries": [{"entry": "203.0.113.0/24", "note": "IN"}]}))]
pub(super) struct PutFraudList {
    /// Its entries, 0 to 1,000; of equal ones the last counts.
    #[schema(max_items = 1000)]
    entries: Vec<PutFraudEntry>,
}

/// An entry of a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutFraudEntry {
    /// What it names: a user, a device, an address, a country, a currency, or a network of 8, 16 or 24 bits (in IPv6 of 32,
    /// 48 or 64).
    entry: Entry,
    /// What is to be remembered of it; in the list `countries` the country that rules are told.
    note: Option<Note>,
}

/// How many entries a list has.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudListView {
    /// The list.
    list: ListName,
    /// How many entries it has.
    entries: usize,
}

const ENTRIES_MAX: usize = 1_000;

/// Lists the entries of a list; one that nobody has written is empty.
#[utoipa::path(get, path = "/api/v1/fraud/lists/{name}", tag = "fraud", params(("name" = ListName, Path), PageQuery),
    responses((status = 200, description = "A page of entries.", body = Page<FraudListedView>)))]
pub(super) async fn get_list(
    ctx: Ctx,
    caller: Caller,
    Path(name): Path<ListName>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<FraudListedView>> {
    let scope = reading(&caller)?;
    let (limit, after) = (page.limit()?, page.after::<Entry>()?);
    let found = ctx.read(scope, move |tx| store::entries(tx, &name, after.as_ref(), limit + 1)).await?;
    let listed = found.into_iter().map(FraudListedView::from).collect();
    Ok(Page::of(listed, limit, |listed: &FraudListedView| listed.entry.clone())).answered()
}

/// Makes a list hold these entries and no others.
#[utoipa::path(put, path = "/api/v1/fraud/lists/{name}", tag = "fraud", params(("name" = ListName, Path)),
    request_body = PutFraudList,
    responses((status = 200, description = "The list.", body = FraudListView)))]
pub(super) async fn put_list(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(name): Path<ListName>,
    Json(PutFraudList { entries }): Json<PutFraudList>,
) -> Answer<FraudListView> {
    let scope = caller.require(MANAGE)?;
    if entries.len() > ENTRIES_MAX {
        return Err(Problem::field("entries", format!("holds at most {ENTRIES_MAX} entries")));
    }
    if let Some(at) = entries.iter().position(|listed| is_unusable_network(listed.entry.as_str())) {
        let message =
            "is a network that addresses are not looked up by: 8, 16 or 24 bits, in IPv6 32, 48 or 64";
        return Err(Problem::field(&format!("entries[{at}].entry"), message));
    }
    let once: BTreeMap<Entry, Option<Note>> =
        entries.into_iter().map(|PutFraudEntry { entry, note }| (entry, note)).collect();
    let listed: Vec<Listed> = once.into_iter().map(|(entry, note)| Listed { entry, note }).collect();
    let put = move |tx: &mut Tx<'_>| {
        lists::replace(tx, &name, &listed).map(|entries| FraudListView { list: name.clone(), entries })
    };
    ctx.write(scope, key, put).await.answered()
}
