//! The star: a service knows the kernel and the contracts and never another service; nobody knows the binary.

use std::process::Command;

use serde_json::Value;

use crate::tree;

/// Which of our packages a package in this folder may depend on, by their folders.
fn may_know(folder: &str) -> &'static [&'static str] {
    match folder.split_once('/').unwrap_or((folder, "")) {
        ("packages", "contracts") => &[],
        ("packages", "kernel" | "client") => &["packages/contracts"],
        // What all faces do alike on the server is in it.
        ("packages", "ui") => &["packages/contracts", "packages/kernel", "packages/client"],
        ("packages", "sandbox") => &["packages/contracts", "packages/kernel"],
        // The door answers queries; their language is nobody else's.
        ("services", "gateway") => &["packages/contracts", "packages/kernel", "packages/graphql"],
        ("services", _) => &["packages/contracts", "packages/kernel"],
        // A web face speaks to services over the public API alone.
        ("apps", _) => {
            &["packages/contracts", "packages/kernel", "packages/client", "packages/ui", "packages/paper"]
        }
        ("stoa", _) => &["packages/", "services/", "apps/"],
        // What is measured, or dies, in their own process has to be known.
        ("tests" | "bench", _) => &["packages/", "services/"],
        _ => &[],
    }
}

fn outside_the_star(metadata: &Value) -> Vec<String> {
    let root = metadata["workspace_root"].as_str().unwrap();
    let folder = |path: &str| path.strip_prefix(root).map(|path| path.trim_matches('/').to_owned());
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let own = folder(manifest.trim_end_matches("Cargo.toml")).unwrap();
        for known in package["dependencies"].as_array().unwrap() {
            let Some(other) = known["path"].as_str().and_then(folder) else { continue };
            let allowed = may_know(&own)
                .iter()
                .any(|may| other == *may || may.ends_with('/') && other.starts_with(may));
            if !allowed {
                wrong.push(format!("{own} knows {other}"));
            }
        }
    }
    wrong
}

#[test]
fn dependencies_are_a_star() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let told = Command::new(cargo)
        .args(["metadata", "--offline", "--format-version", "1", "--no-deps"])
        .current_dir(tree::root())
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let wrong = outside_the_star(&serde_json::from_slice(&told.stdout).unwrap());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_service_that_knows_another_is_found() {
    let package = |folder: &str, knows: &[&str]| {
        let known: Vec<Value> =
            knows.iter().map(|path| serde_json::json!({ "path": format!("/r/{path}") })).collect();
        serde_json::json!({ "manifest_path": format!("/r/{folder}/Cargo.toml"), "dependencies": known })
    };
    let metadata = serde_json::json!({ "workspace_root": "/r", "packages": [
        package("packages/contracts", &["packages/kernel"]),
        package("packages/kernel", &["packages/contracts", "services/audit"]),
        package("services/orders", &["packages/kernel", "packages/contracts", "services/audit"]),
        package("apps/shop", &["packages/client", "services/orders"]),
        package("stoa", &["packages/kernel", "services/orders", "apps/shop"]),
        package("tests", &["packages/kernel", "stoa"]),
    ] });
    let expected = [
        "packages/contracts knows packages/kernel",
        "packages/kernel knows services/audit",
        "services/orders knows services/audit",
        "apps/shop knows services/orders",
        "tests knows stoa",
    ];
    assert_eq!(outside_the_star(&metadata), expected);
}
