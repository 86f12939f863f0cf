//! The rules of notifications: pure, without SQL, clock or network.
//!
//! `words` (what is typed), `asked` (what callers ask for), `notification` (what there is, and its states), `template` and `rendering` (what is said),
//! `builtin` (what is said where a project has no words of its own), `segments` (how many parts a short message has),
//! `choices` (what people do not want to hear, and when), `delivery` (what follows from an attempt), `endpoint` (who
//! hears events), `unsubscribe` (the link that ends such mail).

pub mod asked;
pub mod builtin;
pub mod choices;
pub mod delivery;
pub mod endpoint;
pub mod notification;
pub mod rendering;
pub mod segments;
pub mod template;
pub mod unsubscribe;
pub mod words;
