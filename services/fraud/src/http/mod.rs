//! The API under `/api/v1/fraud`: `rule_sets` (writing, publishing, replaying), `decisions` (the journal, dry runs),
//! `reviews`, `alerts`, `lists`, `views` (what is shown).
//!
//! Everything here is for those who look after fraud: what is known of a payment is not shown to who paid.

mod alerts;
mod decisions;
mod lists;
mod reviews;
mod rule_sets;
mod views;

use kernel::auth::{Caller, Denied, Permission};
use kernel::service::Running;
use kernel::store::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// To look at rules, decisions, reviews and alerts of the project, and to ask what would be decided.
const READ: Permission = Permission::new("fraud:read");
/// To change rules and lists, and to decide reviews.
const MANAGE: Permission = Permission::new("fraud:manage");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(rule_sets::write_rule_set, rule_sets::list_rule_sets))
        .routes(routes!(rule_sets::get_rule_set))
        .routes(routes!(rule_sets::publish_rule_set))
        .routes(routes!(rule_sets::simulate_rule_set))
        .routes(routes!(rule_sets::get_simulation))
        .routes(routes!(rule_sets::follow_simulation))
        .routes(routes!(rule_sets::list_rule_figures))
        .routes(routes!(decisions::list_decisions))
        .routes(routes!(decisions::get_decision))
        .routes(routes!(decisions::assess_payment))
        .routes(routes!(reviews::list_reviews))
        .routes(routes!(reviews::assign_review))
        .routes(routes!(reviews::decide_review))
        .routes(routes!(alerts::list_alerts))
        .routes(routes!(lists::get_list, lists::put_list))
}

/// Who may change may look as well.
fn reading(caller: &Caller) -> Result<Scope, Denied> {
    caller.require(MANAGE).or_else(|_| caller.require(READ))
}
