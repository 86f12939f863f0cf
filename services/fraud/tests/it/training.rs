//! The model in the repository is what its command makes, and does what the README says.

use fraud::domain::model::Model;

#[path = "../../examples/train/learn.rs"]
mod learn;

#[test]
fn the_model_is_what_its_command_makes_and_does_what_the_readme_says() {
    let learnt = learn::train().unwrap();
    assert_eq!(learnt.file().unwrap(), include_str!("../../model/1.json"));
    assert_eq!(Model::present().unwrap(), &learnt.model);
    let readme = include_str!("../../README.md");
    for figure in [
        format!("{} payments to learn from, {} of them fraud", learnt.trained, learnt.frauds_trained),
        format!("{} later ones to test with, {} of them fraud", learnt.tested, learnt.frauds_tested),
        format!("{:.4} on what it learnt from", learnt.auc_trained),
        format!("{:.4} on the later ones", learnt.auc_tested),
    ] {
        assert!(readme.contains(&figure), "the README does not say `{figure}`");
    }
    for (score, caught, wrong) in &learnt.points {
        let row = format!("| {score} | {:.1} % | {:.2} % |", caught * 100.0, wrong * 100.0);
        assert!(readme.contains(&row), "the README does not say `{row}`");
    }
}
