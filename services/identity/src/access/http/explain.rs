//! Why somebody may do something or not.

use contracts::{ApiKeyId, UserId};
use kernel::http::{Answer, Answering, Caller, Ctx, Json, Problem};
use kernel::store::Scope;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{EXPLAIN, project_of};
use crate::access::queries::{self, Asked};
use crate::domain::explain::Explanation;
use crate::domain::text::PermissionName;

/// Who wants to do what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "permission": "orders:write"}))]
pub(super) struct ExplainAccess {
    /// A person; or else a key.
    user_id: Option<UserId>,
    /// A key; or else a person.
    api_key_id: Option<ApiKeyId>,
    /// What they want to do.
    permission: PermissionName,
}

/// Says whether somebody may do something in the project, and why.
#[utoipa::path(post, path = "/api/v1/access/explain", tag = "roles", request_body = ExplainAccess,
    responses((status = 200, description = "Whether, and why.", body = Explanation)))]
pub(super) async fn explain_access(
    ctx: Ctx,
    caller: Caller,
    Json(body): Json<ExplainAccess>,
) -> Answer<Explanation> {
    let project = project_of(&caller, EXPLAIN)?;
    let asked = match (body.user_id, body.api_key_id) {
        (Some(user), None) => Asked::Person(user),
        (None, Some(key)) => Asked::Program(key),
        _ => return Err(Problem::field("user_id", "or `api_key_id` is needed, and not both")),
    };
    let scope = Scope::System("explaining who may do what in a project");
    ctx.read(scope, move |tx| queries::explain(tx, project, asked, &body.permission)).await.answered()
}
