//! Settings that the registry changes while a service runs, on both engines.

use std::time::Duration;

use contracts::events::fleet::ConfigPublished;
use contracts::{Envelope, Id, ProjectId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::super::*;
use crate::events;
use crate::params;
use crate::secrets::Secret;
use crate::service::{JOBS_KEPT, Service};
use crate::store::{Scope, Store, StoreError, Tx};
use crate::testing::{Place, Stage, on_both};

const OVENS: Setting<u32> = Setting::new("bakery.ovens", || 2, "How many ovens are hot.").live();
const GREETING: Setting<String> =
    Setting::new("bakery.greeting", || "Hello".to_owned(), "What guests are told.").per_project();
const TOKEN: Setting<Secret<String>> =
    Setting::new("bakery.mill_token", || Secret::new(String::new()), "What opens the mill.").live();
const ADDRESS: Setting<String> =
    Setting::new("bakery.address", || "Mill Lane".to_owned(), "Where it stands.");

fn bakery() -> Service {
    [OVENS.declare(), GREETING.declare(), TOKEN.declare(), ADDRESS.declare()]
        .into_iter()
        .fold(Service::new("bakery"), Service::setting)
}

fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

fn everywhere() -> Scope {
    Scope::System("a test")
}

fn published(revision: u64, values: &[(&str, &str)]) -> ConfigPublished {
    let values = values.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    ConfigPublished { service: "bakery".to_owned(), environment: "default".to_owned(), revision, values }
}

/// A bakery whose flags say three ovens, and a registry for it to hear.
struct Street {
    stage: Stage,
    registry: Store,
}

impl Street {
    async fn new(place: &Place) -> Self {
        let stage = Stage::with(place, bakery(), &[("bakery.ovens", "3")]).await;
        let registry = stage.neighbour(REGISTRY).await;
        Self { stage, registry }
    }

    fn settings(&self) -> &Settings {
        self.stage.running.settings()
    }

    async fn hear(&self, scope: Scope, told: &ConfigPublished) {
        self.stage.hear(&self.registry, scope, "bakery/default", told).await;
    }
}

#[test]
fn the_registry_overrules_what_the_process_was_started_with_as_long_as_it_says_so() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let settings = street.settings();
        let mut changes = settings.changes();
        assert_eq!((settings.get(&OVENS), settings.revision(), settings.heard_revision()), (3, 0, 0));
        street.hear(everywhere(), &published(7, &[("bakery.ovens", "9"), ("jobs.kept", "1d")])).await;
        assert_eq!((settings.get(&OVENS), settings.revision(), settings.heard_revision()), (9, 1, 7));
        assert_eq!(settings.get(&JOBS_KEPT), Duration::from_secs(86_400));
        assert!(changes.has_changed().unwrap());
        assert_eq!(*changes.borrow_and_update(), 1);
        let row = settings.rows().into_iter().find(|row| row.key == "bakery.ovens").unwrap();
        assert_eq!((row.value.as_str(), row.origin), ("9", Origin::Registry));
        street.hear(everywhere(), &published(8, &[])).await;
        assert_eq!((settings.get(&OVENS), settings.heard_revision()), (3, 8));
    });
}

#[test]
fn what_is_not_live_never_changes_and_an_older_revision_changes_nothing() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let settings = street.settings();
        street
            .hear(everywhere(), &published(5, &[("bakery.address", "Elsewhere"), ("bakery.ovens", "9")]))
            .await;
        street.hear(everywhere(), &published(4, &[("bakery.ovens", "1")])).await;
        street.hear(everywhere(), &published(5, &[("bakery.ovens", "1")])).await;
        assert_eq!((settings.get(&OVENS), settings.get(&ADDRESS).as_str()), (9, "Mill Lane"));
        assert_eq!(settings.revision(), 1, "what changes nothing wakes nobody");
    });
}

#[test]
fn settings_of_another_service_or_installation_are_passed_over() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let values = published(5, &[("bakery.ovens", "9")]);
        street.hear(everywhere(), &ConfigPublished { service: "brewery".to_owned(), ..values.clone() }).await;
        street.hear(everywhere(), &ConfigPublished { environment: "staging".to_owned(), ..values }).await;
        assert_eq!((street.settings().get(&OVENS), street.settings().heard_revision()), (3, 0));
    });
}

#[test]
fn a_bad_value_leaves_the_last_good_one_and_the_others_are_taken() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let settings = street.settings();
        street.hear(everywhere(), &published(1, &[("bakery.ovens", "9")])).await;
        street
            .hear(
                everywhere(),
                &published(2, &[("bakery.ovens", "many"), ("bakery.greeting", "Good morning")]),
            )
            .await;
        assert_eq!((settings.get(&OVENS), settings.get(&GREETING).as_str()), (9, "Good morning"));
        street.hear(everywhere(), &published(3, &[("bakery.mill_token", "in clear")])).await;
        assert_eq!(settings.get(&TOKEN).expose(), "", "what is not sealed is not taken");
        assert_eq!(settings.get(&OVENS), 3);
    });
}

