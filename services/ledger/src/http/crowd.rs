//! What many ask at once is done as one: while a transaction is on its way to the disk, all who come meanwhile gather for
//! the next. Whoever comes alone does not wait.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use contracts::ProjectId;
use kernel::http::{Ctx, Problem};
use kernel::store::{Scope, Tx};
use tokio::sync::oneshot;

use super::again;
use crate::commands::batch;
use crate::domain::{BATCH_MAX, Outcome, Transfer};

/// Those who wait, by their projects.
#[derive(Default)]
struct Crowd(Mutex<HashMap<ProjectId, Waiting>>);

/// The asks of one project. While it is here, somebody is at work on them.
#[derive(Default)]
struct Waiting {
    asks: VecDeque<Ask>,
    transfers: usize,
}

struct Ask {
    transfers: Vec<Transfer>,
    reply: oneshot::Sender<Result<Vec<Outcome>, Problem>>,
}

/// So many transfers may wait; the next who come hear "busy".
const WAITING_MAX: usize = 32 * BATCH_MAX;

/// Does transfers, together with what others ask at the same time.
pub async fn post(ctx: &Ctx, scope: Scope, transfers: Vec<Transfer>) -> Result<Vec<Outcome>, Problem> {
    let crowd = ctx.service().store().beside::<Crowd>();
    let project = scope.project().ok_or_else(|| Problem::not_found("project"))?;
    let (reply, answer) = oneshot::channel();
    if crowd.join(project, Ask { transfers, reply })?
        && let Some(asks) = crowd.next(project)
    {
        let mut first = Box::pin(work(ctx.clone(), scope.clone(), asks));
        // Whoever is alone is answered without another task; those who came meanwhile do not hold up the answer.
        let done = poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_ready())).await;
        let mut next = if done { crowd.next(project) } else { None };
        if !done || next.is_some() {
            let ctx = ctx.clone();
            // A caller who goes away must not leave the others waiting.
            tokio::spawn(async move {
                if !done {
                    first.await;
                }
                while let Some(asks) = next.take().or_else(|| crowd.next(project)) {
                    work(ctx.clone(), scope.clone(), asks).await;
                }
            });
        }
    }
    answer
        .await
        .unwrap_or_else(|_| Err(Problem::internal(&std::io::Error::other("the crowd was left alone"))))
}

async fn work(ctx: Ctx, scope: Scope, asks: Vec<Ask>) {
    let (wanted, replies): (Vec<_>, Vec<_>) = asks.into_iter().map(|ask| (ask.transfers, ask.reply)).unzip();
    let wanted = Arc::new(wanted);
    let command = move |tx: &mut Tx<'_>| batch::post_each(tx, &wanted);
    match again(|| ctx.write_unkept(scope.clone(), "crowd".to_owned(), command.clone())).await {
        Ok(outcomes) => {
            for (reply, outcomes) in replies.into_iter().zip(outcomes) {
                // A caller that went away does not need the answer.
                let _ = reply.send(Ok(outcomes));
            }
        }
        Err(problem) => {
            for reply in replies {
                let _ = reply.send(Err(problem.clone()));
            }
        }
    }
}

impl Crowd {
    /// Waits with the others; says whether nobody is at work yet.
    fn join(&self, project: ProjectId, ask: Ask) -> Result<bool, Problem> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !all.contains_key(&project);
        let waiting = all.entry(project).or_default();
        if waiting.transfers > WAITING_MAX {
            let busy = "too many transfers wait; ask again";
            return Err(Problem::unavailable("busy", busy, std::time::Duration::from_secs(1)));
        }
        waiting.transfers += ask.transfers.len();
        waiting.asks.push_back(ask);
        Ok(is_first)
    }

    /// Who comes next, as many as one batch holds; nobody, where all were answered.
    fn next(&self, project: ProjectId) -> Option<Vec<Ask>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.get_mut(&project)?;
        let (mut asks, mut transfers) = (Vec::new(), 0);
        while let Some(ask) = waiting.asks.front()
            && (asks.is_empty() || transfers + ask.transfers.len() <= BATCH_MAX)
        {
            transfers += ask.transfers.len();
            asks.extend(waiting.asks.pop_front());
        }
        waiting.transfers -= transfers;
        if asks.is_empty() {
            all.remove(&project);
            return None;
        }
        Some(asks)
    }
}
