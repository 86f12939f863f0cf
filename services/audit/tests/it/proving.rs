//! Proofs that need nobody's word, and tampering that is found.

use audit::domain::{Block, Hash, Leaf, Record, verify_inclusion};
use http::StatusCode;
use kernel::auth::{Jwk, verify_bytes};
use kernel::params;
use kernel::store::{Scope, StoreError};
use serde_json::{Value, json};

use crate::stage::*;

fn part<T: serde::de::DeserializeOwned>(body: &Value, name: &str) -> T {
    serde_json::from_value(body[name].clone()).unwrap()
}

#[test]
fn a_proof_needs_nobodys_word() {
    staged(async |stage, _| {
        let entries: Vec<Value> = (0..7).map(|number| entry(&format!("a.n{number}"))).collect();
        let ids = stage.tell(&ann(), &entries).await;
        let early = stage.get(&ann(), &format!("/records/{}/proof", ids[4])).await;
        assert_eq!(early.problem(), (409, "not_sealed_yet"));
        stage.seal().await;
        let keys = stage.get(&ann(), "/keys").await;
        let published: Jwk = serde_json::from_value(keys.body["keys"][0].clone()).unwrap();
        for (id, entry) in ids.iter().zip(&entries) {
            let proof = stage.get(&ann(), &format!("/records/{id}/proof")).await.body;
            let (record, leaf): (Record, Leaf) = (part(&proof, "record"), part(&proof, "leaf"));
            let (block, path): (Block, Vec<Hash>) = (part(&proof, "block"), part(&proof, "path"));
            let (index, size) = (proof["index"].as_u64().unwrap(), proof["size"].as_u64().unwrap());
            assert_eq!(record.action, entry["action"].as_str().unwrap());
            assert_eq!(record.leaf_hash(leaf.seq, &mut Vec::new()), leaf.leaf);
            assert!(verify_inclusion(index, size, &leaf.leaf, &path, &block.root));
            assert_eq!(block.computed_hash(), block.hash);
            assert_eq!((&published.kid, &part::<Jwk>(&proof, "public_key")), (&block.key_id, &published));
            assert!(verify_bytes(&published, block.hash.as_bytes(), block.signature.as_bytes()));
        }
    });
}

#[test]
fn blocks_hold_each_record_once_and_digests_go_on_where_they_ended() {
    staged(async |stage, _| {
        for _ in 0..3 {
            stage.tell(&ann(), &vec![entry("a.b"); 400]).await;
        }
        stage.seal().await;
        stage.tell(&stranger(), &[entry("a.b")]).await;
        stage.tell(&ann(), &[entry("a.b")]).await;
        stage.seal().await;
        let first = stage.get(&ann(), "/digests?limit=2").await.body;
        let rest = stage.get(&ann(), &format!("/digests?after={}", first["next_after"])).await.body;
        let spans = |digests: &Value| -> Vec<(u64, u64)> {
            let blocks: Vec<Block> = part(digests, "data");
            blocks.iter().map(|block| (block.first_seq, block.last_seq)).collect()
        };
        assert_eq!(spans(&first), [(1, 1_000), (1_001, 1_200)]);
        assert_eq!(spans(&rest), [(1_201, 1_201)]);
        assert_eq!(rest.get("next_after"), None);
        let latest = stage.get(&ann(), "/blocks?limit=1").await.body;
        assert_eq!(spans(&latest), [(1_201, 1_201)]);
        let before =
            stage.get(&ann(), &format!("/blocks?cursor={}", latest["next_cursor"].as_str().unwrap())).await;
        assert_eq!(spans(&before.body), [(1_001, 1_200), (1, 1_000)]);
        let report = stage.verify(&ann(), &first["data"]).await;
        assert_eq!(
            report,
            json!({ "whole": true, "records": 1_201, "purged": 0, "blocks": 3, "compared": 2,
            "unsealed": 0 })
        );
    });
}

/// What is done to the rows of a project, and what is said of it.
const TAMPERING: &[(&str, &str)] = &[
    ("update records set outcome = 'failed' where action = 'a.n2' and PROJECT", "record 3 ("),
    ("update records set details = '{}' where action = 'a.n3' and PROJECT", "record 4 ("),
    ("update records set class = 'none' where action = 'a.n2' and PROJECT", "record 3 ("),
    ("delete from records where action = 'a.n2' and PROJECT", "record 3 ("),
    (
        "update leaves set seq = -1 where seq = 2 and PROJECT; update leaves set seq = 2 where seq = 3 and PROJECT;
         update leaves set seq = 3 where seq = -1 and PROJECT",
        "entry 2 of the chain was changed or moved",
    ),
    ("delete from leaves where seq = 2 and PROJECT", "entry 2 of the chain was deleted"),
    (
        "delete from leaves where seq > 5 and PROJECT; delete from records where action > 'a.n4' and PROJECT",
        "entry 6 of the chain was deleted",
    ),
    ("update leaves set class = 'none' where seq = 2 and PROJECT", "entry 2 of the chain was changed or moved"),
    ("delete from blocks where number = 2 and PROJECT", "entry 4 of the chain belongs to no block"),
    ("update blocks set sealed_at = sealed_at - 1000 where number = 1 and PROJECT", "block 1 was changed"),
    ("update blocks set sealed_at = -9000000000000000000 where number = 2 and PROJECT", "block 2 was changed"),
    ("update blocks set key_id = 'k' where number = 1 and PROJECT", "block 1 is not signed by a trusted key"),
];

