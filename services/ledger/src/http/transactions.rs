//! Transactions: several legs under one name, taking them back, and exchanging currencies.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::{Currency, TransactionId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Scope, Tx};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::views::TransactionView;
use super::{CodeNumber, MANAGE, SomeMinorUnits, read, seen, write};
use crate::commands::transactions::{self, Earnest, Leg, Words};
use crate::domain::{Address, Reference, Role, Text};
use crate::error::Error;
use crate::queries;
use crate::store::TransactionKind;

/// One leg of a transaction.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerLeg {
    /// Who gives.
    debit_account_id: Address,
    /// Who takes.
    credit_account_id: Address,
    /// How much.
    amount: SomeMinorUnits,
    /// In which currency.
    currency: Currency,
    /// What its maker takes it for; 1 where it is left out.
    code: Option<CodeNumber>,
}

/// A transaction to be made: all of its legs or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"legs": [{"debit_account_id": "outside:INR", "credit_account_id": "users:7:wallet",
    "amount": 1500, "currency": "INR"}], "reference": "top-up-2026-0007", "metadata": {"counter": "3"}}))]
pub(super) struct MakeLedgerTransaction {
    /// 1 to 100 legs, done in their order.
    #[schema(min_items = 1, max_items = 100)]
    legs: Vec<LedgerLeg>,
    /// What its maker calls it; no other transaction of the project has it.
    reference: Option<Reference>,
    /// What it is about, for people.
    description: Option<Text>,
    /// What its maker wants to find with it: at most 50 names, each with a line of words.
    #[schema(schema_with = metadata_schema)]
    #[serde(default)]
    metadata: BTreeMap<String, Text>,
}

/// A transaction to be taken back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 500, "description": "Half of it was broken"}))]
pub(super) struct ReverseLedgerTransaction {
    /// How much of it, where it has one leg; all that is left where it is left out.
    amount: Option<SomeMinorUnits>,
    /// What the reversal is called; no other transaction of the project has it.
    reference: Option<Reference>,
    /// Why, for people.
    description: Option<Text>,
}

/// Money of one currency for money of another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from_account_id": "users:7:usd", "to_account_id": "users:7:inr", "sell_amount": 1000,
    "sell_currency": "USD", "buy_amount": 84310, "buy_currency": "INR"}))]
pub(super) struct ExchangeMoney {
    /// Who gives the one.
    from_account_id: Address,
    /// Who takes the other.
    to_account_id: Address,
    /// How much is given.
    sell_amount: SomeMinorUnits,
    /// Of which currency.
    sell_currency: Currency,
    /// How much is taken.
    buy_amount: SomeMinorUnits,
    /// Of which currency.
    buy_currency: Currency,
    /// What the exchange is called; no other transaction of the project has it.
    reference: Option<Reference>,
}

/// Whether it is in earnest.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InEarnest {
    /// Nothing is done; the answer says what would be.
    #[serde(default)]
    dry_run: bool,
}

const LEGS_MAX: usize = 100;
const METADATA_KEYS_MAX: usize = 50;
const METADATA_BYTES_MAX: usize = 65_536;

/// Makes a transaction: all of its legs or none.
#[utoipa::path(post, path = "/api/v1/ledger/transactions", tag = "ledger", operation_id = "make_ledger_transaction",
    request_body = MakeLedgerTransaction, params(InEarnest),
    responses((status = 200, description = "What it would be, for a dry run.", body = TransactionView),
        (status = 201, description = "It is made.", body = TransactionView)))]
pub(super) async fn make_transaction(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Query(earnest): Query<InEarnest>,
    Json(body): Json<MakeLedgerTransaction>,
) -> Answer<TransactionView> {
    let scope = caller.require(MANAGE)?;
    let MakeLedgerTransaction { legs, reference, description, metadata } = body;
    if !(1..=LEGS_MAX).contains(&legs.len()) {
        return Err(Problem::field("legs", "holds 1 to 100 legs"));
    }
    let metadata = bounded(metadata)?;
    let legs: Vec<Leg> = legs.into_iter().map(Leg::from).collect();
    let words = Words { reference, description, metadata };
    made(&ctx, scope, key, (TransactionKind::Made, legs, words), earnest).await
}

/// Exchanges money through the project's liquidity accounts, at the rate that the two amounts make.
#[utoipa::path(post, path = "/api/v1/ledger/exchanges", tag = "ledger", operation_id = "exchange_money",
    request_body = ExchangeMoney, params(InEarnest),
    responses((status = 200, description = "What it would be, for a dry run.", body = TransactionView),
        (status = 201, description = "It is done.", body = TransactionView)))]
pub(super) async fn exchange(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Query(earnest): Query<InEarnest>,
    Json(body): Json<ExchangeMoney>,
) -> Answer<TransactionView> {
    let scope = caller.require(MANAGE)?;
    let (sold, bought) = (body.sell_currency, body.buy_currency);
    let leg = |debit, credit, amount: SomeMinorUnits, currency| Leg {
        debit,
        credit,
        amount: amount.0,
        currency,
        code: 1,
    };
    let legs = vec![
        leg(body.from_account_id, Role::Liquidity.account(sold), body.sell_amount, sold),
        leg(Role::Liquidity.account(bought), body.to_account_id, body.buy_amount, bought),
    ];
    let words = Words { reference: body.reference, ..Words::default() };
    made(&ctx, scope, key, (TransactionKind::Exchange, legs, words), earnest).await
}

