//! The whole catalog as a sheet, a page at a time: what is in memory is one page, however much there is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use contracts::ProductId;
use http_body::Frame;
use kernel::http::{Caller, Ctx, Problem};
use kernel::store::{Scope, StoreError};

use super::WRITE;
use crate::domain::sheet::{write_head, write_product};
use crate::store;

const PRODUCTS_PER_PAGE: u32 = 100;

/// A part of the sheet, and the product that another part comes after.
type Part = Result<(String, Option<ProductId>), Problem>;
type Coming = Pin<Box<dyn Future<Output = Part> + Send>>;

/// The sheet as it is sent: the next page is read when the last one was taken.
struct Pages {
    ctx: Ctx,
    scope: Scope,
    next: Option<Coming>,
}

/// The whole catalog as CSV, in the columns that an import takes: drafts and archived products too. A cell that a
/// spreadsheet would take for a formula has a `'` before it, which an import takes away again.
#[utoipa::path(get, path = "/api/v1/catalog/export", tag = "imports",
    responses((status = 200, description = "The sheet.", content_type = "text/csv", body = String)))]
pub(super) async fn export_products(ctx: Ctx, caller: Caller) -> Result<Response, Problem> {
    let scope = caller.require(WRITE)?;
    // The first page is read before the answer begins, so that trouble has its status.
    let (rows, more) = page(ctx.clone(), scope.clone(), None).await?;
    let mut text = String::new();
    write_head(&mut text);
    text.push_str(&rows);
    let next: Coming = Box::pin(std::future::ready(Ok((text, more))));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"catalog.csv\""),
    ];
    Ok((headers, Body::new(Pages { ctx, scope, next: Some(next) })).into_response())
}

async fn page(ctx: Ctx, scope: Scope, after: Option<ProductId>) -> Part {
    let read = ctx.read(scope, move |tx| {
        let tree = store::categories::tree(tx)?;
        let products = store::products::after(tx, after, PRODUCTS_PER_PAGE)?;
        let mut text = String::new();
        products.iter().for_each(|product| write_product(product, &tree, &mut text));
        let last = products.last().filter(|_| products.len() == PRODUCTS_PER_PAGE as usize);
        Ok::<_, StoreError>((text, last.map(|product| product.id)))
    });
    read.await
}

impl HttpBody for Pages {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Some(coming) = self.next.as_mut() else { return Poll::Ready(None) };
        let part = std::task::ready!(coming.as_mut().poll(cx));
        self.next = None;
        Poll::Ready(Some(match part {
            Ok((text, more)) => {
                let read = more.map(|last| page(self.ctx.clone(), self.scope.clone(), Some(last)));
                self.next = read.map(|read| -> Coming { Box::pin(read) });
                Ok(Frame::data(text.into()))
            }
            Err(problem) => {
                // The status is out already: the connection breaks, so that nobody takes a part for the whole.
                let cause = problem.cause().unwrap_or_default();
                tracing::error!(problem.code = problem.code(), cause, "an export broke off");
                Err(io::Error::other(problem.code()))
            }
        }))
    }
}
