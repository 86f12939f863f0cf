//! What a caller sees of an answer that goes on.

use std::time::Duration;

use axum::body::Body;
use contracts::{Id, ProjectId};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

use super::{Ctx, Live, Problem};
use crate::params;
use crate::service::{Running, Service};
use crate::store::{Migration, Scope, StoreError, Tx};
use crate::testing::{Stage, on_both};

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_counts.sql",
    sql: "create table counts (project_id text not null primary key, number bigint not null);",
}];

fn shop() -> Scope {
    Scope::Project(ProjectId::from_u128(1))
}

fn number(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    tx.row("select number from counts where project_id = $1", params![tx.project()?])
}

fn count(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.run(
        "insert into counts (project_id, number) values ($1, 1)
         on conflict (project_id) do update set number = counts.number + 1",
        params![tx.project()?],
    )
}

async fn follow(ctx: Ctx) -> Result<Live, Problem> {
    ctx.live(shop(), number).await
}

async fn await_two(ctx: Ctx) -> Result<String, Problem> {
    let two = |tx: &mut Tx<'_>| number(tx).map(|number| number.filter(|number| *number >= 2));
    let found = ctx.awaited(shop(), Duration::from_secs(3), two).await?;
    Ok(format!("{found:?}"))
}

fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .route("/follow", axum::routing::get(follow))
        .route("/await", axum::routing::get(await_two))
}

fn counting() -> Service {
    Service::new("counting").migrations(MIGRATIONS).routes(routes)
}

#[test]
fn a_follower_is_told_what_is_and_then_each_change() {
    on_both(async |place| {
        let stage = Stage::new(place, counting()).await;
        let ask = Request::get("/follow").body(Body::empty()).unwrap();
        let answer = stage.running.routes().0.oneshot(ask).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut body = answer.into_body();
        for expected in [Value::Null, 1.into(), 2.into()] {
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(frame, format!("data: {expected}\n\n"));
            stage.running.store().write(shop(), count).await.unwrap();
        }
        stage.running.streams().end();
        while let Some(frame) = body.frame().await {
            assert!(frame.is_ok());
        }
    });
}

#[test]
fn what_is_not_there_yet_is_awaited() {
    on_both(async |place| {
        let stage = Stage::new(place, counting()).await;
        let ask = Request::get("/await").body(Body::empty()).unwrap();
        let asked = tokio::spawn(stage.running.routes().0.oneshot(ask));
        stage.running.store().write(shop(), count).await.unwrap();
        stage.running.store().write(shop(), count).await.unwrap();
        let answer = asked.await.unwrap().unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(answer, "Some(2)");
    });
}
