//! What one can do: `deciding` (judging a payment), `rule_sets`, `lists`, `reviews`, `simulating`.

pub mod deciding;
pub mod lists;
pub mod reviews;
pub mod rule_sets;
pub mod simulating;
