//! Trains the model and writes its file: `cargo run -p fraud --example train`.
//!
//! The payments are made up (`learn` says how), seeded and the same on every machine; what is printed stands in the
//! README. `cargo test -p fraud` proves that the file in the repository is what this writes.

#![allow(clippy::print_stdout, reason = "what it finds is for the person who runs it")]

mod learn;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let learnt = learn::train()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("model").join("1.json");
    std::fs::write(&path, learnt.file()?)?;
    println!("payments   {} to learn from, {} later ones to test with", learnt.trained, learnt.tested);
    println!("frauds     {} and {}", learnt.frauds_trained, learnt.frauds_tested);
    println!("ROC AUC    {:.4} (learnt from), {:.4} (later ones)", learnt.auc_trained, learnt.auc_tested);
    for (score, caught, wrong) in &learnt.points {
        println!(
            "score {score:>4}  {:.1} % of frauds, {:.2} % of honest payments",
            caught * 100.0,
            wrong * 100.0
        );
    }
    Ok(())
}
