//! Who does the work: a caller alone its own, a crowd's together.

use std::thread;
use std::time::{Duration, Instant};

use super::*;

fn named(name: &'static str) -> impl Fn(&mut Tx<'_>) -> Result<String, StoreError> + Send + 'static {
    move |tx| {
        insert(tx, name)?;
        Ok(thread_name())
    }
}

fn insert(tx: &mut Tx<'_>, name: &str) -> Result<u64, StoreError> {
    tx.run("insert into settings (name, value) values ($1, 1)", params![name])
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

fn system() -> Scope {
    Scope::System("test")
}

#[test]
fn a_caller_alone_does_its_work_itself_and_a_crowd_is_done_together() {
    let place = Place::sqlite();
    let store = place.store("things", MIGRATIONS);
    run(async {
        let alone = tokio::spawn({
            let store = store.clone();
            async move { store.write(system(), named("alone")).await.unwrap() }
        });
        assert_ne!(alone.await.unwrap(), "things-writer");
        // Whoever comes while the first is at it is done by it, with the same commit.
        let first = tokio::spawn({
            let store = store.clone();
            async move {
                let waits = store.clone();
                let leads = move |tx: &mut Tx<'_>| {
                    insert(tx, "first")?;
                    let until = Instant::now() + Duration::from_secs(10);
                    while waits.waiting().0 < 2 && Instant::now() < until {
                        thread::yield_now();
                    }
                    Ok::<_, StoreError>(thread_name())
                };
                store.write(system(), leads).await.unwrap()
            }
        });
        while store.connections().0 == 0 {
            tokio::task::yield_now().await;
        }
        let (second, third) =
            tokio::join!(store.write(system(), named("second")), store.write(system(), named("third")));
        assert_eq!(first.await.unwrap(), second.unwrap());
        assert_ne!(third.unwrap(), "things-writer");
    });
    // Where nobody else could go on meanwhile, the writer does it.
    let alone = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let by = alone.block_on(store.write(system(), named("fourth"))).unwrap();
    assert_eq!(by, "things-writer");
    store.close();
    let closed = alone.block_on(store.write(system(), named("fifth")));
    assert!(matches!(closed, Err(StoreError::Busy { .. })));
}
