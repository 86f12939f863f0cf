//! Payments that were planned, and stopping them.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use ui::face::{Failure, Posted, Sheet, Visit, redirect_saying, token_field};
use ui::{Icon, badge, empty, icon, money, nav, when};

use super::crumbs;
use crate::api::{Listed, Schedule, ScheduleState};
use crate::said;
use crate::words::{every, person, schedule as standing};

/// Where the list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct From {
    cursor: Option<String>,
}

pub(super) const HERE: &str = "/wallet/schedules";

/// `GET /wallet/schedules`.
pub async fn list_schedules(
    Extension(visit): Extension<Visit>,
    Query(from): Query<From>,
) -> Result<Response, Failure> {
    let after =
        from.cursor.as_ref().map(|cursor| format!("&cursor={}", client::encoded(cursor))).unwrap_or_default();
    let path = format!("/api/v1/wallet/schedules?limit=20{after}");
    let listed: Listed<Schedule> = visit.as_visitor()?.get(&path).await?;
    let first = from.cursor.as_ref().map(|_| HERE);
    let next = listed.next_cursor.map(|cursor| format!("{HERE}?cursor={}", client::encoded(&cursor)));
    let main = html! {
        (crumbs("Planned payments"))
        div.row.apart { h1 { "Planned payments" } a.button href="/wallet/schedules/new" { (icon(Icon::Clock)) "Plan a payment" } }
        @if listed.data.is_empty() && first.is_none() {
            (empty(Icon::Clock, "Nothing is planned", "Rent, pocket money, a club: plan it once, and it is paid on its day.", Some(("/wallet/schedules/new", "Plan a payment"))))
        } @else {
            ul.moves.plain { @for schedule in &listed.data { li { (row(&visit, schedule)) } } }
            (nav::pager(first, next.as_deref()))
        }
    };
    Ok(Sheet::private("Planned payments").answer(&visit, &main))
}

/// `POST /wallet/schedules/{schedule}/cancel`.
pub async fn cancel_schedule(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    _posted: Posted,
) -> Result<Response, Failure> {
    let path = format!("/api/v1/wallet/schedules/{}", client::encoded(&id));
    match visit.as_visitor()?.delete::<Schedule>(&path).await {
        Ok(_) => Ok(redirect_saying(&visit, HERE, said::STOPPED)),
        Err(error) if error.api().is_some_and(|told| told.status == StatusCode::CONFLICT) => {
            Ok(redirect_saying(&visit, HERE, said::STOPPED_BEFORE))
        }
        Err(error) => Err(error.into()),
    }
}

fn row(visit: &Visit, schedule: &Schedule) -> Markup {
    let (tone, short) = standing(schedule.state);
    let name = person(schedule.payee_name.as_deref(), schedule.to_account);
    html! {
        article.asking {
            div.move {
                span.way { (icon(Icon::Clock)) }
                div.grow {
                    p.strong { "To " (name) }
                    @if let Some(note) = &schedule.note { p.small { (note) } }
                    p.small.muted { (every(schedule.every)) @if let Some(at) = schedule.next_at { ", next " (when(at)) } }
                    @if schedule.last_problem.is_some() { p.small { "The last time it could not be paid." } }
                }
                span.sum { span.strong { (money::shown(schedule.money())) } (badge(tone, short)) }
            }
            @if schedule.state == ScheduleState::Active {
                form.answers method="post" action={ "/wallet/schedules/" (schedule.id) "/cancel" } {
                    (token_field(visit))
                    button.button.second type="submit" { "Stop" span.hush { " " (name) } }
                }
            }
        }
    }
}
