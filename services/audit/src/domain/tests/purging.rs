//! What a purge may take, and how a dishonest one gives itself away.

use super::*;

/// One record of each class, sealed alone, then long enough ago to go.
fn old_world() -> World {
    let mut steps: Vec<Step> =
        Class::ALL.iter().flat_map(|class| [Step::Record(*class), Step::Seal]).collect();
    steps.push(Step::Wait { days: 100 });
    World::after(&steps)
}

fn cutoff(world: &World) -> Timestamp {
    world.retention.cutoff(Class::Operational, world.now).unwrap()
}

fn honest(world: &World) -> Purge {
    Purge { class: Class::Operational, cutoff: cutoff(world), first_seq: 1, last_seq: 1, count: 1 }
}

fn text(purge: &Purge) -> String {
    serde_json::to_string(purge).unwrap()
}

/// Removes the first record, has the purge say `details`, changes its record, and seals.
fn purge_saying(details: String, change: impl FnOnce(&mut Record)) -> (World, Option<Finding>) {
    let mut world = old_world();
    world.rows.records.remove(0);
    world.own(PURGED, details);
    world.rows.records.last_mut().map(change);
    world.seal();
    let found = world.rows.first_bad(&[]);
    (world, found)
}

/// The fault of the record at entry `at`, if that is what was found.
fn fault_at(at: u64, found: Option<Finding>) -> Option<Fault> {
    match found {
        Some(Finding::RecordUnsound { seq, fault, .. }) if seq == at => Some(fault),
        Some(_) | None => None,
    }
}

fn fault_of(purge: Purge) -> Option<Fault> {
    fault_at(4, purge_saying(text(&purge), |_| ()).1)
}

/// Verifies blocks of one entry each, with `purge` in place of the purges that the rows tell of.
fn first_bad_given(purge: Record, world: &World) -> Option<Finding> {
    let rows = &world.rows;
    let mut verifier = Verifier::new(project(), &is_trusted, Retention::default(), &[purge], Vec::new());
    for (block, leaf) in rows.blocks.iter().zip(&rows.leaves) {
        verifier.block(block);
        verifier.leaf(leaf, rows.find(leaf.record_id).map_or(Kept::Gone, Kept::Present));
    }
    verifier.finish(world.now, DAY).first_bad
}

#[test]
fn a_purge_takes_what_is_old_and_leaves_the_chain_whole() {
    let mut world = old_world();
    world.step(&Step::Purge(Class::Operational));
    world.step(&Step::Purge(Class::Financial));
    let unsealed = world.rows.verify_at(world.now, &[]);
    assert_eq!((unsealed.records, unsealed.purged, unsealed.unsealed, unsealed.first_bad), (2, 1, 1, None));
    world.seal();
    let sealed = world.rows.verify_at(world.now, &[]);
    assert_eq!((sealed.records, sealed.purged, sealed.unsealed, sealed.first_bad), (3, 1, 0, None));
}

#[test]
fn a_purge_that_takes_what_is_not_old_enough_is_found() {
    let world = old_world();
    let late = Timestamp::from_millis(cutoff(&world).as_millis() + 1);
    let fault = fault_of(Purge { cutoff: late, ..honest(&world) });
    assert_eq!(fault, Some(Fault::TooEarly { class: Class::Operational }));
    assert_eq!(fault_of(honest(&world)), None);
}

#[test]
fn a_record_taken_although_it_was_sealed_after_the_cutoff_is_found() {
    let world = old_world();
    let early = world.rows.blocks[0].sealed_at.saturating_sub(Duration::from_millis(1));
    let (world, found) = purge_saying(text(&Purge { cutoff: early, ..honest(&world) }), |_| ());
    let (id, purge) = (world.rows.leaves[0].record_id, world.rows.leaves[3].record_id);
    assert_eq!(found, Some(Finding::RecordPurgedEarly { seq: 1, id, purge }));
}

#[test]
fn a_purge_covers_no_other_class() {
    let mut world = old_world();
    world.step(&Step::Record(Class::Operational));
    world.seal();
    world.step(&Step::Wait { days: 100 });
    world.step(&Step::Purge(Class::Operational));
    world.seal();
    let financial = world.rows.leaves[1].record_id;
    world.rows.records.retain(|record| record.id != financial);
    assert_eq!(world.rows.first_bad(&[]), Some(Finding::RecordMissing { seq: 2, id: financial }));
}

#[test]
fn a_purge_that_miscounts_is_found() {
    let purge = Purge { count: 2, ..honest(&old_world()) };
    assert_eq!(fault_of(purge), Some(Fault::Miscounted { said: 2, gone: 1 }));
}

#[test]
fn a_purge_that_speaks_of_what_comes_after_it_is_found() {
    assert_eq!(fault_of(Purge { last_seq: 4, ..honest(&old_world()) }), Some(Fault::Ahead));
}

#[test]
fn a_permanent_record_is_never_purged() {
    let mut world = old_world();
    let id = world.rows.records.remove(2).id;
    let purge = Purge { class: Class::Permanent, first_seq: 3, last_seq: 3, ..honest(&world) };
    world.own(PURGED, text(&purge));
    world.seal();
    assert_eq!(world.rows.first_bad(&[]), Some(Finding::RecordMissing { seq: 3, id }));
}

