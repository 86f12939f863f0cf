//! Transfers: one, or a batch of up to 8,190 in one transaction.

use std::fmt;

use axum::extract::{FromRequest, Request};
use contracts::{Currency, TransactionId};
use http::{StatusCode, header};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::Tx;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

use super::views::{ResultsView, TransferView};
use super::{BATCH_BYTES_MAX, CodeNumber, MANAGE, MinorUnits, crowd, read, seen, write};
use crate::commands::batch;
use crate::domain::{Address, BATCH_MAX, Phase, Sides, Transfer};
use crate::queries;

/// A transfer to be done. What does not go together is answered with its result.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"debit_account_id": "outside:INR", "credit_account_id": "users:7:wallet", "amount": 1500,
    "currency": "INR"}))]
pub(super) struct PostLedgerTransfer {
    /// Its id, which makes twice once; a new one where it is left out.
    id: Option<TransactionId>,
    /// What it does; it moves money at once where it is left out.
    #[serde(default)]
    phase: Phase,
    /// Who gives; a post or void may leave it out.
    debit_account_id: Option<Address>,
    /// Who takes; a post or void may leave it out.
    credit_account_id: Option<Address>,
    /// How much; a post, a void and a balancing transfer may leave it out, for all there is.
    amount: Option<MinorUnits>,
    /// The currency of both accounts; a post or void may leave it out.
    currency: Option<Currency>,
    /// What a post or void ends.
    pending_id: Option<TransactionId>,
    /// After how many seconds a pending transfer is let go; never where it is 0 or left out.
    #[serde(default)]
    #[schema(maximum = 4294967295_u32)]
    timeout_s: u32,
    /// What its maker takes it for; 1 where it is left out.
    code: Option<CodeNumber>,
    /// A post that is not the last leaves the rest set aside; it is the last where it is left out.
    #[serde(rename = "final")]
    last: Option<bool>,
    /// No more than the debit account has.
    #[serde(default)]
    balancing_debit: bool,
    /// No more than the credit account has room for.
    #[serde(default)]
    balancing_credit: bool,
    /// Closes the debit account, until it is voided.
    #[serde(default)]
    closing_debit: bool,
    /// Closes the credit account, until it is voided.
    #[serde(default)]
    closing_credit: bool,
    /// Is done together with the next one of the batch, or not at all.
    #[serde(default)]
    linked: bool,
}

/// 1 to 8,190 transfers, done in their order.
#[derive(Deserialize, ToSchema)]
#[schema(min_items = 1, max_items = 8190)]
pub(super) struct PostLedgerTransferList(Vec<PostLedgerTransfer>);

/// One transfer, or a list of them.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(example = json!([{"debit_account_id": "outside:INR", "credit_account_id": "users:7:wallet", "amount": 1500,
    "currency": "INR"}]))]
pub(super) enum PostLedgerTransfers {
    /// One.
    One(Box<PostLedgerTransfer>),
    /// A batch.
    Many(PostLedgerTransferList),
}

/// How a batch is done.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HowToPost {
    /// All of it or nothing; each by itself, as far as they are not linked, where it is left out.
    #[serde(default)]
    atomic: bool,
}

/// Does transfers in their order, and says of each what became of it. A batch may come as `application/x-ndjson` too, one
/// transfer a line.
#[utoipa::path(post, path = "/api/v1/ledger/transfers", tag = "ledger", operation_id = "post_ledger_transfers",
    request_body = PostLedgerTransfers,
    params(HowToPost),
    responses((status = 200, description = "What became of each: `created`, or why not.", body = ResultsView)))]
pub(super) async fn post_transfers(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Query(how): Query<HowToPost>,
    body: PostLedgerTransfers,
) -> Answer<ResultsView> {
    let scope = caller.require(MANAGE)?;
    let store = ctx.service().store();
    let (ids, now) = (store.ids(), store.clock().now());
    let wanted = body.listed()?;
    let mut transfers: Vec<Transfer> =
        wanted.into_iter().map(|wanted| wanted.transfer(|| ids.next(now))).collect();
    if how.atomic {
        Transfer::chain(&mut transfers);
    }
    if key.is_used() || transfers.iter().any(names_a_wallet) {
        let command = move |tx: &mut Tx<'_>| batch::post(tx, &transfers).map(ResultsView::from);
        return write(&ctx, scope, key, command).await.answered();
    }
    crowd::post(&ctx, scope, transfers).await.map(ResultsView::from).answered()
}

