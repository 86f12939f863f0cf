//! What happens when: rounds in which people ask, services hear each other and do their jobs, and some of them die.

use std::sync::Arc;
use std::time::Duration;

use kernel::events;
use kernel::jobs;
use kernel::testing::Place;

use crate::crowd::{Crowd, Wish};
use crate::dice::Dice;
use crate::house::{House, SERVICES};
use crate::post::{Fate, Post};
use crate::proof;

const PAYMENTS: usize = 500;
const WISHES_MAX: usize = 12;
/// Events that come to one consumer at a time.
const BATCH_MAX: u64 = 96;
/// Longer than what a payment waits for an answer, and than the lease of a job whose worker died.
const TOO_LONG: Duration = Duration::from_secs(130);
/// Transactions take about so long, so deaths within it fall between and into them.
const SOON: Duration = Duration::from_millis(40);
/// Nothing takes so long unless it hangs.
const FOR_EVER: Duration = Duration::from_secs(60);
const CALM_ROUNDS_MAX: usize = 3_000;
const WAITS_MAX: usize = 60;

/// What one service does in a round.
struct Doing {
    name: &'static str,
    publishes: Option<Fate>,
    hears: Vec<(usize, Fate)>,
    works: bool,
    dies: Option<Duration>,
}

/// All of it on one engine.
pub async fn survive(place: &Place, engine: &str) {
    let payments = std::env::var("STOA_TEST_PAYMENTS").ok().and_then(|count| count.parse().ok());
    let payments: usize = payments.unwrap_or(PAYMENTS);
    let mut dice = Dice::of_this_run(engine);
    let mut house = House::open(place).await;
    let heard = |name| (name, house.running(name).handlers().types().unwrap_or_default());
    let post = Arc::new(Post::new(dice.split(), SERVICES.map(heard).into()));
    let people = (payments / 12).clamp(16, 200);
    let mut crowd = Crowd::arrives(&house, dice.split(), people).await;
    settles(&house, &post).await;
    crowd.is_funded(&house).await;
    settles(&house, &post).await;
    post.calms(false);

    let mut round = 0;
    while crowd.begun.len() < payments {
        round += 1;
        post.turns();
        let wishes = crowd.wants(&house, round, WISHES_MAX).await;
        let doings = SERVICES.map(|name| Doing::thrown(name, &mut dice));
        happens(&house, &post, &mut crowd, wishes, &doings).await;
        for doing in doings.iter().filter(|doing| doing.dies.is_some()) {
            house.dies(doing.name).await;
        }
        let long = dice.once_in(80);
        house.time_passes(if long { TOO_LONG } else { dice.moment(Duration::from_millis(500)) });
    }
    post.calms(true);
    loop {
        let wishes = crowd.comes_to_rest();
        if wishes.is_empty() {
            break;
        }
        happens(&house, &post, &mut crowd, wishes, &[]).await;
    }
    all_end(&house, &post).await;
    post.comes_again();
    settles(&house, &post).await;
    let seen = proof::holds(&house, &crowd).await;
    eprintln!(
        "saga on {engine}: {seen}; {round} rounds, {} deaths, {:?}; refused {:?}",
        house.deaths,
        post.counts(),
        crowd.refused
    );
}

impl Doing {
    fn thrown(name: &'static str, dice: &mut Dice) -> Self {
        let fate = |dice: &mut Dice| match dice.below(40) {
            0 => Fate::Lost,
            1 => Fate::Unanswered,
            2 => Fate::CutOff(dice.moment(SOON)),
            _ => Fate::Done,
        };
        Self {
            name,
            publishes: (!dice.once_in(3)).then(|| fate(dice)),
            hears: (0..dice.below(4)).map(|_| (1 + dice.below(BATCH_MAX) as usize, fate(dice))).collect(),
            works: !dice.once_in(3),
            dies: dice.once_in(60).then(|| dice.moment(SOON)),
        }
    }

    fn calm(name: &'static str) -> Self {
        let hears = vec![(BATCH_MAX as usize, Fate::Done)];
        Self { name, publishes: Some(Fate::Done), hears, works: true, dies: None }
    }
}