#[test]
fn a_record_is_purged_once() {
    for count in [0, 1] {
        let mut world = old_world();
        world.step(&Step::Purge(Class::Operational));
        let said: Purge = serde_json::from_str(&world.rows.records[2].details).unwrap();
        world.now = world.now.saturating_add(Duration::from_secs(1));
        world.own(PURGED, text(&Purge { count, ..said }));
        world.seal();
        assert_eq!(fault_at(5, world.rows.first_bad(&[])), Some(Fault::Overlaps));
    }
}

#[test]
fn a_purge_covers_nothing_before_its_span() {
    let mut world = old_world();
    world.step(&Step::Record(Class::Operational));
    world.seal();
    world.step(&Step::Wait { days: 100 });
    let first = world.rows.records.remove(0);
    world.step(&Step::Purge(Class::Operational));
    world.seal();
    assert_eq!(world.rows.first_bad(&[]), Some(Finding::RecordMissing { seq: 1, id: first.id }));
}

#[test]
fn a_purge_of_another_service_covers_nothing() {
    let (world, found) = purge_saying(text(&honest(&old_world())), |record| record.source = "orders".into());
    let id = world.rows.leaves[0].record_id;
    assert_eq!(found, Some(Finding::RecordMissing { seq: 1, id }));
}

#[test]
fn a_purge_that_could_be_purged_is_found() {
    let (_, found) = purge_saying(text(&honest(&old_world())), |record| record.class = Class::Operational);
    assert_eq!(fault_at(4, found), Some(Fault::NotPermanent));
}

#[test]
fn a_purge_dated_into_the_future_is_found() {
    let later = |record: &mut Record| record.occurred_at = record.occurred_at.saturating_add(DAY);
    let (_, found) = purge_saying(text(&honest(&old_world())), later);
    assert_eq!(fault_at(4, found), Some(Fault::PostDated));
}

#[test]
fn a_purge_that_cannot_be_read_covers_nothing() {
    let mut world = old_world();
    world.own(PURGED, "{}".into());
    world.seal();
    let found = world.rows.first_bad(&[]);
    assert_eq!(fault_at(4, found), Some(Fault::Unreadable));
}

#[test]
fn a_purge_that_the_chain_knows_nothing_of_covers_nothing() {
    let mut world = old_world();
    world.step(&Step::Purge(Class::Operational));
    let purge = world.rows.records.pop().unwrap();
    let id = world.rows.leaves[0].record_id;
    assert_eq!(first_bad_given(purge, &world), Some(Finding::RecordMissing { seq: 1, id }));
}

#[test]
fn a_purge_that_was_read_otherwise_than_it_is_sealed_is_found() {
    let mut world = old_world();
    world.step(&Step::Purge(Class::Operational));
    let purge = world.rows.records[2].clone();
    world.seal();
    assert_eq!(first_bad_given(purge.clone(), &world), None);
    let said: Purge = serde_json::from_str(&purge.details).unwrap();
    let forged = Record { details: text(&Purge { cutoff: world.now, ..said }), ..purge };
    assert_eq!(fault_at(4, first_bad_given(forged, &world)), Some(Fault::Overlaps));
}

#[test]
fn a_purge_goes_by_the_retention_of_its_day() {
    let day = Step::Wait { days: 1 };
    let opening = [Step::Record(Class::Operational), Step::Seal, day, Step::Seal];
    let mut world = World::after(&opening);
    world.step(&Step::Retain { operational_days: 1 });
    world.step(&Step::Purge(Class::Operational));
    world.step(&Step::Retain { operational_days: 120 });
    world.seal();
    let report = world.rows.verify(&[]);
    assert_eq!((report.purged, report.first_bad), (1, None), "lengthened later, it was right at the time");

    let mut world = World::after(&opening);
    world.step(&Step::Wait { days: 99 });
    world.step(&Step::Retain { operational_days: 120 });
    world.retention = Retention::default();
    world.step(&Step::Purge(Class::Operational));
    world.seal();
    let found = world.rows.first_bad(&[]);
    let too_early = Fault::TooEarly { class: Class::Operational };
    assert_eq!(fault_at(3, found), Some(too_early));
}

#[test]
fn a_change_of_retention_that_could_be_purged_or_read_otherwise_is_found() {
    for (class, details, expected) in [
        (Class::Operational, r#"{"operational_days":1,"financial_days":1}"#, Fault::NotPermanent),
        (Class::Permanent, r#"{"operational_days":0,"financial_days":1}"#, Fault::Unreadable),
    ] {
        let mut world = World::new();
        world.own(RETENTION_CHANGED, details.into());
        world.rows.records[0].class = class;
        world.seal();
        let id = world.rows.records[0].id;
        let unsound = Finding::RecordUnsound { seq: 1, id, fault: expected };
        assert_eq!(world.rows.first_bad(&[]), Some(unsound));
    }
}