/// What its owner hears of its balance belongs to the one request that changed it.
fn names_a_wallet(transfer: &Transfer) -> bool {
    // What a post or void ends is not said.
    let ends = matches!(transfer.phase, Phase::Post | Phase::Void);
    ends || [&transfer.debit, &transfer.credit].into_iter().flatten().any(|name| name.wallet().is_some())
}

/// Shows a transfer as it stands in the journal.
#[utoipa::path(get, path = "/api/v1/ledger/transfers/{id}", tag = "ledger", operation_id = "get_ledger_transfer",
    params(("id" = TransactionId, Path)),
    responses((status = 200, description = "The transfer.", body = TransferView)))]
pub(super) async fn get_transfer(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<TransactionId>,
) -> Answer<TransferView> {
    let scope = seen(&caller)?;
    let found = read(&ctx, scope, move |tx| queries::transfer(tx, id)).await;
    found.map(TransferView::from).answered()
}

impl PostLedgerTransfers {
    fn listed(self) -> Result<Vec<PostLedgerTransfer>, Problem> {
        match self {
            Self::One(one) => Ok(vec![*one]),
            Self::Many(PostLedgerTransferList(many)) if (1..=BATCH_MAX).contains(&many.len()) => Ok(many),
            Self::Many(_) => Err(Problem::field("body", "holds 1 to 8190 transfers")),
        }
    }
}

impl PostLedgerTransfer {
    fn transfer(self, new_id: impl FnOnce() -> TransactionId) -> Transfer {
        let ends = matches!(self.phase, Phase::Post | Phase::Void);
        let unsaid = if ends { 0 } else { Transfer::CODE_OF_ITS_OWN };
        Transfer {
            id: self.id.unwrap_or_else(new_id),
            phase: self.phase,
            debit: self.debit_account_id,
            credit: self.credit_account_id,
            amount: self.amount.map(|amount| amount.0),
            currency: self.currency,
            pending_id: self.pending_id,
            timeout_s: self.timeout_s,
            code: self.code.map_or(unsaid, |code| code.0),
            keeps_rest: self.last == Some(false),
            balancing: Sides { debit: self.balancing_debit, credit: self.balancing_credit },
            closing: Sides { debit: self.closing_debit, credit: self.closing_credit },
            linked: self.linked,
            payment: None,
        }
    }
}

const LINES: &str = "application/x-ndjson";

/// JSON, or one transfer a line.
impl<S: Send + Sync> FromRequest<S> for PostLedgerTransfers {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.and_then(|kind| kind.split(';').next()).is_none_or(|kind| kind.trim() != LINES) {
            return Json::from_request(request, state).await.map(|Json(wanted)| wanted);
        }
        let body = axum::body::to_bytes(request.into_body(), BATCH_BYTES_MAX).await.map_err(|_| {
            let message =
                format!("the body may have at most {BATCH_BYTES_MAX} bytes, and has to arrive whole");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        })?;
        let lines = body.split(|byte| *byte == b'\n').enumerate();
        let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        let read = |(at, line): (usize, &[u8])| {
            serde_json::from_slice(line)
                .map_err(|error| Problem::field(&format!("line {}", at + 1), error.to_string()))
        };
        let wanted: Result<Vec<PostLedgerTransfer>, Problem> = lines.take(BATCH_MAX + 1).map(read).collect();
        Ok(Self::Many(PostLedgerTransferList(wanted?)))
    }
}

/// Read as it comes: a batch is not taken into a tree first, and a wrong field is told by its path.
impl<'de> Deserialize<'de> for PostLedgerTransfers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = PostLedgerTransfers;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a transfer or a list of them")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let one = PostLedgerTransfer::deserialize(MapAccessDeserializer::new(map))?;
                Ok(PostLedgerTransfers::One(Box::new(one)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                let many = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(PostLedgerTransfers::Many(PostLedgerTransferList(many)))
            }
        }
        from.deserialize_any(OneOrMany)
    }
}