#[test]
fn tampering_is_found_and_its_place_is_named() {
    staged(async |stage, _| {
        let projects: Vec<Caller> = (1..=TAMPERING.len() as u128).map(|number| user(number, ALL)).collect();
        for numbers in [0..3, 3..6] {
            let entries: Vec<Value> = numbers.map(|number| entry(&format!("a.n{number}"))).collect();
            for caller in &projects {
                stage.tell(caller, &entries).await;
            }
            stage.seal().await;
        }
        for (number, (caller, (tampering, found))) in projects.iter().zip(TAMPERING).enumerate() {
            assert_eq!(stage.verify(caller, &json!([])).await["whole"], true, "{tampering}");
            let whose = format!("project_id = '{}'", project(number as u128 + 1));
            stage.as_owner(tampering.replace("PROJECT", &whose)).await;
            let report = stage.verify(caller, &json!([])).await;
            let first_bad = report["first_bad"].as_str().unwrap_or_default();
            assert!(first_bad.starts_with(found), "{tampering}: {report}");
        }
    });
}

#[test]
fn a_rebuilt_chain_and_a_cut_one_are_found_by_the_digests_that_were_kept() {
    staged(async |stage, _| {
        stage.tell(&ann(), &[entry("a.n0"), entry("a.n1")]).await;
        stage.seal().await;
        stage.tell(&ann(), &[entry("a.n2")]).await;
        stage.seal().await;
        let kept = stage.get(&ann(), "/digests").await.body["data"].clone();
        // Whoever holds the database and the key can have it all sealed anew.
        let rebuild = "update records set actor = 'user:eve' where action = 'a.n1'; delete from leaves;
                       delete from blocks; insert into unsealed select id, project_id from records";
        stage.as_owner(rebuild.to_owned()).await;
        stage.seal().await;
        assert_eq!(stage.verify(&ann(), &json!([])).await["whole"], true);
        let report = stage.verify(&ann(), &kept).await;
        assert_eq!(report["first_bad"], "block 1 is not the one that was published: the chain was rebuilt");
        stage.as_owner("delete from records; delete from leaves; delete from blocks".to_owned()).await;
        assert_eq!(stage.verify(&ann(), &kept).await["first_bad"], "block 1 was deleted");
        let digests: Vec<Block> = serde_json::from_value(kept).unwrap();
        let reports = audit::verify(stage.running.store(), None, digests).await.unwrap();
        assert_eq!(reports.len(), 1);
        assert!(reports[0].1.first_bad.is_some());
    });
}

#[test]
fn a_record_that_was_slipped_in_is_a_warning() {
    staged(async |stage, _| {
        stage.tell(&ann(), &[entry("a.n0")]).await;
        stage.seal().await;
        stage.tell(&ann(), &[entry("a.n1")]).await;
        stage.as_owner("delete from unsealed".to_owned()).await;
        stage.wait(std::time::Duration::from_secs(90)).await;
        let report = stage.verify(&ann(), &json!([])).await;
        assert_eq!((&report["unsealed"], &report["whole"]), (&json!(1), &json!(true)));
        assert!(report["warning"].as_str().unwrap().contains("not sealed yet"), "{report}");
    });
}

#[test]
fn nobody_changes_the_chain_through_the_service_database_role() {
    staged(async |stage, _| {
        stage.tell(&ann(), &[entry("a.n0")]).await;
        stage.seal().await;
        for sql in [
            "update leaves set class = 'financial' where project_id = $1",
            "delete from leaves where project_id = $1",
            "update blocks set key_id = 'k' where project_id = $1",
            "delete from blocks where project_id = $1",
        ] {
            let scope = Scope::System("a test");
            let done = stage.running.store().write(scope, move |tx| tx.run(sql, params![project(1)])).await;
            assert!(matches!(done, Err(StoreError::Scope(_))), "{sql}: {done:?}");
        }
    });
}

#[test]
fn a_crowd_that_tells_while_blocks_are_sealed_breaks_nothing() {
    staged(async |stage, _| {
        let tell = async |caller: Caller| {
            for _ in 0..10 {
                let said = stage
                    .post(&caller, "/records/batch", &json!({ "records": vec![entry("a.b"); 20] }))
                    .await;
                assert_eq!(said.status, StatusCode::CREATED, "{}", said.body);
            }
        };
        let seal = async || {
            for _ in 0..10 {
                stage.seal().await;
            }
        };
        let change = async || {
            for days in 1..6 {
                let kept = json!({ "operational_days": 90 + days, "financial_days": 400 });
                let said = stage.ask(http::Method::PUT, "/retention", Some(&ann()), Some(&kept), &[]).await;
                assert_eq!(said.status, StatusCode::OK, "{}", said.body);
            }
        };
        tokio::join!(tell(ann()), tell(stranger()), tell(ann()), seal(), seal(), change());
        stage.seal().await;
        for (caller, expected) in [(ann(), 405), (stranger(), 200)] {
            let report = stage.verify(&caller, &json!([])).await;
            assert_eq!(
                (&report["first_bad"], &report["records"]),
                (&Value::Null, &json!(expected)),
                "{report}"
            );
        }
        let reports = audit::verify(stage.running.store(), None, Vec::new()).await.unwrap();
        assert_eq!(reports.len(), 2);
        let digests = audit::digests(stage.running.store(), Some(project(2))).await.unwrap();
        assert_eq!(digests.len() as u64, reports[1].1.blocks);
    });
}
