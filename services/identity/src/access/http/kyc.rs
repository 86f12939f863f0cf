//! The proof of who somebody is: their own papers, and the desk of those who look at them.

use contracts::events::access::KycState;
use contracts::{KycCaseId, ProjectId, Timestamp, UserId};
use kernel::auth::Denied;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Scope, Tx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{KYC_REVIEW, project_of};
use crate::access::commands::kyc as commands;
use crate::access::queries::{self, Proof};
use crate::domain::contact::Country;
use crate::domain::kyc::{CaseState, Claims, Day, Decision, DocumentKind, KycCase, MEDIA_MAX};
use crate::domain::text::{Reason, Title};

/// What is to prove who you are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": 1, "full_name": "Asha Rao", "born_on": "1990-04-30", "country": "IN",
    "document_kind": "passport", "document_number": "P1234567", "media_ids": ["med_01jd3sa4k8qm7v2x9c5f0t6w1b"]}))]
pub(super) struct SubmitKyc {
    /// How much it is to prove: 1 basic, 2 full.
    #[schema(minimum = 1, maximum = 2)]
    level: u8,
    /// The whole name as it stands in the document.
    full_name: Title,
    /// The day of birth.
    #[schema(value_type = String, format = Date)]
    born_on: Day,
    /// The country that gave the document, as ISO 3166 names it with two letters.
    country: Country,
    /// What kind of document it is.
    document_kind: DocumentKind,
    /// Its number.
    document_number: Title,
    /// The pictures of it, by their names in the media service: at most 10.
    #[serde(default)]
    #[schema(max_items = 10)]
    media_ids: Vec<Title>,
}

/// What came of a look at a case.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decision": "rejected", "reason": "The photo is too dark to be read."}))]
pub(super) struct ReviewKyc {
    /// Whether it is believed.
    decision: Decision,
    /// Why; the person reads it.
    reason: Option<Reason>,
}

/// Which cases are looked for, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedCases {
    /// Those that stand so.
    #[param(inline)]
    state: Option<CaseState>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A case, without what was handed in.
#[derive(Serialize, ToSchema)]
pub(super) struct KycCaseView {
    /// Which.
    id: KycCaseId,
    /// Whose.
    user_id: UserId,
    /// How much it is to prove.
    level: u8,
    /// Where it stands.
    state: CaseState,
    /// When it was handed in.
    submitted_at: Timestamp,
    /// When it was decided.
    reviewed_at: Option<Timestamp>,
    /// Why so.
    reason: Option<String>,
}

/// A case for whoever decides on it.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenedCase {
    #[serde(flatten)]
    case: KycCaseView,
    /// What was handed in; null once the person was erased.
    claims: Option<Claims>,
}

/// How far the proof of who you are has come.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnKyc {
    /// Where the newest case stands.
    state: KycState,
    /// How much is proven: 0 nothing, 1 basic, 2 full.
    level: u8,
    /// What you handed in, newest first: the last 20.
    cases: Vec<KycCaseView>,
}

/// Hands in what proves who you are. It is stored sealed, and opened for those only who decide on it.
#[utoipa::path(post, path = "/api/v1/users/me/kyc", tag = "kyc", request_body = SubmitKyc,
    responses((status = 201, description = "It waits for a look.", body = KycCaseView)))]
pub(super) async fn submit_kyc(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<SubmitKyc>,
) -> Answer<KycCaseView> {
    let (user, project) = own(&caller)?;
    if !(1..=2).contains(&body.level) {
        return Err(Problem::field("level", "is 1 or 2"));
    }
    if body.media_ids.len() > MEDIA_MAX {
        return Err(Problem::field("media_ids", format!("has at most {MEDIA_MAX} entries")));
    }
    let (level, claims) = body.parted();
    ctx.write(Scope::Project(project), key, move |tx| {
        commands::submit(tx, project, user, level, &claims).map(KycCaseView::from)
    })
    .await
    .created()
}

/// Shows how far the proof of who you are has come.
#[utoipa::path(get, path = "/api/v1/users/me/kyc", tag = "kyc",
    responses((status = 200, description = "How far it has come.", body = OwnKyc)))]
pub(super) async fn get_own_kyc(ctx: Ctx, caller: Caller) -> Answer<OwnKyc> {
    let (user, project) = own(&caller)?;
    let proof = ctx.read(Scope::Project(project), move |tx| queries::proof(tx, project, user)).await;
    proof.map(OwnKyc::from).answered()
}

/// Lists cases, oldest first.
#[utoipa::path(get, path = "/api/v1/kyc/cases", tag = "kyc", params(WantedCases),
    responses((status = 200, description = "A page of cases.", body = Page<KycCaseView>)))]
pub(super) async fn list_kyc_cases(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedCases>,
) -> Answer<Page<KycCaseView>> {
    let project = project_of(&caller, KYC_REVIEW)?;
    let WantedCases { state, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let query = move |tx: &mut Tx<'_>| queries::cases(tx, project, state, after, limit + 1);
    let rows = ctx.read(Scope::Project(project), query).await;
    rows.map(|rows| Page::of(rows, limit, |case| case.id).map(KycCaseView::from)).answered()
}

/// Opens a case for whoever decides on it. That it was looked at is remembered.
#[utoipa::path(get, path = "/api/v1/kyc/cases/{id}", tag = "kyc", params(("id" = KycCaseId, Path)),
    responses((status = 200, description = "The case with what was handed in.", body = OpenedCase)))]
pub(super) async fn view_kyc_case(ctx: Ctx, caller: Caller, Path(id): Path<KycCaseId>) -> Answer<OpenedCase> {
    let project = project_of(&caller, KYC_REVIEW)?;
    let command = move |tx: &mut Tx<'_>| commands::view(tx, project, id);
    let opened = ctx.write_unkept(Scope::Project(project), caller.name(), command).await;
    opened.map(|(case, claims)| OpenedCase { case: case.into(), claims }).answered()
}

/// Decides on a case.
#[utoipa::path(post, path = "/api/v1/kyc/cases/{id}/review", tag = "kyc", request_body = ReviewKyc,
    params(("id" = KycCaseId, Path)),
    responses((status = 200, description = "How it stands now.", body = KycCaseView)))]
pub(super) async fn review_kyc_case(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<KycCaseId>,
    Json(body): Json<ReviewKyc>,
) -> Answer<KycCaseView> {
    let project = project_of(&caller, KYC_REVIEW)?;
    let by = caller.user()?;
    ctx.write(Scope::Project(project), key, move |tx| {
        commands::review(tx, project, id, body.decision, body.reason.clone(), by).map(KycCaseView::from)
    })
    .await
    .answered()
}

/// Who calls and the project they act for: their own papers need no permission.
fn own(caller: &Caller) -> Result<(UserId, ProjectId), Denied> {
    Ok((caller.user()?, caller.project().ok_or(Denied::NoProject)?))
}

impl SubmitKyc {
    fn parted(self) -> (u8, Claims) {
        let Self { level, full_name, born_on, country, document_kind, document_number, media_ids } = self;
        (level, Claims { full_name, born_on, country, document_kind, document_number, media_ids })
    }
}

impl From<KycCase> for KycCaseView {
    fn from(case: KycCase) -> Self {
        let KycCase { id, user_id, level, state, submitted_at, reviewed_at, reason, .. } = case;
        Self { id, user_id, level, state, submitted_at, reviewed_at, reason }
    }
}

impl From<Proof> for OwnKyc {
    fn from(Proof { state, level, cases }: Proof) -> Self {
        Self { state, level, cases: cases.into_iter().map(KycCaseView::from).collect() }
    }
}
