//! All SQL of fraud, one statement a function: `rule_sets`, `profiles`, `lists`, `decisions` (the journal and the figures
//! of rules), `reviews`, `alerts`, `simulations`. No decisions are taken here.

mod alerts;
mod decisions;
mod lists;
mod profiles;
mod reviews;
mod rule_sets;
mod simulations;

pub use alerts::{Alert, alerts, insert_alert};
pub use decisions::{
    Decision, Figure, Filter, add_findings, add_hits, decision, decisions, decisions_between, figures,
    insert_decision,
};
pub use lists::{Listed, Match, clear_list, entries, insert_entries, matches};
pub use profiles::{forget, known, lock_known, note_since, put_profiles};
pub use reviews::{
    Queued, ReviewFilter, ReviewRow, insert_review, lock_review, queue, review, update_review,
};
pub use rule_sets::{
    Published, RuleSetRow, insert_rule_set, mark_published, next_version, published, rule_set, rule_sets,
    set_published, standing,
};
pub use simulations::{Simulation, insert_simulation, lock_simulation, simulation, update_simulation};