#[test]
fn a_project_has_values_of_its_own_where_it_may() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let settings = street.settings();
        street.hear(everywhere(), &published(1, &[("bakery.greeting", "Good morning")])).await;
        let own = published(1, &[("bakery.greeting", "Moin"), ("bakery.ovens", "9")]);
        street.hear(Scope::Project(project(1)), &own).await;
        let greeting = |number| settings.get_for(project(number), &GREETING);
        assert_eq!((greeting(1).as_str(), greeting(2).as_str()), ("Moin", "Good morning"));
        assert_eq!(settings.get(&GREETING), "Good morning");
        assert_eq!(settings.get_for(project(1), &OVENS), 3, "ovens are not for a project to choose");
        street.hear(Scope::Project(project(1)), &published(2, &[])).await;
        assert_eq!(greeting(1), "Good morning");
    });
}

#[test]
fn a_secret_is_kept_sealed_and_read_in_clear() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let running = &street.stage.running;
        let context = sealing_context("bakery", "bakery.mill_token");
        let sealed = running.store().keys().keyring.seal(&context, b"hunter2").unwrap();
        street.hear(everywhere(), &published(1, &[("bakery.mill_token", &sealed)])).await;
        assert_eq!(running.settings().get(&TOKEN).expose(), "hunter2");
        assert!(!format!("{:?}", running.settings()).contains("hunter2"));
        let kept: String = running
            .store()
            .read::<_, StoreError, _>(everywhere(), |tx| tx.one("select texts from live_settings", params![]))
            .await
            .unwrap();
        assert!(kept.contains("v1.") && !kept.contains("hunter2"), "{kept}");
    });
}

#[test]
fn a_start_without_the_registry_begins_with_what_was_heard_last() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let values = [("bakery.ovens", "9"), ("bakery.chimneys", "4")];
        street.hear(everywhere(), &published(6, &values)).await;
        street.hear(Scope::Project(project(1)), &published(1, &[("bakery.greeting", "Moin")])).await;
        let again = street.stage.beside(bakery()).await;
        let settings = again.settings();
        assert_eq!((settings.get(&OVENS), settings.heard_revision()), (9, 6));
        assert_eq!(settings.get_for(project(1), &GREETING), "Moin");
        const CHIMNEYS: Setting<u32> = Setting::new("bakery.chimneys", || 1, "Of a newer version.").live();
        let newer = street.stage.beside(bakery().setting(CHIMNEYS.declare())).await;
        assert_eq!(newer.settings().get(&CHIMNEYS), 4);
    });
}

fn on_any(_: &mut Tx<'_>, _: &[&Envelope]) -> Result<(), StoreError> {
    Ok(())
}

#[test]
fn every_process_of_a_service_that_runs_hears_within_a_moment() {
    on_both(async |place| {
        let street = Street::new(place).await;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(events::sequence(street.registry.clone(), stopped.clone()));
        let eager =
            street.stage.beside(Service::new("diary").setting(OVENS.declare()).hears_all(on_any)).await;
        let mut running = vec![street.stage.running.clone(), street.stage.beside(bakery()).await];
        for service in running.iter().chain([&eager]) {
            service.start(std::slice::from_ref(&street.registry), &stopped, &mut tasks);
        }
        running.push(eager);
        let mut waiting: Vec<_> = running.iter().map(|service| service.settings().changes()).collect();
        let told = [published(1, &[("bakery.ovens", "9")])];
        let diary = ConfigPublished { service: "diary".to_owned(), ..told[0].clone() };
        for told in told.into_iter().chain([diary]) {
            let publish = move |tx: &mut Tx<'_>| tx.publish(&told.service, &told).map(drop);
            street.registry.write::<_, StoreError, _>(everywhere(), publish).await.unwrap();
        }
        for changes in &mut waiting {
            let heard = tokio::time::timeout(Duration::from_secs(20), changes.changed()).await;
            heard.expect("the change is heard").unwrap();
        }
        assert!(running.iter().all(|service| service.settings().get(&OVENS) == 9));
        stop.send(true).unwrap();
        tasks.join_all().await;
    });
}

#[test]
fn a_declaration_says_what_may_change_and_by_whom() {
    let changes = |declaration: Declaration| declaration.changes;
    assert_eq!(changes(ADDRESS.declare()), Changes::AtStart);
    assert_eq!(changes(OVENS.declare()), Changes::Live);
    assert_eq!(changes(GREETING.declare()), Changes::PerProject);
    let allowed = |changes: Changes| (changes.allows(false), changes.allows(true));
    assert_eq!(
        [Changes::AtStart, Changes::Live, Changes::PerProject].map(allowed),
        [(false, false), (true, false), (true, true)]
    );
    let page = reference_markdown(&[ADDRESS.declare(), OVENS.declare(), GREETING.declare()]);
    assert!(
        page.contains("| Where it stands. |") && page.contains("| How many ovens are hot. Live. |"),
        "{page}"
    );
    assert!(
        page.contains("| What guests are told. Live, and each project may choose for itself. |"),
        "{page}"
    );
}