/// One round: everything in it happens at the same time.
async fn happens(house: &House, post: &Arc<Post>, crowd: &mut Crowd, wishes: Vec<Wish>, doings: &[Doing]) {
    let dies = |name: &str| doings.iter().find(|doing| doing.name == name).and_then(|doing| doing.dies);
    let asked = join_all(wishes.into_iter().map(async |wish| {
        let answer = wish.asked(house, dies(wish.service())).await;
        (wish, answer)
    }));
    let done = join_all(doings.iter().map(|doing| does(house, post, doing)));
    let (answers, _) = tokio::join!(asked, done);
    for (wish, answer) in answers {
        crowd.hears(wish, answer);
    }
}

/// What a service does in a round, as far as it lives; how much that was.
async fn does(house: &House, post: &Arc<Post>, doing: &Doing) -> usize {
    let work = async {
        let mut done = 0;
        if let Some(fate) = doing.publishes {
            done += publishes(house, post, doing.name, fate).await;
        }
        for (most, fate) in &doing.hears {
            done += hears(house, post, doing.name, *most, *fate).await;
        }
        if doing.works {
            let running = house.running(doing.name);
            done += jobs::work_once(running.store(), running.jobs()).await.unwrap_or_default();
            done += events::retry_parked(running.store(), running.handlers()).await.unwrap_or_default();
        }
        done
    };
    let done = tokio::time::timeout(doing.dies.unwrap_or(FOR_EVER), work).await;
    post.takes_back(doing.name);
    assert!(done.is_ok() || doing.dies.is_some(), "{} hangs", doing.name);
    done.unwrap_or_default()
}

async fn publishes(house: &House, post: &Arc<Post>, name: &'static str, fate: Fate) -> usize {
    let store = house.running(name).store();
    if events::position_all(store).await.is_err() {
        return 0;
    }
    let newest = events::newest(store).await.unwrap_or_default();
    if newest <= post.published(name) {
        return 0;
    }
    let stopped = post.opens(name, fate);
    cut(fate, events::relay(store.clone(), Arc::clone(post) as _, stopped)).await;
    1
}

async fn hears(house: &House, post: &Arc<Post>, name: &'static str, most: usize, fate: Fate) -> usize {
    let Some(stopped) = post.hands(name, most, fate) else { return 0 };
    let running = house.running(name);
    let intake = events::intake(
        running.store().clone(),
        Arc::clone(running.handlers()),
        Arc::clone(post) as _,
        stopped,
    );
    cut(fate, intake).await;
    post.takes_back(name);
    1
}

async fn cut(fate: Fate, work: impl Future<Output = ()>) {
    match fate {
        // Whether it was done before that is what nobody knows.
        Fate::CutOff(at) => drop(tokio::time::timeout(at, work).await),
        Fate::Done | Fate::Lost | Fate::Unanswered => work.await,
    }
}

/// Everybody hears everybody, and nobody dies, until nobody has anything to do.
async fn settles(house: &House, post: &Arc<Post>) {
    post.calms(true);
    for _ in 0..CALM_ROUNDS_MAX {
        let doings = SERVICES.map(Doing::calm);
        let done: usize = join_all(doings.iter().map(|doing| does(house, post, doing))).await.iter().sum();
        if done == 0 && post.is_empty() {
            return;
        }
    }
    panic!("the services do not come to rest");
}

/// Time passes until every payment has ended.
async fn all_end(house: &House, post: &Arc<Post>) {
    for _ in 0..WAITS_MAX {
        settles(house, post).await;
        if proof::all_have_ended(house).await {
            return;
        }
        house.time_passes(TOO_LONG);
    }
    panic!("payments do not end: {:#?}", proof::open(house).await.first());
}

/// All of them at once, in their order.
async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, done) in running.iter_mut().filter(|(_, done)| done.is_none()) {
            match future.as_mut().poll(context) {
                std::task::Poll::Ready(output) => *done = Some(output),
                std::task::Poll::Pending => pending = true,
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, done)| done).collect()
}