async fn made(
    ctx: &Ctx,
    scope: Scope,
    key: IdempotencyKey,
    wanted: (TransactionKind, Vec<Leg>, Words),
    InEarnest { dry_run }: InEarnest,
) -> Answer<TransactionView> {
    let (wanted, earnest) = (Arc::new(wanted), earnest(dry_run));
    let command = move |tx: &mut Tx<'_>| {
        let (kind, legs, words) = &*wanted;
        transactions::make(tx, *kind, legs, words, earnest).map(TransactionView::from)
    };
    let written = write(ctx, scope, key, command).await;
    if dry_run { written.answered() } else { written.created() }
}

/// Takes a transaction back: all of it once, or of a single leg parts until nothing is left.
#[utoipa::path(post, path = "/api/v1/ledger/transactions/{id}/reverse", tag = "ledger",
    operation_id = "reverse_ledger_transaction", request_body = ReverseLedgerTransaction,
    params(("id" = TransactionId, Path), InEarnest),
    responses((status = 200, description = "What it would be, for a dry run.", body = TransactionView),
        (status = 201, description = "The transaction that takes it back.", body = TransactionView)))]
pub(super) async fn reverse_transaction(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<TransactionId>,
    Query(InEarnest { dry_run }): Query<InEarnest>,
    Json(body): Json<ReverseLedgerTransaction>,
) -> Answer<TransactionView> {
    let scope = caller.require(MANAGE)?;
    let ReverseLedgerTransaction { amount, reference, description } = body;
    let amount = amount.map(|amount| amount.0);
    let words = Arc::new(Words { reference, description, metadata: Map::new() });
    let command = move |tx: &mut Tx<'_>| {
        transactions::reverse(tx, id, amount, &words, earnest(dry_run)).map(TransactionView::from)
    };
    let written = write(&ctx, scope, key, command).await;
    if dry_run { written.answered() } else { written.created() }
}

/// Shows a transaction with its legs.
#[utoipa::path(get, path = "/api/v1/ledger/transactions/{id}", tag = "ledger",
    operation_id = "get_ledger_transaction", params(("id" = TransactionId, Path)),
    responses((status = 200, description = "The transaction.", body = TransactionView)))]
pub(super) async fn get_transaction(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<TransactionId>,
) -> Answer<TransactionView> {
    let scope = seen(&caller)?;
    let found =
        read(&ctx, scope, move |tx| queries::transaction(tx, id)?.ok_or(Error::Absent("transaction"))).await;
    found.map(TransactionView::from).answered()
}

/// The same under its short path.
#[utoipa::path(get, path = "/api/v1/transactions/{id}", tag = "ledger", operation_id = "get_transaction",
    params(("id" = TransactionId, Path)),
    responses((status = 200, description = "The transaction.", body = TransactionView)))]
pub(super) async fn get_transaction_by_its_short_path(
    ctx: Ctx,
    caller: Caller,
    path: Path<TransactionId>,
) -> Answer<TransactionView> {
    get_transaction(ctx, caller, path).await
}

/// Which transactions are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedTransactions {
    /// What its maker calls it: one has this name, or none.
    reference: Option<Reference>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists transactions, newest first, without their legs.
#[utoipa::path(get, path = "/api/v1/ledger/transactions", tag = "ledger",
    operation_id = "list_ledger_transactions", params(WantedTransactions),
    responses((status = 200, description = "A page of transactions.", body = Page<TransactionView>)))]
pub(super) async fn list_transactions(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedTransactions>,
) -> Answer<Page<TransactionView>> {
    let scope = seen(&caller)?;
    let WantedTransactions { reference, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let query = move |tx: &mut Tx<'_>| queries::transactions(tx, reference.as_ref(), before, limit + 1);
    let found = ctx.read(scope, query).await;
    let views = |records: Vec<_>| records.into_iter().map(TransactionView::from).collect();
    found.map(|records| Page::of(views(records), limit, |transaction| transaction.id)).answered()
}

fn earnest(dry_run: bool) -> Earnest {
    if dry_run { Earnest::DryRun } else { Earnest::Done }
}

fn bounded(metadata: BTreeMap<String, Text>) -> Result<Map<String, Value>, Problem> {
    let bytes: usize = metadata.iter().map(|(name, text)| name.len() + text.as_str().len()).sum();
    // Postgres keeps no NUL in its documents.
    let has_nul = metadata.keys().any(|name| name.contains('\0'));
    if has_nul || metadata.len() > METADATA_KEYS_MAX || bytes > METADATA_BYTES_MAX {
        return Err(Problem::field("metadata", "has at most 50 names and 65536 bytes, and no NUL"));
    }
    let text = |(name, text): (String, Text)| (name, Value::String(text.as_str().to_owned()));
    Ok(metadata.into_iter().map(text).collect())
}

fn metadata_schema() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(Text::schema()))
        .max_properties(Some(METADATA_KEYS_MAX))
        .build()
}

impl From<LedgerLeg> for Leg {
    fn from(leg: LedgerLeg) -> Self {
        Self {
            debit: leg.debit_account_id,
            credit: leg.credit_account_id,
            amount: leg.amount.0,
            currency: leg.currency,
            code: leg.code.map_or(1, |code| code.0),
        }
    }
}
